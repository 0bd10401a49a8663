"""What a tick has to do. On an idle board this is one statement, whatever its size."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from kanban.domain.brief import Brief
from kanban.domain.capacity import NOTHING, Capacity
from kanban.domain.ticket import DEFAULT_ASSIGNEE
from kanban.store.db import Database
from kanban.store.mishaps import FREE_MISHAPS
from kanban.store.stuck import UNDER_INVESTIGATION
from kanban.store.talks import IS_TAKEOVER

# Each part reads at most one entry of an index, so the whole costs the same on any board.
_ANYTHING_DUE = """
SELECT EXISTS (SELECT 1 FROM run WHERE ended_at IS NULL)
    OR EXISTS (SELECT 1 FROM ticket WHERE status = 'todo' AND open_dependencies = 0 AND not_before <= :now)
    OR EXISTS (SELECT 1 FROM ticket WHERE status = 'ready' AND archived = 0)
    OR EXISTS (SELECT 1 FROM ticket WHERE status = 'triage' AND assignee = 'default')
    OR EXISTS (SELECT 1 FROM ticket WHERE status = 'review')
    OR EXISTS (SELECT 1 FROM ticket WHERE diagnosis_due = 1)
    OR EXISTS (SELECT 1 FROM request WHERE status = 'working' AND open_tickets = 0)
    OR EXISTS (SELECT 1 FROM request WHERE talk_due = 1)"""

# Of a group of runs: those that count towards a failure limit.
_FAILURES = f"""SUM(COALESCE(outcome, '') IN ('failed', 'crashed', 'timed_out', 'out_of_turns', 'looping',
    'infrastructure')) - {FREE_MISHAPS}"""

# The brief that a work run works by.
_BRIEF = """
    CASE WHEN purpose = 'work' THEN
    (SELECT brief FROM brief WHERE ticket_id = run.ticket_id ORDER BY version DESC LIMIT 1) END"""


@dataclass(frozen=True)
class LiveRun:
    """A run that has not ended, with what tells its process, its share of the slots and of this machine."""

    id: int
    ticket_id: int | None
    request_id: int | None
    purpose: str
    profile: str
    hosts: tuple[str, ...]
    pid: int | None
    pid_started: float | None
    hostname: str | None
    lease_until: float
    activity_at: float
    deadline: float | None
    is_takeover: bool = False
    asked: Capacity = NOTHING


class DueWork:
    """The dispatcher's questions to the board."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def is_anything_due(self, now: float) -> bool:
        """Whether a tick could find anything to do."""
        return bool(self._all(_ANYTHING_DUE, {"now": now})[0][0])

    def live_runs(self) -> list[LiveRun]:
        """Every run that has not ended, oldest first."""
        rows = self._all(
            "SELECT id, ticket_id, request_id, purpose, profile, hosts, pid, pid_started, hostname, lease_until, "
            f"activity_at, deadline, purpose = 'chat' AND {IS_TAKEOVER} AS is_takeover, {_BRIEF} AS asked "
            "FROM run WHERE ended_at IS NULL ORDER BY id"
        )
        return [
            LiveRun(
                **{
                    **row._mapping,
                    "hosts": tuple(row.hosts.split()),
                    "is_takeover": bool(row.is_takeover),
                    "asked": Capacity.asked_by(Brief.model_validate_json(row.asked)) if row.asked else NOTHING,
                }
            )
            for row in rows
        ]

    def promotable(self, now: float) -> list[int]:
        """Todo tickets that wait for nothing any more."""
        statement = "SELECT id FROM ticket WHERE status = 'todo' AND open_dependencies = 0 AND not_before <= :now"
        return [row.id for row in self._all(statement, {"now": now})]

    def to_decompose(self) -> list[int]:
        """Triage tickets that wait for Ginger and have no decompose run yet."""
        statement = """
            SELECT id FROM ticket t WHERE status = 'triage' AND assignee = :assignee AND NOT EXISTS
            (SELECT 1 FROM run WHERE ticket_id = t.id AND purpose = 'decompose' AND ended_at IS NULL) ORDER BY id"""
        return [row.id for row in self._all(statement, {"assignee": DEFAULT_ASSIGNEE})]

    def ready_tickets(self, now: float, limit: int, offset: int = 0) -> list[int]:
        """Ready tickets that may start now: highest priority first, oldest first within it."""
        statement = """
            SELECT id FROM ticket WHERE status = 'ready' AND archived = 0 AND not_before <= :now
            ORDER BY priority DESC, id LIMIT :limit OFFSET :offset"""
        return [row.id for row in self._all(statement, {"now": now, "limit": limit, "offset": offset})]

    def to_synthesize(self) -> list[int]:
        """Requests whose tickets are all settled and that have no synthesize run yet."""
        statement = """
            SELECT id FROM request r WHERE status = 'working' AND open_tickets = 0 AND NOT EXISTS
            (SELECT 1 FROM run WHERE request_id = r.id AND purpose = 'synthesize' AND ended_at IS NULL) ORDER BY id"""
        return [row.id for row in self._all(statement)]

    def to_talk(self) -> list[int]:
        """Requests whose exchange broke off, and in whose conversation nobody speaks."""
        statement = """
            SELECT id FROM request r WHERE talk_due = 1 AND NOT EXISTS
            (SELECT 1 FROM run WHERE ended_at IS NULL AND purpose = 'chat'
             AND (request_id = r.id OR COALESCE(transcript_of, id) = r.conversation_id)) ORDER BY id"""
        return [row.id for row in self._all(statement)]

    def to_review(self) -> list[int]:
        """Tickets whose work waits for the checker and that have no review run yet."""
        statement = """
            SELECT id FROM ticket t WHERE status = 'review' AND NOT EXISTS
            (SELECT 1 FROM run WHERE ticket_id = t.id AND purpose = 'review' AND ended_at IS NULL) ORDER BY id"""
        return [row.id for row in self._all(statement)]

    def to_diagnose(self) -> list[int]:
        """Stuck tickets that wait for Ginger: none has a diagnosis under way, or an investigation that is not over."""
        statement = f"""
            SELECT id FROM ticket t WHERE diagnosis_due = 1 AND NOT EXISTS
            (SELECT 1 FROM run WHERE ticket_id = t.id AND purpose = 'diagnose' AND ended_at IS NULL)
            AND NOT {UNDER_INVESTIGATION} ORDER BY id"""
        return [row.id for row in self._all(statement)]

    def failures_by_profile(self, ticket_id: int, purpose: str) -> dict[str, int]:
        """How many runs of each profile count towards its failure limit, since the person last let the ticket go on."""
        statement = f"""
            SELECT profile, {_FAILURES} AS failures FROM run JOIN ticket ON ticket.id = run.ticket_id
            WHERE ticket_id = :ticket AND purpose = :purpose AND run.id > forgiven_run
            GROUP BY profile HAVING failures > 0"""
        return {row.profile: row.failures for row in self._all(statement, {"ticket": ticket_id, "purpose": purpose})}

    def count_synthesize_failures(self, request_id: int) -> int:
        """How often an answer to this request could not be written, since it was last answered."""
        statement = f"""
            SELECT COALESCE({_FAILURES}, 0) AS failures FROM run JOIN request ON request.id = run.request_id
            WHERE request_id = :request AND purpose = 'synthesize'
              AND started_at >= COALESCE(request.answered_at, 0)"""
        return int(self._all(statement, {"request": request_id})[0].failures)

    def count_talk_failures(self, request_id: int) -> int:
        """How often Ginger could not finish the exchange of this request, since the person had it tried again."""
        statement = f"""
            SELECT COALESCE({_FAILURES}, 0) AS failures FROM run JOIN request ON request.id = run.request_id
            WHERE request_id = :request AND purpose = 'chat' AND run.id > request.forgiven_run"""
        return int(self._all(statement, {"request": request_id})[0].failures)

    def count_runs(self, ticket_id: int) -> int:
        """How many runs the ticket has had since the person last let it go on.

        Those of a paused model do not count, nor do the first ones that the machine ended.
        """
        statement = f"""
            SELECT COUNT(*) - COALESCE({FREE_MISHAPS}, 0) AS runs
            FROM run JOIN ticket ON ticket.id = run.ticket_id WHERE ticket_id = :ticket
            AND run.id > forgiven_run AND COALESCE(outcome, '') NOT IN ('rate_limited', 'model_down')"""
        return int(self._all(statement, {"ticket": ticket_id})[0].runs)

    def _all(self, statement: str, values: dict[str, object] | None = None) -> list[Row[*tuple[Any, ...]]]:
        return self._db.read(statement, values or {})
