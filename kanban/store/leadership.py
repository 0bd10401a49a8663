"""Which daemon dispatches: one at a time holds the lease, and its heartbeat shows that it lives."""

from kanban.store.db import Database
from kanban.store.runs import Process

_TAKE = """
INSERT INTO dispatcher_lease (id, holder, pid, pid_started, hostname, since, heartbeat_at, lease_until)
VALUES (1, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    since = CASE WHEN holder = excluded.holder THEN since ELSE excluded.since END,
    holder = excluded.holder, pid = excluded.pid, pid_started = excluded.pid_started, hostname = excluded.hostname,
    heartbeat_at = excluded.heartbeat_at, lease_until = excluded.lease_until
WHERE holder = excluded.holder OR lease_until <= ?"""


class Leadership:
    """The dispatcher lease of one process."""

    def __init__(self, db: Database, process: Process) -> None:
        self._db = db
        self._process = process
        self._holder = f"{process.hostname}:{process.pid}:{process.started:.2f}"

    def take(self, now: float, lease_seconds: float) -> bool:
        """Take the lease or renew it (this is the heartbeat); False while another daemon holds it."""
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
        )
        with self._db.write() as tx:
            return tx.exec_driver_sql(_TAKE, values).rowcount == 1

    def release(self, now: float) -> None:
        """Let the next daemon take over at once."""
        with self._db.write() as tx:
            tx.exec_driver_sql("UPDATE dispatcher_lease SET lease_until = ? WHERE holder = ?", (now, self._holder))
