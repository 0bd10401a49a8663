"""The one guarded change of a ticket's status, its event, and what it means for others: all in one transaction."""

from collections.abc import Mapping

from sqlalchemy import Connection, Row

from kanban.domain.authority import Verb
from kanban.domain.ticket import SETTLED, THE_DISPATCHER, BlockReason, Caller, Mover, Status, check_move
from kanban.errors import MovedOn, NotFound
from kanban.store.events import record_event
from kanban.store.stuck import report_investigation, route_failure

TicketRow = Row[tuple[object, ...]]

_MOVE = """
UPDATE ticket SET status = ?, block_reason = ?, explanation = ?, run_id = ?, not_before = ?,
                  diagnosis_due = 0, status_since = ?, updated_at = ?
WHERE id = ? AND status = ? AND run_id IS ?
RETURNING request_id, open_dependencies"""

# Who decides about a ticket decides about the status it found; when that is over, so is the run.
_CUT_OFF = """
UPDATE run SET outcome = 'cancelled', error = 'the ticket moved on meanwhile', ended_at = ?
WHERE ticket_id = ? AND purpose != 'work' AND ended_at IS NULL AND id IS NOT ?"""


def move(
    tx: Connection,
    ticket_id: int,
    old: Status,
    new: Status,
    caller: Caller,
    now: float,
    *,
    why: str = "",
    reason: BlockReason | None = None,
    seen_run: int | None = None,
    into_run: int | None = None,
    not_before: float = 0.0,
    data: Mapping[str, str] | None = None,
    for_person: bool = False,
    backwards: bool = False,
) -> None:
    """The one guarded change of status: only from the status and the run in which the caller saw it.

    `into_run` is the work run that claims the ticket with it; `data` are facts that the event keeps.
    `for_person`: nobody is to look into a ticket that is stuck, because only the person can help it.
    `backwards`: a move that the caller may make is taken back.
    """
    if backwards:
        check_move(ticket_id, new, old, caller.mover)
    else:
        check_move(ticket_id, old, new, caller.mover)
    explanation = why if new in (Status.BLOCKED, Status.STALE) else ""
    moved = tx.exec_driver_sql(
        _MOVE, (new, reason, explanation, into_run, not_before, now, now, ticket_id, old, seen_run)
    ).first()
    if moved is None:
        raise MovedOn(f"ticket {ticket_id} is no longer {old} in that run", f"see `kanban show {ticket_id}`")
    tx.exec_driver_sql(_CUT_OFF, (now, ticket_id, caller.run_id))
    told = why if reason is None else f"{reason}: {why}"
    verb, run_id = (Verb.MOVE, seen_run) if into_run is None else (Verb.CLAIM, into_run)
    record_event(tx, caller, verb, now, ticket_id, moved.request_id, run_id, (old, new), told, reason, data)
    _follow_up(tx, ticket_id, old, new, moved.request_id, now)
    if new in (Status.BLOCKED, Status.STALE) and caller.mover is not Mover.PERSON:
        route_failure(tx, ticket_id, new, reason, why, now, for_person=for_person)
    if new in (Status.DONE, Status.CANCELLED, Status.BLOCKED, Status.STALE):
        report_investigation(tx, ticket_id, now)
    if moved.open_dependencies and new in (Status.TODO, Status.READY):
        _await_dependencies(tx, ticket_id, new, now)


def _follow_up(tx: Connection, ticket_id: int, old: Status, new: Status, request_id: int | None, now: float) -> None:
    """What a move means for the request and for the tickets that wait for this one."""
    if (old in SETTLED) != (new in SETTLED):
        count_in_request(tx, request_id, -1 if new in SETTLED else +1)
    if new is Status.DONE or old is Status.DONE:
        _tell_dependents(tx, ticket_id, -1 if new is Status.DONE else +1, now)
    if new is Status.CANCELLED:
        _strand_dependents(tx, ticket_id, now)


def _tell_dependents(tx: Connection, ticket_id: int, change: int, now: float) -> None:
    tx.exec_driver_sql(
        "UPDATE ticket SET open_dependencies = open_dependencies + ? "
        "WHERE id IN (SELECT ticket_id FROM dependency WHERE depends_on = ?)",
        (change, ticket_id),
    )
    if change > 0:
        for dependent in _dependents(tx, ticket_id, Status.READY):
            move(
                tx,
                dependent,
                Status.READY,
                Status.TODO,
                THE_DISPATCHER,
                now,
                why=f"#{ticket_id} was reopened",
            )


def _strand_dependents(tx: Connection, ticket_id: int, now: float) -> None:
    for status in (Status.TODO, Status.READY):
        for dependent in _dependents(tx, ticket_id, status):
            _strand(tx, dependent, status, ticket_id, now)


def _strand(tx: Connection, ticket_id: int, status: Status, cancelled: int, now: float) -> None:
    why = _say_stranded(cancelled)
    move(tx, ticket_id, status, Status.BLOCKED, THE_DISPATCHER, now, why=why, reason=BlockReason.DEPENDENCY)


def find_stranded(tx: Connection, ticket_id: int) -> list[int]:
    """The tickets that are blocked because this one, which they need, was cancelled."""
    rows = tx.exec_driver_sql(
        "SELECT t.id FROM dependency d JOIN ticket t ON t.id = d.ticket_id WHERE d.depends_on = ? "
        "AND t.status = 'blocked' AND t.block_reason = 'dependency' AND t.explanation = ?",
        (ticket_id, _say_stranded(ticket_id)),
    )
    return list(rows.scalars())


def _say_stranded(cancelled: int) -> str:
    return f"#{cancelled}, which it needs, was cancelled"


def _await_dependencies(tx: Connection, ticket_id: int, status: Status, now: float) -> None:
    """A ticket neither stands in ready while something it needs is open, nor waits for what was cancelled."""
    cancelled = tx.exec_driver_sql(
        "SELECT t.id FROM dependency d JOIN ticket t ON t.id = d.depends_on "
        "WHERE d.ticket_id = ? AND t.status = 'cancelled'",
        (ticket_id,),
    ).first()
    if cancelled is not None:
        _strand(tx, ticket_id, status, cancelled.id, now)
    elif status is Status.READY:
        move(tx, ticket_id, status, Status.TODO, THE_DISPATCHER, now, why="something it needs is open again")


def get_ticket(tx: Connection, ticket_id: int) -> TicketRow:
    """The whole row of a ticket. Raises NotFound."""
    row = tx.exec_driver_sql("SELECT * FROM ticket WHERE id = ?", (ticket_id,)).first()
    if row is None:
        raise NotFound(f"there is no ticket {ticket_id}", "`kanban list` shows what there is")
    return row


def _dependents(tx: Connection, ticket_id: int, status: Status) -> list[int]:
    rows = tx.exec_driver_sql(
        "SELECT t.id FROM dependency d JOIN ticket t ON t.id = d.ticket_id WHERE d.depends_on = ? AND t.status = ?",
        (ticket_id, status),
    )
    return [row.id for row in rows]


def count_in_request(tx: Connection, request_id: int | None, change: int) -> None:
    """Keep a request's count of tickets that are not settled; an answered request that grows is at work again."""
    if request_id is None:
        return
    tx.exec_driver_sql(
        "UPDATE request SET open_tickets = open_tickets + ?, "
        "status = CASE WHEN status IN ('answered', 'closed') AND ? > 0 THEN 'working' ELSE status END WHERE id = ?",
        (change, change, request_id),
    )
