"""A real terminal: tmux, looked at and typed at as a person does."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from shlex import join

import pytest

from tests.support.daemon import outside_environment

_numbers = count(1)


class Tmux:
    """A terminal with a program in it, on a server of its own."""

    def __init__(self, command: Sequence[str], columns: int, lines: int) -> None:
        self._socket = f"kanban-test-{time.monotonic_ns()}-{next(_numbers)}"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines), join(command))
        self._tmux("set-option", "-g", "remain-on-exit", "on")

    def type(self, *keys: str) -> None:
        """Keys by tmux's names: `Enter`, `Escape`, `j`."""
        self._tmux("send-keys", *keys)

    def write(self, text: str) -> None:
        """Text as it stands."""
        self._tmux("send-keys", "-l", text)

    def look(self, *, colours: bool = False) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def resize(self, columns: int, lines: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def read_until(self, words: str, seconds: float = 30) -> str:
        """Look until `words` are on the screen, and return the screen."""
        deadline = time.monotonic() + seconds
        while words not in (screen := self.look()):
            assert time.monotonic() < deadline, f"{words!r} was not shown within {seconds:g} s, but:\n{screen}"
            time.sleep(0.03)
        return screen

    def has_ended(self) -> bool:
        """Whether the program is over."""
        return self._tmux("display-message", "-p", "#{pane_dead}").strip() == "1"

    def close(self) -> None:
        self._tmux("kill-server")

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-L", self._socket, *words]
        # a size that the environment names would win over the terminal's
        environment = {name: value for name, value in outside_environment().items() if name not in ("COLUMNS", "LINES")}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


@contextmanager
def tmux(command: Sequence[str], columns: int = 120, lines: int = 40) -> Iterator[Tmux]:
    """A terminal with a program in it, until the test is over."""
    if not shutil.which("tmux"):
        pytest.skip("tmux is missing: install it to run the tests that need a terminal")
    terminal = Tmux(command, columns, lines)
    try:
        yield terminal
    finally:
        terminal.close()
