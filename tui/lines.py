"""Long texts, drawn line by line as they are seen; followed at the end and searched."""

from collections.abc import Sequence
from functools import lru_cache
from textwrap import wrap
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kanban.domain.showing import show_safely

INKS = ("plain", "faint", "strong", "good", "bad", "waits", "mine")


class Line(NamedTuple):
    """A line and its colour, one of INKS. A `gutter` stands before each of its parts, and nothing of it is left out."""

    text: str
    ink: str = "plain"
    gutter: str = ""


def lines_of(text: str, ink: str = "plain", indent: str = "") -> list[Line]:
    """The lines of a text of unknown origin."""
    return [Line(indent + line.expandtabs(4), ink) for line in show_safely(text).split("\n")]


class LinesView(ScrollView, can_focus=True):
    """Shows lines, folded to its width. `follow`: what is appended is scrolled to."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*INKS, "found"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", show=False),
        Binding("k,up", "scroll_up", show=False),
        Binding("ctrl+d,pagedown,space", "page_down", show=False),
        Binding("ctrl+u,pageup", "page_up", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("G,end", "scroll_end", show=False),
    ]

    def __init__(self, *, follow: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.follow = follow
        self.lines: Sequence[Line] = []
        self.sought = ""
        self._found = 0  # the line that was found last
        self._folded: list[Line] = []

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines; where one reads, one stays, unless the end is followed."""
        if lines == self.lines:
            return
        at_end = self.follow and self.is_vertical_scroll_end
        self.lines = lines
        self._fold()
        if at_end:
            self.scroll_end(animate=False)

    def seek(self, words: str, step: int = 1) -> bool:
        """Go to the next line that holds `words`; False when none does."""
        start = self._found if words.casefold() == self.sought else self.scroll_offset.y - step
        self.sought = words.casefold()
        self.refresh()
        count = len(self._folded) if self.sought else 0
        for ahead in range(1, count + 1):
            place = (start + step * ahead) % count
            if self.sought in self._folded[place].text.casefold():
                self._found = place
                self.scroll_to(y=place, animate=False)
                return True
        return False

    def render_line(self, y: int) -> Strip:
        width, place = self.scrollable_content_region.width, y + self.scroll_offset.y
        ground = self.rich_style
        if place >= len(self._folded):
            return Strip.blank(width, ground)
        line = self._folded[place]
        strip = Strip(self._highlight(line.text, self._ink(line.ink)))
        return strip.adjust_cell_length(width).apply_style(ground)

    def on_resize(self) -> None:
        self._fold()

    def _highlight(self, text: str, style: Style) -> list[Segment]:
        place = text.casefold().find(self.sought) if self.sought else -1
        if place < 0:
            return [Segment(text, style)]
        end = place + len(self.sought)
        found = self.get_component_rich_style("found")
        return [Segment(text[:place], style), Segment(text[place:end], found), Segment(text[end:], style)]

    def _ink(self, name: str) -> Style:
        style = self.get_component_rich_style(name)
        return Style(color=style.color, bold=style.bold)

    def _fold(self) -> None:
        width = max(10, self.scrollable_content_region.width)
        self._folded = [Line(part, line.ink) for line in self.lines for part in _fold(line, width)]
        self.virtual_size = Size(width, len(self._folded))
        self.refresh()


def _fold(line: Line, width: int) -> Sequence[str]:
    if not line.gutter:
        return fold_line(line.text, width)
    return [line.gutter + part for part in chop_cells(line.text, width - cell_len(line.gutter)) or [""]]


@lru_cache(maxsize=50_000)  # a log or transcript that grows is folded again and again
def fold_line(text: str, width: int) -> Sequence[str]:
    """A line in parts of at most `width` cells, indented as it was."""
    if cell_len(text) <= width:
        return (text,)
    indent = " " * min(len(text) - len(text.lstrip()), width // 2)
    if text.isascii() or cell_len(text) == len(text):
        return tuple(wrap(text, width, subsequent_indent=indent, replace_whitespace=False)) or ("",)
    return tuple(chop_cells(text, width))
