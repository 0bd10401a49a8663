"""The first screen: the columns, the filter, and the keys that go with them."""

from collections.abc import Iterable
from time import monotonic
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from tui.bars import Keys, Told
from tui.columns import Columns, Overview
from tui.messages import FilterTyped, OlderWanted, OpenTicket
from tui.model import COLUMNS, Column, column_of, parse_number
from tui.prompts import Ask
from tui.screens import LOOK_SECONDS
from tui.session import Session
from tui.steered import SteeredScreen
from tui.steering import Deed

AGES_SECONDS = 15.0  # between two looks at how old things are


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
        Binding("D", "older", "Older", show=False, tooltip="More of the tickets that were done before today"),
        Binding("number_sign", "go_to", "Go to number", show=False, key_display="#"),
        Binding("escape", "let_go", "Clear", show=False, tooltip="Drop what is picked, the filter and what was told"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.columns = Columns(session)
        self._came_by_itself: int | None = None  # the ticket that came under the cursor when another left
        self._came_at = 0.0

    def compose_body(self) -> Iterable[Widget]:
        yield Overview(self.columns)
        yield self.columns
        yield FilterLine()

    def on_mount(self) -> None:
        super().on_mount()
        self.columns.focus()
        self.set_interval(AGES_SECONDS, self.columns.redraw)

    def targets(self) -> list[int]:
        target = self.target()
        return self._picked_and_shown() or ([target] if target is not None else [])

    def target(self) -> int | None:
        pointed = self.columns.pointed
        return pointed.id if pointed else None

    def looked_at(self) -> bool:
        return bool(self._picked_and_shown()) or self._looked_at_pointed()

    def _looked_at_pointed(self) -> bool:
        if self.target() == self._came_by_itself and monotonic() - self._came_at < LOOK_SECONDS:
            self.tell("this is another ticket; look at it first", failed=True)
            return False
        return True

    def _picked_and_shown(self) -> list[int]:
        model, hidden = self.session.model, self.columns.hidden
        picked = (model.cards[number] for number in sorted(model.picked) if number in model.cards)
        return [card.id for card in picked if model.filter.fits(card) and column_of(card) not in hidden]

    def columns_changed(self, touched: Iterable[Column]) -> None:
        """Show what has changed in these columns."""
        before = self.columns.settled_on
        self.columns.show_columns(touched)
        if before not in (None, self.target()):
            self._came_by_itself, self._came_at = self.target(), monotonic()
        self.query_one(Overview).show()
        self.show_vitals()

    def action_filter(self) -> None:
        line = self.query_one(FilterLine)
        line.display = True
        line.focus()

    def action_pick(self) -> None:
        pointed = self.columns.pointed
        if pointed is not None and self._looked_at_pointed():
            self.session.model.toggle_pick(pointed.id)
            self.columns.action_move(1)
            self.columns.redraw()
            self.show_vitals()

    def action_group(self) -> None:
        self.session.model.toggle_groups()
        self.columns_changed(COLUMNS)

    def action_older(self) -> None:
        self.post_message(OlderWanted())

    def action_hide(self) -> None:
        self.columns.hide_current()
        self.query_one(Overview).show()

    def action_unhide(self) -> None:
        self.columns.show_hidden()
        self.query_one(Overview).show()

    def action_go_to(self) -> None:
        def go(typed: str | None) -> None:
            if typed is None:
                return
            number = parse_number(typed.strip().lstrip("#"))
            if number is None:
                self.tell(f"no ticket is called {typed[:30]!r}", failed=True)
            elif not self.columns.point_at(number):
                self.post_message(OpenTicket(number))

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
        if self.session.model.picked & deed.done.keys():
            self.session.model.picked -= deed.done.keys()
            self.columns.redraw()
            self.show_vitals()

    def on_cursor_moved(self) -> None:
        self.query_one(Overview).show()
        self.query_one(Keys).show_offered()

    def on_filter_typed(self, event: FilterTyped) -> None:
        self.session.model.set_filter(event.typed)
        self.columns_changed(COLUMNS)
        self._came_by_itself = None
