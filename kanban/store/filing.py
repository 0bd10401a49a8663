"""How a ticket comes onto the board, with its brief and what it waits for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from kanban.domain.authority import Verb
from kanban.domain.brief import Brief
from kanban.domain.ticket import RESERVED_ASSIGNEES, Caller, Kind, Status
from kanban.errors import InvalidInput, MovedOn
from kanban.store.events import record_event
from kanban.store.moves import TicketRow, count_in_request, get_ticket
from kanban.store.stuck import tell_of_handover

_INSERT_TICKET = """
INSERT INTO ticket (request_id, parent_id, title, kind, status, assignee, pinned, priority, open_dependencies,
                    not_before, depth, about_id, content_hash, idempotency_key, created_by, created_at,
                    updated_at, status_since)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_INSERT_BRIEF = """
INSERT INTO brief (ticket_id, version, brief, body, author, created_at)
SELECT ?, COALESCE(MAX(version), 0) + 1, ?, ?, ?, ? FROM brief WHERE ticket_id = ?"""


# Of ticket `t`: whether a check of its brief decides.
HAS_CHECK = """EXISTS (
    SELECT 1 FROM brief b, json_each(b.brief, '$.criteria') c
    WHERE b.ticket_id = t.id AND b.version = (SELECT MAX(version) FROM brief WHERE ticket_id = t.id)
    AND trim(COALESCE(json_extract(c.value, '$.check'), '')) != '')"""


@dataclass(frozen=True)
class NewTicket:
    """A ticket to be put on the board. `after` holds positions of other tickets in the same filing."""

    title: str
    body: str = ""
    brief: Brief | None = None
    assignee: str | None = None
    priority: int = 0
    depends_on: Sequence[int] = ()
    after: Sequence[int] = ()
    kind: Kind = Kind.WORK
    not_before: float = 0.0
    about_id: int | None = None
    content_hash: str | None = None
    idempotency_key: str | None = None


@dataclass
class Filed:
    """What a filing put on the board, in the order of the drafts; `existing` are those that were there already."""

    tickets: list[int] = field(default_factory=list)
    existing: set[int] = field(default_factory=set)


def file_one(
    tx: Connection,
    draft: NewTicket,
    filed: Filed,
    caller: Caller,
    now: float,
    request_id: int | None,
    parent_id: int | None,
) -> None:
    """Put one draft on the board, or note in `filed` the ticket that is there already."""
    known = _find_existing(tx, draft, request_id)
    if known is not None:
        filed.tickets.append(known)
        filed.existing.add(known)
        return
    needed = {*draft.depends_on, *(filed.tickets[position] for position in draft.after)}
    if parent_id is not None:
        needed |= read_dependencies(tx, parent_id)  # what the parent waits for, its children wait for
    waiting = _count_open(tx, needed)
    status = _first_status(draft, waiting, now)
    depth = 0 if parent_id is None else 1 + get_ticket(tx, parent_id).depth
    values = (
        request_id,
        parent_id,
        draft.title,
        draft.kind,
        status,
        draft.assignee,
        draft.assignee is not None,
        draft.priority,
        waiting,
        draft.not_before,
        depth,
        draft.about_id,
        draft.content_hash,
        draft.idempotency_key,
        caller.name,
        now,
        now,
        now,
    )
    ticket_id = tx.exec_driver_sql(_INSERT_TICKET, values).lastrowid
    write_brief(tx, ticket_id, draft.brief, draft.body, caller, now)
    for needed_id in sorted(needed):
        tx.exec_driver_sql("INSERT INTO dependency VALUES (?, ?)", (ticket_id, needed_id))
    count_in_request(tx, request_id, +1)
    record_event(tx, caller, Verb.CREATE, now, ticket_id, request_id, moved=(None, status))
    tell_of_handover(tx, ticket_id, caller, now)
    filed.tickets.append(ticket_id)


def read_dependencies(tx: Connection, ticket_id: int) -> set[int]:
    """What a ticket waits for, or waited for, that was not cancelled."""
    rows = tx.exec_driver_sql(
        "SELECT d.depends_on FROM dependency d JOIN ticket t ON t.id = d.depends_on "
        "WHERE d.ticket_id = ? AND t.status != 'cancelled'",
        (ticket_id,),
    )
    return {row.depends_on for row in rows}


def write_brief(tx: Connection, ticket_id: int, brief: Brief | None, body: str, caller: Caller, now: float) -> None:
    """Add a version of a ticket's body; earlier ones stay."""
    data = brief.model_dump_json() if brief else None
    tx.exec_driver_sql(_INSERT_BRIEF, (ticket_id, data, body, caller.name, now, ticket_id))


def require_version(tx: Connection, ticket_id: int, version: int) -> None:
    """Raise MovedOn unless this is the newest version of a ticket's body; 0 stands for none."""
    found = tx.exec_driver_sql("SELECT MAX(version), author FROM brief WHERE ticket_id = ?", (ticket_id,)).one()
    if (found[0] or 0) != version:
        raise MovedOn(f"{found[1]} has written #{ticket_id} anew meanwhile", "look at the new text and edit that")


def _find_existing(tx: Connection, draft: NewTicket, request_id: int | None) -> int | None:
    if draft.idempotency_key:
        row = tx.exec_driver_sql("SELECT id FROM ticket WHERE idempotency_key = ?", (draft.idempotency_key,)).first()
        if row is not None:
            return int(row.id)
    if draft.content_hash and request_id is not None:
        row = tx.exec_driver_sql(
            "SELECT id FROM ticket WHERE request_id = ? AND content_hash = ? AND status != 'cancelled'",
            (request_id, draft.content_hash),
        ).first()
        if row is not None:
            return int(row.id)
    return None


def _first_status(draft: NewTicket, waiting: int, now: float) -> Status:
    if draft.assignee in RESERVED_ASSIGNEES:
        return Status.TRIAGE
    return Status.TODO if waiting or draft.not_before > now else Status.READY


def waiting_status(ticket: TicketRow) -> Status:
    """Where a ticket that may go on waits: todo while something it needs is open; a parent never becomes ready."""
    if ticket.kind == Kind.PARENT:
        return Status.TODO
    return Status.TODO if ticket.open_dependencies else Status.READY


def _count_open(tx: Connection, needed: Collection[int]) -> int:
    statuses = {ticket_id: get_ticket(tx, ticket_id).status for ticket_id in needed}
    for ticket_id, status in statuses.items():
        if status == Status.CANCELLED:
            raise InvalidInput(f"ticket {ticket_id} was cancelled, nothing can wait for it", "leave it out")
    return sum(1 for status in statuses.values() if status != Status.DONE)


def recount_dependencies(tx: Connection, ticket_id: int) -> None:
    """Set a ticket's count of dependencies that are not done from the dependencies themselves."""
    tx.exec_driver_sql(
        "UPDATE ticket SET open_dependencies = (SELECT COUNT(*) FROM dependency d JOIN ticket t ON t.id = d.depends_on "
        "WHERE d.ticket_id = ? AND t.status != 'done') WHERE id = ?",
        (ticket_id, ticket_id),
    )


def forget_cancelled_dependencies(tx: Connection, ticket_id: int) -> None:
    """Let a ticket no longer wait for what was cancelled."""
    tx.exec_driver_sql(
        "DELETE FROM dependency WHERE ticket_id = ? "
        "AND depends_on IN (SELECT id FROM ticket WHERE status = 'cancelled')",
        (ticket_id,),
    )
    recount_dependencies(tx, ticket_id)
