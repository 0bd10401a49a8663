"""What the board shows, without a screen: columns of cards, a filter, groups and picked tickets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kanban.domain.ticket import Status
from kanban.store.cards import Card


class Column(StrEnum):
    TRIAGE = "triage"
    TODO = "todo"
    READY = "ready"
    RUNNING = "running"
    REVIEW = "review"
    BLOCKED = "blocked"
    DONE = "done"


COLUMNS = tuple(Column)
_COLUMN_OF = {status: Column(status) for status in Status if status in {*map(str, COLUMNS)}} | {
    Status.STALE: Column.BLOCKED
}


def column_of(card: Card) -> Column | None:
    """Where a card stands; None for what the board does not show."""
    return None if card.archived else _COLUMN_OF.get(Status(card.status))


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
    if word[0] == "r" and word[1:].isdecimal():
        return card.request_id == int(word[1:])
    return word in card.title.casefold() or word in card.explanation.casefold()


@dataclass(frozen=True, slots=True)
class Heading:
    """The line over the cards of one request; None for what belongs to none."""

    request_id: int | None
    count: int


Row = Card | Heading


@dataclass
class BoardModel:
    """The cards on the board. Rows of a column are put in order when they are next asked for."""

    cards: dict[int, Card] = field(default_factory=dict)
    picked: set[int] = field(default_factory=set)
    filter: Filter = Filter()
    grouped: bool = False
    loaded: bool = False
    older_done: int | None = None  # where older done tickets begin in the log
    _members: dict[Column, set[int]] = field(default_factory=lambda: {column: set() for column in COLUMNS})
    _rows: dict[Column, list[Row]] = field(default_factory=dict)

    def apply(self, changes: Mapping[int, Card | None]) -> set[Column]:
        """Take in what changed (None: gone from the board) and return the columns that are touched."""
        touched: set[Column] = set()
        for ticket_id, card in changes.items():
            before = self.cards.get(ticket_id)
            old = column_of(before) if before else None
            new = column_of(card) if card else None
            if before != card:
                touched.update(column for column in (old, new) if column)
            self._place(ticket_id, card, old, new)
        for column in touched:
            self._rows.pop(column, None)
        return touched

    def _place(self, ticket_id: int, card: Card | None, old: Column | None, new: Column | None) -> None:
        if old is not None and old is not new:
            self._members[old].discard(ticket_id)
        if card is None or new is None:
            self.cards.pop(ticket_id, None)
            self.picked.discard(ticket_id)
            return
        self.cards[ticket_id] = card
        self._members[new].add(ticket_id)

    def set_filter(self, typed: str) -> None:
        """Show only what fits."""
        self.filter = Filter.parse(typed)
        self._rows.clear()

    def toggle_groups(self) -> None:
        """Group each column by request, or no longer."""
        self.grouped = not self.grouped
        self._rows.clear()

    def toggle_pick(self, ticket_id: int) -> None:
        """Pick a ticket for what is done to many, or drop it."""
        self.picked ^= {ticket_id}

    def rows(self, column: Column) -> list[Row]:
        """What stands in a column, from the top."""
        if column not in self._rows:
            self._rows[column] = self._arrange(column)
        return self._rows[column]

    def count(self, column: Column) -> int:
        """How many tickets stand in a column, whatever the filter."""
        return len(self._members[column])

    def count_shown(self, column: Column) -> int:
        """How many of them fit the filter."""
        return sum(isinstance(row, Card) for row in self.rows(column)) if self.filter.words else self.count(column)

    def count_needing_person(self) -> int:
        """How many tickets only the person moves on."""
        waiting = (*self._members[Column.BLOCKED], *self._members[Column.TRIAGE])
        return sum(self.cards[ticket_id].needs_person for ticket_id in waiting)

    def requests_shown(self) -> set[int]:
        """The requests whose words the headings need."""
        return {card.request_id for card in self.cards.values() if card.request_id is not None}

    def _arrange(self, column: Column) -> list[Row]:
        members = (self.cards[ticket_id] for ticket_id in self._members[column])
        shown = sorted((card for card in members if self.filter.fits(card)), key=_ORDER[column])
        return _group(shown) if self.grouped else list(shown)


def _group(cards: list[Card]) -> list[Row]:
    groups: dict[int | None, list[Card]] = {}
    for card in cards:
        groups.setdefault(card.request_id, []).append(card)
    rows: list[Row] = []
    for request_id in sorted(groups, key=lambda number: (number is None, number)):
        rows += [Heading(request_id, len(groups[request_id])), *groups[request_id]]
    return rows


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
