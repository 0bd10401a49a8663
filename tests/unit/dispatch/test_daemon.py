"""The daemon ticks by the clock and at once when the board changes; one at a time dispatches."""

import os
import signal
import sqlite3
import threading
import time
from contextlib import contextmanager

import pytest

from kanban.dispatch.clock import ClockWatch
from kanban.dispatch.daemon import Daemon, describe_tick
from kanban.dispatch.parts import TickReport
from kanban.dispatch.runner import hold_lease, this_process
from kanban.errors import BoardReplaced, HomeError
from kanban.store.leadership import Leadership
from kanban.store.runs import Process
from tests.support.scripted import House
from tests.support.waiting import wait_until

OTHER = Process(1, 1.0, "elsewhere")
NEVER = 100_000.0  # seconds: no test waits for a tick or a heartbeat that is due so late


class NotStopped:
    """A dispatcher of a board that the person has not stopped."""

    def read_halt(self):
        return None


class Beating(Leadership):
    """Counts its heartbeats."""

    beats = 0

    def take(self, now: float, seconds: float) -> bool:
        self.beats += 1
        return super().take(now, seconds)


@contextmanager
def beside(act):
    """Does `act` in a thread while the daemon has the main one (signals reach no other)."""
    failed = []

    def run():
        try:
            act()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()
    if failed:
        raise failed[0]


@pytest.fixture
def said():
    return []


@pytest.fixture
def daemon(house, said):
    house.app.clock = time.time
    house.clock = time.time
    process = Process(os.getpid(), 1.0, "here")
    return Daemon(
        house.dispatcher, house.app.store.db, Leadership(house.app.store.db, process), time.time, said.append, lambda: 0
    )


@pytest.fixture
def waiting(house):
    """The leadership of a daemon while another one dispatches."""
    Leadership(house.app.store.db, OTHER).take(time.time(), NEVER)
    return Beating(house.app.store.db, Process(2, 1.0, "here"))


def play(daemon, act, interval=60.0, lease=30.0):
    """Run the daemon until `act` is through."""

    def act_and_stop():
        try:
            act()
        finally:
            daemon.stop()

    with beside(act_and_stop):
        daemon.run(interval, lease)


def test_a_change_on_the_board_wakes_it_at_once(house, daemon, said):
    def act():
        person = House(house.path)  # another process
        assert wait_until(lambda: "dispatching" in said)
        person.now = time.time() - 1
        person.ticket()
        assert wait_until(lambda: house.launcher.runs)
        person.close()

    play(daemon, act, interval=NEVER, lease=NEVER)
    assert said == ["dispatching", "started 1"]


def test_without_any_change_it_looks_again_after_the_interval(house, daemon):
    ticket = house.ticket(not_before=time.time() + 0.6)
    play(daemon, lambda: wait_until(lambda: house.launcher.runs) or pytest.fail("not started"), interval=0.2)
    assert house.status(ticket) == "running"


def test_f07_while_another_daemon_dispatches_it_waits_and_then_takes_over(house, said, waiting):
    house.app.clock = house.clock = time.time
    daemon = Daemon(house.dispatcher, house.app.store.db, waiting, time.time, said.append, lambda: 0)
    house.ticket()

    def act():
        assert wait_until(lambda: waiting.beats > 3)
        assert house.launcher.runs == []
        Leadership(House(house.path).app.store.db, OTHER).release(time.time())
        assert wait_until(lambda: house.launcher.runs)

    play(daemon, act, lease=0.3)
    assert said[:2] == ["another daemon dispatches; waiting to take over", "dispatching"]


def test_f05_its_heartbeat_is_on_the_board(house, daemon):
    def act():
        person = House(house.path)
        assert wait_until(lambda: person.app.store.queries.dispatcher() is not None)
        first = person.app.store.queries.dispatcher().heartbeat_at
        assert wait_until(lambda: person.app.store.queries.dispatcher().heartbeat_at > first)
        person.close()

    play(daemon, act, lease=0.3)


def test_after_a_stop_the_next_daemon_takes_over_at_once(house, daemon):
    play(daemon, lambda: None)
    assert Leadership(house.app.store.db, OTHER).take(time.time(), 30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_and_its_handlers_go_with_it(house, daemon, said, number):
    before = signal.getsignal(number)

    def act():
        assert wait_until(lambda: said)
        os.kill(os.getpid(), number)

    with beside(act):
        daemon.run(60, 30)
    assert signal.getsignal(number) is before


def test_a_tick_that_fails_is_told_and_the_next_one_is_tried(house, said):
    class FailsOnce(NotStopped):
        def __init__(self):
            self.ticks = 0

        def tick(self, now):
            self.ticks += 1
            if self.ticks == 1:
                raise HomeError("the disk is full", "free some space")
            return TickReport()

        def forgive_leases(self, until):
            pass

        bound_leases = forgive_leases

    dispatcher = FailsOnce()
    daemon = Daemon(
        dispatcher, house.app.store.db, Leadership(house.app.store.db, OTHER), time.time, said.append, lambda: 0
    )
    play(daemon, lambda: wait_until(lambda: dispatcher.ticks > 1) or pytest.fail("no second tick"), interval=0.2)
    assert "tick failed: the disk is full (free some space)" in said


def test_a_tick_is_told_in_a_line():
    assert describe_tick(TickReport(ended=[3], started=[4, 5], to_split=[6])) == "ended 3; started 4, 5; to split 6"
    assert describe_tick(TickReport()) == "nothing to do"


# -- the clock --------------------------------------------------------------------------------------------------------


def test_a_jump_is_how_far_the_two_clocks_drift_apart():
    watch = ClockWatch(wall=1000.0, steady=5.0)
    assert watch.measure_jump(1010.0, 15.0) == 0
    assert watch.measure_jump(4610.0, 15.0) == 3600
    assert watch.measure_jump(4611.0, 16.0) == 0  # told once
    assert watch.measure_jump(1011.0, 16.0) == -3600


@pytest.mark.parametrize("seconds", [600.0, -600.0])
def test_f05_when_the_clock_jumps_runs_get_time_to_renew_their_leases(house, said, seconds):
    forgiven, ticked, offset = [], [], [0.0]

    class Forgiving(NotStopped):
        def tick(self, now):
            ticked.append(now)
            return TickReport()

        def forgive_leases(self, until):
            forgiven.append(until - clock())

        def bound_leases(self, latest):
            pass

    def clock():
        return 1_000_000.0 + offset[0]

    daemon = Daemon(
        Forgiving(), house.app.store.db, Leadership(house.app.store.db, OTHER), clock, said.append, lambda: 0
    )

    def act():
        assert wait_until(lambda: forgiven)  # of who takes over, nothing is known of the time before
        offset[0] = seconds
        assert wait_until(lambda: len(forgiven) > 1)

    play(daemon, act, lease=30.0)
    assert forgiven == [pytest.approx(30, abs=1)] * 2
    assert any("the clock jumped" in line for line in said)


def test_time_in_which_nothing_ran_is_no_jump_and_yet_an_absence():
    watch = ClockWatch(wall=1000.0, steady=5.0)
    assert watch.measure_absence(1010.0, 15.0, expected=10.0) == 0
    assert watch.measure_absence(1012.0, 17.0, expected=0.1) == 0  # only busy
    assert watch.measure_absence(4612.0, 3617.0, expected=10.0) == 3590  # stood still on both clocks
    assert watch.measure_absence(8222.0, 3627.0, expected=10.0) == 3600  # slept


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_f53_a_clock_that_is_set_stops_neither_heartbeat_nor_tick_nor_notice(house, said, monkeypatch, step):
    monkeypatch.setattr("kanban.dispatch.daemon.DELIVER_SECONDS", 0.1)
    offset, ticks, delivered = [0.0], [], []

    class Counting(NotStopped):
        def tick(self, now):
            ticks.append(now)
            return TickReport()

        def forgive_leases(self, until):
            pass

        bound_leases = forgive_leases

    def clock():
        return time.time() + offset[0]

    def beats():
        return house.app.store.queries.dispatcher().heartbeat_at

    leadership = Leadership(house.app.store.db, OTHER)
    daemon = Daemon(Counting(), house.app.store.db, leadership, clock, said.append, lambda: delivered.append(1))

    def act():
        assert wait_until(lambda: ticks and delivered)
        offset[0] = step
        assert wait_until(lambda: abs(beats() - clock()) < 60)
        ticked, told = len(ticks), len(delivered)
        assert wait_until(lambda: len(ticks) > ticked + 1 and len(delivered) > told + 1)
        assert ticks[-1] == pytest.approx(clock(), abs=60)
        house.app.store.db.close()

    play(daemon, act, interval=0.2, lease=0.6)


def test_f56_a_daemon_whose_tick_hangs_lets_another_one_dispatch(house, said, monkeypatch):
    monkeypatch.setattr("kanban.dispatch.daemon.LONGEST_TICK", 0.2)
    hanging = threading.Event()

    class Hanging(NotStopped):
        def tick(self, now):
            assert hanging.wait(30)
            return TickReport()

        def forgive_leases(self, until):
            pass

        bound_leases = forgive_leases

    daemon = Daemon(
        Hanging(), house.app.store.db, Leadership(house.app.store.db, OTHER), time.time, said.append, lambda: 0
    )

    def act():
        assert wait_until(lambda: any("a tick hangs" in line for line in said))
        other = House(house.path)
        waiting = Leadership(other.app.store.db, Process(2, 1.0, "here"))
        assert wait_until(lambda: waiting.take(time.time(), 0.3))
        other.close()
        hanging.set()

    play(daemon, act, lease=0.3)
    assert said[0] == "dispatching"


def test_trouble_that_stays_is_told_once_and_its_end_too(house, said):
    class Unlucky(NotStopped):
        ticks = 0

        def tick(self, now):
            self.ticks += 1
            if self.ticks < 4:
                raise RuntimeError("a bug")
            return TickReport()

        def forgive_leases(self, until):
            pass

        bound_leases = forgive_leases

    dispatcher = Unlucky()
    daemon = Daemon(
        dispatcher, house.app.store.db, Leadership(house.app.store.db, OTHER), time.time, said.append, lambda: 0
    )
    play(daemon, lambda: wait_until(lambda: dispatcher.ticks > 5) or pytest.fail("given up"), interval=0.05)
    told = [line.splitlines()[0] for line in said]
    assert told == ["dispatching", "tick failed: RuntimeError: a bug", "tick: in order again"]


@pytest.mark.parametrize("change", ["newer schema", "removed", "replaced"])
def test_f54_a_daemon_ends_when_the_board_is_not_the_one_that_it_knows(house, daemon, change):
    board = house.app.home.board

    def act():
        assert wait_until(lambda: daemon._leads)
        if change == "newer schema":
            person = House(house.path)
            with person.app.store.db.write() as tx:
                tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
            person.close()
        else:
            board.rename(board.with_name("old.db"))
            if change == "replaced":
                board.touch()

    told = {"newer schema": "upgrade kanban", "removed": "kanban restore FILE", "replaced": "start this program again"}
    with beside(act), pytest.raises(BoardReplaced) as ended:
        daemon.run(60, 0.3)
    assert told[change] in ended.value.hint


def test_f59_a_board_that_was_locked_for_longer_than_a_lease_costs_no_run_its_life(house, daemon):
    house.now = time.time()
    house.ticket()
    run_id = house.next_run()
    runs, lease = house.app.store.runs, 0.9
    runs.adopt(run_id, this_process(), "", time.time() + lease)
    holder = sqlite3.connect(house.app.home.board, isolation_level=None, check_same_thread=False)

    def act():
        assert wait_until(lambda: daemon._leads)
        with hold_lease(runs, run_id, lease, lambda: None):
            holder.execute("BEGIN IMMEDIATE")
            time.sleep(3 * lease)
            holder.execute("ROLLBACK")
            begun = time.time()
            assert wait_until(lambda: house.app.store.queries.get_run(run_id).lease_until > begun + lease / 3)
            time.sleep(lease / 2)
            assert house.app.store.queries.get_run(run_id).outcome is None
        holder.close()
        house.app.store.db.close()

    play(daemon, act, interval=0.1, lease=lease)


# -- notices ----------------------------------------------------------------------------------------------------------


def test_notices_are_delivered_beside_the_ticks_and_a_failure_is_told(house, said, monkeypatch):
    monkeypatch.setattr("kanban.dispatch.daemon.DELIVER_SECONDS", 0.05)
    looks = []

    def deliver():
        looks.append(1)
        if len(looks) == 1:
            raise HomeError("the disk is full", "free some space")
        return 0

    leadership = Leadership(house.app.store.db, OTHER)
    daemon = Daemon(house.dispatcher, house.app.store.db, leadership, time.time, said.append, deliver)
    play(daemon, lambda: wait_until(lambda: len(looks) > 2) or pytest.fail("not delivered"))
    assert "notices failed: the disk is full (free some space)" in said


def test_who_only_waits_to_take_over_delivers_nothing(house, said, waiting, monkeypatch):
    monkeypatch.setattr("kanban.dispatch.daemon.DELIVER_SECONDS", 0.02)
    looks = []
    daemon = Daemon(house.dispatcher, house.app.store.db, waiting, time.time, said.append, lambda: looks.append(1) or 0)
    play(daemon, lambda: wait_until(lambda: waiting.beats > 6) or pytest.fail("no heartbeat"), lease=0.15)
    assert looks == []
