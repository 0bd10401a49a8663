"""An OpenAI-compatible server in a process of its own, which notes when a request came and when its answer had gone.

`python -m benchmarks.loopback KIND` prints its port, then a line of JSON for each of these moments. Both processes
read the same monotonic clock.
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

# What the server answers to whatever it is asked: one call, or nothing for as long as it runs. NUMBER is another one
# in each answer, because a run that makes the same call over and over is ended.
CALLS: dict[str, tuple[str, dict[str, Any]] | None] = {
    "shell": ("shell", {"command": "true NUMBER"}),
    "complete": ("complete", {"summary": "It is done.", "evidence": ["It was seen to be done."], "artifacts": []}),
    "hang": None,
}
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

    def do_POST(self) -> None:
        _tell("arrived")
        self.rfile.read(int(self.headers["Content-Length"]))
        call = CALLS[sys.argv[1]]
        if call is None:
            threading.Event().wait()
            return
        tool, arguments = call
        body = json.dumps(_complete(next(self.numbers), tool, arguments)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        _tell("left")

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


def _tell(what: str) -> None:
    print(json.dumps({"what": what, "at": time.monotonic()}), flush=True)


def _complete(number: int, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    function = {"name": tool, "arguments": json.dumps(arguments).replace("NUMBER", str(number))}
    call = {"id": f"call_{number}", "type": "function", "function": function}
    message = {"role": "assistant", "content": "On with it.", "tool_calls": [call]}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1,
        "model": "bench",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020},
    }


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()
