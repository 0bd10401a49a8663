"""Exchanges with Ginger that broke off: the dispatcher takes them over, or the person is told."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from kanban.domain.authority import Verb
from kanban.domain.outcome import TURNED_AWAY, Ending, Outcome
from kanban.domain.ticket import THE_DISPATCHER, Caller
from kanban.store.events import record_event
from kanban.store.outbox import record_notice

# However a talk ended, what was filed in it is awaited and will be answered.
_AWAIT_TICKETS = """
UPDATE request SET status = 'working', talk_due = 0 WHERE id = ? AND status = 'open'
AND EXISTS (SELECT 1 FROM ticket WHERE ticket.request_id = request.id)"""

# Of a chat run: it was started by the dispatcher, in place of one that broke off.
IS_TAKEOVER = """EXISTS (SELECT 1 FROM run first WHERE first.request_id = run.request_id AND first.purpose = 'chat'
    AND first.id < run.id)"""

# Nobody was told how these exchanges ended, or it was not for the person to mend.
_BROKE_OFF = TURNED_AWAY | {Outcome.INFRASTRUCTURE, Outcome.TIMED_OUT}


def place_in_conversation(tx: Connection, request_id: int | None, transcript_id: int) -> None:
    """Say in which conversation (named by the run that began it) a request was made."""
    tx.exec_driver_sql(
        "UPDATE request SET conversation_id = ? WHERE id = ? AND conversation_id IS NULL", (transcript_id, request_id)
    )


def give_way(tx: Connection, transcript_id: int, now: float) -> None:
    """End what takes an exchange of this conversation over: the person goes on with it, and one run writes it."""
    takeover = f"COALESCE(transcript_of, id) = ? AND {IS_TAKEOVER}"
    for run in cut_off_talks(tx, takeover, transcript_id, "the person went on with the conversation", now):
        tx.exec_driver_sql("UPDATE request SET talk_due = 0 WHERE id = ?", (run.request_id,))
        record_event(tx, THE_DISPATCHER, Verb.END, now, None, run.request_id, run.id, why=str(Outcome.CANCELLED))


def cut_off_talks(tx: Connection, which: str, value: int, why: str, now: float) -> Sequence[Row[Any]]:
    """End the live chat runs for which a condition in SQL holds, and return them; they stop at their next renewal."""
    return tx.exec_driver_sql(
        f"UPDATE run SET outcome = ?, error = ?, ended_at = ? WHERE ended_at IS NULL AND purpose = 'chat' AND {which} "
        "RETURNING id, request_id",
        (Outcome.CANCELLED, why, now, value),
    ).all()


def note_end_of_talk(tx: Connection, run_id: int, request_id: int, ending: Ending) -> None:
    """Have an exchange that broke off taken over, unless tickets were filed in it: those are awaited.

    One that failed before the person's eyes waits for them; a takeover is tried until it succeeds or is given up.
    """
    tx.exec_driver_sql(_AWAIT_TICKETS, (request_id,))
    if ending.outcome is Outcome.DONE:
        return
    is_takeover = tx.exec_driver_sql(f"SELECT {IS_TAKEOVER} FROM run WHERE id = ?", (run_id,)).scalar_one()
    if is_takeover or ending.outcome in _BROKE_OFF:
        tx.exec_driver_sql("UPDATE request SET talk_due = 1 WHERE id = ? AND status = 'open'", (request_id,))


def give_up_talk(tx: Connection, request_id: int, why: str, caller: Caller, now: float) -> None:
    """Leave a request to the person, who is told. Nothing happens when that was done meanwhile."""
    given_up = tx.exec_driver_sql("UPDATE request SET talk_due = 0 WHERE id = ? AND talk_due = 1", (request_id,))
    if given_up.rowcount == 1:
        record_event(tx, caller, Verb.GIVE_UP, now, request_id=request_id, why=why)
        told = f"request {request_id} has no answer: {why}. `kanban request retry {request_id}` has it tried again."
        record_notice(tx, f"no_answer:{request_id}:{now}", told, now, request_id=request_id)
