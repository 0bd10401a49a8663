"""What all provider servers share: HTTP on the loopback, a script, and a record of requests and refusals."""

import json
import socket
import struct
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.support.providers.script import CONVERSATION, Request, Script

WINDOW = 128_000


@dataclass(frozen=True)
class Whole:
    """An answer that comes at once."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: object, status: int = 200, **headers: str) -> "Whole":
        """`data` as JSON; `retry_after="2"` becomes the header Retry-After."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return cls(json.dumps(data, ensure_ascii=False).encode(), status, {"Content-Type": "application/json"} | named)


@dataclass(frozen=True)
class Streamed:
    """An answer that comes in pieces; `breaks` ends it with a reset in place of the proper end."""

    pieces: Iterable[bytes]
    content_type: str = "text/event-stream"
    breaks: bool = False


@dataclass(frozen=True)
class Silence:
    """No answer until the server stops or the client gives up; `begun` sends the head of a stream first."""

    begun: bool = False


Answer = Whole | Streamed | Silence


@dataclass(frozen=True)
class Refusal:
    """A request that was refused: its place in `requests`, and why."""

    number: int
    status: int
    reason: str


class Refused(Exception):
    """A rule that the request breaks, in the provider's words; `details` are further fields of its envelope."""

    def __init__(self, reason: str, status: int = 400, **details: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.details = details


class ProviderServer(ABC):
    """A provider on the loopback. Used as a context manager; `url` is what a profile names as `api_base`.

    `requests` holds every body in order of arrival and `paths` and `headers` what came with it; `refusals` what was
    refused and why; `alterations` what came back otherwise than it was sent although the provider does not refuse it.
    `planned` answers are given, each once, before the script is played on.
    """

    base_path = "/v1"

    def __init__(self, script: Script = CONVERSATION, window: int = WINDOW) -> None:
        self.script = script
        self.window = window
        self.requests: list[Request] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.refusals: list[Refusal] = []
        self.alterations: list[str] = []
        self.planned: deque[Answer] = deque()
        self.before_piece: Callable[[int], None] = lambda number: None
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._http = _HTTPServer(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}{self.base_path}"

    @abstractmethod
    def play(self, path: str, request: Request) -> Answer:
        """The answer to `request`; raises Refused."""

    @abstractmethod
    def refuse(self, refused: Refused) -> Whole:
        """`refused` in the provider's envelope."""

    def respond(self, path: str, headers: dict[str, str], request: Request) -> Answer:
        """Record the request and answer it."""
        with self._lock:
            self.requests.append(request)
            self.paths.append(path)
            self.headers.append(headers)
            if self.planned:
                return self.planned.popleft()
            try:
                return self.play(path, request)
            except Refused as refused:
                self.refusals.append(Refusal(len(self.requests) - 1, refused.status, refused.reason))
                return self.refuse(refused)

    def stop(self) -> None:
        """Close the port and let go of whoever waits."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _HTTPServer(ThreadingHTTPServer):
    owner: ProviderServer
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def server_activate(self) -> None:
        self.connections: list[socket.socket] = []
        super().server_activate()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def server_close(self) -> None:
        super().server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    server: _HTTPServer

    def log_message(self, format: str, *arguments: Any) -> None:
        """Tests read `requests` instead."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.server.owner.respond(self.path, dict(self.headers), request)
        match answer:
            case Whole():
                self._send(answer)
            case Streamed():
                self._stream(answer)
            case Silence():
                if answer.begun:
                    self._begin_stream("text/event-stream")
                self.server.owner.stopping.wait()
                self._break()

    def _send(self, answer: Whole) -> None:
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def _stream(self, answer: Streamed) -> None:
        self._begin_stream(answer.content_type)
        for number, piece in enumerate(answer.pieces):
            if self.server.owner.stopping.is_set():
                return self._break()
            self.server.owner.before_piece(number)
            self._send_chunk(piece)
        if answer.breaks:
            return self._break()
        self._send_chunk(b"")

    def _begin_stream(self, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _break(self) -> None:
        """End the connection with a reset, as a dying server does."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def event(data: object, name: str | None = None) -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
