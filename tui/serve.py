"""The board in a browser: textual-serve, which has no lock of its own, behind a token."""

import asyncio
import hmac
import secrets
import shlex
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from kanban.errors import KanbanError

END_SECONDS = 2.0  # that open tabs get when the server ends
EVERYWHERE = ("", "0.0.0.0", "::")
NO_TOKEN = "This board needs its token: open the address that `kanban tui --serve` printed.\n"
OTHER_PAGE = "Another page may not use this board.\n"
OTHER_NAME = "This board is not called so: open the address that `kanban tui --serve` printed.\n"

HEADERS = {
    # all that the page needs is here: no font or script is asked of anybody else
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve_board(home: Path, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve the board of a home until stopped by a signal; each tab is a process of its own. Port 0: any free one.

    `say` is told the address, which holds the token. Raises KanbanError when nothing can listen there.
    """
    listening = listen(host, port)
    server = BoardServer(command_line(home), host, listening.getsockname()[1], secrets.token_urlsafe(32))
    if not is_loopback(host):
        say("warning: the traffic is not encrypted; whoever can read it can steer this board")
    say(f"the board is at {server.address}\nwhoever has this address is you; Ctrl-C ends it")
    web.run_app(server.make_app(), sock=listening, print=None, access_log=None, shutdown_timeout=END_SECONDS)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises KanbanError."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        hint = "name another with --port (0: any that is free), and with --host an address of this machine"
        raise KanbanError(f"nothing can listen on {host}, port {port}: {error.strerror}", hint) from None


def command_line(home: Path) -> str:
    """What a tab runs, quoted for a shell."""
    return "exec " + shlex.join([sys.executable, "-m", "kanban", "--home", str(home.absolute()), "tui"])


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Tab(AppService):
    """The process behind one tab; when it ends, the tab is told."""

    async def run(self) -> None:
        with suppress(asyncio.CancelledError):  # of a reader inside, when the process has ended at once
            await super().run()
        self.stdin.close()
        assert self._process is not None
        await self._process.wait()
        await self.remote_close()


class BoardServer(Server):
    """A server whose every answer needs the token; the first page takes it and leaves a cookie in its place."""

    def __init__(self, command: str, host: str, port: int, token: str) -> None:
        super().__init__(command, host, port, title="kanban")
        self.token = token
        self.cookie = f"kanban-{port}"  # cookies do not tell ports apart
        self._tabs: set[Tab] = set()

    @property
    def address(self) -> str:
        """What the person opens."""
        host = socket.gethostname() if self.host in EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/?token={self.token}"

    async def make_app(self) -> web.Application:
        """The pages, behind the guard."""
        app = await self._make_app()
        app.middlewares.append(self._guard)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Nothing is printed here: the command has told the address."""

    async def on_shutdown(self, app: web.Application) -> None:
        """End the processes of all tabs."""
        await asyncio.gather(*(tab.stop() for tab in self._tabs))

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A tab from its opening to its end."""
        websocket = web.WebSocketResponse(heartbeat=15)
        await websocket.prepare(request)
        tab = Tab(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,  # type: ignore[arg-type]
            download_manager=self.download_manager,
        )
        self._tabs.add(tab)
        try:
            await tab.start(to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24))
            await self._process_messages(websocket, tab)
        finally:
            self._tabs.discard(tab)
            await tab.stop()
        return websocket

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page; it finds everything else under the name that it was called by itself."""
        here = copy(self)
        here.public_url = f"{request.scheme}://{request.host}"
        page: web.Response = await Server.handle_index(here, request)  # type: ignore[assignment]
        return page

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = self._find_refusal(request)
        if refusal:
            return web.Response(status=403, text=refusal, headers=HEADERS)
        if "token" in request.query:
            return self._exchange_token()
        response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _find_refusal(self, request: web.Request) -> str:
        """Why a request is not answered; nothing when it is."""
        if is_loopback(self.host) and not is_loopback(request.url.host or ""):
            return OTHER_NAME  # a name that somebody else has pointed at this machine
        offered = request.query.get("token", request.cookies.get(self.cookie, ""))
        if not hmac.compare_digest(offered.encode(errors="replace"), self.token.encode()):
            return NO_TOKEN
        origin = request.headers.get("Origin")
        if (origin or request.path == "/ws") and origin != f"{request.scheme}://{request.host}":
            return OTHER_PAGE
        return ""

    def _exchange_token(self) -> web.Response:
        response = web.Response(status=303, headers={**HEADERS, "Location": "/"})
        response.set_cookie(self.cookie, self.token, httponly=True, samesite="Strict")
        return response
