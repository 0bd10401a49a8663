"""Taking back what the person did to a ticket, as far as it can still be taken back."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from kanban.domain.authority import Verb
from kanban.domain.ticket import BlockReason, Caller, Status
from kanban.errors import Refused
from kanban.store.authority import acting
from kanban.store.db import Database
from kanban.store.events import record_event
from kanban.store.filing import recount_dependencies, waiting_status
from kanban.store.moves import find_stranded, get_ticket, move
from kanban.store.steered import UNDOABLE, find_last_event

# What went on with a ticket between two events; not what stands in nobody's way: notes, that it was promoted, and
# verbs of the person that are in no row of `steered` because they changed nothing.
_BETWEEN = """
SELECT actor, verb, run_id, new_status FROM event WHERE ticket_id = ? AND id > ? AND id <= ? AND verb != 'comment'
AND NOT (actor = 'person' AND new_status IS NULL AND verb IN ('assign', 'edit', 'depend'))
AND NOT (actor = 'dispatcher' AND old_status IN ('todo', 'ready') AND new_status IN ('todo', 'ready'))
ORDER BY id LIMIT 1"""
_LAST = "SELECT * FROM steered WHERE undone = 0 AND (? IS NULL OR ticket_id = ?) ORDER BY id DESC LIMIT 1"
_SAME_WORK = """
SELECT other.id FROM ticket t JOIN ticket other ON other.request_id = t.request_id
AND other.content_hash = t.content_hash AND other.id != t.id AND other.status != 'cancelled' WHERE t.id = ?"""
_MOVABLE = (Status.TODO, Status.READY)

Steered = Row[Any]


@dataclass(frozen=True)
class Undone:
    """What was taken back of which ticket, and a sentence for each thing that stays as it is."""

    ticket_id: int
    verb: Verb
    stays: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"undone: {_name(self.verb)} of #{self.ticket_id}"


class Undoing:
    """Takes back the person's verbs, the newest first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def undo(self, ticket_id: int | None, caller: Caller, now: float) -> Undone:
        """Take back the last thing that the person did to a ticket, or to any.

        Raises Refused when there is nothing, or when others have gone on from it.
        """
        with acting(self._db, caller, Verb.UNDO, ticket_id) as tx:
            if ticket_id is not None:
                get_ticket(tx, ticket_id)
            step = tx.exec_driver_sql(_LAST, (ticket_id, ticket_id)).first()
            if step is None:
                where = "" if ticket_id is None else f" on ticket {ticket_id}"
                can = ", ".join(sorted(_name(verb) for verb in UNDOABLE - {Verb.REWRITE}))
                raise Refused(f"there is nothing to undo{where}", f"what can be undone: {can}")
            _refuse_what_went_on(tx, step)
            stays = [*_put_everything_back(tx, step, caller, now), *_say_what_stays(tx, step)]
            record_event(tx, caller, Verb.UNDO, now, step.ticket_id, why=step.verb)
            _close(tx, step)
            return Undone(step.ticket_id, Verb(step.verb), tuple(stays))


def _name(verb: str) -> str:
    return "wait-for" if verb == Verb.DEPEND else verb


def _refuse_what_went_on(tx: Connection, step: Steered) -> None:
    newest = find_last_event(tx, step.ticket_id)
    since = tx.exec_driver_sql(_BETWEEN, (step.ticket_id, step.last_event, newest)).first()
    if since is None:
        return
    what = f"it is {since.new_status}" if since.new_status else since.verb.replace("_", " ")
    run = f" in run {since.run_id}" if since.run_id else ""
    raise Refused(
        f"ticket {step.ticket_id} has gone on since your {_name(step.verb)}: {what}, by {since.actor}{run}",
        f"`kanban why {step.ticket_id}` says what can be done now",
    )


def _put_everything_back(tx: Connection, step: Steered, caller: Caller, now: float) -> list[str]:
    """The ticket as the verb found it; returns what cannot be put back."""
    found = json.loads(step.before)
    columns = found.pop("columns", {})
    status, reason = columns.pop("status", None), columns.pop("block_reason", None)
    stays = [*_put_columns_back(tx, step, columns), *_put_texts_back(tx, step, found, caller, now)]
    if status is not None:
        _move_back(tx, step, Status(status), reason and BlockReason(reason), caller, now)
    if "request_status" in found:
        _put_request_back(tx, step.ticket_id, found["request_status"])
    return stays


def _put_columns_back(tx: Connection, step: Steered, columns: dict[str, Any]) -> list[str]:
    stays = []
    key = columns.get("idempotency_key")
    if key is not None and tx.exec_driver_sql("SELECT 1 FROM ticket WHERE idempotency_key = ?", (key,)).first():
        del columns["idempotency_key"]
        stays.append(f"its key {key!r} is another ticket's by now")
    for name, value in columns.items():
        tx.exec_driver_sql(f"UPDATE ticket SET {name} = ? WHERE id = ?", (value, step.ticket_id))
    return stays


def _put_texts_back(tx: Connection, step: Steered, found: dict[str, Any], caller: Caller, now: float) -> list[str]:
    """What the ticket waits for, what is asked about it, and what it says."""
    ticket_id = step.ticket_id
    if "needs" in found:
        tx.exec_driver_sql("DELETE FROM dependency WHERE ticket_id = ?", (ticket_id,))
        for needed in found["needs"]:
            tx.exec_driver_sql("INSERT INTO dependency VALUES (?, ?)", (ticket_id, needed))
        recount_dependencies(tx, ticket_id)
    for approval in found.get("asked", ()):
        tx.exec_driver_sql(
            "UPDATE approval SET status = 'pending', reason = '' WHERE id = ? AND status = 'denied' "
            "AND decided_at IS NULL",
            (approval,),
        )
    if "version" not in found:
        return []
    tx.exec_driver_sql(
        "INSERT INTO brief (ticket_id, version, brief, body, author, created_at) SELECT ticket_id, "
        "(SELECT MAX(version) + 1 FROM brief WHERE ticket_id = ?1), brief, body, ?2, ?3 FROM brief "
        "WHERE ticket_id = ?1 AND version = ?4",
        (ticket_id, caller.name, now, found["version"]),
    )
    return [f"the text that you take back is kept: `kanban show {ticket_id} --history`"]


def _move_back(
    tx: Connection, step: Steered, new: Status, reason: BlockReason | None, caller: Caller, now: float
) -> None:
    """To the status that the verb found. What it stopped is not running again: that is ready."""
    ticket = get_ticket(tx, step.ticket_id)
    old = Status(ticket.status)
    if new is Status.RUNNING or (new in _MOVABLE and old in _MOVABLE):
        new = waiting_status(ticket)
    if old is Status.CANCELLED:
        _refuse_what_was_filed_again(tx, step.ticket_id)
    if new is not old:
        told, later = f"undone: {step.verb}", ticket.not_before
        move(tx, ticket.id, old, new, caller, now, why=told, reason=reason, not_before=later, backwards=True)
        said = (ticket.explanation, ticket.diagnosis_due, ticket.id)
        tx.exec_driver_sql("UPDATE ticket SET explanation = ?, diagnosis_due = ? WHERE id = ?", said)
    if old is Status.CANCELLED:
        for stranded in find_stranded(tx, ticket.id):
            status = waiting_status(get_ticket(tx, stranded))
            move(tx, stranded, Status.BLOCKED, status, caller, now, why=f"#{ticket.id} is no longer cancelled")


def _refuse_what_was_filed_again(tx: Connection, ticket_id: int) -> None:
    again = tx.exec_driver_sql(_SAME_WORK, (ticket_id,)).first()
    if again is not None:
        raise Refused(f"the work of ticket {ticket_id} was filed again as ticket {again.id}", "one of them is enough")


def _put_request_back(tx: Connection, ticket_id: int, status: str) -> None:
    tx.exec_driver_sql(
        "UPDATE request SET status = ? WHERE open_tickets = 0 AND id = (SELECT request_id FROM ticket WHERE id = ?)",
        (status, ticket_id),
    )


def _close(tx: Connection, step: Steered) -> None:
    """The verb before it, if nothing came between, is the next that can be taken back."""
    tx.exec_driver_sql("UPDATE steered SET undone = 1 WHERE id = ?", (step.id,))
    before = tx.exec_driver_sql(
        "SELECT id, last_event FROM steered WHERE undone = 0 AND ticket_id = ? ORDER BY id DESC LIMIT 1",
        (step.ticket_id,),
    ).first()
    if before is None:
        return
    between = tx.exec_driver_sql(_BETWEEN, (step.ticket_id, before.last_event, step.after_event)).first()
    if between is None:
        newest = find_last_event(tx, step.ticket_id)
        tx.exec_driver_sql("UPDATE steered SET last_event = ? WHERE id = ?", (newest, before.id))


def _say_what_stays(tx: Connection, step: Steered) -> list[str]:
    """What a verb did that no later word takes back."""
    events = tx.exec_driver_sql(
        "SELECT verb, run_id, old_status FROM event WHERE ticket_id = ? AND id > ? AND id <= ?",
        (step.ticket_id, step.after_event, step.last_event),
    ).all()
    runs = [
        f"run {event.run_id} was stopped and stays so; the next one goes on from its transcript"
        for event in events
        if event.old_status == Status.RUNNING
    ]
    return [*runs, *(["your note stays"] if any(event.verb == Verb.COMMENT for event in events) else [])]
