"""A program at a terminal of its own: started, typed at, and watched for what it draws."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

COLUMNS, LINES = 120, 40
QUIET = 0.05  # seconds without output after which a frame is over
PATIENCE = 20.0


class Screen:
    """The far end of a terminal. All times are seconds since `start`, on the steady clock."""

    def __init__(self, command: Sequence[str]) -> None:
        self.started = time.perf_counter()
        self.pid, self._far_end = pty.fork()
        if self.pid == 0:
            size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.execve(command[0], [*command], {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"})

    def wait_for(self, words: str) -> float:
        """Read until `words` were drawn, and return after how many seconds since the start that was."""
        drawn = b""
        while words.encode() not in drawn:
            assert self._has_output(PATIENCE), f"{words!r} was not drawn: {drawn[-2000:]!r}"
            drawn += os.read(self._far_end, 65_536)
        return time.perf_counter() - self.started

    def watch(self, seconds: float) -> None:
        """Read whatever is drawn, for so long."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0:
            if self._has_output(left):
                os.read(self._far_end, 65_536)

    def press(self, key: str) -> float:
        """Type a key and return how many seconds later the screen changed."""
        while self._has_output(QUIET):
            os.read(self._far_end, 65_536)
        pressed = time.perf_counter()
        os.write(self._far_end, key.encode())
        assert self._has_output(PATIENCE), f"nothing was drawn after {key!r}"
        os.read(self._far_end, 65_536)
        return time.perf_counter() - pressed

    def close(self) -> None:
        """End the program."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._far_end)

    def _has_output(self, seconds: float) -> bool:
        return bool(select.select([self._far_end], [], [], seconds)[0])


@contextmanager
def screen(command: Sequence[str]) -> Iterator[Screen]:
    """A program at a terminal, while it is looked at."""
    opened = Screen(command)
    try:
        yield opened
    finally:
        opened.close()
