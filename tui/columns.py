"""The columns side by side, one cursor that the keys move, and the line above that counts them."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from kanban.service.views import Card
from tui.column import CardPointed, ColumnPointed, ColumnView
from tui.messages import CursorMoved, OlderWanted, OpenTicket
from tui.model import COLUMNS, Column
from tui.session import Session

NARROWEST = 22  # cells of a column before fewer are shown beside each other
SPINE = 5  # cells of an empty one
NAMED = 80  # cells that the overview needs for the whole names
WIDE = 100  # cells that it needs to say more than counts


def find_window(needs: Sequence[int], width: int, first: int, wanted: int) -> tuple[int, int]:
    """From which column to which they fit side by side, `wanted` among them, beginning near `first`."""
    first = min(first, wanted)
    end = first
    while end < len(needs) and (end <= wanted or sum(needs[first : end + 1]) <= width):
        end += 1
    while first < wanted and sum(needs[first:end]) > width:
        first += 1
    while end < len(needs) and sum(needs[first : end + 1]) <= width:
        end += 1
    while first > 0 and sum(needs[first - 1 : end]) <= width:
        first -= 1
    return first, end


class Columns(Horizontal, can_focus=True):
    """The columns that have room, and the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h,left", "go(-1)", "Left", show=False),
        Binding("l,right", "go(1)", "Right", show=False),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False),
        Binding("home", "edge(-1)", "First card", show=False),
        Binding("end,G", "edge(1)", "Last card", show=False),
        *(Binding(str(n), f"jump({n})", "Go to a column", show=False) for n in range(1, len(COLUMNS) + 1)),
        Binding("enter", "open", "Open"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(id="columns")
        self.session = session
        self.current = Column.TRIAGE
        self.hidden: set[Column] = set()
        self._first = 0  # of the columns that are not hidden, the leftmost that is seen
        self._rows: dict[Column, int] = {}
        self._tickets: dict[Column, int] = {}
        self._moved = False  # by the person, since the board was loaded
        self._spines: set[Column] = set()  # the empty columns, as they were last laid out

    def compose(self) -> ComposeResult:
        for column in COLUMNS:
            yield ColumnView(column, self.session.model, self.session.turn_limits, self.session.now)

    def view(self, column: Column) -> ColumnView:
        """The widget of a column."""
        return self.query_one(f"#column-{column}", ColumnView)

    @property
    def pointed(self) -> Card | None:
        """The card under the cursor."""
        rows = self.session.model.rows(self.current)
        row = self._rows.get(self.current, 0)
        found = rows[row] if row < len(rows) else None
        return found if isinstance(found, Card) else None

    @property
    def settled_on(self) -> int | None:
        """The ticket that the cursor was on when the column was last shown."""
        return self._tickets.get(self.current)

    def show_columns(self, touched: Iterable[Column] = COLUMNS) -> None:
        """Take columns from the model; the cursor stays on its ticket as long as that is there."""
        at, in_view = self._rows.get(self.current), self.view(self.current).shows_cursor
        for column in touched:
            self.view(column).show_rows()
            self._settle(column)
        if not self._moved and self.pointed is None:
            self._start_where_there_is_something()
        if self._find_spines() != self._spines:
            self.lay_out()
        self._point(scroll=in_view and self._rows.get(self.current) != at)

    def redraw(self) -> None:
        """Draw all columns anew."""
        for column in COLUMNS:
            self.view(column).redraw()

    def point_at(self, ticket_id: int) -> bool:
        """Put the cursor on a ticket; False when it is not on the board."""
        found = self.session.model.find(ticket_id)
        if found is None:
            return False
        self.current, row = found
        self.hidden.discard(self.current)
        self._put(row)
        self.lay_out()
        return True

    def lay_out(self) -> None:
        """Show as many columns as have room, the current one among them; empty ones are a spine or left out."""
        shown, spines = [column for column in COLUMNS if column not in self.hidden], self._find_spines()
        needs = [SPINE if column in spines else NARROWEST for column in shown]
        if sum(needs) > self.size.width:
            needs = [0 if column in spines else NARROWEST for column in shown]
        self._first, end = find_window(needs, self.size.width, self._first, shown.index(self.current))
        seen = shown[self._first : end]
        for column in COLUMNS:
            view = self.view(column)
            view.display = column in seen and (column not in spines or 0 not in needs)
            view.make_spine(column in spines)
        self._spines = spines
        self._point()

    def _find_spines(self) -> set[Column]:
        """Empty columns without the cursor; Done leads to what is older, and an empty board shows all columns."""
        model = self.session.model
        empty = {column for column in COLUMNS if not model.count(column)}
        if not model.loaded or len(empty) == len(COLUMNS):
            return set()
        return empty - {self.current, Column.DONE}

    def hide_current(self) -> None:
        """Put the current column away, unless it is the last."""
        shown = [column for column in COLUMNS if column not in self.hidden]
        if len(shown) > 1:
            place = shown.index(self.current)
            self.hidden.add(self.current)
            self.current = shown[place + 1] if place + 1 < len(shown) else shown[place - 1]
            self.lay_out()

    def show_hidden(self) -> None:
        """Bring all columns back."""
        self.hidden.clear()
        self.lay_out()

    def seen(self) -> list[Column]:
        """The columns that are seen."""
        return [column for column in COLUMNS if self.view(column).display]

    def on_resize(self) -> None:
        self.lay_out()

    def action_go(self, step: int) -> None:
        shown = [column for column in COLUMNS if column not in self.hidden]
        place = shown.index(self.current) + step
        if 0 <= place < len(shown):
            self._enter(shown[place])

    def action_jump(self, number: int) -> None:
        self.hidden.discard(COLUMNS[number - 1])
        self._enter(COLUMNS[number - 1])

    def action_move(self, step: int) -> None:
        rows = self.session.model.rows(self.current)
        row = self._rows.get(self.current, 0) + step
        while 0 <= row < len(rows) and not isinstance(rows[row], Card):
            row += step
        if 0 <= row < len(rows):
            self._put(row)
        elif step > 0 and self.current is Column.DONE:
            self.post_message(OlderWanted())

    def action_page(self, way: int) -> None:
        self._leap(self._rows.get(self.current, 0) + way * self.view(self.current).cards_in_view())

    def action_edge(self, way: int) -> None:
        self._leap(len(self.session.model.rows(self.current)) if way > 0 else 0)

    def action_open(self) -> None:
        if self.pointed is not None:
            self.post_message(OpenTicket(self.pointed.id))

    def on_column_pointed(self, event: ColumnPointed) -> None:
        event.stop()
        self.focus()
        self._enter(event.column)

    def on_card_pointed(self, event: CardPointed) -> None:
        event.stop()
        self.focus()
        self.point_at(event.ticket_id)
        if event.again:
            self.action_open()

    def _enter(self, column: Column) -> None:
        self._moved = True
        self.current = column
        self._settle(column)
        self.lay_out()
        self.post_message(CursorMoved())

    def _leap(self, row: int) -> None:
        rows = self.session.model.rows(self.current)
        row = max(0, min(row, len(rows) - 1))
        if rows and not isinstance(rows[row], Card):
            row += 1
        self._put(row)

    def _put(self, row: int) -> None:
        self._moved = True
        self._rows[self.current] = row
        if self.pointed is not None:
            self._tickets[self.current] = self.pointed.id
        self._point()
        self.post_message(CursorMoved())

    def _point(self, *, scroll: bool = True) -> None:
        for column in COLUMNS:
            wanted = self._rows.get(column, 0) if column is self.current else None
            if self.view(column).cursor != wanted or wanted is not None:
                self.view(column).point_at(wanted, scroll=scroll)

    def _settle(self, column: Column) -> None:
        """Find the row of the ticket that the cursor was on, or the nearest there is."""
        model, rows = self.session.model, self.session.model.rows(column)
        found = model.find(self._tickets.get(column, 0))
        row = min(self._rows.get(column, 0), max(0, len(rows) - 1))
        if found and found[0] is column:
            row = found[1]
        elif row < len(rows) and not isinstance(rows[row], Card):
            row += 1  # a heading has a card below it
        self._rows[column] = row
        card = rows[row] if row < len(rows) else None
        if isinstance(card, Card):
            self._tickets[column] = card.id

    def _start_where_there_is_something(self) -> None:
        for column in COLUMNS:
            if column not in self.hidden and self.session.model.rows(column):
                self.current = column
                self.lay_out()
                return


class Overview(Static):
    """All columns with their counts on one line; those that are not seen now are told from those that are."""

    COMPONENT_CLASSES = {"overview--seen", "overview--unseen", "overview--hidden", "overview--name"}

    def __init__(self, columns: Columns) -> None:
        super().__init__("", id="overview", markup=False)
        self._columns = columns

    def show(self) -> None:
        """Count anew."""
        model, seen = self._columns.session.model, self._columns.seen()
        told = Text(" ", no_wrap=True, overflow="ellipsis")
        if self.size.width >= WIDE:
            told.append("kanban  ", self._style("name"))
        for number, column in enumerate(COLUMNS, 1):
            name = "hidden" if column in self._columns.hidden else "seen" if column in seen else "unseen"
            style = self._style(name)
            called = column.capitalize() if self.size.width >= NAMED else column.capitalize()[:3]
            numbered = f"{number} " if self.size.width >= WIDE else ""
            told.append(f"{numbered}{called} {model.count(column)}", style).append("  ")
        if model.grouped:
            told.append(" by request", self._style("name"))
        self.update(told)

    def on_resize(self) -> None:
        self.show()

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"overview--{name}")
