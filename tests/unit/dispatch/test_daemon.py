"""The daemon ticks by the clock and at once when the board changes; one at a time dispatches."""

import os
import signal
import threading
import time
from contextlib import contextmanager

import pytest

from kanban.dispatch.daemon import Daemon, describe_tick
from kanban.dispatch.dispatcher import TickReport
from kanban.errors import HomeError
from kanban.store.leadership import Leadership
from kanban.store.runs import Process
from tests.support.scripted import House
from tests.support.waiting import wait_until

OTHER = Process(1, 1.0, "elsewhere")


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
    return Daemon(house.dispatcher, house.app.db, Leadership(house.app.db, process), time.time, said.append)


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
        begun = time.monotonic()
        assert wait_until(lambda: house.launcher.runs)
        assert time.monotonic() - begun < 2
        person.close()

    play(daemon, act)
    assert said == ["dispatching", "started 1"]


def test_without_any_change_it_looks_again_after_the_interval(house, daemon):
    ticket = house.ticket(not_before=time.time() + 0.6)
    play(daemon, lambda: wait_until(lambda: house.launcher.runs) or pytest.fail("not started"), interval=0.2)
    assert house.status(ticket) == "running"


def test_f07_while_another_daemon_dispatches_it_waits_and_then_takes_over(house, daemon, said):
    other = Leadership(house.app.db, OTHER)
    other.take(time.time(), 60)
    house.ticket()

    def act():
        assert wait_until(lambda: said)
        time.sleep(0.3)
        assert house.launcher.runs == []
        Leadership(House(house.path).app.db, OTHER).release(time.time())
        assert wait_until(lambda: house.launcher.runs)

    play(daemon, act, lease=0.3)
    assert said[:2] == ["another daemon dispatches; waiting to take over", "dispatching"]


def test_f05_its_heartbeat_is_on_the_board(house, daemon):
    def act():
        person = House(house.path)
        assert wait_until(lambda: person.app.queries.dispatcher() is not None)
        first = person.app.queries.dispatcher().heartbeat_at
        assert wait_until(lambda: person.app.queries.dispatcher().heartbeat_at > first)
        person.close()

    play(daemon, act, lease=0.3)


def test_after_a_stop_the_next_daemon_takes_over_at_once(house, daemon):
    play(daemon, lambda: None)
    assert Leadership(house.app.db, OTHER).take(time.time(), 30)


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
    class FailsOnce:
        def __init__(self):
            self.ticks = 0

        def tick(self, now):
            self.ticks += 1
            if self.ticks == 1:
                raise HomeError("the disk is full", "free some space")
            return TickReport()

    dispatcher = FailsOnce()
    daemon = Daemon(dispatcher, house.app.db, Leadership(house.app.db, OTHER), time.time, said.append)
    play(daemon, lambda: wait_until(lambda: dispatcher.ticks > 1) or pytest.fail("no second tick"), interval=0.2)
    assert "tick failed: the disk is full (free some space)" in said


def test_a_tick_is_told_in_a_line():
    assert describe_tick(TickReport(ended=[3], started=[4, 5], to_split=[6])) == "ended 3; started 4, 5; to split 6"
    assert describe_tick(TickReport()) == "nothing to do"
