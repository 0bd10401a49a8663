"""Small questions to the person, over the screen that asks them. They open at once; what must be read fills them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Label, OptionList, Select, Static, TextArea
from textual.widgets.option_list import Option

from kanban.domain.showing import show_line, show_safely

Answer = TypeVar("Answer")
Fill = Callable[[Any], object]  # has something read for the prompt that it is given


class Detail(VerticalScroll, can_focus=False):
    """What one should know before one answers; it scrolls."""

    class LaidOut(Message):
        """Whether there is more than is seen."""

        def __init__(self, scrolls: bool) -> None:
            super().__init__()
            self.scrolls = scrolls

    def __init__(self, text: str) -> None:
        super().__init__(classes="dialog-detail")
        self.show_text(text)

    def compose(self) -> ComposeResult:
        yield Static(show_safely(self._text), markup=False)

    def watch_show_vertical_scrollbar(self, scrolls: bool) -> None:
        self.post_message(self.LaidOut(scrolls))

    def show_text(self, text: str) -> None:
        """Show a text of unknown origin."""
        self._text = text
        self.display = bool(text)
        if self.is_mounted:
            self.query_one(Static).update(show_safely(text))


class Prompt(ModalScreen[Answer], Generic[Answer]):
    """A question; `problem` is why the answer before could not be taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "turn_away", "Back"),
        Binding("pagedown", "scroll_detail(1)", show=False),
        Binding("pageup", "scroll_detail(-1)", show=False),
    ]
    KINDS = ""  # of dialog
    KEYS = "enter: do it · escape: back"
    MORE = "pgdn: read on"  # where the detail has no room

    def __init__(self, title: str, *, problem: str = "", fill: Fill | None = None) -> None:
        super().__init__()
        self._title, self._problem, self._fill = title, problem, fill

    def compose(self) -> ComposeResult:
        with Vertical(classes=f"dialog {self.KINDS}"):
            yield Label(show_safely(self._title), classes="dialog-title", markup=False)
            yield Static("", classes="dialog-problem", markup=False)
            yield from self.compose_question()
            yield Label(self.KEYS, classes="dialog-keys")

    def compose_question(self) -> Iterable[Widget]:
        """What is between the title and the keys."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.tell(self._problem, failed=True)
        if self._fill:
            self._fill(self)

    def on_detail_laid_out(self, event: Detail.LaidOut) -> None:
        more = f" · {self.MORE}" if event.scrolls else ""
        self.query_one(".dialog-keys", Label).update(f"{self.KEYS}{more}")

    def tell(self, words: str, *, failed: bool = False) -> None:
        """Say what is wrong."""
        line = self.query_one(".dialog-problem", Static)
        line.update(f"✗ {show_line(words)}" if failed else show_line(words))
        line.display = bool(words)

    def action_turn_away(self) -> None:
        self.dismiss(None)

    def action_scroll_detail(self, way: int) -> None:
        for detail in self.query(Detail):
            detail.scroll_page_down(animate=False) if way > 0 else detail.scroll_page_up(animate=False)


class Ask(Prompt[str | None]):
    """Asks for one line; None when the person turned away. `words` are what stands there already."""

    def __init__(
        self,
        title: str,
        detail: str = "",
        placeholder: str = "",
        *,
        needed: bool = False,
        words: str = "",
        problem: str = "",
        fill: Fill | None = None,
    ) -> None:
        super().__init__(title, problem=problem, fill=fill)
        self._detail, self._placeholder, self._needed, self._words = detail, placeholder, needed, words

    def compose_question(self) -> Iterable[Widget]:
        yield Detail("")
        if self._detail:
            yield Static(show_safely(self._detail), classes="dialog-hint", markup=False)
        yield Input(self._words, placeholder=self._placeholder)

    def show_detail(self, detail: str) -> None:
        """Show what one should know before one answers."""
        self.query_one(Detail).show_text(detail)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        words = event.value.strip()
        if words or not self._needed:
            self.dismiss(words)


class Choose(Prompt[str | None]):
    """Asks for one of a few, which `fill` brings; None when the person turned away."""

    BINDINGS = [
        Binding("j", "cursor('down')", show=False),
        Binding("k", "cursor('up')", show=False),
    ]

    def compose_question(self) -> Iterable[Widget]:
        yield OptionList(markup=False)

    def show_options(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer these names, each with what it is for."""
        made = [Option(f"{name:<10} {show_safely(about)}", id=name) for name, about in options]
        shown = self.query_one(OptionList)
        shown.set_options(made)
        shown.highlighted = 0 if made else None

    def action_cursor(self, way: str) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if way == "down" else options.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


class Confirm(Prompt[bool]):
    """Asks for a yes, which counts once the details are shown: those given, or those that `fill` brings."""

    BINDINGS = [
        Binding("y", "accept", "Yes"),
        Binding("n,escape", "dismiss(False)", "No"),
        Binding("j,down", "scroll_detail(1)", show=False),
        Binding("k,up", "scroll_detail(-1)", show=False),
    ]
    KINDS = "danger"
    KEYS = "y: yes · n: no"
    MORE = "j k: see all of it"

    def __init__(self, title: str, details: Sequence[str] = (), *, fill: Fill | None = None) -> None:
        super().__init__(title, fill=fill)
        self._details, self._ready = details, fill is None

    def compose_question(self) -> Iterable[Widget]:
        yield Detail("\n".join(self._details))

    def show_details(self, details: Sequence[str]) -> None:
        """Show what a yes would do."""
        self.query_one(Detail).show_text("\n".join(details))
        self._ready = True

    def action_accept(self) -> None:
        if self._ready:
            self.dismiss(True)
        else:
            self.tell("what it ends is not shown yet", failed=True)


@dataclass(frozen=True)
class Written:
    """A ticket as the person wrote it down; `wanted`: it is to be filed."""

    title: str = ""
    body: str = ""
    assignee: str | None = None
    wanted: bool = True


class WriteTicket(Prompt[Written | None]):
    """Asks for a new ticket, and gives back what was written also when the person turned away."""

    BINDINGS = [Binding("ctrl+s", "save", "File it")]
    KINDS = "wide"
    KEYS = "ctrl+s: file it · tab: next field · escape: back, it is kept"

    def __init__(self, written: Written | None = None, *, problem: str = "", fill: Fill | None = None) -> None:
        super().__init__("A new ticket", problem=problem, fill=fill)
        self._written = written or Written()
        self._offered = False

    def compose_question(self) -> Iterable[Widget]:
        yield Input(self._written.title, placeholder="what is to be done", id="title")
        body = self._written.body
        yield TextArea(body, id="body", placeholder="everything one needs to know, as Markdown")
        yield Select[str]([], prompt="the rubric decides who takes it", id="assignee")

    def show_assignees(self, assignees: Sequence[tuple[str, str]]) -> None:
        """Offer these names, each with what it is for."""
        select, self._offered = self._assignee, True
        select.set_options([(Content(f"{name} — {show_line(about)}"[:60]), name) for name, about in assignees])
        if self._written.assignee in dict(assignees):
            select.value = self._written.assignee

    def on_input_submitted(self) -> None:
        self.query_one(TextArea).focus()

    def action_save(self) -> None:
        title = self.query_one("#title", Input)
        if title.value.strip():
            self.dismiss(self._read())
        else:
            title.focus()

    def action_turn_away(self) -> None:
        self.dismiss(self._read(wanted=False))

    def _read(self, *, wanted: bool = True) -> Written:
        chosen = None if self._assignee.is_blank() else str(self._assignee.value)
        if not self._offered:
            chosen = self._written.assignee
        return Written(self.query_one("#title", Input).value, self.query_one(TextArea).text, chosen, wanted)

    @property
    def _assignee(self) -> "Select[str]":
        return self.query_one("#assignee", Select)
