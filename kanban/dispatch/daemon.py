"""The daemon: ticks every minute, and at once when the board changes. One at a time dispatches; others wait."""

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from kanban.dispatch.clock import ClockWatch
from kanban.dispatch.dispatcher import Dispatcher
from kanban.dispatch.parts import TickReport
from kanban.dispatch.schedule import Schedule
from kanban.errors import BoardReplaced, KanbanError
from kanban.files.halt import HALT_SECONDS, tell_halt
from kanban.store.db import Database
from kanban.store.leadership import Leadership
from kanban.store.schema import require_known_schema

T = TypeVar("T")

LOOK_SECONDS = 0.05  # how often the board's file is looked at; one look costs microseconds
SURE_SECONDS = 1.0  # how often its change counter is read though the file looks as before
NUMBERS_SHOWN = 20  # in a line of the log
DELIVER_SECONDS = 5.0  # between two looks into the outbox
CARE_SECONDS = 60.0  # between two looks at what the home needs; most find nothing due
LONGEST_TICK = 120.0  # a daemon whose tick hangs for longer lets another one dispatch


class Daemon:
    """Runs a dispatcher until it is told to stop."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        db: Database,
        leadership: Leadership,
        clock: Callable[[], float],
        say: Callable[[str], None],
        deliver: Callable[[], object],
        care: Callable[[], object] = lambda: None,
        prepare: Callable[[], object] = lambda: None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dispatcher = dispatcher
        self._db = db
        self._leadership = leadership
        self._clock = clock
        self._steady = steady
        self._say = say
        self._deliver = deliver
        self._care = care
        self._prepare = prepare
        self._schedule = Schedule()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._leads: bool | None = None  # not known before the first heartbeat
        self._troubles: dict[str, str] = {}
        self._over: BoardReplaced | None = None
        self._turned_at = steady()
        self._beat_at = steady()
        self._was_locked_out = False
        self._halted: str | None = None
        self._looked_for_halt = 0.0

    def run(self, interval: float, lease: float) -> None:
        """Tick until SIGTERM or Ctrl-C; `interval` and `lease` are in seconds that this machine lives through.

        Raises BoardReplaced when the board's file is not the one any more that this program was started with.
        """
        with self._told_to_stop():
            self._beat(lease)
            self._schedule.repeat("tick", interval, self._wake.set)
            self._schedule.repeat("heartbeat", lease / 3, lambda: self._beat(lease))
            self._schedule.repeat("notices", DELIVER_SECONDS, lambda: self._beside("notices", self._deliver))
            self._schedule.repeat("care", CARE_SECONDS, lambda: self._beside("care of the home", self._care))
            with self._schedule.running():
                self._tick_while_running(lease)
            if self._over is not None:
                raise self._over
            self._leadership.release(self._clock())

    def stop(self) -> None:
        """Have `run` return soon."""
        self._stopping.set()

    def _tick_while_running(self, lease: float) -> None:
        seen: int | None = -1
        led, busy, looked_at = False, 0.0, 0.0
        watch = ClockWatch(self._clock(), self._steady())
        while not self._stopping.is_set():
            self._turned_at = self._steady()
            absent = watch.measure_absence(self._clock(), self._turned_at, LOOK_SECONDS + busy)
            jumped = abs(absent) > lease / 3
            if jumped:
                self._say("the clock jumped or the machine slept; runs get time to renew their leases")
                self._schedule.set_anew()
            unknown = jumped or (bool(self._leads) and not led)
            if self._find_lockout(lease) or unknown:
                self._dispatcher.forgive_leases(self._clock() + lease)
            if unknown:
                self._guard("the leases of runs", lambda: self._dispatcher.bound_leases(self._clock() + lease))
            led = bool(self._leads)
            self._look_for_halt()
            now_seen = seen
            if self._db.is_touched() or self._turned_at - looked_at > SURE_SECONDS:
                looked_at = self._turned_at
                now_seen = self._guard("the board", self._db.data_version)
            if led and (self._wake.is_set() or now_seen != seen):
                self._wake.clear()
                seen = now_seen
                self._guard("tick", self._tick)
            busy = self._steady() - self._turned_at
            self._stopping.wait(LOOK_SECONDS)

    def _look_for_halt(self) -> None:
        """End what runs when the person has stopped everything, and tick at once when they let it go on."""
        if self._steady() - self._looked_for_halt < HALT_SECONDS:
            return
        self._looked_for_halt = self._steady()
        halted = self._dispatcher.read_halt()
        if halted != self._halted:
            self._say(tell_halt(halted) if halted else "no longer stopped")
            self._halted = halted
            if halted and self._leads:
                self._guard("the stop", lambda: self._dispatcher.hand_back(self._clock()))
            self._wake.set()

    def _find_lockout(self, lease: float) -> bool:
        """Whether the board could not be written for a while: then no run could renew its lease either."""
        locked_out = self._steady() - self._beat_at > lease / 2
        over, self._was_locked_out = self._was_locked_out and not locked_out, locked_out
        return over or locked_out

    def _tick(self) -> None:
        require_known_schema(self._db)
        self._prepare()
        report = self._dispatcher.tick(self._clock())
        if report.did_anything:
            self._wake.set()
            self._say(describe_tick(report))

    def _beside(self, what: str, act: Callable[[], object]) -> None:
        if self._leads:
            self._guard(what, act)

    def _beat(self, lease: float) -> None:
        if self._steady() - self._turned_at > LONGEST_TICK:
            self._complain(
                "heartbeat", f"a tick hangs for more than {LONGEST_TICK:.0f} s; another daemon may take over"
            )
            self._leads = False
            return
        leads = self._guard("heartbeat", lambda: self._take(lease))
        if leads is None:
            return
        if leads != self._leads:
            self._say("dispatching" if leads else "another daemon dispatches; waiting to take over")
        self._leads = leads
        self._beat_at = self._steady()
        self._wake.set()  # a process that was killed changes nothing on the board; it is found out now

    def _take(self, lease: float) -> bool:
        require_known_schema(self._db)
        return self._leadership.take(self._clock(), lease)

    def _guard(self, what: str, act: Callable[[], T]) -> T | None:
        """Do it; None when it failed. The same trouble is told once, until it is over."""
        try:
            done = act()
        except BoardReplaced as error:
            self._over = error
            self.stop()
        except KanbanError as error:
            self._complain(what, error.tell())
        except Exception as error:
            self._complain(what, f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
        else:
            if self._troubles.pop(what, None) is not None:
                self._say(f"{what}: in order again")
            return done
        return None

    def _complain(self, what: str, problem: str) -> None:
        if self._troubles.get(what) != problem:
            self._troubles[what] = problem
            self._say(f"{what} failed: {problem}")

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
