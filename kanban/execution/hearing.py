"""Hears whether the output of a command says anything new: chatter alone is no progress."""

import time
from collections.abc import Callable

from kanban.domain.likeness import shape_of_text

NOTICE_INTERVAL = 1.0  # seconds between two calls of `on_progress`
LONGEST_LINE = 500  # characters of a line that are compared
KNOWN_SHAPES = 5_000  # the newest are remembered
HEARD_EACH_SECOND = 65_536  # bytes that are compared; of a flood the rest is passed over


class Hearing:
    """Calls `on_progress`, about once a second at most, while one command prints.

    Lines that are like ones before them, and output that only grows, count for `patience` seconds after the last
    that was new.
    """

    def __init__(
        self, on_progress: Callable[[], None], patience: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._on_progress = on_progress
        self._patience = patience
        self._clock = clock
        self._known: dict[str, None] = {}
        self._unfinished = ""
        self._news_until = float("-inf")
        self._next_notice = float("-inf")
        self._room = HEARD_EACH_SECOND

    def feed(self, data: bytes) -> None:
        """Take the next piece of output; it may be cut anywhere."""
        now = self._clock()
        is_due = now >= self._next_notice
        if is_due:
            self._room = HEARD_EACH_SECOND
        if self._says_news(data[: self._room]):
            self._news_until = now + self._patience
        self._room = max(0, self._room - len(data))
        if is_due and now <= self._news_until:
            self._next_notice = now + NOTICE_INTERVAL
            self._on_progress()

    def _says_news(self, data: bytes) -> bool:
        *lines, rest = data.decode(errors="replace").replace("\r", "\n").split("\n")
        if not lines:  # a line that grows: what was added is compared, not the whole again and again
            self._unfinished = (self._unfinished + rest)[:LONGEST_LINE]
            return self._is_new(rest)
        lines[0] = self._unfinished + lines[0]
        self._unfinished = rest[:LONGEST_LINE]
        news = [line for line in lines if self._is_new(line)]
        return bool(news)

    def _is_new(self, line: str) -> bool:
        shape = shape_of_text(line[:LONGEST_LINE])
        if not shape or shape in self._known:
            return False
        self._known[shape] = None
        if len(self._known) > KNOWN_SHAPES:
            del self._known[next(iter(self._known))]
        return True
