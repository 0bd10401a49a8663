"""Finds out that a connection is dead although nobody closed it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paramiko import Transport


class Pulse(threading.Thread):
    """Asks the server for a sign of life every `interval` seconds; after `misses` intervals without one it is lost."""

    def __init__(self, transport: Transport, interval: float, misses: int) -> None:
        super().__init__(name="pulse", daemon=True)
        self._transport = transport
        self._interval = interval
        self._patience = interval * misses
        self._changed = threading.Condition()
        self._is_wanted = False  # a question before the interval is over
        self._is_stopped = False
        self._asked: float | None = None
        self._heard = time.monotonic()
        self._answers = 0

    @property
    def is_lost(self) -> bool:
        """Whether the server, which has answered before, no longer does."""
        asked = self._asked
        return bool(self._answers and asked and time.monotonic() - max(asked, self._heard) > self._patience)

    def hear(self) -> None:
        """Count something that the server sent as a sign of life."""
        self._heard = time.monotonic()

    def is_answered(self, seconds: float) -> bool:
        """Ask now; whether the server answers within `seconds`. One that never did counts while it is connected."""
        with self._changed:
            answered = self._answers
            self._is_wanted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._answers > answered or not self._transport.is_active(), seconds)
            return self._transport.is_active() and (self._answers > answered or not answered)

    def stop(self) -> None:
        """End the questions."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def run(self) -> None:
        while self._transport.is_active() and not self._is_stopped:
            self._ask()
            with self._changed:
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._is_wanted or self._is_stopped, self._interval)
                self._is_wanted = False

    def _ask(self) -> None:
        from paramiko import SSHException

        self._asked = time.monotonic()
        with suppress(EOFError, OSError, SSHException):
            self._transport.global_request("keepalive@openssh.com", wait=True)
        if self._transport.is_active():
            self._asked = None
            self._answers += 1
            self.hear()
