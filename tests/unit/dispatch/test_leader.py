"""What is told of the daemon is true: a lease of a process that is gone, stopped or from the future is none."""

import os
import signal
import socket
import subprocess

import pytest

from kanban.dispatch.leader import find_lease
from kanban.execution.processes import is_stopped, process_started
from kanban.service.doctor import check_daemon
from kanban.service.explain import explain_ticket
from kanban.store.leadership import Leadership
from kanban.store.runs import Process
from tests.support.waiting import wait_until

HERE = socket.gethostname()


@pytest.fixture
def process():
    """A daemon, as far as the board can tell."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def lead(house, process, lease=9999.0, at=0.0, host=HERE):
    started = process_started(process.pid) or 0.0
    Leadership(house.app.store.db, Process(process.pid, started, host)).take(house.now + at, lease)


def told(house):
    """What doctor, `why` and every list say of the daemon."""
    ticket = house.ticket()
    found = check_daemon(house.app.parts, house.now)
    dispatched = "At the next tick" in str(explain_ticket(house.app.parts, ticket, house.now))
    lease = find_lease(house.app.store.queries, house.now)
    assert dispatched == found.ok == (lease is not None and lease.lease_until > house.now)
    return found


def test_a_daemon_that_lives_is_told(house, process):
    lead(house, process)
    assert told(house).told == f"process {process.pid} on {HERE}"


def test_f56_a_daemon_that_is_gone_is_told_whatever_its_lease_was_good_for(house, process):
    lead(house, process)
    process.kill()
    process.wait()
    found = told(house)
    assert not found.ok and found.told.startswith(f"process {process.pid} on {HERE} is gone")
    assert found.hint == "`kanban up` starts one"


def test_f09_a_process_with_the_same_number_is_not_that_daemon(house):
    Leadership(house.app.store.db, Process(os.getpid(), 1.0, HERE)).take(house.now, 9999)
    assert not told(house).ok


def test_f56_a_daemon_that_stands_still_is_told_by_its_process(house, process):
    lead(house, process, lease=30, at=-100)
    assert f"process {process.pid} is there, but no heartbeat for 100 s" in told(house).told
    process.send_signal(signal.SIGSTOP)
    assert wait_until(lambda: is_stopped(process.pid))
    assert f"process {process.pid} is stopped (SIGSTOP)" in told(house).told


def test_f53_a_heartbeat_from_before_the_clock_was_set_back_is_none(house, process):
    lead(house, process, lease=30, at=3600)
    assert not told(house).ok


def test_a_daemon_of_another_machine_is_believed(house, process):
    lead(house, process, host="elsewhere")
    process.kill()
    assert told(house).ok
