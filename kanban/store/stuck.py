"""Where a blocked or stale ticket goes: to Ginger's diagnosis, or to the person. Never nowhere."""

from typing import Any

from sqlalchemy import Connection, Row

from kanban.domain.outcome import MOST_MISHAPS, TURNED_AWAY, Ending, Outcome, Purpose
from kanban.domain.ticket import (
    HUMAN_ASSIGNEE,
    MOST_DIAGNOSES,
    UNDER_WAY,
    WAITS_FOR_PERSON,
    BlockReason,
    Caller,
    Kind,
    Mover,
    Status,
)
from kanban.store.mishaps import count_mishaps
from kanban.store.outbox import record_notice

# Of a stuck ticket `t`: an investigation of it is not over yet.
UNDER_INVESTIGATION = f"""EXISTS (SELECT 1 FROM ticket w WHERE w.about_id = t.id
    AND w.status IN ({", ".join(f"'{status}'" for status in UNDER_WAY)}))"""

# Of a stuck ticket `t`: Ginger or an investigation is at it, or due to be.
LOOKED_INTO = f"""(t.diagnosis_due OR {UNDER_INVESTIGATION}
    OR EXISTS (SELECT 1 FROM run WHERE run.ticket_id = t.id AND run.ended_at IS NULL))"""


def route_failure(
    tx: Connection,
    ticket_id: int,
    status: Status,
    reason: BlockReason | None,
    why: str,
    now: float,
    *,
    for_person: bool = False,
) -> None:
    """A ticket has just become blocked or stale: have it diagnosed, or tell the person when that is theirs."""
    ticket = _read(tx, ticket_id)
    if reason is BlockReason.DEPENDENCY and ticket.request_id is not None:
        told = f"tickets of request {ticket.request_id} are blocked: {why}"
        record_notice(tx, f"dependency:{ticket.request_id}", told, now, ticket_id, ticket.request_id)
    theirs = (
        for_person or reason in WAITS_FOR_PERSON or ticket.kind == Kind.WORRELL or ticket.diagnoses >= MOST_DIAGNOSES
    )
    if theirs:
        tell_person(tx, ticket, f"{reason or status}: {why}", now)
    else:
        tx.exec_driver_sql("UPDATE ticket SET diagnosis_due = 1 WHERE id = ?", (ticket_id,))


def begin_diagnosis(tx: Connection, ticket_id: int | None) -> bool:
    """Count a diagnosis that starts now; False when none is due any more."""
    begun = tx.exec_driver_sql(
        "UPDATE ticket SET diagnosis_due = 0, diagnoses = diagnoses + 1 WHERE id = ? AND diagnosis_due = 1",
        (ticket_id,),
    )
    return begun.rowcount == 1


def diagnose_again(tx: Connection, ticket_id: int, ending: Ending, now: float) -> None:
    """A diagnosis has ended: if it decided nothing, try once more while any is left, else the person decides.

    A model that was paused meanwhile does not count, nor does, up to its limit, a fault of the machine.
    """
    ticket = _read(tx, ticket_id)
    if ticket.status not in (Status.BLOCKED, Status.STALE) or ticket.block_reason in WAITS_FOR_PERSON:
        return
    investigated = f"SELECT 1 FROM ticket t WHERE id = ? AND {UNDER_INVESTIGATION}"
    if tx.exec_driver_sql(investigated, (ticket_id,)).first() is not None:
        return
    if ending.outcome in TURNED_AWAY or _is_free_mishap(tx, ticket_id, ending):
        tx.exec_driver_sql("UPDATE ticket SET diagnosis_due = 1, diagnoses = diagnoses - 1 WHERE id = ?", (ticket_id,))
    elif ticket.diagnoses < MOST_DIAGNOSES:
        tx.exec_driver_sql("UPDATE ticket SET diagnosis_due = 1 WHERE id = ?", (ticket_id,))
    else:
        tell_person(tx, ticket, f"{ticket.diagnoses} diagnoses did not decide it: {ticket.explanation}", now)


def _is_free_mishap(tx: Connection, ticket_id: int, ending: Ending) -> bool:
    mishap = ending.outcome is Outcome.INFRASTRUCTURE
    return mishap and count_mishaps(tx, Purpose.DIAGNOSE, ticket_id) <= MOST_MISHAPS


def report_investigation(tx: Connection, worrell_id: int, now: float) -> None:
    """A ticket has come to rest: if it is a Worrell, what it looked into is diagnosed once more with what it found."""
    worrell = _read(tx, worrell_id)
    if worrell.about_id is None:
        return
    subject = _read(tx, worrell.about_id)
    if subject.status not in (Status.BLOCKED, Status.STALE) or subject.block_reason in WAITS_FOR_PERSON:
        return
    if subject.diagnoses < MOST_DIAGNOSES:
        tx.exec_driver_sql("UPDATE ticket SET diagnosis_due = 1 WHERE id = ?", (subject.id,))
    else:
        tell_person(tx, subject, f"the investigation #{worrell_id} is {worrell.status}; you decide", now)


def _read(tx: Connection, ticket_id: int) -> Row[Any]:
    return tx.exec_driver_sql("SELECT * FROM ticket WHERE id = ?", (ticket_id,)).one()


def tell_of_handover(tx: Connection, ticket_id: int, caller: Caller, now: float) -> None:
    """Tell the person of a ticket in triage that somebody else has put to them."""
    ticket = _read(tx, ticket_id)
    theirs = ticket.status == Status.TRIAGE and ticket.assignee == HUMAN_ASSIGNEE
    if theirs and caller.mover is not Mover.PERSON:
        tell_person(tx, ticket, f"put to you by {caller.name}", now)


def tell_person(tx: Connection, ticket: Row[Any], why: str, now: float) -> None:
    """Write a notice that a ticket waits for the person; once for each time it does."""
    told = f"ticket {ticket.id} waits for you: {ticket.title} ({why})"
    key = f"waits:{ticket.id}:{ticket.status_since}:{ticket.diagnoses}"
    record_notice(tx, key, told, now, ticket.id, ticket.request_id)
