"""Starts a process for each run by forking it from one that has the model library loaded already.

The library costs two seconds and 175 MB; forked, each run starts in milliseconds and shares that memory.
"""

import errno
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

from kanban.dispatch.launchers.base import LocalProcesses
from kanban.errors import CannotStart
from kanban.files.settings import fork_environment

READY = b"ready to fork\n"
LEAST_ROOM = 250_000  # bytes that a run can surely write


class ForkServer(LocalProcesses):
    """The process that runs are forked from, started when first needed and gone when its owner is."""

    def __init__(self, command: Sequence[str], log: Path, home: Path, runs: Path) -> None:
        super().__init__(home)
        self._command = list(command)
        self._log = log
        self._runs = runs
        self._server: subprocess.Popen[bytes] | None = None
        self._can_fork = False

    def start(self) -> None:
        """Start the server, or start it again after it died, and wait the seconds until it can fork.

        Raises CannotStart when it cannot be started.
        """
        require_room(self._runs)
        self._be_ready()

    def _be_ready(self) -> None:
        self.begin()
        if self._can_fork:
            return
        assert self._server is not None and self._server.stdout is not None
        with self._server.stdout as said:
            if READY not in said:
                raise CannotStart("the process that runs are forked from did not start", f"{self._log} says why")
        self._can_fork = True

    def begin(self) -> None:
        """Start the server unless it is there, and do not wait until it can fork. Raises CannotStart."""
        if self._server is not None and self._server.poll() is None:
            return
        self.close()
        try:
            with self._log.open("ab") as log:
                self._server = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=fork_environment(),
                    start_new_session=True,
                )
        except OSError as error:
            raise CannotStart(_describe(self._log, error), "make the home writable and check the disk") from error

    def launch(self, run_id: int) -> None:
        """Have the run forked off. A server that died meanwhile is started again, once. Raises CannotStart."""
        self._order({"run": run_id})

    def probe(self, profile: str, model: str) -> None:
        """Have the model tried by a process that is forked off."""
        self.start()
        self._order({"probe": [profile, model]})

    def _order(self, order: dict[str, Any]) -> None:
        try:
            self._send(order)
        except BrokenPipeError:
            self.close()
            try:
                self._send(order)
            except BrokenPipeError as error:
                hint = f"{self._log} says why"
                raise CannotStart("the process that runs are forked from ends at once", hint) from error

    def close(self) -> None:
        """Let the server go; the runs that it forked go on."""
        server, self._server, self._can_fork = self._server, None, False
        if server is not None and server.stdin is not None:
            with suppress(BrokenPipeError):
                server.stdin.close()
            if server.stdout is not None:
                server.stdout.close()
            server.wait()

    def _send(self, order: dict[str, Any]) -> None:
        self._be_ready()
        assert self._server is not None and self._server.stdin is not None
        self._server.stdin.write(json.dumps(order).encode() + b"\n")
        self._server.stdin.flush()


def require_room(runs: Path) -> None:
    """Raise CannotStart when no run could keep anything in the folder of the runs."""
    probe = runs / f".room-{os.getpid()}"
    try:
        runs.mkdir(mode=0o700, exist_ok=True)
        probe.write_bytes(b"\0" * LEAST_ROOM)
    except OSError as error:
        raise CannotStart(
            _describe(runs, error), "`kanban doctor` looks at the disk, `kanban gc` frees some"
        ) from error
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def _describe(path: Path, error: OSError) -> str:
    return f"{path} is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else f"{path}: {error.strerror}"


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
            child = _fork(*_read_order(json.loads(line), carry_out, log_of, probe))
            if child is not None:
                children.add(child)


def _say_ready() -> None:
    """Tell the owner, who reads standard output up to here; what comes later goes where errors go."""
    os.write(1, READY)
    os.dup2(2, 1)


def _has_ended(child: int) -> bool:
    ended, _ = os.waitpid(child, os.WNOHANG)
    return ended == child


def _read_order(
    order: dict[str, Any],
    carry_out: Callable[[int], None],
    log_of: Callable[[int], Path],
    probe: Callable[[str, str], None],
) -> tuple[Callable[[], None], Path]:
    """What the child does, and the file that its output goes to."""
    if "run" in order:
        return partial(carry_out, order["run"]), log_of(order["run"])
    return partial(probe, *order["probe"]), Path(os.devnull)


def _fork(act: Callable[[], None], log: Path) -> int | None:
    sys.stdout.flush()
    try:
        child = os.fork()
    except OSError as error:  # its lease lapses and it is started again
        print(f"{log.parent.name}: a process could not be forked: {error.strerror}", file=sys.stderr, flush=True)
        return None
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
