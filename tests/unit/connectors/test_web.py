"""Pages and searches, against real servers on the loopback."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kanban.connectors.web import Page, SearchResult, fetch, search
from kanban.errors import ExecutionError

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


def drip(seconds: float) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain")
        handler.end_headers()
        for _ in range(int(seconds / 0.05)):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    return answer


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
    began = time.monotonic()
    with pytest.raises(ExecutionError, match=r"not complete after 0\.3 s") as caught:
        fetch(site("/drip", drip(5)), timeout=0.3)
    assert time.monotonic() - began < 2
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
