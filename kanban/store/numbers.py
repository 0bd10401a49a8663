"""What the board amounts to: a day's cost, completion and time in each status. Nothing here ever writes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row

from kanban.store.db import Database
from kanban.store.events import IS_A_QUESTION
from kanban.store.quality import Evidence, Settled, list_evidence, list_settled
from kanban.store.since import MOST_ROWS, first_row_since


@dataclass(frozen=True)
class Spend:
    """Cost in US dollars. `unknown`: a price is missing."""

    cost_usd: float
    unknown: bool


@dataclass(frozen=True)
class DaySpend:
    """Cost in US dollars of the day that began at `begin`. `unknown`: a price is missing."""

    begin: float
    cost_usd: float
    unknown: bool


@dataclass(frozen=True)
class Completion:
    """How the tickets that settled in a span of time settled, and how often any was blocked with a question."""

    done: int
    cancelled: int
    questions: int

    @property
    def rate(self) -> float | None:
        """The share of settled tickets that were done; None when none settled."""
        return self.done / self.settled if self.settled else None

    @property
    def settled(self) -> int:
        return self.done + self.cancelled

    @property
    def loops(self) -> float | None:
        """Questions for each settled ticket; None when none settled."""
        return self.questions / self.settled if self.settled else None


@dataclass(frozen=True)
class RuleRecord:
    """How the work runs ended that a rule of the rubric gave to somebody, and how many tickets it had split."""

    rule: str
    runs: int = 0
    done: int = 0
    live: int = 0
    splits: int = 0
    cost_usd: float = 0.0
    unknown: bool = False


class Numbers:
    """Sums over usage and the log, from a time on; rows before it are not looked at."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def spend_since(self, at: float) -> Spend:
        """What all model calls since `at` cost."""
        return Spend(*self._sum_usage(self._first("usage", "created_at", at), MOST_ROWS))

    def spend_by_day(self, midnights: Sequence[float]) -> list[DaySpend]:
        """Cost of each day; the days are named by when they began, oldest first, and the last goes on."""
        begins = [self._first("usage", "created_at", midnight) for midnight in midnights]
        days = zip(midnights, begins, [*begins[1:], MOST_ROWS], strict=True)
        return [DaySpend(midnight, *self._sum_usage(begin, end)) for midnight, begin, end in days]

    def completion(self, at: float) -> Completion:
        """How tickets settled since `at`, and how many questions were asked."""
        row = self._rows(
            "SELECT COALESCE(SUM(new_status = 'done'), 0), COALESCE(SUM(new_status = 'cancelled'), 0), "
            f"COALESCE(SUM({IS_A_QUESTION}), 0) "
            "FROM event WHERE id >= ?",
            self._first("event", "at", at),
        )[0]
        return Completion(int(row[0]), int(row[1]), int(row[2]))

    def settled(self, at: float) -> list[Settled]:
        """The tickets of work settled since `at`, each with how it went."""
        return list_settled(self._db, at)

    def evidence(self, at: float) -> list[Evidence]:
        """How each profile did with each ticket that it worked on since `at`."""
        return list_evidence(self._db, at)

    def time_in_status(self, at: float) -> list[tuple[str, float]]:
        """How many seconds a ticket had stayed in each status on average, when it left since `at`; longest first."""
        statement = """
            SELECT old_status, AVG(at - began) AS seconds FROM (
                SELECT old_status, at, (SELECT at FROM event AS came WHERE came.ticket_id = went.ticket_id
                    AND came.id < went.id AND came.new_status IS NOT NULL ORDER BY came.id DESC LIMIT 1) AS began
                FROM event AS went WHERE id >= ? AND new_status IS NOT NULL AND old_status IS NOT NULL
                AND new_status != old_status AND ticket_id IS NOT NULL)
            WHERE began IS NOT NULL GROUP BY old_status ORDER BY seconds DESC"""
        return [(row[0], float(row[1])) for row in self._rows(statement, self._first("event", "at", at))]

    def rule_records(self, at: float) -> dict[str, RuleRecord]:
        """What each rule's decisions since `at` came to. A rule that was renamed or removed keeps its record."""
        runs = self._rows(
            "SELECT rule, COUNT(*), SUM(COALESCE(outcome, '') = 'done'), "
            "SUM(outcome IS NULL), SUM(cost_usd), MAX(cost_unknown) FROM run "
            "WHERE id >= ? AND purpose = 'work' AND rule != '' GROUP BY rule",
            self._first("run", "started_at", at),
        )
        splits = self._rows(
            "SELECT json_extract(data, '$.rule') AS rule, COUNT(*) FROM event "
            "WHERE id >= ? AND old_status = 'ready' AND new_status = 'triage' AND rule IS NOT NULL GROUP BY rule",
            self._first("event", "at", at),
        )
        found = {row[0]: RuleRecord(row[0], row[1], row[2], row[3], 0, float(row[4]), bool(row[5])) for row in runs}
        for rule, count in splits:
            found[rule] = replace(found.get(rule, RuleRecord(rule)), splits=count)
        return found

    def _sum_usage(self, first: int, end: int) -> tuple[float, bool]:
        statement = (
            "SELECT COALESCE(SUM(cost_usd), 0), COALESCE(MAX(cost_usd IS NULL), 0) FROM usage WHERE id >= ? AND id < ?"
        )
        row = self._rows(statement, first, end)[0]
        return float(row[0]), bool(row[1])

    def _first(self, table: str, column: str, at: float) -> int:
        return first_row_since(self._db, table, column, at)

    def _rows(self, statement: str, *values: Any) -> Sequence[Row[*tuple[Any, ...]]]:
        return self._db.read(statement, values)
