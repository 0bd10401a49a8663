"""Every key of a screen, on one page: by what it is about, and found by its words."""

from dataclasses import dataclass, field

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Label, Static

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


_ORDER = ("The ticket", "This screen", "Moving", "Everywhere")


@dataclass
class _Action:
    """What keys do, as one line."""

    name: str
    tooltip: str
    keys: list[str] = field(default_factory=list)

    @property
    def shown_keys(self) -> str:
        """The keys, with a span for many in a row."""
        keys = list(dict.fromkeys(self.keys))
        return f"{keys[0]} … {keys[-1]}" if len(keys) > 3 else " ".join(keys)

    def fits(self, words: str) -> bool:
        """Whether all the words are in it."""
        told = f"{self.name} {self.tooltip} {' '.join(self.keys)}".casefold()
        return all(word in told for word in words.casefold().split())


class Help(ModalScreen[None]):
    """What each key does on the screen below."""

    BINDINGS = [Binding("escape", "dismiss", "Back"), Binding("pagedown,down", "scroll(1)", show=False)]
    BINDINGS += [Binding("pageup,up", "scroll(-1)", show=False)]

    def __init__(self, about: Screen[object]) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Input(placeholder="type to find a key by what it does", id="wanted", compact=True)
            with VerticalScroll(can_focus=False):
                yield Static(self._make_table(""), id="keys", markup=False)
            yield Label(MARKS, classes="dialog-keys", markup=False)
            yield Label("ctrl+p finds every action by name · escape: back", classes="dialog-keys")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one("#keys", Static).update(self._make_table(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss()

    def action_scroll(self, way: int) -> None:
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_page_down(animate=False) if way > 0 else scroll.scroll_page_up(animate=False)

    def _make_table(self, words: str) -> Table:
        table = Table.grid(padding=(0, 2))
        groups = self._group_actions()
        for about in sorted(groups, key=_ORDER.index):
            actions = groups[about]
            found = [action for action in actions.values() if action.fits(words)]
            if found:
                table.add_row(Text(""), Text(about, "dim italic"))
            for action in found:
                told = Text(action.name).append(f"  {action.tooltip}", "dim")
                table.add_row(Text(action.shown_keys, "bold"), told)
        return table

    def _group_actions(self) -> dict[str, dict[str, _Action]]:
        groups: dict[str, dict[str, _Action]] = {}
        for active in self._about.active_bindings.values():
            binding = active.binding
            if is_ours(binding):
                actions = groups.setdefault(_find_subject(active.node, binding), {})
                action = actions.setdefault(binding.description, _Action(binding.description, binding.tooltip))
                action.keys.append(_SHOWN_AS.get(binding.key, binding.key))
        return groups


def _find_subject(node: DOMNode, binding: Binding) -> str:
    """What a key is about, as the class says that has it: the ticket, this screen, moving, or the whole program."""
    if isinstance(node, App):
        return "Everywhere"
    for cls in type(node).__mro__:
        own = cls.__dict__.get("BINDINGS", ())
        if any(isinstance(made, Binding) and made.action == binding.action for made in own):
            return str(cls.__dict__.get("KEYS_ABOUT", "Moving" if not isinstance(node, Screen) else "This screen"))
    return "This screen"
