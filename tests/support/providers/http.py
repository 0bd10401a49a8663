"""HTTP on the loopback: whole answers, streams, and none at all."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.support.providers.script import Request


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


@dataclass(frozen=True)
class Reset:
    """A connection that breaks before any answer."""


Answer = Whole | Streamed | Silence | Reset
Plan = Answer | Callable[[Request], Answer]


def event(data: object, name: str | None = None) -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class Owner(Protocol):
    """Who answers what comes in."""

    stopping: threading.Event
    before_piece: Callable[[int], None]

    def respond(self, path: str, headers: dict[str, str], request: Request) -> Answer: ...


class HTTPServer(ThreadingHTTPServer):
    """A server on a free port of the loopback, which answers from when it is made until `stop`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root_url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and let go of whoever waits."""
        self.owner.stopping.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

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
    server: HTTPServer

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
            case Reset():
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
