"""What model calls have cost, added up by what they were for. Nothing here ever writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from kanban.domain.outcome import COUNTED, Purpose
from kanban.domain.ticket import Kind
from kanban.store.db import Database
from kanban.store.events import IS_A_QUESTION
from kanban.store.since import first_row_since


class Dimension(StrEnum):
    """What the ledger can be added up by."""

    PROFILE = "profile"
    MODEL = "model"
    PURPOSE = "purpose"
    CATEGORY = "category"
    DAY = "day"
    REQUEST = "request"
    TICKET = "ticket"
    RUN = "run"


class Share(StrEnum):
    """What a model call was good for, as the economics of a board class it.

    `decompose`: the orchestrator talks and writes briefs. `clarify`: a work run that ended in a question or another
    obstacle. `rework`: work after the first claim of its ticket that did not hold, the first run that failed, or the
    first time that it was sent back. `execute`: all other work. `review`: the checker. `steer`: the orchestrator
    diagnoses and answers.
    """

    DECOMPOSE = "decompose"
    CLARIFY = "clarify"
    EXECUTE = "execute"
    REWORK = "rework"
    REVIEW = "review"
    STEER = "steer"


@dataclass(frozen=True)
class Line:
    """Model calls under a name; empty for what belongs to none. `cost_usd` leaves out the `unpriced` calls."""

    name: str
    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0

    @property
    def cached_share(self) -> float | None:
        """The share of the prompts' tokens that providers read from their caches; None without any prompt."""
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else None

    @property
    def whole_cost(self) -> float | None:
        """The cost in US dollars; None while the price of any call is not known."""
        return None if self.unpriced else self.cost_usd


@dataclass(frozen=True)
class Tally:
    """The tickets of a span of time: how they stand now, and how often any was blocked with a question.

    `resolved` are those done that had been blocked; `abandoned` those cancelled.
    """

    tickets: int
    done: int
    resolved: int
    abandoned: int
    questions: int


@dataclass(frozen=True)
class Economics:
    """What each share of the work has cost, and what came of it."""

    shares: dict[Share, Line]
    tally: Tally


# Of a ticket `t`: it is work, and was not split into others.
IS_WORK = f"""t.kind = '{Kind.WORK}'
    AND NOT EXISTS (SELECT 1 FROM ticket WHERE ticket.parent_id = t.id AND ticket.kind = t.kind)"""


def category_of(ticket: str) -> str:
    """SQL for the category that a ticket's brief names, empty where it names none; `ticket` is SQL for its number."""
    newest = (
        f"SELECT json_extract(brief, '$.category') FROM brief WHERE ticket_id = {ticket} ORDER BY version DESC LIMIT 1"
    )
    return f"COALESCE(({newest}), '')"


_KEYS = {
    Dimension.PROFILE: "run.profile",
    Dimension.MODEL: "usage.model",
    Dimension.PURPOSE: "run.purpose",
    Dimension.CATEGORY: category_of("run.ticket_id"),
    Dimension.DAY: "strftime('%Y-%m-%d', usage.created_at, 'unixepoch', 'localtime')",
    Dimension.REQUEST: "COALESCE(run.request_id, '')",
    Dimension.TICKET: "COALESCE(run.ticket_id, '')",
    Dimension.RUN: "run.id",
}
_SUMS = (
    "COUNT(*), SUM(usage.prompt_tokens), SUM(usage.cached_tokens), SUM(usage.completion_tokens), "
    "SUM(usage.reasoning_tokens), COALESCE(SUM(usage.cost_usd), 0) AS cost, SUM(usage.cost_usd IS NULL)"
)
_COUNTED = ", ".join(f"'{outcome}'" for outcome in sorted(COUNTED))

# When the first delivery of a ticket turned out to be none.
SPOILED = f"""
    SELECT ticket_id, MIN(at) AS at FROM (
        SELECT ticket_id, at FROM event WHERE verb = 'check_failed'
            OR (old_status IN ('review', 'done') AND new_status IN ('ready', 'todo'))
        UNION ALL
        SELECT ticket_id, ended_at FROM run WHERE purpose = '{Purpose.WORK}' AND outcome IN ({_COUNTED}))
    WHERE ticket_id IS NOT NULL GROUP BY ticket_id"""
_SHARE = f"""
    CASE WHEN run.purpose IN ('{Purpose.CHAT}', '{Purpose.DECOMPOSE}') THEN '{Share.DECOMPOSE}'
         WHEN run.purpose = '{Purpose.REVIEW}' THEN '{Share.REVIEW}'
         WHEN run.purpose != '{Purpose.WORK}' THEN '{Share.STEER}'
         WHEN usage.created_at > spoiled.at THEN '{Share.REWORK}'
         WHEN run.outcome = 'blocked' THEN '{Share.CLARIFY}'
         ELSE '{Share.EXECUTE}' END"""


class Ledger:
    """Sums over model calls from a time on."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def roll_up(self, by: Dimension, since: float) -> list[Line]:
        """The calls since then under each name, the dearest first; days in their order."""
        order = "name" if by is Dimension.DAY else "cost DESC, name"
        rows = self._rows(
            f"SELECT {_KEYS[by]} AS name, {_SUMS} FROM usage JOIN run ON run.id = usage.run_id "
            f"WHERE usage.id >= ? GROUP BY name ORDER BY {order}",
            first_row_since(self._db, "usage", "created_at", since),
        )
        return [_to_line(row) for row in rows]

    def economics(self, since: float) -> Economics:
        """What each share of the work has cost since then, and what became of the tickets filed since then."""
        rows = self._rows(
            f"WITH spoiled AS ({SPOILED}) SELECT {_SHARE} AS name, {_SUMS} FROM usage "
            "JOIN run ON run.id = usage.run_id LEFT JOIN spoiled ON spoiled.ticket_id = run.ticket_id "
            "WHERE usage.id >= ? GROUP BY name",
            first_row_since(self._db, "usage", "created_at", since),
        )
        found = {line.name: line for line in map(_to_line, rows)}
        return Economics({share: found.get(share, Line(share)) for share in Share}, self._count_tickets(since))

    def _count_tickets(self, since: float) -> Tally:
        """Investigations, and tickets that were split into others, are no work of their own."""
        row = self._rows(
            f"WITH filed AS (SELECT id, status FROM ticket AS t WHERE created_at >= ? AND {IS_WORK}) "
            "SELECT COUNT(*), COALESCE(SUM(status = 'done'), 0), COALESCE(SUM(status = 'done' AND EXISTS "
            "(SELECT 1 FROM event WHERE ticket_id = filed.id AND new_status = 'blocked')), 0), "
            "COALESCE(SUM(status = 'cancelled'), 0), COALESCE(SUM((SELECT COUNT(*) FROM event "
            f"WHERE ticket_id = filed.id AND {IS_A_QUESTION})), 0) FROM filed",
            since,
        )[0]
        return Tally(*map(int, row))

    def _rows(self, statement: str, *values: Any) -> Sequence[Row[*tuple[Any, ...]]]:
        return self._db.read(statement, values)


def _to_line(row: Row[*tuple[Any, ...]]) -> Line:
    name, calls, prompt, cached, completion, reasoning, cost, unpriced = row
    return Line(str(name), calls, prompt, cached, completion, reasoning, float(cost), unpriced)


def add_lines(name: str, lines: Sequence[Line]) -> Line:
    """All of these as one."""
    return Line(
        name,
        sum(line.calls for line in lines),
        sum(line.prompt_tokens for line in lines),
        sum(line.cached_tokens for line in lines),
        sum(line.completion_tokens for line in lines),
        sum(line.reasoning_tokens for line in lines),
        sum(line.cost_usd for line in lines),
        sum(line.unpriced for line in lines),
    )
