"""Which daemon dispatches: one at a time holds the lease, and its heartbeat shows that it lives."""

from collections.abc import Callable

from kanban.store.db import Database
from kanban.store.runs import Process

_TAKE = """
INSERT INTO dispatcher_lease (id, holder, pid, pid_started, hostname, since, heartbeat_at, lease_until)
VALUES (1, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    since = CASE WHEN holder = excluded.holder THEN since ELSE excluded.since END,
    holder = excluded.holder, pid = excluded.pid, pid_started = excluded.pid_started, hostname = excluded.hostname,
    heartbeat_at = excluded.heartbeat_at, lease_until = excluded.lease_until
WHERE holder = excluded.holder OR lease_until <= ? OR holder = ?"""


def is_from_the_future(heartbeat_at: float, lease_until: float, now: float) -> bool:
    """Whether a heartbeat lies more than a whole lease ahead: the clock was set back after it."""
    return heartbeat_at > now + (lease_until - heartbeat_at)


class Leadership:
    """The dispatcher lease of one process. `can_be_alive` tells whether another that holds it still can be there."""

    def __init__(
        self, db: Database, process: Process, can_be_alive: Callable[[Process], bool] = lambda _process: True
    ) -> None:
        self._db = db
        self._process = process
        self._can_be_alive = can_be_alive
        self._holder = f"{process.hostname}:{process.pid}:{process.started:.2f}"

    def take(self, now: float, lease_seconds: float) -> bool:
        """Take the lease or renew it (this is the heartbeat); False while another daemon holds it.

        Who is gone, or had its heartbeat before the clock was set back, holds nothing.
        """
        process = self._process
        values = (
            self._holder,
            process.pid,
            process.started,
            process.hostname,
            now,
            now,
            now + lease_seconds,
            now,
            self._find_dead_holder(now),
        )
        with self._db.write() as tx:
            return tx.exec_driver_sql(_TAKE, values).rowcount == 1

    def release(self, now: float) -> None:
        """Let the next daemon take over at once."""
        with self._db.write() as tx:
            tx.exec_driver_sql("UPDATE dispatcher_lease SET lease_until = ? WHERE holder = ?", (now, self._holder))

    def _find_dead_holder(self, now: float) -> str | None:
        for row in self._db.read("SELECT * FROM dispatcher_lease WHERE holder != ?", (self._holder,)):
            alive = self._can_be_alive(Process(row.pid, row.pid_started, row.hostname))
            if not alive or is_from_the_future(row.heartbeat_at, row.lease_until, now):
                return str(row.holder)
        return None
