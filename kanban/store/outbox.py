"""Notices to the person: written in the transaction of what they tell, delivered until every target has them."""

from dataclasses import dataclass

from sqlalchemy import Connection

from kanban.store.db import Database

RETRY_AFTER = (10.0, 60.0, 300.0, 1800.0, 3600.0)  # seconds; the last one again and again
GIVE_UP_AFTER = 86_400.0  # seconds; a notice a day old is not news any more
LONGEST_NOTICE = 1_000  # characters

_DUE = """
SELECT notice.id AS notice_id, notice.text, notice.at FROM notice
WHERE notice.at > ? AND NOT EXISTS (
    SELECT 1 FROM delivery WHERE delivery.notice_id = notice.id AND delivery.target = ?
    AND (delivery.delivered_at IS NOT NULL OR delivery.next_try_at > ?))
ORDER BY notice.id"""

_RECEIPT = """
INSERT INTO delivery (notice_id, target, attempts, next_try_at, delivered_at, error) VALUES (?, ?, 1, ?, ?, ?)
ON CONFLICT (notice_id, target) DO UPDATE SET attempts = attempts + 1, next_try_at = excluded.next_try_at,
                                             delivered_at = excluded.delivered_at, error = excluded.error"""


@dataclass(frozen=True)
class DueNotice:
    """A notice that a target does not have yet."""

    notice_id: int
    text: str
    at: float


class Outbox:
    """What is still to be told, and the receipts for what was."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def due(self, target: str, now: float) -> list[DueNotice]:
        """Notices that this target should get now, oldest first. No target's queue holds up another's."""
        values = (now - GIVE_UP_AFTER, target, now)
        rows = self._db.read(_DUE, values)
        return [DueNotice(row.notice_id, row.text, row.at) for row in rows]

    def tell(self, key: str, text: str, now: float) -> None:
        """Tell the person something; the same key is told once, and asked for again writes nothing."""
        tell_once(self._db, key, text, now)

    def failing(self, now: float) -> list[tuple[str, str]]:
        """Targets whose last try failed, each with its error; what is a day old does not count any more."""
        rows = self._db.read(
            "SELECT target, error FROM delivery JOIN notice ON notice.id = delivery.notice_id "
            "WHERE delivered_at IS NULL AND notice.at > ? GROUP BY target",
            (now - GIVE_UP_AFTER,),
        )
        return [(row.target, row.error) for row in rows]

    def write_receipt(self, notice_id: int, target: str, now: float, error: str = "") -> None:
        """Note that a notice was delivered, or why it was not and when to try again."""
        with self._db.write() as tx:
            known = tx.exec_driver_sql(
                "SELECT attempts FROM delivery WHERE notice_id = ? AND target = ?", (notice_id, target)
            ).first()
            attempts = known.attempts if known else 0
            wait = RETRY_AFTER[min(attempts, len(RETRY_AFTER) - 1)]
            tx.exec_driver_sql(_RECEIPT, (notice_id, target, now + wait, None if error else now, error))


def tell_once(db: Database, key: str, text: str, now: float) -> None:
    """Tell the person something unless the key was told already, which costs one look."""
    if not db.read("SELECT 1 FROM notice WHERE key = ?", (key,)):
        with db.write() as tx:
            record_notice(tx, key, text, now)


def record_notice(
    tx: Connection, key: str, text: str, now: float, ticket_id: int | None = None, request_id: int | None = None
) -> None:
    """Tell the person something, in the caller's transaction; the same key is told once."""
    tx.exec_driver_sql(
        "INSERT OR IGNORE INTO notice (key, text, at, ticket_id, request_id) VALUES (?, ?, ?, ?, ?)",
        (key, text[:LONGEST_NOTICE], now, ticket_id, request_id),
    )
