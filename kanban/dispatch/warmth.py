"""Keeps the process that runs are forked from ready while work is near, and lets its memory go afterwards."""

import time
from collections.abc import Callable
from typing import Protocol

SOON = 60.0  # seconds; what is due by then is worth getting ready for


class Server(Protocol):
    """What can be got ready ahead of work."""

    def begin(self) -> None: ...

    def close(self) -> None: ...


class Warmth:
    """Decides when the model library is worth its memory: 175 MB and seconds of a core."""

    def __init__(
        self, server: Server, is_work_near: Callable[[], bool], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._server = server
        self._is_work_near = is_work_near
        self._steady = steady
        self._near_at: float | None = None  # None: it is not warm

    def adjust(self, warm_seconds: float) -> None:
        """Begin to get ready when work is near; let go when none was for `warm_seconds`."""
        if self._is_work_near():
            self._near_at = self._steady()
            self._server.begin()
        elif self._near_at is not None and self._steady() - self._near_at >= warm_seconds:
            self._near_at = None
            self._server.close()
