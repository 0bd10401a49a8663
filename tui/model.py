"""What the board shows, without a screen: columns of cards, a filter, groups and picked tickets."""

from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from kanban.domain.ticket import Status
from kanban.service.views import Card


class Column(StrEnum):
    TRIAGE = "triage"
    TODO = "todo"
    READY = "ready"
    RUNNING = "running"
    REVIEW = "review"
    BLOCKED = "blocked"
    DONE = "done"


COLUMNS = tuple(Column)
LONGEST_NUMBER = 18  # digits that a number on a board can have
MANY = 100  # changes at once from which columns are put in order anew
_COLUMN_OF = {status: Column(status) for status in Status if status in {*map(str, COLUMNS)}} | {
    Status.STALE: Column.BLOCKED
}


def column_of(card: Card) -> Column | None:
    """Where a card stands; None for what the board does not show."""
    return None if card.archived else _COLUMN_OF.get(Status(card.status))


def parse_number(typed: str) -> int | None:
    """The number that a person typed; None for what no ticket and no request can be called."""
    return int(typed) if typed.isdecimal() and len(typed) <= LONGEST_NUMBER else None


@dataclass(frozen=True)
class Filter:
    """What the person typed: `@cody` an assignee, `r3` a request, `#12` a number, anything else a text; all must hold.

    A text is looked for in title and explanation.
    """

    words: tuple[str, ...] = ()

    @classmethod
    def parse(cls, typed: str) -> "Filter":
        """The filter that `typed` means."""
        return cls(tuple(typed.casefold().split()))

    def fits(self, card: Card) -> bool:
        """Whether a card is shown."""
        return all(_fits(word, card) for word in self.words)


def _fits(word: str, card: Card) -> bool:
    if word[0] == "@":
        return (card.assignee or "").casefold().startswith(word[1:])
    if word[0] == "#":
        return str(card.id).startswith(word[1:])
    if word[0] == "r" and (number := parse_number(word[1:])) is not None:
        return card.request_id == number
    return word in card.title.casefold() or word in card.explanation.casefold()


@dataclass(frozen=True, slots=True)
class Heading:
    """The line over the cards of one request; None for what belongs to none."""

    request_id: int | None
    count: int


Row = Card | Heading
Order = Callable[[Card], tuple[float, ...]]


@dataclass
class BoardModel:
    """The cards on the board. A column is put in order when it is first asked for, and then kept in order."""

    cards: dict[int, Card] = field(default_factory=dict)
    picked: set[int] = field(default_factory=set)
    filter: Filter = Filter()
    grouped: bool = False
    loaded: bool = False
    words: Mapping[int, str] = field(default_factory=dict)  # of the requests that headings name
    _waiting: set[int] = field(default_factory=set)
    _members: dict[Column, set[int]] = field(default_factory=lambda: {column: set() for column in COLUMNS})
    _sorted: dict[Column, list[Card]] = field(default_factory=dict)  # what fits the filter
    _rows: dict[Column, list[Row]] = field(default_factory=dict)

    def apply(self, changes: Mapping[int, Card | None]) -> set[Column]:
        """Take in what changed (None: gone from the board) and return the columns that are touched."""
        if len(changes) >= MANY:
            self._sorted.clear()
        touched: set[Column] = set()
        for ticket_id, card in changes.items():
            before, new = self.cards.get(ticket_id), column_of(card) if card else None
            if before == card:
                continue
            if before is not None:
                touched.add(self._remove(before))
            if card is not None and new is not None:
                touched.add(self._add(card, new))
            else:
                self.picked.discard(ticket_id)
        for column in touched:
            self._rows.pop(column, None)
        return touched

    def _remove(self, card: Card) -> Column:
        column = self._column(card)
        del self.cards[card.id]
        self._members[column].discard(card.id)
        self._waiting.discard(card.id)
        if column in self._sorted and self.filter.fits(card):
            self._sorted[column].pop(self._place(card, column))
        return column

    def _add(self, card: Card, column: Column) -> Column:
        self.cards[card.id] = card
        self._members[column].add(card.id)
        if card.needs_person:
            self._waiting.add(card.id)
        if column in self._sorted and self.filter.fits(card):
            insort(self._sorted[column], card, key=self._order(column))
        return column

    def _column(self, card: Card) -> Column:
        column = column_of(card)
        assert column is not None  # else it would not be among the cards
        return column

    def _place(self, card: Card, column: Column) -> int:
        order = self._order(column)
        return bisect_left(self._arrange(column), order(card), key=order)

    def set_filter(self, typed: str) -> None:
        """Show only what fits."""
        self.filter = Filter.parse(typed)
        self._forget_order()

    def toggle_groups(self) -> None:
        """Group each column by request, or no longer."""
        self.grouped = not self.grouped
        self._forget_order()

    def toggle_pick(self, ticket_id: int) -> None:
        """Pick a ticket for what is done to many, or drop it."""
        self.picked ^= {ticket_id}

    def rows(self, column: Column) -> list[Row]:
        """What stands in a column, from the top."""
        if column not in self._rows:
            cards = self._arrange(column)
            self._rows[column] = _add_headings(cards) if self.grouped else list(cards)
        return self._rows[column]

    def find(self, ticket_id: int) -> tuple[Column, int] | None:
        """The column and the row where a ticket is shown; None when it is not."""
        card = self.cards.get(ticket_id)
        if card is None or not self.filter.fits(card):
            return None
        column = self._column(card)
        if not self.grouped:
            return column, self._place(card, column)
        return column, next(row for row, found in enumerate(self.rows(column)) if found is card)

    def count(self, column: Column) -> int:
        """How many tickets stand in a column, whatever the filter."""
        return len(self._members[column])

    def count_shown(self, column: Column) -> int:
        """How many of them fit the filter."""
        return len(self._arrange(column))

    def count_needing_person(self) -> int:
        """How many tickets only the person moves on."""
        return len(self._waiting)

    def _forget_order(self) -> None:
        self._sorted.clear()
        self._rows.clear()

    def _arrange(self, column: Column) -> list[Card]:
        if column not in self._sorted:
            members = (self.cards[ticket_id] for ticket_id in self._members[column])
            self._sorted[column] = sorted(filter(self.filter.fits, members), key=self._order(column))
        return self._sorted[column]

    def _order(self, column: Column) -> Order:
        order = _ORDER[column]
        return (lambda card: (*_by_request(card), *order(card))) if self.grouped else order


def _add_headings(cards: list[Card]) -> list[Row]:
    rows: list[Row] = []
    for request_id, group in groupby(cards, key=lambda card: card.request_id):
        together = list(group)
        rows += [Heading(request_id, len(together)), *together]
    return rows


def _by_request(card: Card) -> tuple[float, ...]:
    return (card.request_id is None, card.request_id or 0)


def _by_priority(card: Card) -> tuple[float, ...]:
    return (-card.priority, card.id)


def _oldest_first(card: Card) -> tuple[float, ...]:
    return (card.status_since, card.id)


def _newest_first(card: Card) -> tuple[float, ...]:
    return (-card.status_since, -card.id)


def _waiting_on_top(card: Card) -> tuple[float, ...]:
    return (not (card.needs_person or card.status == Status.STALE), card.status_since, card.id)


def _yours_on_top(card: Card) -> tuple[float, ...]:
    return (not card.needs_person, -card.priority, card.id)


_ORDER = {
    Column.TRIAGE: _yours_on_top,
    Column.TODO: _by_priority,
    Column.READY: _by_priority,
    Column.RUNNING: _oldest_first,
    Column.REVIEW: _oldest_first,
    Column.BLOCKED: _waiting_on_top,
    Column.DONE: _newest_first,
}
