"""Every key of a screen, on one page."""

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Label, Static

_SHOWN_AS = {
    "slash": "/",
    "asterisk": "*",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "question_mark": "?",
    "number_sign": "#",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
}


_NOT_OURS = ("focus_next", "focus_previous", "copy_text", "command_palette")
MARKS = "● waits for you (yellow: stale) · ↻ is being looked into · ✓ picked · +2 priority · r3 request"


def is_ours(binding: Binding) -> bool:
    """Whether a key is one of the board's own actions, not one that every program of this kind has."""
    return bool(binding.description) and not binding.system and not binding.action.endswith(_NOT_OURS)


class Help(ModalScreen[None]):
    """What each key does on the screen below."""

    BINDINGS = [Binding("escape,q,question_mark", "dismiss", "Back")]

    def __init__(self, about: Screen[object]) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog wide"):
            yield Label("Keys", classes="dialog-title")
            yield Static(self._make_table(), markup=False)
            yield Label(MARKS, classes="dialog-keys", markup=False)
            yield Label("ctrl+p finds every action by name · escape: back", classes="dialog-keys")

    def _make_table(self) -> Table:
        keys: dict[str, tuple[list[str], str]] = {}
        for active in self._about.active_bindings.values():
            binding = active.binding
            if is_ours(binding):
                shown, _ = keys.setdefault(binding.description, ([], binding.tooltip))
                shown.append(_SHOWN_AS.get(binding.key, binding.key))
        table = Table.grid(padding=(0, 2))
        for description, (shown, tooltip) in keys.items():
            told = Text(description).append(f"  {tooltip}", "dim") if tooltip else Text(description)
            table.add_row(Text(" ".join(dict.fromkeys(shown)), "bold"), told)
        return table
