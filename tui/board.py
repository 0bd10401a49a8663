"""The board itself: columns side by side, and one cursor that the keys move."""

from collections.abc import Iterable
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from kanban.store.cards import Card
from tui.bars import Told
from tui.column import CardPointed, ColumnView
from tui.messages import CursorMoved, FilterTyped, OlderWanted, OpenTicket
from tui.model import COLUMNS, Column
from tui.prompts import Ask
from tui.session import Session
from tui.steered import SteeredScreen
from tui.steering import Deed

NARROWEST = 22  # cells of a column before fewer are shown beside each other
WIDE = 100  # cells that the overview needs to say more than counts
AGES_SECONDS = 15.0  # between two looks at how old things are


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

    def show_columns(self, touched: Iterable[Column] = COLUMNS) -> None:
        """Take columns from the model; the cursor stays on its ticket as long as that is there."""
        for column in touched:
            self.view(column).show_rows()
            self._settle(column)
        if not self._moved and self.pointed is None:
            self._start_where_there_is_something()
        self._point()

    def redraw(self) -> None:
        """Draw all columns anew."""
        for column in COLUMNS:
            self.view(column).redraw()

    def point_at(self, ticket_id: int) -> bool:
        """Put the cursor on a ticket; False when it is not on the board."""
        for column in COLUMNS:
            for row, found in enumerate(self.session.model.rows(column)):
                if isinstance(found, Card) and found.id == ticket_id:
                    self.hidden.discard(column)
                    self.current = column
                    self._put(row)
                    self.lay_out()
                    return True
        return False

    def lay_out(self) -> None:
        """Show as many columns as have room, the current one among them."""
        shown = [column for column in COLUMNS if column not in self.hidden]
        room = max(1, min(len(shown), self.size.width // NARROWEST))
        place = shown.index(self.current)
        self._first = max(0, min(self._first, place, len(shown) - room), place - room + 1)
        seen = shown[self._first : self._first + room]
        for column in COLUMNS:
            self.view(column).display = column in seen
        self._point()

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

    def _point(self) -> None:
        for column in COLUMNS:
            wanted = self._rows.get(column, 0) if column is self.current else None
            if self.view(column).cursor != wanted or wanted is not None:
                self.view(column).point_at(wanted)

    def _settle(self, column: Column) -> None:
        """Find the row of the ticket that the cursor was on, or the nearest there is."""
        rows = self.session.model.rows(column)
        row = min(self._rows.get(column, 0), max(0, len(rows) - 1))
        ticket_id = self._tickets.get(column)
        if row < len(rows) and not _is_ticket(rows[row], ticket_id):
            places = [place for place, found in enumerate(rows) if _is_ticket(found, ticket_id)]
            row = places[0] if places else row
            if not isinstance(rows[row], Card):
                row = min(row + 1, len(rows) - 1)
        self._rows[column] = row
        if row < len(rows):
            found = rows[row]
            if isinstance(found, Card):
                self._tickets[column] = found.id

    def _start_where_there_is_something(self) -> None:
        for column in COLUMNS:
            if column not in self.hidden and self.session.model.rows(column):
                self.current = column
                self.lay_out()
                return


def _is_ticket(row: object, ticket_id: int | None) -> bool:
    return isinstance(row, Card) and row.id == ticket_id


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
            numbered = f"{number} " if self.size.width >= WIDE else ""
            told.append(f"{numbered}{column.capitalize()} {model.count(column)}", style).append("  ")
        if model.grouped:
            told.append(" by request", self._style("name"))
        self.update(told)

    def on_resize(self) -> None:
        self.show()

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"overview--{name}")


class FilterLine(Input):
    """Where the filter is typed; it works as one types."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_filter", "Clear", show=False),
        Binding("enter,down", "keep_filter", "Keep", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(placeholder="@assignee  r3 (request)  #12  or any text", id="filter", compact=True)
        self.display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(FilterTyped(event.value))

    def action_clear_filter(self) -> None:
        self.value = ""
        self.post_message(FilterTyped(""))
        self.action_keep_filter()

    def action_keep_filter(self) -> None:
        self.display = bool(self.value)
        self.screen.query_one(Columns).focus()


class Board(SteeredScreen):
    """The first screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", tooltip="By @assignee, r3 (request), #12 or any text"),
        Binding("space", "pick", "Pick", show=False, tooltip="Pick tickets for unblock, assign, cancel, priority"),
        Binding("g", "group", "Group", show=False, tooltip="Group the columns by request, or no longer"),
        Binding("v", "hide", "Hide column", show=False),
        Binding("V", "unhide", "Show all columns", show=False),
        Binding("number_sign", "go_to", "Go to number", show=False, key_display="#"),
        Binding("escape", "let_go", "Clear", show=False, tooltip="Drop what is picked, the filter and what was told"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.columns = Columns(session)

    def compose_body(self) -> Iterable[Widget]:
        yield Overview(self.columns)
        yield self.columns
        yield FilterLine()

    def on_mount(self) -> None:
        super().on_mount()
        self.columns.focus()
        self.set_interval(AGES_SECONDS, self.columns.redraw)

    def targets(self) -> list[int]:
        pointed = self.columns.pointed
        return sorted(self.session.model.picked) or ([pointed.id] if pointed else [])

    def columns_changed(self, touched: Iterable[Column]) -> None:
        """Show what has changed in these columns."""
        self.columns.show_columns(touched)
        self.query_one(Overview).show()
        self.show_vitals()

    def action_filter(self) -> None:
        line = self.query_one(FilterLine)
        line.display = True
        line.focus()

    def action_pick(self) -> None:
        pointed = self.columns.pointed
        if pointed is not None:
            self.session.model.toggle_pick(pointed.id)
            self.columns.action_move(1)
            self.columns.redraw()
            self.show_vitals()

    def action_group(self) -> None:
        self.session.model.toggle_groups()
        if self.session.model.grouped:
            words = self.session.kanban.cards.words_of_requests(self.session.model.requests_shown())
            for column in COLUMNS:
                self.columns.view(column).words = words
        self.columns_changed(COLUMNS)

    def action_hide(self) -> None:
        self.columns.hide_current()
        self.query_one(Overview).show()

    def action_unhide(self) -> None:
        self.columns.show_hidden()
        self.query_one(Overview).show()

    def action_go_to(self) -> None:
        def go(typed: str | None) -> None:
            number = (typed or "").lstrip("#")
            if number.isdecimal() and not self.columns.point_at(int(number)):
                self.post_message(OpenTicket(int(number)))

        self.app.push_screen(Ask("Go to ticket", placeholder="its number", needed=True), go)

    def action_let_go(self) -> None:
        self.session.model.picked.clear()
        if self.session.model.filter.words:
            self.query_one(FilterLine).action_clear_filter()
        self.query_one(Told).clear()
        self.columns.redraw()
        self.show_vitals()

    def done_with(self, deed: Deed) -> None:
        super().done_with(deed)
        if not deed.failed and self.session.model.picked:
            self.session.model.picked.clear()
            self.columns.redraw()
            self.show_vitals()

    def on_cursor_moved(self) -> None:
        self.query_one(Overview).show()

    def on_filter_typed(self, event: FilterTyped) -> None:
        self.session.model.set_filter(event.typed)
        self.columns_changed(COLUMNS)
