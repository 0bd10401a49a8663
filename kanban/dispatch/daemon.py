"""The daemon: ticks every minute, and at once when the board changes. One at a time dispatches; others wait."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler

from kanban.dispatch.dispatcher import Dispatcher, TickReport
from kanban.errors import KanbanError
from kanban.store.db import Database
from kanban.store.leadership import Leadership

LOOK_SECONDS = 0.05  # how often the board's change counter is looked at; one look costs microseconds


class Daemon:
    """Runs a dispatcher until it is told to stop."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        db: Database,
        leadership: Leadership,
        clock: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._dispatcher = dispatcher
        self._db = db
        self._leadership = leadership
        self._clock = clock
        self._say = say
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._leads: bool | None = None  # not known before the first heartbeat

    def run(self, interval: float, lease: float) -> None:
        """Tick until SIGTERM or Ctrl-C; `interval` and `lease` are in seconds."""
        scheduler = BackgroundScheduler()
        scheduler.add_job(self._wake.set, "interval", seconds=interval, id="tick")
        scheduler.add_job(self._beat, "interval", [lease], seconds=lease / 3, id="heartbeat", max_instances=1)
        with self._told_to_stop():
            self._beat(lease)
            scheduler.start()
            try:
                self._tick_while_running()
            finally:
                scheduler.shutdown(wait=True)
                self._leadership.release(self._clock())

    def stop(self) -> None:
        """Have `run` return soon."""
        self._stopping.set()

    def _tick_while_running(self) -> None:
        seen = -1
        while not self._stopping.is_set():
            now_seen = self._db.data_version()
            if self._leads and (self._wake.is_set() or now_seen != seen):
                self._wake.clear()
                seen = now_seen
                self._tick()
            self._stopping.wait(LOOK_SECONDS)

    def _tick(self) -> None:
        try:
            report = self._dispatcher.tick(self._clock())
        except KanbanError as error:
            self._say(f"tick failed: {error} ({error.hint})")
            return
        if report.did_anything:
            self._wake.set()
            self._say(describe_tick(report))

    def _beat(self, lease: float) -> None:
        try:
            leads = self._leadership.take(self._clock(), lease)
        except KanbanError as error:
            self._say(f"heartbeat failed: {error} ({error.hint})")
            return
        if leads != self._leads:
            self._say("dispatching" if leads else "another daemon dispatches; waiting to take over")
            self._wake.set()
        self._leads = leads

    @contextmanager
    def _told_to_stop(self) -> Iterator[None]:
        def stop(_signal: int, _frame: FrameType | None) -> None:
            self.stop()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def describe_tick(report: TickReport) -> str:
    """What a tick did, in a line."""
    parts = [f"{name.replace('_', ' ')} {', '.join(map(str, done))}" for name, done in vars(report).items() if done]
    return "; ".join(parts) or "nothing to do"
