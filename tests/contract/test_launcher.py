"""What every launcher must do: start runs as processes of their own, tell whether they live, and end all of them."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from kanban.dispatch.launchers.base import Launcher
from kanban.dispatch.launchers.fork import ForkServer
from kanban.execution.processes import process_started
from kanban.store.due import LiveRun
from tests.support.waiting import wait_until

# A run says which process it is, starts a child in a session of its own that is marked as its commands are, and waits.
SERVER = """
import os, subprocess, sys, time
from pathlib import Path
from kanban.dispatch.launchers.fork import serve_forks
from kanban.files.settings import mark_environment

home = Path(sys.argv[1])

def carry_out(run_id):
    marked = os.environ | mark_environment(home, run_id)
    child = subprocess.Popen(["sleep", "600"], start_new_session=True, env=marked)
    (home / f"{run_id}.pid").write_text(f"{os.getpid()} {child.pid} ")
    time.sleep(600)

serve_forks(sys.stdin.buffer, carry_out, lambda run_id: home / "runs" / str(run_id) / "log", lambda *model: None)
"""


@pytest.fixture(params=["fork"])
def launcher(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Launcher]:
    made = ForkServer([sys.executable, "-c", SERVER, str(tmp_path)], tmp_path / "log", tmp_path, tmp_path / "runs")
    yield made
    made.close()


def started_by(launcher: Launcher, home: Path, run_id: int) -> tuple[LiveRun, int]:
    """A run that has been launched, as its row on the board says once it is adopted, and the child that it left."""
    launcher.start()
    launcher.launch(run_id)
    file = home / f"{run_id}.pid"
    assert wait_until(lambda: file.exists() and file.read_text().endswith(" "))
    pid, child = map(int, file.read_text().split())
    return live(run_id, pid), child


def live(run_id: int, pid: int | None, hostname: str | None = None) -> LiveRun:
    """A live run of this process number, here if nothing else is said."""
    started = process_started(pid) if pid is not None and psutil.pid_exists(pid) else 1.0
    host = hostname or (socket.gethostname() if pid is not None else None)
    return LiveRun(run_id, None, None, "work", "cody", (), pid, started, host, 0.0, 0.0, None)


def test_a_run_that_was_launched_is_alive_until_it_is_stopped_with_all_that_it_started(launcher, tmp_path):
    run, child = started_by(launcher, tmp_path, 1)
    assert launcher.is_alive(run) is True
    launcher.stop(run)
    assert wait_until(lambda: not psutil.pid_exists(child))
    assert wait_until(lambda: launcher.is_alive(run) is False)


def test_stopping_one_run_leaves_the_other(launcher, tmp_path):
    (one, _), (two, child) = started_by(launcher, tmp_path, 1), started_by(launcher, tmp_path, 2)
    launcher.stop(one)
    assert launcher.is_alive(two) is True and psutil.pid_exists(child)
    launcher.stop(two)


def test_what_a_run_left_behind_is_ended_though_its_process_is_gone(launcher, tmp_path):
    run, child = started_by(launcher, tmp_path, 1)
    assert run.pid is not None
    psutil.Process(run.pid).kill()
    assert wait_until(lambda: launcher.is_alive(run) is False)
    launcher.stop(run)
    assert wait_until(lambda: not psutil.pid_exists(child))


def test_a_number_that_another_process_has_now_is_not_the_run_and_is_not_ended(launcher):
    with subprocess.Popen(["sleep", "600"]) as other:
        run = replace(live(1, other.pid), pid_started=1.0)
        assert launcher.is_alive(run) is False
        launcher.stop(run)
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("make", [lambda: live(1, None), lambda: live(1, os.getpid(), "elsewhere")])
def test_of_a_run_without_a_process_or_of_another_machine_nothing_is_known_and_nothing_ended(
    launcher: Launcher, make: Callable[[], LiveRun]
) -> None:
    assert launcher.is_alive(make()) is None
    launcher.stop(make())
