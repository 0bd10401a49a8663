"""What the person's verbs found: kept with each of them, so that it can be put back."""

import json
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from kanban.domain.authority import Verb
from kanban.domain.ticket import Caller, Mover
from kanban.store.moves import get_ticket

UNDOABLE = frozenset(
    {
        Verb.ASSIGN,
        Verb.UNBLOCK,
        Verb.BLOCK,
        Verb.CANCEL,
        Verb.REOPEN,
        Verb.RETRY,
        Verb.EDIT,
        Verb.REWRITE,
        Verb.DEPEND,
    }
)
KEPT = 1_000  # of the newest
COLUMNS = (
    "status",
    "block_reason",
    "explanation",
    "title",
    "assignee",
    "pinned",
    "priority",
    "not_before",
    "forgiven_run",
    "diagnoses",
    "diagnosis_due",
    "refutations",
    "restart",
    "idempotency_key",
)
_INSERT = "INSERT INTO steered (ticket_id, verb, before, after_event, last_event, undone) VALUES (?, ?, ?, ?, ?, 0)"


@dataclass(frozen=True)
class Found:
    """A ticket as a verb found it: its columns, what it needs, the version of its body, what waits for an answer."""

    columns: dict[str, object]
    needs: tuple[int, ...]
    version: int
    asked: tuple[int, ...]
    request_status: str | None

    def without(self, after: "Found") -> dict[str, object]:
        """Only what is another after the verb; empty where it changed nothing."""
        columns = {name: value for name, value in self.columns.items() if after.columns[name] != value}
        rest = {name: value for name, value in asdict(self).items() if getattr(after, name) != value}
        return {**rest, "columns": columns} if columns else rest


def is_undoable(caller: Caller, verb: Verb) -> bool:
    """Whether what is done here can be taken back later: agents take nothing back."""
    return caller.mover is Mover.PERSON and verb in UNDOABLE


def look_at(tx: Connection, ticket_id: int) -> Found:
    """A ticket as it stands. Raises NotFound."""
    ticket = get_ticket(tx, ticket_id)
    needs = tx.exec_driver_sql("SELECT depends_on FROM dependency WHERE ticket_id = ? ORDER BY 1", (ticket_id,))
    version = tx.exec_driver_sql("SELECT COALESCE(MAX(version), 0) FROM brief WHERE ticket_id = ?", (ticket_id,))
    asked = tx.exec_driver_sql("SELECT id FROM approval WHERE ticket_id = ? AND status = 'pending'", (ticket_id,))
    request = tx.exec_driver_sql("SELECT status FROM request WHERE id = ?", (ticket.request_id,))
    return Found(
        {name: getattr(ticket, name) for name in COLUMNS},
        tuple(needs.scalars()),
        version.scalar_one(),
        tuple(asked.scalars()),
        request.scalar(),
    )


def find_last_event(tx: Connection, ticket_id: int) -> int:
    """The number of the newest event of a ticket; 0 where it has none."""
    found = tx.exec_driver_sql("SELECT COALESCE(MAX(id), 0) FROM event WHERE ticket_id = ?", (ticket_id,))
    return int(found.scalar_one())


def keep(tx: Connection, ticket_id: int, verb: Verb, found: Found, after_event: int) -> None:
    """Keep what a verb found, once it is done. `after_event` is the ticket's newest from before it."""
    before = found.without(look_at(tx, ticket_id))
    if before:
        values = (ticket_id, verb, json.dumps(before), after_event, find_last_event(tx, ticket_id))
        newest = tx.exec_driver_sql(_INSERT, values).lastrowid
        tx.exec_driver_sql("DELETE FROM steered WHERE id <= ?", (newest - KEPT,))
