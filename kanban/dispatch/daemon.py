"""The daemon: ticks every minute, and at once when the board changes. One at a time dispatches; others wait."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler

from kanban.dispatch.dispatcher import Dispatcher
from kanban.dispatch.parts import TickReport
from kanban.errors import KanbanError
from kanban.store.db import Database
from kanban.store.leadership import Leadership

LOOK_SECONDS = 0.05  # how often the board's change counter is looked at; one look costs microseconds
NUMBERS_SHOWN = 20  # in a line of the log
DELIVER_SECONDS = 5.0  # between two looks into the outbox


@dataclass
class ClockWatch:
    """Notices when the wall clock and the steady clock disagree; both in seconds."""

    wall: float
    steady: float

    def measure_jump(self, wall: float, steady: float) -> float:
        """By how much the wall clock has jumped since the last call."""
        jump = (wall - self.wall) - (steady - self.steady)
        self.wall, self.steady = wall, steady
        return jump


class Daemon:
    """Runs a dispatcher until it is told to stop."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        db: Database,
        leadership: Leadership,
        clock: Callable[[], float],
        say: Callable[[str], None],
        deliver: Callable[[], int],
    ) -> None:
        self._dispatcher = dispatcher
        self._db = db
        self._leadership = leadership
        self._clock = clock
        self._say = say
        self._deliver = deliver
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._leads: bool | None = None  # not known before the first heartbeat

    def run(self, interval: float, lease: float) -> None:
        """Tick until SIGTERM or Ctrl-C; `interval` and `lease` are in seconds."""
        scheduler = BackgroundScheduler()
        scheduler.add_job(self._wake.set, "interval", seconds=interval, id="tick")
        scheduler.add_job(self._beat, "interval", [lease], seconds=lease / 3, id="heartbeat", max_instances=1)
        scheduler.add_job(self._deliver_notices, "interval", seconds=DELIVER_SECONDS, id="notices", max_instances=1)
        with self._told_to_stop():
            self._beat(lease)
            scheduler.start()
            try:
                self._tick_while_running(lease)
            finally:
                scheduler.shutdown(wait=True)
                self._leadership.release(self._clock())

    def stop(self) -> None:
        """Have `run` return soon."""
        self._stopping.set()

    def _tick_while_running(self, lease: float) -> None:
        seen, watch = -1, ClockWatch(self._clock(), time.monotonic())
        while not self._stopping.is_set():
            if abs(watch.measure_jump(self._clock(), time.monotonic())) > lease / 3:
                self._say("the clock jumped or the machine slept; runs get time to renew their leases")
                self._dispatcher.forgive_leases(self._clock() + lease)
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
            self._say(f"tick failed: {error.tell()}")
            return
        if report.did_anything:
            self._wake.set()
            self._say(describe_tick(report))

    def _deliver_notices(self) -> None:
        if not self._leads:
            return
        try:
            self._deliver()
        except KanbanError as error:
            self._say(f"notices could not be delivered: {error.tell()}")

    def _beat(self, lease: float) -> None:
        try:
            leads = self._leadership.take(self._clock(), lease)
        except KanbanError as error:
            self._say(f"heartbeat failed: {error.tell()}")
            return
        if leads != self._leads:
            self._say("dispatching" if leads else "another daemon dispatches; waiting to take over")
        self._leads = leads
        self._wake.set()  # a process that was killed changes nothing on the board; it is found out now

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
    parts = [f"{name.replace('_', ' ')} {_list_numbers(done)}" for name, done in vars(report).items() if done]
    return "; ".join(parts) or "nothing to do"


def _list_numbers(numbers: Sequence[int]) -> str:
    more = len(numbers) - NUMBERS_SHOWN
    return ", ".join(map(str, numbers[:NUMBERS_SHOWN])) + (f" and {more} more" if more > 0 else "")
