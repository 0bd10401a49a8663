"""Who works on a board for long: while a daemon or a run lives, the file is neither migrated nor put back."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kanban.errors import BoardError, Refused
from kanban.store.db import Database
from kanban.store.runs import Process

POLL = 0.1

# Only columns that every schema has: the board may be of an older program.
_DISPATCHER = "SELECT pid, pid_started, hostname FROM dispatcher_lease WHERE lease_until > ?"
_RUNS = "SELECT id, pid, pid_started, hostname, lease_until FROM run WHERE ended_at IS NULL ORDER BY id"


class Presence:
    """A lock on a file beside the board that the kernel drops with the last process that holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: IO[bytes] | None = None

    def enter(self) -> None:
        """Hold the board in place until this process, and every process forked from it, has ended."""
        self._held = self._open()
        fcntl.flock(self._held, fcntl.LOCK_SH)

    @contextmanager
    def alone(self, wait_seconds: float = 0.0, unless: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Keep daemons and runs out for a while. Raises Refused when one is there and stays.

        There is no need to be alone any more once `unless` holds.
        """
        with self._open() as file:
            deadline = time.monotonic() + wait_seconds
            while not _try_alone(file) and not unless():
                if time.monotonic() >= deadline:
                    raise Refused("a daemon or a run works on the board", "stop the daemon, and wait for its runs")
                time.sleep(POLL)
            yield

    def _open(self) -> IO[bytes]:
        try:
            return self._path.open("ab")
        except OSError as error:
            raise BoardError(f"{self._path}: {error.strerror}", "make the home writable for this user") from error


def _try_alone(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def refuse_beside_the_living(db: Database, what: str, is_alive: Callable[[Process], bool], now: float) -> None:
    """Raise Refused, with their process numbers, while a daemon or runs of any version work on the board."""
    daemons = [_as_process(row) for row in db.read(_DISPATCHER, (now,))]
    alive = [daemon for daemon in daemons if is_alive(daemon)]
    runs = [row for row in db.read(_RUNS) if (is_alive(_as_process(row)) if row.pid else row.lease_until > now)]
    if alive:
        named = f"the daemon (process {alive[0].pid} on {alive[0].hostname})"
        raise Refused(f"{what} has to wait: {named} has it open", f"stop it first: kill {alive[0].pid}")
    if runs:
        numbers = ", ".join(str(row.id) for row in runs[:10])
        raise Refused(
            f"{what} has to wait: runs are under way ({numbers})",
            "wait until they have ended, or stop them with the version that started them",
        )


def _as_process(row: object) -> Process:
    return Process(row.pid, row.pid_started or 0.0, row.hostname)  # type: ignore[attr-defined]
