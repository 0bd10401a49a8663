"""One column of the board. It draws the lines that are seen and nothing else, however many cards it holds."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from itertools import accumulate

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kanban.service.views import Card
from tui.cards import SHORTEST_CARD, Drawing, Look, card_height, draw_card, draw_heading, fit
from tui.model import BoardModel, Column, Row

PEOPLE_COLOURS = 5
TALL = 40  # lines of a screen on which the reason of a blocked card may take two of them
NOTHING = {
    Column.TRIAGE: "nothing to sort out",
    Column.TODO: "nothing waits",
    Column.READY: "nothing is ready",
    Column.RUNNING: "nobody works",
    Column.REVIEW: "nothing to check",
    Column.BLOCKED: "nothing is stuck",
    Column.DONE: "nothing done today",
}


class CardPointed(Message):
    """A card was clicked."""

    def __init__(self, ticket_id: int, again: bool) -> None:
        super().__init__()
        self.ticket_id = ticket_id
        self.again = again


class ColumnPointed(Message):
    """A column that is only a spine was clicked."""

    def __init__(self, column: Column) -> None:
        super().__init__()
        self.column = column


class ColumnView(ScrollView, can_focus=False):
    """The cards of one column. `cursor` is the row that is pointed at, None when the cursor is elsewhere."""

    COMPONENT_CLASSES = {
        "text",
        "faint",
        "number",
        "waits",
        "stale",
        "bar",
        "card",
        "cursor",
        "picked",
        "heading",
        *(f"who-{index}" for index in range(PEOPLE_COLOURS)),
        *(f"edge-{colour}" for colour in ("calm", "work", "trouble", "warn", "good")),
    }

    def __init__(
        self, column: Column, model: BoardModel, limits: Callable[[], Mapping[str, int]], clock: Callable[[], float]
    ) -> None:
        super().__init__(id=f"column-{column}")
        self.column = column
        self.cursor: int | None = None
        self.border_subtitle = self._subtitle()
        self._model = model
        self._limits = limits  # the turn budget of each profile
        self._clock = clock
        self._starts: list[int] = [0]
        self._heights: dict[int, tuple[Card, int]] = {}  # of the cards as they were measured
        self._measured: tuple[int, int] | None = None  # for this width and so many lines of a reason
        self._rows: list[Row] = []
        self._drawing: Drawing | None = None
        self._drawn: LRUCache[tuple[int, bool, bool], list[Strip]] = LRUCache(200)

    @property
    def reasons(self) -> int:
        """The lines that the reason of a blocked card may take."""
        return 2 if self.app.size.height >= TALL else 1

    def show_rows(self) -> None:
        """Take the rows as the model has them now."""
        self._rows = self._model.rows(self.column)
        width = self.scrollable_content_region.width
        self._starts = [0, *accumulate(self._measure_rows(width))]
        self.virtual_size = Size(width, self._starts[-1])
        shown, total = self._model.count_shown(self.column), self._model.count(self.column)
        counted = f"{shown}/{total}" if shown != total else str(total)
        self.border_title = "" if self.is_spine else f"{self._number} {self.column.capitalize()} {counted}"
        self.redraw()

    @property
    def _number(self) -> int:
        """The key that leads to it."""
        return list(Column).index(self.column) + 1

    @property
    def is_spine(self) -> bool:
        """Whether it is empty and has given its room to others."""
        return self.has_class("spine")

    def _subtitle(self) -> str:
        return "D: older" if self.column is Column.DONE and not self.is_spine else ""

    def make_spine(self, is_spine: bool) -> None:
        """Give its room to others, or take it back."""
        if is_spine != self.is_spine:
            self.set_class(is_spine, "spine")
            self.border_subtitle = self._subtitle()
            self.show_rows()

    def _measure_rows(self, width: int) -> list[int]:
        """The height of each row; only cards that are new or have changed are measured."""
        reasons = self.reasons
        known = self._heights if self._measured == (width, reasons) else {}
        self._heights, self._measured, heights = {}, (width, reasons), []
        for row in self._rows:
            if not isinstance(row, Card):
                heights.append(1)
                continue
            kept = known.get(row.id)
            if kept is None or kept[0] is not row:
                kept = (row, card_height(row, self.column, width, reasons))
            self._heights[row.id] = kept
            heights.append(kept[1])
        return heights

    def redraw(self) -> None:
        """Draw anew what is seen: ages, colours, marks."""
        self._drawing = None
        self._drawn.clear()
        self.refresh()

    def point_at(self, row: int | None, *, scroll: bool = True) -> None:
        """Put the cursor on a row, in view if `scroll`, or take it away."""
        self.cursor = row
        self.set_class(row is not None, "pointed")
        self._drawn.clear()
        if scroll and row is not None and row < len(self._rows):
            self._bring_into_view(row)
        self.refresh()

    @property
    def shows_cursor(self) -> bool:
        """Whether the card under the cursor is in view, at least in part."""
        if self.cursor is None or self.cursor >= len(self._rows):
            return False
        seen, height = self.scroll_offset.y, self.scrollable_content_region.height
        return self._starts[self.cursor] < seen + height and self._starts[self.cursor + 1] > seen

    def _bring_into_view(self, row: int) -> None:
        top, bottom = self._starts[row], self._starts[row + 1]
        seen, height = self.scroll_offset.y, self.scrollable_content_region.height
        if row == 1 and not isinstance(self._rows[0], Card):
            top = 0
        if top < seen:
            self.scroll_to(y=top, animate=False)
        elif bottom > seen + height:
            self.scroll_to(y=bottom - height, animate=False)

    def row_at(self, line: int) -> int | None:
        """The row that a line belongs to."""
        row = bisect_right(self._starts, line) - 1
        return row if 0 <= row < len(self._rows) else None

    def cards_in_view(self) -> int:
        """How many cards fit into the column."""
        return max(1, self.scrollable_content_region.height // SHORTEST_CARD)

    def render_line(self, y: int) -> Strip:
        drawing = self._get_drawing()
        line = y + self.scroll_offset.y
        row = self.row_at(line)
        if row is None:
            empty = not self._rows and y == 0 and self._model.loaded
            return self._draw_nothing(drawing) if empty else Strip.blank(drawing.width, drawing.look.ground)
        strips = self._draw_row(row, drawing)
        return strips[min(line - self._starts[row], len(strips) - 1)]

    def _draw_row(self, row: int, drawing: Drawing) -> list[Strip]:
        found = self._rows[row]
        if not isinstance(found, Card):
            return [draw_heading(found, self._model.words, drawing)]
        key = (found.id, row == self.cursor, found.id in self._model.picked)
        strips = self._drawn.get(key)
        if strips is None:
            strips = draw_card(found, self.column, drawing, pointed=key[1], picked=key[2])
            self._drawn[key] = strips
        return strips

    def _draw_nothing(self, drawing: Drawing) -> Strip:
        told = "nothing fits the filter" if self._model.count(self.column) else NOTHING[self.column]
        if self.is_spine:
            told = str(self._number)
        return Strip([Segment(fit(f" {told}", drawing.width), drawing.look.faint)]).apply_style(drawing.look.ground)

    def _get_drawing(self) -> Drawing:
        width = self.scrollable_content_region.width
        if self._drawing is None or self._drawing.width != width:
            self._drawn.clear()
            self._drawing = Drawing(self._make_look(), width, self.reasons, self._clock(), self._limits())
        return self._drawing

    def _make_look(self) -> Look:
        style, ink = self.get_component_rich_style, self._mix_ink
        calm, work, trouble, warn, good = (ink(f"edge-{name}") for name in ("calm", "work", "trouble", "warn", "good"))
        people = {name: ink(f"who-{place % PEOPLE_COLOURS}") for place, name in enumerate(sorted(self._limits()))}
        return Look(
            ground=self.rich_style,
            text=ink("text"),
            faint=ink("faint"),
            number=ink("number"),
            waits=ink("waits"),
            stale=ink("stale"),
            bar=ink("bar"),
            card=style("card"),
            cursor=style("cursor"),
            picked=style("picked"),
            heading=style("heading"),
            edges={
                **dict.fromkeys(("triage", "todo"), calm),
                **dict.fromkeys(("ready", "running", "review"), work),
                "blocked": trouble,
                "stale": warn,
                "done": good,
            },
            people=people | {"human": ink("waits")},
        )

    def _mix_ink(self, name: str) -> Style:
        """A colour of text that leaves the ground as it is."""
        style = self.get_component_rich_style(name)
        return Style(color=style.color, bold=style.bold)

    def watch_show_vertical_scrollbar(self) -> None:
        self.show_rows()  # the scrollbar takes its cell from the cards

    def on_resize(self) -> None:
        self.show_rows()
        if self.cursor is not None:
            self.point_at(self.cursor)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawing = None

    def on_click(self, event: Click) -> None:
        if self.is_spine:
            self.post_message(ColumnPointed(self.column))
            return
        inside = event.get_content_offset(self)
        row = self.row_at(inside.y + self.scroll_offset.y) if inside is not None else None
        found = self._rows[row] if row is not None else None
        if isinstance(found, Card):
            self.post_message(CardPointed(found.id, event.chain > 1))
