"""Small questions to the person, over the screen that asks them."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Select, Static, TextArea
from textual.widgets.option_list import Option

from kanban.domain.showing import show_safely


class Ask(ModalScreen[str | None]):
    """Asks for one line; None when the person turned away."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, title: str, detail: str = "", placeholder: str = "", *, needed: bool = False) -> None:
        super().__init__()
        self._title, self._detail, self._placeholder, self._needed = title, detail, placeholder, needed

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(show_safely(self._title), classes="dialog-title", markup=False)
            if self._detail:
                yield Static(show_safely(self._detail), classes="dialog-detail", markup=False)
            yield Input(placeholder=self._placeholder)
            yield Label("enter: do it · escape: back", classes="dialog-keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        words = event.value.strip()
        if words or not self._needed:
            self.dismiss(words)


class Choose(ModalScreen[str | None]):
    """Asks for one of a few; None when the person turned away."""

    BINDINGS = [
        Binding("escape", "dismiss(None)", "Back"),
        Binding("j", "cursor('down')", show=False),
        Binding("k", "cursor('up')", show=False),
    ]

    def __init__(self, title: str, options: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title, self._options = title, options

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(show_safely(self._title), classes="dialog-title", markup=False)
            made = [Option(f"{name:<10} {show_safely(about)}", id=name) for name, about in self._options]
            yield OptionList(*made, markup=False)
            yield Label("enter: do it · escape: back", classes="dialog-keys")

    def action_cursor(self, way: str) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if way == "down" else options.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


class Confirm(ModalScreen[bool]):
    """Asks for a yes."""

    BINDINGS = [
        Binding("y", "dismiss(True)", "Yes"),
        Binding("n,escape", "dismiss(False)", "No"),
    ]

    def __init__(self, title: str, details: Sequence[str]) -> None:
        super().__init__()
        self._title, self._details = title, details

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog danger"):
            yield Label(show_safely(self._title), classes="dialog-title", markup=False)
            yield Static(show_safely("\n".join(self._details)), classes="dialog-detail", markup=False)
            yield Label("y: yes · n: no", classes="dialog-keys")


@dataclass(frozen=True)
class Written:
    """A ticket as the person wrote it down."""

    title: str
    body: str
    assignee: str | None


class WriteTicket(ModalScreen[Written | None]):
    """Asks for a new ticket."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Back"), Binding("ctrl+s", "save", "File it")]

    def __init__(self, assignees: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._assignees = assignees

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Label("A new ticket", classes="dialog-title")
            yield Input(placeholder="what is to be done", id="title")
            yield TextArea(id="body", placeholder="everything one needs to know, as Markdown")
            yield Select(
                [(f"{name} — {show_safely(about)}"[:60], name) for name, about in self._assignees],
                prompt="the rubric decides who takes it",
                id="assignee",
            )
            yield Label("ctrl+s: file it · tab: next field · escape: back", classes="dialog-keys")

    def on_input_submitted(self) -> None:
        self.query_one(TextArea).focus()

    def action_save(self) -> None:
        title = self.query_one("#title", Input)
        if not title.value.strip():
            title.focus()
            return
        chosen: Select[str] = self.query_one("#assignee", Select)
        assignee = None if chosen.is_blank() else str(chosen.value)
        self.dismiss(Written(title.value, self.query_one(TextArea).text, assignee))
