"""Runs: claimed, alive while they renew their lease, ended once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from kanban.domain.authority import Verb
from kanban.domain.outcome import LONGEST_PAUSE, TURNED_AWAY, Ending, Outcome, Purpose, Settlement, settle
from kanban.domain.ticket import THE_DISPATCHER, Caller, Mover, Status
from kanban.errors import MovedOn
from kanban.store.authority import acting
from kanban.store.db import Database
from kanban.store.events import record_event
from kanban.store.mishaps import note_mishap, tell_obstacle
from kanban.store.moves import move
from kanban.store.pauses import forget_pause, pause_model
from kanban.store.requests import open_request
from kanban.store.stuck import begin_diagnosis, diagnose_again
from kanban.store.talks import give_way, note_end_of_talk, place_in_conversation

_INSERT = """
INSERT INTO run (ticket_id, request_id, purpose, profile, model, transcript_of, route_reason, rule, hosts, workspace,
                 started_at, lease_until, activity_at, deadline, reviewed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_TAKE = """
UPDATE ticket SET restart = 0, assignee = ?
WHERE id = ? AND status = 'ready' AND archived = 0 AND open_dependencies = 0 AND not_before <= ?"""

_END = """
UPDATE run SET outcome = ?, error = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL
RETURNING ticket_id, request_id, purpose, model"""

_ADOPT = """
UPDATE run SET pid = ?, pid_started = ?, hostname = ?, workspace = ?, lease_until = ?
WHERE id = ? AND ended_at IS NULL AND pid IS NULL"""

# Progress that was made after a clock was set back already has the new time.
_FORGIVE = """
UPDATE run SET deadline = deadline + ?, activity_at = MIN(?, activity_at + ?) WHERE id = ? AND ended_at IS NULL"""


@dataclass(frozen=True)
class NewRun:
    """A run to be started; `transcript_of` names the run whose transcript it goes on with.

    `rule` of the rubric chose the profile, empty where none did; `route_reason` says it to people.
    """

    purpose: Purpose
    profile: str
    model: str
    ticket_id: int | None = None
    request_id: int | None = None
    transcript_of: int | None = None
    route_reason: str = ""
    rule: str = ""
    hosts: Sequence[str] = ()
    workspace: str = ""
    max_minutes: int | None = None
    reviewed: str | None = None


@dataclass(frozen=True)
class Process:
    """What tells a process from every other: number, start time (seconds since the epoch) and machine."""

    pid: int
    started: float
    hostname: str


class Runs:
    """Starts and ends runs. A run that has ended can change nothing any more."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def claim(self, run: NewRun, now: float, lease_seconds: float) -> int | None:
        """Take a ready ticket for a work run and return the run's number; None if another run claimed it first."""
        assert run.ticket_id is not None
        try:
            with acting(self._db, THE_DISPATCHER, Verb.CLAIM) as tx:
                if tx.exec_driver_sql(_TAKE, (run.profile, run.ticket_id, now)).rowcount != 1:
                    return None
                run_id = _insert(tx, run, now, lease_seconds)
                move(
                    tx,
                    run.ticket_id,
                    Status.READY,
                    Status.RUNNING,
                    THE_DISPATCHER,
                    now,
                    why=run.route_reason,
                    into_run=run_id,
                )
                return run_id
        except IntegrityError as error:
            _forgive_live_run(error)
            return None

    def start(self, run: NewRun, caller: Caller, now: float, lease_seconds: float) -> int | None:
        """Start a run that does not move its ticket (any purpose but `work`).

        None when one is live already, or when the diagnosis that it would be is not due any more.
        """
        try:
            with acting(self._db, caller, Verb.START) as tx:
                if run.purpose is Purpose.DIAGNOSE and not begin_diagnosis(tx, run.ticket_id):
                    return None
                return _start(tx, run, caller, now, lease_seconds)
        except IntegrityError as error:
            _forgive_live_run(error)
            return None

    def open_talk(self, words: str, run: NewRun, caller: Caller, now: float, lease_seconds: float) -> tuple[int, int]:
        """Keep the person's words as a request and start its chat run, both or neither; their numbers."""
        with acting(self._db, caller, Verb.ASK) as tx:
            request_id = open_request(tx, words, caller, now, run.transcript_of)
            return request_id, _start(tx, replace(run, request_id=request_id), caller, now, lease_seconds)

    def adopt(self, run_id: int, process: Process, workspace: str, lease_until: float) -> None:
        """Say which process carries the run out. Raises MovedOn when it has ended or another process has it."""
        with self._db.write() as tx:
            values = (process.pid, process.started, process.hostname, workspace, lease_until, run_id)
            if tx.exec_driver_sql(_ADOPT, values).rowcount != 1:
                raise MovedOn(f"run {run_id} has ended or is carried out by another process")

    def renew(self, run_id: int, lease_until: float, *, absent: float = 0.0, now: float = 0.0) -> bool:
        """Renew the lease of a live run; False when it has ended and its process must stop.

        `absent` is the time that its process did not have since it last renewed (negative: the clock was set back);
        its deadline and its last progress move with it.
        """
        with self._db.write() as tx:
            if absent:
                tx.exec_driver_sql(_FORGIVE, (absent, now, max(0.0, absent), run_id))
            renewed = tx.exec_driver_sql(
                "UPDATE run SET lease_until = ? WHERE id = ? AND ended_at IS NULL", (lease_until, run_id)
            )
            return renewed.rowcount == 1

    def tell_obstacle(self, obstacle: str, now: float) -> None:
        """Tell the person, once a day, that this machine can start no run."""
        with self._db.write() as tx:
            tell_obstacle(tx, obstacle, now)

    def bound_leases(self, latest: float) -> None:
        """Let no lease last beyond `latest`: a clock that was set back made them longer."""
        with self._db.write() as tx:
            tx.exec_driver_sql(
                "UPDATE run SET lease_until = ? WHERE ended_at IS NULL AND lease_until > ?", (latest, latest)
            )

    def end(
        self,
        run_id: int,
        ending: Ending,
        caller: Caller,
        now: float,
        summary: str = "",
        *,
        to_review: bool = False,
        has_fallback: bool = False,
        longest_pause: float = LONGEST_PAUSE,
    ) -> None:
        """End a run once and, for a work run, settle its ticket. Raises MovedOn when it had ended already.

        Only the run that holds the ticket can settle it: a run that lost its lease meanwhile changes nothing.
        A model that turned the run away is paused, for `longest_pause` seconds at most, and the ticket with it unless
        the profile `has_fallback` models.
        `to_review`: what is done goes to the checker first.
        """
        with acting(self._db, caller, Verb.END, run_id=run_id) as tx:
            ended = _close(tx, run_id, ending, now)
            paused_until = _note_model(tx, ended.model, ending, now, longest_pause)
            waits_until = note_mishap(tx, ended.purpose, ended.ticket_id, ended.request_id, ending, now)
            if ended.purpose != Purpose.WORK:
                _end_other(tx, ended, run_id, ending, caller, now)
                return
            if summary:
                tx.exec_driver_sql("UPDATE ticket SET summary = ? WHERE id = ?", (summary, ended.ticket_id))
            target = settle(ending, to_review=to_review)
            if ending.outcome is Outcome.PARKED and _was_answered(tx, ended.ticket_id):
                target = Settlement(Status.READY)
            move(
                tx,
                ended.ticket_id,
                Status.RUNNING,
                target.status,
                caller,
                now,
                why=ending.explanation or ending.question or str(ending.outcome),
                reason=target.block_reason,
                seen_run=run_id,
                for_person=ending.for_person,
                not_before=max(waits_until, 0.0 if has_fallback else paused_until),
            )


def cut_off_run(tx: Connection, run_id: int | None, now: float, why: str) -> None:
    """End a live run as cancelled in the caller's transaction; its process stops at its next renewal."""
    if run_id is not None:
        _close(tx, run_id, Ending(Outcome.CANCELLED, why), now)


# What SQLite says of the two indexes that let a ticket, and a request, have one live run of a purpose.
_LIVE_RUN = ("run.ticket_id, run.purpose", "run.request_id, run.purpose")


def _forgive_live_run(error: IntegrityError) -> None:
    """Raise an error of the board unless it says that a run of this purpose is live already."""
    if not str(error.orig).endswith(_LIVE_RUN):
        raise error


def _insert(tx: Connection, run: NewRun, now: float, lease_seconds: float) -> int:
    values = (
        run.ticket_id,
        run.request_id,
        run.purpose,
        run.profile,
        run.model,
        run.transcript_of,
        run.route_reason,
        run.rule,
        " ".join(run.hosts),
        run.workspace,
        now,
        now + lease_seconds,
        now,
        now + 60 * run.max_minutes if run.max_minutes else None,
        run.reviewed,
    )
    return int(tx.exec_driver_sql(_INSERT, values).lastrowid)


def _start(tx: Connection, run: NewRun, caller: Caller, now: float, lease_seconds: float) -> int:
    if run.purpose is Purpose.CHAT and run.transcript_of is not None and caller.mover is Mover.PERSON:
        give_way(tx, run.transcript_of, now)
    run_id = _insert(tx, run, now, lease_seconds)
    if run.purpose is Purpose.CHAT:
        place_in_conversation(tx, run.request_id, run.transcript_of or run_id)
    record_event(tx, caller, Verb(run.purpose), now, run.ticket_id, run.request_id, run_id, why=run.route_reason)
    return run_id


def _close(tx: Connection, run_id: int, ending: Ending, now: float) -> Row[Any]:
    error = "" if ending.outcome is Outcome.DONE else ending.explanation
    ended = tx.exec_driver_sql(_END, (ending.outcome, error, now, run_id)).first()
    if ended is None:
        raise MovedOn(f"run {run_id} has already ended")
    return ended


def _note_model(tx: Connection, model: str, ending: Ending, now: float, longest_pause: float) -> float:
    """What the end of a run says of its model; returns until when the model is paused, 0 when it is not."""
    if ending.outcome in TURNED_AWAY:
        return pause_model(tx, model, ending, now, longest_pause)
    if ending.outcome is Outcome.DONE:
        forget_pause(tx, model, now)
    return 0.0


def _end_other(tx: Connection, ended: Row[Any], run_id: int, ending: Ending, caller: Caller, now: float) -> None:
    """The end of a run that does not hold its ticket."""
    why = str(ending.outcome)
    record_event(tx, caller, Verb.END, now, ended.ticket_id, ended.request_id, run_id, why=why)
    if ended.purpose == Purpose.CHAT:
        note_end_of_talk(tx, run_id, ended.request_id, ending)
    if ended.purpose == Purpose.DIAGNOSE:
        diagnose_again(tx, ended.ticket_id, ending, now)


def _was_answered(tx: Connection, ticket_id: int) -> bool:
    """Whether the person answered everything that was asked before the run could park."""
    statement = "SELECT SUM(status = 'pending') FROM approval WHERE ticket_id = ?"
    return tx.exec_driver_sql(statement, (ticket_id,)).scalar() == 0  # NULL when nothing was ever asked
