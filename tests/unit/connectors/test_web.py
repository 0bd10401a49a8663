"""Pages and searches, against real servers on the loopback."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kanban.connectors import web
from kanban.connectors.web import Page, SearchResult, search
from kanban.errors import ExecutionError

LOOPBACK = "127.0.0.1"
fetch = partial(web.fetch, allow=[LOOPBACK])  # the sites of these tests are named, as a person would name them

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A web site: `site(path, answer)` puts a page there and gives its address."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    def __call__(self, path: str, answer: Answer) -> str:
        self.answers[path] = answer
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answers = self.answers

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                try:
                    answers[self.path](self)
                except OSError:
                    self.close_connection = True  # the reader has gone

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def page(content_type: str, body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
            if value:
                handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(to: str) -> Answer:
    return page("text/plain", b"", 302, Location=to)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Goes on for as long as anybody reads."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.end_headers()
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def flood(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.end_headers()
    while True:
        handler.wfile.write(b"y" * 65536)


HTML = """<html><head><title>Weather &amp; wind</title><style>p {color: red}</style></head><body>
<h1>Heading</h1><script>alert('x')</script><p>A <b>bold</b> <a href="https://example.org/a">link</a>.</p>
<ul><li>one</li><li>two</li></ul></body></html>"""


def test_html_becomes_markdown_without_scripts_and_styles(site: Site) -> None:
    url = site("/page", page("text/html; charset=utf-8", HTML.encode()))
    fetched = fetch(url)
    assert (fetched.url, fetched.title, fetched.truncated) == (url, "Weather & wind", False)
    assert fetched.text == "# Heading\n\nA **bold** [link](https://example.org/a).\n\n* one\n* two"


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/feed+xml; charset=utf-8", ""])
def test_other_text_is_given_as_it_is(site: Site, kind: str) -> None:
    assert fetch(site("/text", page(kind, b'{"a": "<b>"}\n'))).text == '{"a": "<b>"}\n'


@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "application/octet-stream"])
def test_anything_else_is_described_in_one_line(site: Site, kind: str) -> None:
    text = fetch(site("/file", page(kind, b"%PDF" + bytes(1000)))).text
    assert text == f"[{kind}, 1004 bytes: not text, so it is not shown]"


def test_binary_data_that_calls_itself_text_is_described_too(site: Site) -> None:
    assert "not text" in fetch(site("/file", page("text/plain", bytes(50)))).text


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain; charset=latin-1", "größe".encode("latin-1"), "größe"),
        ("text/html", '<meta charset="iso-8859-1"><p>größe'.encode("latin-1"), "größe"),
        ("text/plain; charset=utf-16", "größe".encode("utf-16"), "größe"),
        ("text/plain", b"gr\xf6\xdfe", "gr\ufffd\ufffde"),
        ("text/plain; charset=no-such-thing", "größe".encode(), "größe"),
    ],
)
def test_text_in_other_encodings_is_read(site: Site, kind: str, body: bytes, text: str) -> None:
    assert fetch(site("/text", page(kind, body))).text == text


def test_html_nested_beyond_reason_still_gives_its_text(site: Site) -> None:
    body = b"<div>" * 5000 + b"deep" + b"</div>" * 5000
    assert fetch(site("/deep", page("text/html", body))).text == "deep"


def test_an_endless_body_is_cut_at_the_limit(site: Site) -> None:
    fetched = fetch(site("/flood", flood), max_bytes=100_000)
    assert fetched.truncated and fetched.text == "y" * 100_000


def test_a_packed_body_counts_unpacked(site: Site) -> None:
    body = gzip.compress(b"z" * 3_000_000)
    fetched = fetch(site("/packed", page("text/plain", body, **{"Content-Encoding": "gzip"})), max_bytes=1000)
    assert fetched.truncated and fetched.text == "z" * 1000


def test_a_body_that_drips_is_given_up_when_the_time_is_over(site: Site) -> None:
    with pytest.raises(ExecutionError, match=r"not complete after 0\.3 s") as caught:
        fetch(site("/drip", drip), timeout=0.3)
    assert caught.value.hint


def test_a_server_that_never_answers_is_given_up_when_the_time_is_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ExecutionError, match="not complete"):
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.3)


def test_redirects_are_followed_and_the_last_address_is_told(site: Site) -> None:
    end = site("/end", page("text/plain", b"here"))
    for number in range(5):
        site(f"/{number}", redirect(f"/{number + 1}" if number < 4 else "/end"))
    assert fetch(end.replace("/end", "/0")) == Page(end, "", "here")


def test_a_redirect_loop_is_an_error(site: Site) -> None:
    with pytest.raises(ExecutionError, match="redirects more than 5 times"):
        fetch(site("/loop", redirect("/loop")))


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher:", "http://127.0.0.1:99999/"])
def test_a_redirect_leaves_the_web_nowhere(site: Site, to: str) -> None:
    with pytest.raises(ExecutionError):
        fetch(site("/out", redirect(to)))


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://x/y", "example.org", "", "http://", "http://[::1", "https:///x", "http://x:99999/"],
)
def test_what_is_not_a_web_address_is_refused(url: str) -> None:
    with pytest.raises(ExecutionError, match="not a web address") as caught:
        fetch(url)
    assert "https://" in caught.value.hint


@pytest.mark.parametrize("url", ["http://no-such-host.invalid/", "http://a b/", "http://ü..x/"])
def test_an_address_without_a_site_is_an_error(url: str) -> None:
    with pytest.raises(ExecutionError) as caught:
        fetch(url)
    assert caught.value.hint


def counted(answer: Answer, seen: list[str]) -> Answer:
    """The same answer, with the Host of each request put into `seen`."""

    def answer_and_count(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Host"])
        answer(handler)

    return answer_and_count


@pytest.mark.parametrize("allow", [[], ["127.0.0.2"], ["10.0.0.0/8", "wiki.lan"]])
def test_an_address_that_is_not_public_is_refused_unless_it_is_named(site: Site, allow: list[str]) -> None:
    seen: list[str] = []
    url = site("/secret", counted(page("text/plain", b"secret"), seen))
    with pytest.raises(ExecutionError, match=r"127\.0\.0\.1 is a loopback address") as caught:
        web.fetch(url, allow=allow)
    assert "web_allow" in caught.value.hint
    assert not seen
    assert web.fetch(url, allow=[*allow, "127.0.0.0/30"]).text == "secret"


def test_a_host_that_is_named_may_have_any_address(site: Site) -> None:
    seen: list[str] = []
    url = site("/wiki", counted(page("text/plain", b"wiki"), seen)).replace(LOOPBACK, "Wiki.lan")
    with pytest.raises(ExecutionError, match=r"wiki\.lan is 127\.0\.0\.1, a loopback address"):
        web.fetch(url, allow=["other.lan"], resolve=lambda host, port: [LOOPBACK])
    fetched = web.fetch(url, allow=["wiki.lan"], resolve=lambda host, port: [LOOPBACK])
    assert (fetched.url, fetched.text) == (url.replace("Wiki", "wiki"), "wiki")
    assert seen == [url.replace("Wiki", "wiki").split("/")[2]]


def test_one_address_that_is_not_public_is_one_too_many(site: Site) -> None:
    url = site("/", page("text/plain", b"")).replace(LOOPBACK, "mixed.example")
    with pytest.raises(ExecutionError, match=r"mixed\.example is 127\.0\.0\.1"):
        web.fetch(url, resolve=lambda host, port: ["93.184.216.34", LOOPBACK])


def test_the_next_address_is_tried_when_one_does_not_answer(site: Site) -> None:
    url = site("/", page("text/plain", b"here")).replace(LOOPBACK, "two.lan")
    assert web.fetch(url, allow=["two.lan"], resolve=lambda host, port: ["127.0.0.9", LOOPBACK]).text == "here"


def test_a_redirect_does_not_lead_inside(site: Site) -> None:
    seen: list[str] = []
    inside = site("/inside", counted(page("text/plain", b"secret"), seen))
    first = site("/out", redirect(inside)).replace(LOOPBACK, "named.lan")
    with pytest.raises(ExecutionError, match=rf"127.0.0.1 is a loopback address, and {first} redirects there"):
        web.fetch(first, allow=["named.lan"], resolve=lambda host, port: [LOOPBACK])
    assert not seen


def make_certificate(folder: Path, name: str) -> Path:
    """A key and a certificate for `name` that vouches for itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(secret + made.public_bytes(pem))
    return file


def test_a_certificate_is_checked_against_the_name_and_not_the_address(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_certificate(tmp_path, "secure.lan")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    url = site("/", page("text/plain", b"here")).replace("http:", "https:")
    at_home = partial(web.fetch, allow=[LOOPBACK], resolve=lambda host, port: [LOOPBACK])
    assert at_home(url.replace(LOOPBACK, "secure.lan")).text == "here"
    with pytest.raises(ExecutionError, match=r"Hostname mismatch.*other\.lan"):
        at_home(url.replace(LOOPBACK, "other.lan"))


def test_a_name_is_asked_for_once_so_that_it_cannot_change_in_between(site: Site) -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    url = site("/", page("text/plain", b"here")).replace(LOOPBACK, "rebound.example")
    assert web.fetch(url, allow=[LOOPBACK], resolve=lambda host, port: answers.pop(0)).text == "here"
    assert answers == [["10.0.0.1"]]
    with pytest.raises(ExecutionError, match=r"rebound\.example is 10\.0\.0\.1, a private address"):
        web.fetch(url, allow=[LOOPBACK], resolve=lambda host, port: answers.pop(0))


def test_every_hop_asks_again_and_is_checked_again(site: Site) -> None:
    answers = [[LOOPBACK], ["169.254.169.254"]]
    url = site("/", redirect("/next")).replace(LOOPBACK, "rebound.example")
    with pytest.raises(ExecutionError, match=r"is 169\.254\.169\.254, a link-local address, and .* redirects there"):
        web.fetch(url, allow=[LOOPBACK], resolve=lambda host, port: answers.pop(0))


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "0x7F.0.0.0x1",
    ],
)
def test_an_address_in_another_spelling_is_refused_even_where_it_is_named(site: Site, host: str) -> None:
    url = site("/", page("text/plain", b"")).replace(LOOPBACK, host)
    with pytest.raises(ExecutionError, match="hides its address"):
        fetch(url)
    with pytest.raises(ExecutionError):
        fetch(site("/hop", redirect(url)))


def test_a_name_that_is_slow_to_look_up_is_given_up_when_the_time_is_over() -> None:
    answered = threading.Event()

    def look_up(host: str, port: int) -> list[str]:
        answered.wait()
        return [LOOPBACK]

    try:
        with pytest.raises(ExecutionError, match="not complete"):
            web.fetch("http://slow.example/", timeout=0.1, resolve=look_up)
        assert not answered.is_set()
    finally:
        answered.set()


def test_an_error_page_is_an_error_with_its_status(site: Site) -> None:
    with pytest.raises(ExecutionError, match="answered 404 Not Found"):
        fetch(site("/gone", page("text/html", b"<p>gone", 404)))


def test_a_refused_connection_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ExecutionError, match="could not be fetched"):
        fetch(f"http://127.0.0.1:{port}/")


def test_a_search_gives_titles_addresses_and_snippets() -> None:
    rows = [{"title": f"T{n}", "href": f"https://example.org/{n}", "body": f"B{n}"} for n in range(5)]
    assert search("weather", 2, lambda query, limit: rows) == [
        SearchResult("T0", "https://example.org/0", "B0"),
        SearchResult("T1", "https://example.org/1", "B1"),
    ]


def test_a_search_without_words_is_refused() -> None:
    with pytest.raises(ExecutionError, match="no words"):
        search("  ")


def test_a_search_that_reaches_no_engine_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DDGS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(ExecutionError, match="gave nothing") as caught:
        search("weather")
    assert "offline" in caught.value.hint
