"""Tickets as cards: what a board shows of each, and which of them changed. Nothing here ever writes."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from kanban.domain.ticket import HUMAN_ASSIGNEE, Status
from kanban.store.db import Database
from kanban.store.filing import HAS_CHECK
from kanban.store.since import MOST_ROWS, first_row_since
from kanban.store.stuck import LOOKED_INTO

SHOWN_OF_A_TEXT = 300  # characters of a title or an explanation that a card can ever show
MOST_AT_ONCE = 500  # numbers in one statement

# One pass: the partial index of open tickets, or the primary key, then the runs of each by their index.
_CARDS = f"""
SELECT t.id, substr(t.title, 1, {SHOWN_OF_A_TEXT}) AS title, t.status, t.kind, t.assignee, t.request_id, t.priority,
       t.block_reason, substr(t.explanation, 1, {SHOWN_OF_A_TEXT}) AS explanation, t.status_since, t.archived,
       t.status IN ('blocked', 'stale') AND {LOOKED_INTO} AS looked_into,
       COALESCE(SUM(r.cost_usd), 0) AS cost_usd, COALESCE(MAX(r.cost_unknown), 0) AS cost_unknown,
       MAX(CASE WHEN r.ended_at IS NULL THEN r.id END) AS live_run,
       MAX(CASE WHEN r.ended_at IS NULL THEN r.profile END) AS live_profile,
       COALESCE(MAX(CASE WHEN r.ended_at IS NULL THEN r.turns END), 0) AS turns,
       CASE WHEN t.status IN ('done', 'review') AND t.kind = 'work'
            THEN NOT COALESCE(MAX(r.purpose = 'review' AND r.outcome = 'done'), 0) AND NOT {HAS_CHECK}
            ELSE 0 END AS unchecked
FROM ticket t LEFT JOIN run r ON r.ticket_id = t.id
WHERE {{which}} GROUP BY t.id ORDER BY t.id"""

_OPEN = "t.archived = 0 AND t.status NOT IN ('done', 'cancelled')"  # the words of the partial index ix_ticket_open


@dataclass(frozen=True, slots=True)
class Card:
    """A ticket as a board shows it. `cost_usd` is None when the price of any part is not known.

    `turns` and `live_profile` are those of the run that is at it now. `looked_into`: it is stuck, and Ginger or an
    investigation is at it or due to be. `unchecked`: only its worker says that it is done.
    """

    id: int
    title: str
    status: str
    kind: str
    assignee: str | None
    request_id: int | None
    priority: int
    block_reason: str | None
    explanation: str
    status_since: float
    archived: bool
    looked_into: bool
    cost_usd: float | None
    live_run: int | None
    live_profile: str | None
    turns: int
    unchecked: bool = False

    @property
    def needs_person(self) -> bool:
        """Whether only the person moves it on."""
        if self.status == Status.TRIAGE:
            return self.assignee == HUMAN_ASSIGNEE
        stuck = self.status in (Status.BLOCKED, Status.STALE)
        return stuck and not self.looked_into


@dataclass(frozen=True, slots=True)
class DonePage:
    """Some done tickets, newest first; `before` is where the next older page begins, None at the end."""

    cards: list[Card]
    before: int | None


class Cards:
    """The board as cards. What it costs depends on the open tickets only, however many are done."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def open_cards(self) -> list[Card]:
        """A card for every ticket that is neither settled nor archived."""
        return [_to_card(row) for row in self._db.read(_CARDS.format(which=_OPEN))]

    def find(self, ticket_ids: Iterable[int]) -> list[Card]:
        """The cards of these tickets, whatever their status."""
        statement = _CARDS.format(which="t.id IN ({ids})")
        return [_to_card(row) for row in self._find_in(statement, set(ticket_ids))]

    def done_page(self, since: float, before: int | None = None, limit: int = 50) -> DonePage:
        """Tickets that became done at or after `since`, by walking the log back from event `before`."""
        floor = self.first_event_since(since)
        rows = self._db.read(
            "SELECT id, ticket_id FROM event WHERE new_status = 'done' AND id >= ? AND id < ? ORDER BY id DESC LIMIT ?",
            (floor, before or MOST_ROWS, limit),
        )
        order = {row.ticket_id: place for place, row in reversed(list(enumerate(rows)))}
        cards = [card for card in self.find(order) if card.status == Status.DONE and not card.archived]
        cards.sort(key=lambda card: order[card.id])
        return DonePage(cards, rows[-1].id if len(rows) == limit else None)

    def changed_since(self, event_id: int) -> tuple[int, set[int]]:
        """The newest event, and the tickets of the events after `event_id`."""
        rows = self._db.read("SELECT id, ticket_id FROM event WHERE id > ?", (event_id,))
        return max((row.id for row in rows), default=event_id), {row.ticket_id for row in rows} - {None}

    def live_tickets(self) -> set[int]:
        """The tickets that a run is at."""
        rows = self._db.read("SELECT ticket_id FROM run WHERE ended_at IS NULL")
        return {row.ticket_id for row in rows} - {None}

    def words_of_requests(self, request_ids: Collection[int]) -> dict[int, str]:
        """What was asked, shortened, by request."""
        statement = f"SELECT id, substr(words, 1, {SHOWN_OF_A_TEXT}) AS words FROM request WHERE id IN ({{ids}})"
        return {row.id: row.words for row in self._find_in(statement, request_ids)}

    def first_event_since(self, at: float) -> int:
        """The number of the first event at or after a time."""
        return first_row_since(self._db, "event", "at", at)

    def _find_in(self, statement: str, ids: Collection[int]) -> Iterator[Row[*tuple[Any, ...]]]:
        """The rows of a statement with `{ids}`, a batch of numbers at a time."""
        wanted = sorted(ids)
        for start in range(0, len(wanted), MOST_AT_ONCE):
            numbers = ", ".join(str(int(number)) for number in wanted[start : start + MOST_AT_ONCE])
            yield from self._db.read(statement.format(ids=numbers))


def _to_card(row: Row[*tuple[Any, ...]]) -> Card:
    return Card(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        bool(row[10]),
        bool(row[11]),
        None if row[13] else row[12],
        row[14],
        row[15],
        row[16],
        bool(row[17]),
    )
