"""The least that a board in the terminal can be: a Textual app with a few lists, and a look at the change counter.

`python -m benchmarks.bare_app BOARD`
"""

import sqlite3
import sys
import threading
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import OptionList, Static

from tui.feed import LOOK_SECONDS

LISTS, ROWS = 6, 100
DRAWN = "All of it is drawn"


class Rows(OptionList):
    """A list in which `j` and `k` move."""

    BINDINGS: ClassVar[list[BindingType]] = [("j", "cursor_down"), ("k", "cursor_up")]


class BareApp(App[None]):
    """Lists side by side; a digit goes to one of them."""

    BINDINGS: ClassVar[list[BindingType]] = [(str(number), f"go({number})") for number in range(1, LISTS + 1)]

    def __init__(self, board: str) -> None:
        super().__init__()
        self._board = board
        self._stop = threading.Event()

    def compose(self) -> ComposeResult:
        """The lists, and a line below them."""
        with Horizontal():
            for number in range(1, LISTS + 1):
                yield Rows(*(f"{row} Look into a case" for row in range(ROWS)), id=f"list{number}")
        yield Static(DRAWN)

    def on_mount(self) -> None:
        """Start looking at the board."""
        self.run_worker(self._watch, thread=True)

    def on_unmount(self) -> None:
        """Stop looking."""
        self._stop.set()

    def action_go(self, number: int) -> None:
        """Move to a list."""
        self.query_one(f"#list{number}").focus()

    def _watch(self) -> None:
        with sqlite3.connect(self._board) as raw:
            while not self._stop.wait(LOOK_SECONDS):
                raw.execute("PRAGMA data_version").fetchone()


if __name__ == "__main__":
    BareApp(sys.argv[1]).run()
