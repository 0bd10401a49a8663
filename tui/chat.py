"""The chat with Ginger: beside the board where there is room, else in its place."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.containers import Vertical
from textual.events import Click, Key
from textual.geometry import Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static, TextArea

from kanban.errors import KanbanError
from tui.bars import Keys, Told, VitalsBar
from tui.cards import fit
from tui.lines import Line, LinesView, fold_line, lines_of
from tui.messages import OpenTicket
from tui.said import Entry, Kind, read_past
from tui.screens import SMALLEST, BoardScreen
from tui.session import Session
from tui.talk import Talk

BESIDE = 120  # columns of a terminal from which the board stays in view
NARROWEST_PANE = 52
DRAW_SECONDS = 0.05  # between two drawings of words that come in

INKS_OF = {Kind.HEAD: "strong", Kind.FILED: "good", Kind.FAILED: "bad", Kind.CALL: "faint"}
MARKS = {None: "·", True: "✓", False: "✗"}
RECEIPT = re.compile(r"\s*(?:[-*] )?#([0-9]{1,15})\b")  # a line that begins with the number of a ticket

WELCOME = """
Say what you want. {} answers, or files tickets, which appear on the board, and answers when they are done.

↑ points at a ticket that is named above, enter opens it. Page up looks back. ctrl+j breaks the line."""

Row = tuple[Line, int | None]  # a line, and the ticket that it leads to


def pane_width(width: int) -> int | None:
    """The columns of the chat beside the board; None when it takes the whole screen."""
    return max(NARROWEST_PANE, width * 2 // 5) if width >= BESIDE else None


def find_name(session: Session) -> str:
    """What the orchestrator is called."""
    try:
        return session.kanban.live.orchestrator.name
    except KanbanError:  # what is wrong is said when she is spoken to
        return "ginger"


class SaidView(LinesView, can_focus=False):
    """The conversation. Lines that name a ticket can be pointed at, and lead to it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"pointed"}

    def __init__(self) -> None:
        super().__init__(follow=True, id="said")
        self._entries: list[Entry] = []
        self._links: dict[int, int] = {}  # the ticket of each line that leads to one
        self._pointed: int | None = None  # a line
        self._going_down = False  # to the end, which is reached after the next layout only
        self._drawn: LRUCache[tuple[Entry, int], list[Row]] = LRUCache(1_000)

    @property
    def pointed(self) -> int | None:
        """The ticket that is pointed at."""
        return None if self._pointed is None else self._links.get(self._pointed)

    def show_said(self, entries: Sequence[Entry]) -> None:
        """Show these entries; the end is followed unless one reads further up."""
        at_end = self.is_vertical_scroll_end or self._going_down
        self._entries = list(entries)
        self._fold()
        if self._pointed not in self._links:
            self._pointed = None
        if at_end:
            self._going_down = True
            self.scroll_end(animate=False, on_complete=self._come_down)

    def point(self, step: int) -> None:
        """Point at the next line that leads to a ticket, or at the one before; past the last, at none."""
        places = sorted(self._links)
        if self._pointed is None:
            self._pointed = places[-1] if places and step < 0 else None
        else:
            place = places.index(self._pointed) + step
            self._pointed = places[max(0, place)] if place < len(places) else None
        if self._pointed is None:
            self.scroll_end(animate=False)
        else:
            self.scroll_to(y=max(0, self._pointed - self.size.height // 2), animate=False)
        self.refresh()

    def open_pointed(self) -> None:
        """Go to the ticket that is pointed at."""
        if self.pointed is not None:
            self.post_message(OpenTicket(self.pointed))

    def on_click(self, event: Click) -> None:
        line = event.y + self.scroll_offset.y
        if line in self._links:
            event.stop()
            self._pointed = line
            self.refresh()
            self.open_pointed()

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if y + self.scroll_offset.y != self._pointed:
            return strip
        pointed = self.get_component_rich_style("pointed")
        return Strip([Segment(text, (style or Style()) + pointed) for text, style, _ in strip], strip.cell_length)

    def _come_down(self) -> None:
        self._going_down = False

    def _fold(self) -> None:
        width = max(10, self.scrollable_content_region.width)
        rows = [row for entry in self._entries for row in self._fold_entry(entry, width)]
        self._folded = [line for line, _ in rows]
        self._links = {place: ticket for place, (_, ticket) in enumerate(rows) if ticket is not None}
        self.virtual_size = Size(width, len(rows))
        self.refresh()

    def _fold_entry(self, entry: Entry, width: int) -> list[Row]:
        rows = self._drawn.get((entry, width))
        if rows is None:
            rows = [row for line, ticket in tell_entry(entry) for row in _fold_row(line, ticket, width)]
            if entry is not self._entries[-1]:  # the last one may still grow
                self._drawn[(entry, width)] = rows
        return rows


def _fold_row(line: Line, ticket: int | None, width: int) -> Iterator[Row]:
    """A line that leads to a ticket is cut, like one about a call; any other is folded."""
    if ticket is not None or line.ink == "faint":
        yield Line(fit(line.text, width).rstrip(), line.ink), ticket
    else:
        yield from ((Line(part, line.ink), None) for part in fold_line(line.text, width))


def tell_entry(entry: Entry) -> Iterator[Row]:
    """The lines of an entry, each with the ticket that it leads to."""
    ink = INKS_OF.get(entry.kind, "plain")
    if entry.kind is Kind.HEAD:
        yield Line(""), None
        yield from ((line, None) for line in lines_of(f"▎{entry.text}", "mine" if entry.text == "you" else ink))
    elif entry.kind is Kind.CALL:
        call, *why = lines_of(entry.text, ink)
        yield Line(f"  {MARKS[entry.done]} {call.text}", ink), None
        yield from ((Line(f"    {line.text}", "bad"), None) for line in why)
    elif entry.kind is Kind.FAILED:
        yield from ((line, None) for line in lines_of(f"✗ {entry.text}", ink, "  "))
    else:
        for line in lines_of(entry.text, ink, "  "):
            found = RECEIPT.match(line.text) if entry.kind in (Kind.HERS, Kind.ANSWER, Kind.FILED) else None
            yield (Line(line.text, "good"), int(found[1])) if found else (line, None)


class Words(TextArea):
    """Where the person writes: enter sends; the arrows leave the text at its first and last line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", tooltip="Or open the ticket that is pointed at, when nothing is written"),
        Binding("ctrl+j,shift+enter,alt+enter", "break_line", "New line", show=False, key_display="ctrl+j"),
    ]

    def __init__(self, chat: "ChatScreen") -> None:
        super().__init__(id="words", soft_wrap=True, compact=True)
        self._chat = chat

    def _on_key(self, event: Key) -> None:  # type: ignore[override]  # before TextArea's own, which breaks the line
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.action_send()

    def action_send(self) -> None:
        self._chat.send(self.text.strip())

    def action_break_line(self) -> None:
        self.insert("\n")

    def action_cursor_up(self, select: bool = False) -> None:
        if self.cursor_at_first_line and not select:
            self._chat.said.point(-1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        if self.cursor_at_last_line and not select:
            self._chat.said.point(1)
        else:
            super().action_cursor_down(select)

    def action_cursor_page_up(self) -> None:
        self._chat.said.scroll_page_up(animate=False)

    def action_cursor_page_down(self) -> None:
        self._chat.said.scroll_page_down(animate=False)


class ChatScreen(BoardScreen):
    """What is said, and where one writes."""

    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-alone"), (BESIDE, "-beside")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Board", tooltip="What is said goes on meanwhile"),
        Binding("ctrl+n", "begin_anew", "New talk", tooltip="Leave this conversation and begin another"),
        Binding("f1", "app.help", "Keys", show=False),
        Binding("ctrl+s", "stop", "Stop", tooltip="Have her stop at her next word; what she filed stays"),
    ]

    def __init__(self, session: Session, talk: Talk, below: Screen[object] | None) -> None:
        super().__init__(session)
        self.talk = talk
        self.ginger = find_name(session)
        self.said = SaidView()
        self.words = Words(self)
        self._below = below  # the screen that is seen beside the chat
        self._drawing = False  # a drawing is on its way

    def compose(self) -> ComposeResult:
        yield Static("This terminal is too small.", id="too-small")
        with Vertical(id="chat"):
            yield Static("", id="chat-title", classes="page-title", markup=False)
            yield self.said
            yield self.words
            yield Told()
            yield VitalsBar(self.session)
            yield Keys(self.offers)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(1.0, self._count)
        self.words.focus()
        self._draw()
        self._read_past()

    def on_unmount(self) -> None:
        self._make_room(None)

    def on_resize(self) -> None:
        width = pane_width(self.app.size.width)
        self.query_one("#chat").styles.width = width or "100%"
        self._make_room(width)

    def on_click(self, event: Click) -> None:
        if event.widget is self:  # the board beside the chat
            self.action_back()

    def talk_changed(self) -> None:
        """There is more to show. Words that come in pieces are gathered."""
        if not self._drawing:
            self._drawing = True
            self.set_timer(DRAW_SECONDS, self._draw)

    def board_changed(self, ticket_ids: set[int]) -> None:
        self.talk.follow_tickets(self.session.model.cards)
        self.talk_changed()

    def send(self, words: str) -> None:
        """Say what was written; when nothing was, open the ticket that is pointed at."""
        if not words:
            self.said.open_pointed()
        elif self.talk.speaking:
            self.tell(f"{self.ginger} still speaks; your words wait here", failed=True)
        else:
            self.words.text = ""
            self.query_one(Told).clear()
            self.talk.say(words)
            self.said.scroll_end(animate=False)

    def action_back(self) -> None:
        self.dismiss()

    def action_begin_anew(self) -> None:
        if self.talk.speaking:
            return self.tell(f"{self.ginger} still speaks; ctrl+s stops her", failed=True)
        self.talk.begin_anew()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.talk.speaking if action == "stop" else super().check_action(action, parameters)

    def action_stop(self) -> None:
        self.talk.stop()

    def _read_past(self) -> None:
        if not self.talk.speaking and not self.talk.anew:
            read = partial(read_past, self.session.kanban, self.talk.last_request, self.talk.conversation)
            self.session.read_aside(self, read, self.talk.take_past)

    def _draw(self) -> None:
        self._drawing = False
        entries = self.talk.entries or [Entry(Kind.YOURS, WELCOME.format(self.ginger.capitalize()))]
        self.said.show_said(entries)
        self._draw_title()
        if self.words.has_class("waits") != self.talk.speaking:
            self.query_one(Told).clear()
            self.refresh_bindings()
        self.words.border_title = f"{self.ginger} speaks" if self.talk.speaking else f"you to {self.ginger}"
        self.words.set_class(self.talk.speaking, "waits")
        if self.talk.unsent and not self.words.text:
            self.words.text, self.talk.unsent = self.talk.unsent, ""
            self.words.move_cursor(self.words.document.end)

    def _draw_title(self) -> None:
        speaks = self.talk.tell_progress() or "speaks …" if self.talk.speaking else ""
        state = "stops …" if self.talk.stopping else speaks
        self.query_one("#chat-title", Static).update(f"{self.ginger} {state}".rstrip())

    def _count(self) -> None:
        """Let the seconds of a model that thinks go on, whether or not anything comes."""
        if self.talk.speaking:
            self._draw_title()

    def _make_room(self, width: int | None) -> None:
        """Leave these columns of the screen below to the chat."""
        below = self._below
        if below is not None and below.is_attached:
            below.set_class(width is not None, "-beside-chat")
            below.styles.padding = (0, width or 0, 0, 0)
