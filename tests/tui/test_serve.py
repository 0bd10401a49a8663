"""The lock of the board in a browser: nothing is answered without the token, and no other page gets in."""

import re
import shlex
import socket
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie

import pytest
from aiohttp import ClientSession, CookieJar, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestServer

from kanban.errors import KanbanError
from kanban.files.settings import is_in_browser
from tests.tui.stage import acted
from tests.unit.interfaces.terminal import run_kanban
from tui import serve
from tui.serve import BoardServer, command_line, is_loopback, listen, serve_board

TOKEN = "the-token-of-this-start"
DOORS = ("/", "/ws", "/static/js/textual.js", "/static/", "/download/1", "/nowhere")


@asynccontextmanager
async def served(started, host="127.0.0.1"):
    """A server, and somebody who has no token yet. A tab leaves the file `started`."""
    server = TestServer(await BoardServer(f"echo tab > {started}", host, 8000, TOKEN).make_app())
    async with server:
        jar = CookieJar(unsafe=True)  # else it keeps none for a number
        async with ClientSession(f"http://127.0.0.1:{server.port}", cookie_jar=jar) as client:
            yield client


async def enter(client):
    """Come in by the address that was printed."""
    async with client.get("/", params={"token": TOKEN}) as page:
        return page.status, await page.text()


def origin_of(client):
    return str(client._base_url).rstrip("/")


@acted
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("offer", [{}, {"token": "wrong"}, {"token": ""}, {"token": "\udcff"}, {"token": TOKEN[:-1]}])
async def test_no_door_opens_without_the_token(tmp_path, door, offer):
    async with served(tmp_path / "started") as client, client.get(door, params=_quoted(offer)) as answer:
        assert (answer.status, await answer.text()) == (403, serve.NO_TOKEN)
        assert "Set-Cookie" not in answer.headers
    assert not (tmp_path / "started").exists()


def _quoted(offer):
    return {name: value.encode(errors="replace").decode() for name, value in offer.items()}


@acted
@pytest.mark.parametrize("door", DOORS)
async def test_a_wrong_cookie_opens_no_door(tmp_path, door):
    wrong = {"Cookie": f"kanban-8000={TOKEN}x"}
    async with served(tmp_path / "started") as client, client.get(door, headers=wrong) as answer:
        assert answer.status == 403


@acted
async def test_the_token_is_exchanged_for_a_cookie_that_no_script_and_no_other_page_can_use(tmp_path):
    async with served(tmp_path / "started") as client:
        async with client.get("/", params={"token": TOKEN}, allow_redirects=False) as answer:
            cookie = SimpleCookie(answer.headers["Set-Cookie"])["kanban-8000"]
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            assert (cookie["httponly"], cookie["samesite"], cookie.value) == (True, "Strict", TOKEN)
        status, page = await enter(client)
        assert status == 200 and TOKEN not in page
        address = origin_of(client).removeprefix("http://")
        assert re.findall(r'websocket-url="(.*?)"', page) == [f"ws://{address}/ws"]
        async with client.get("/static/js/textual.js") as script:
            assert script.status == 200
            assert script.headers["Content-Security-Policy"].startswith("default-src 'self'")


@acted
async def test_a_tab_is_opened_for_the_own_page_and_for_no_other(tmp_path):
    started = tmp_path / "started"
    async with served(started) as client:
        await enter(client)
        for origin in ("http://evil.example", "null", "http://127.0.0.1:1", None):
            with pytest.raises(WSServerHandshakeError) as refused:
                await client.ws_connect("/ws", origin=origin)
            assert refused.value.status == 403 and not started.exists()
        async with client.ws_connect("/ws", origin=origin_of(client)) as socket_of_tab:
            assert (await socket_of_tab.receive()).type is WSMsgType.CLOSE  # a tab ends with its process
        assert started.read_text() == "tab\n"


@acted
async def test_a_name_that_somebody_else_pointed_at_this_machine_is_refused(tmp_path):
    async with served(tmp_path / "started") as client:
        await enter(client)
        async with client.get("/", headers={"Host": "evil.example:8000"}, params={"token": TOKEN}) as answer:
            assert (answer.status, await answer.text()) == (403, serve.OTHER_NAME)
    async with served(tmp_path / "started", host="0.0.0.0") as client:
        await enter(client)
        async with client.get("/", headers={"Host": f"nas.lan:{client._base_url.port}"}) as answer:
            assert answer.status == 200 and 'websocket-url="ws://nas.lan:' in await answer.text()


@pytest.mark.parametrize(
    "host, here", [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_what_only_this_machine_reaches_is_the_loopback(host, here):
    assert is_loopback(host) is here
    assert not is_loopback("localhost.evil.example") and not is_loopback("")


def told_by(monkeypatch, tmp_path, host):
    monkeypatch.setattr(serve.web, "run_app", lambda app, sock, **_: (app.close(), sock.close()))
    said = []
    serve_board(tmp_path, host, 0, said.append)
    return said


def test_the_address_is_told_with_a_token_of_this_start(monkeypatch, tmp_path):
    first, second = (told_by(monkeypatch, tmp_path, "127.0.0.1")[-1] for _ in range(2))
    token = re.search(r"http://127\.0\.0\.1:\d+/\?token=(\S{43})", first)[1]
    assert token not in second


def test_outside_of_the_loopback_the_person_is_warned(monkeypatch, tmp_path):
    warning, address = told_by(monkeypatch, tmp_path, "0.0.0.0")
    assert "not encrypted" in warning and f"http://{socket.gethostname()}:" in address
    assert len(told_by(monkeypatch, tmp_path, "127.0.0.1")) == 1


def test_a_port_that_is_taken_is_told_without_a_traceback(empty_board):
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(KanbanError, match=f"port {port}: Address already in use") as error:
            listen("127.0.0.1", port)
        refused = run_kanban(empty_board.home.path, "tui", "--serve", "--port", port)
    assert "--port" in error.value.hint
    assert refused.status == 1 and "already in use" in refused.err and "Traceback" not in refused.err


def test_an_address_that_is_no_address_is_told():
    with pytest.raises(KanbanError, match="nothing can listen on no-such-host"):
        listen("no-such-host.invalid", 0)


def test_the_home_is_named_to_each_tab_whatever_its_path(tmp_path):
    home = tmp_path / "it's mine; $(touch x)"
    assert shlex.split(command_line(home))[2:] == ["-m", "kanban", "--home", str(home), "tui"]


def test_without_a_terminal_the_board_opens_in_a_browser_only(empty_board):
    assert is_in_browser({"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"})
    assert not is_in_browser({}) and not is_in_browser({"TEXTUAL_DRIVER": "textual.drivers.linux_driver:LinuxDriver"})
    assert "needs a terminal" in run_kanban(empty_board.home.path, "tui").err
