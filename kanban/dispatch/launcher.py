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
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

from kanban.errors import HomeError

READY = b"ready to fork\n"


class Launcher(Protocol):
    """Starts the process of a run."""

    def start(self) -> None:
        """Be ready to launch. Raises HomeError when runs cannot be started."""
        ...

    def launch(self, run_id: int) -> None:
        """Have the run carried out by a process of its own, which outlives this one."""
        ...

    def probe(self, profile: str, model: str) -> None:
        """Have a process of its own try a paused model of a profile, and lift the pause if it answers."""
        ...


class ForkServer:
    """The process that runs are forked from, started when first needed and gone when its owner is."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command = list(command)
        self._log = log
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, or start it again after it died, and wait the seconds until it can fork.

        Raises HomeError when it cannot be started.
        """
        if self._server is not None and self._server.poll() is None:
            return
        self.close()
        try:
            with self._log.open("ab") as log:
                self._server = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
                )
        except OSError as error:
            raise HomeError(f"{self._log}: {error.strerror}", "make the home writable and check the disk") from error
        assert self._server.stdout is not None
        with self._server.stdout as said:
            if READY not in said:
                raise HomeError("the process that runs are forked from did not start", f"{self._log} says why")

    def launch(self, run_id: int) -> None:
        """Have the run forked off. A server that died meanwhile is started again, once."""
        self._order({"run": run_id})

    def probe(self, profile: str, model: str) -> None:
        """Have the model tried by a process that is forked off."""
        self._order({"probe": [profile, model]})

    def _order(self, order: dict[str, Any]) -> None:
        try:
            self._send(order)
        except BrokenPipeError:
            self.close()
            self._send(order)

    def close(self) -> None:
        """Let the server go; the runs that it forked go on."""
        server, self._server = self._server, None
        if server is not None and server.stdin is not None:
            with suppress(BrokenPipeError):
                server.stdin.close()
            server.wait()

    def _send(self, order: dict[str, Any]) -> None:
        self.start()
        assert self._server is not None and self._server.stdin is not None
        self._server.stdin.write(json.dumps(order).encode() + b"\n")
        self._server.stdin.flush()


def serve_forks(
    orders: IO[bytes],
    carry_out: Callable[[int], None],
    log_of: Callable[[int], Path],
    probe: Callable[[str, str], None],
) -> None:
    """Fork a process for each order until the owner is gone. `carry_out` runs in the child, its output in the log."""
    _say_ready()
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
            order = json.loads(line)
            if "run" in order:
                run_id = order["run"]
                children.add(_fork(partial(carry_out, run_id), log_of(run_id)))
            else:
                children.add(_fork(partial(probe, *order["probe"]), Path(os.devnull)))


def _say_ready() -> None:
    """Tell the owner, who reads standard output up to here; what comes later goes where errors go."""
    os.write(1, READY)
    os.dup2(2, 1)


def _has_ended(child: int) -> bool:
    ended, _ = os.waitpid(child, os.WNOHANG)
    return ended == child


def _fork(act: Callable[[], None], log: Path) -> int:
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setsid()
        _redirect_output(log)
        act()
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
