"""Starts a process for each run by forking it from one that has the model library loaded already.

The library costs two seconds and 175 MB; forked, each run starts in milliseconds and shares that memory.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from kanban.errors import HomeError


class Launcher(Protocol):
    """Starts the process of a run."""

    def launch(self, run_id: int) -> None:
        """Have the run carried out by a process of its own, which outlives this one."""
        ...


class ForkServer:
    """The process that runs are forked from, started when first needed and gone when its owner is."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command = list(command)
        self._log = log
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server ahead of time, or again after it died."""
        if self._server is not None and self._server.poll() is None:
            return
        try:
            with self._log.open("ab") as log:
                self._server = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
                )
        except OSError as error:
            raise HomeError(f"{self._log}: {error.strerror}", "make the home writable and check the disk") from error

    def launch(self, run_id: int) -> None:
        """Have the run forked off. A server that died meanwhile is started again, once."""
        try:
            self._send(run_id)
        except BrokenPipeError:
            self.close()
            self._send(run_id)

    def close(self) -> None:
        """Let the server go; the runs that it forked go on."""
        server, self._server = self._server, None
        if server is not None and server.stdin is not None:
            with suppress(BrokenPipeError):
                server.stdin.close()
            server.wait()

    def _send(self, run_id: int) -> None:
        self.start()
        assert self._server is not None and self._server.stdin is not None
        self._server.stdin.write(json.dumps({"run": run_id}).encode() + b"\n")
        self._server.stdin.flush()


def serve_forks(orders: IO[bytes], carry_out: Callable[[int], None], log_of: Callable[[int], Path]) -> None:
    """Fork a process for each order until the owner is gone. `carry_out` runs in the child, its output in the log."""
    children: set[int] = set()
    buffer = b""
    while True:
        readable, _, _ = select.select([orders], [], [], 1.0)
        children -= {child for child in children if _has_ended(child)}
        if not readable:
            continue
        piece = os.read(orders.fileno(), 65_536)
        if not piece:
            return
        *lines, buffer = (buffer + piece).split(b"\n")
        for line in lines:
            children.add(_fork(json.loads(line)["run"], carry_out, log_of))


def _has_ended(child: int) -> bool:
    ended, _ = os.waitpid(child, os.WNOHANG)
    return ended == child


def _fork(run_id: int, carry_out: Callable[[int], None], log_of: Callable[[int], Path]) -> int:
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setsid()
        _redirect_output(log_of(run_id))
        carry_out(run_id)
        status = 0
    except BaseException:  # a forked child must never return into the server's loop
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _redirect_output(log: Path) -> None:
    """Point standard input at nothing (it was the server's orders) and both outputs at the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
