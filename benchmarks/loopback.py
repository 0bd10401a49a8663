"""An OpenAI-compatible server in a process of its own, which notes when a request came and when its answer had gone.

`python -m benchmarks.loopback KIND` prints its port, then a line of JSON for each of these moments. Both processes
read the same monotonic clock. A request that asks for a stream gets one, sent at once.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from benchmarks.prefixes import Prefixes
from benchmarks.replies import CALLS, make_stream, make_whole

KIB = 1024


@dataclass(frozen=True)
class Loopback:
    """A running server. `url` is the `api_base`."""

    url: str
    process: "subprocess.Popen[str]"

    def next_moment(self, what: str) -> float:
        """When the next request `arrived` or answer `left`; waits for it. Seconds of the monotonic clock."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            moment = json.loads(line)
            if moment["what"] == what:
                return float(moment["at"])
        raise RuntimeError("the loopback server ended")


@contextmanager
def serve(kind: str) -> Iterator[Loopback]:
    """A server that gives this kind of answer."""
    command = [sys.executable, "-m", "benchmarks.loopback", kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Loopback(f"http://127.0.0.1:{int(process.stdout.readline())}/v1", process)
        finally:
            process.kill()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * KIB
    numbers = count()
    prefixes = Prefixes()

    def do_POST(self) -> None:
        _tell("arrived")
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if CALLS[sys.argv[1]] is None:
            threading.Event().wait()
            return
        streams = bool(request.get("stream"))
        body = (make_stream if streams else make_whole)(sys.argv[1], next(self.numbers), self.prefixes.count(request))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if streams else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        _tell("left")

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


def _tell(what: str) -> None:
    print(json.dumps({"what": what, "at": time.monotonic()}), flush=True)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()
