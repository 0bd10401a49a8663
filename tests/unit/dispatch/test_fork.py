"""Runs are forked from one prepared process; each has its own log, and outlives what started it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kanban.dispatch.launchers.fork import ForkServer
from kanban.errors import CannotStart
from kanban.execution.processes import is_alive
from tests.support.waiting import wait_until

# Forks runs that write who they are, say something, wait until they are let go, and say so.
SERVER = """
import os, subprocess, sys, time
from decimal import Decimal  # stands for the library that takes seconds to load
from pathlib import Path
from kanban.dispatch.launchers.fork import serve_forks

folder = Path(sys.argv[1])
loaded = set(sys.modules)
other = subprocess.Popen(["sh", "-c", "exit 7"])  # a child that is none of its runs

def carry_out(run_id):
    print("run", run_id, "reads", repr(sys.stdin.read()))
    (folder / f"{run_id}.pid").write_text(f"{os.getpid()} {os.getppid()} {os.getsid(0)}")
    if run_id == 14:
        print("loaded", sorted(set(sys.modules) - loaded), Decimal(1))
    if run_id == 13:
        raise RuntimeError("unlucky")
    while not (folder / "go").exists():
        time.sleep(0.01)
    print("over")

def probe(profile, model):
    (folder / "probed").write_text(f"{profile} {model}")


serve_forks(sys.stdin.buffer, carry_out, lambda run_id: folder / "logs" / str(run_id) / "log", probe)
(folder / "other").write_text(str(other.wait()))
"""


@pytest.fixture
def server(tmp_path):
    made = ForkServer([sys.executable, "-c", SERVER, str(tmp_path)], tmp_path / "server.log", tmp_path, tmp_path)
    yield made
    (tmp_path / "go").touch()
    made.close()


def forked(folder: Path, run_id: int) -> list[int]:
    """Number, parent and session of the process of a run."""
    file = folder / f"{run_id}.pid"
    assert wait_until(lambda: file.exists() and len(file.read_text().split()) == 3)
    return [int(number) for number in file.read_text().split()]


def log_of(folder: Path, run_id: int) -> str:
    return (folder / "logs" / str(run_id) / "log").read_text()


def test_each_run_is_a_process_of_its_own_with_its_own_session_and_log(server, tmp_path):
    server.start()
    server.launch(1)
    server.launch(2)
    (one, parent, session), (two, same_parent, _) = forked(tmp_path, 1), forked(tmp_path, 2)
    assert one != two and session == one
    assert parent == same_parent != os.getpid()
    (tmp_path / "go").touch()
    assert wait_until(lambda: log_of(tmp_path, 1).endswith("over\n"))
    assert log_of(tmp_path, 1) == "run 1 reads ''\nover\n"


def test_a_run_goes_on_when_the_server_and_its_owner_are_gone(server, tmp_path):
    server.launch(1)
    pid, parent, _ = forked(tmp_path, 1)
    server.close()
    assert not is_alive(parent, None) and is_alive(pid, None)
    (tmp_path / "go").touch()
    assert wait_until(lambda: not is_alive(pid, None))
    assert log_of(tmp_path, 1).endswith("over\n")


def test_f12_the_server_collects_its_own_runs_and_no_other_child(server, tmp_path):
    (tmp_path / "go").touch()
    server.launch(1)
    pid = forked(tmp_path, 1)[0]
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists())  # no zombie is left
    server.close()
    assert wait_until(lambda: (tmp_path / "other").exists())
    assert (tmp_path / "other").read_text() == "7"


def test_a_server_that_was_killed_is_started_again(server, tmp_path):
    server.launch(1)
    _, parent, _ = forked(tmp_path, 1)
    os.kill(parent, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(parent, None))
    server.launch(2)
    assert forked(tmp_path, 2)[1] != parent


def test_what_a_run_raises_stands_in_its_log_and_harms_nobody(server, tmp_path):
    server.launch(13)
    forked(tmp_path, 13)
    assert wait_until(lambda: "RuntimeError: unlucky" in log_of(tmp_path, 13))
    server.launch(1)
    assert forked(tmp_path, 1)[1] == forked(tmp_path, 13)[1]


def test_a_server_that_does_not_come_up_is_an_error_that_names_the_log(tmp_path):
    broken = ForkServer(
        [sys.executable, "-c", "raise SystemExit('no such module')"], tmp_path / "server.log", tmp_path, tmp_path
    )
    with pytest.raises(CannotStart) as caught:
        broken.start()
    assert "server.log" in caught.value.hint
    assert "no such module" in (tmp_path / "server.log").read_text()


def test_a_log_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path):
    with pytest.raises(CannotStart, match="No such file") as caught:
        ForkServer(["true"], tmp_path / "nosuch" / "server.log", tmp_path, tmp_path).start()
    assert "make the home writable" in caught.value.hint


def test_a_run_loads_nothing_that_the_server_has_loaded(server, tmp_path):
    (tmp_path / "go").touch()
    server.launch(14)
    assert wait_until(lambda: (tmp_path / "logs" / "14" / "log").exists() and log_of(tmp_path, 14).endswith("over\n"))
    assert "loaded [] 1\n" in log_of(tmp_path, 14)


# -- a machine that cannot start a run --------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system that a file fills."""
    folder = tmp_path / "runs"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_f59_a_full_disk_of_the_runs_is_told_before_anything_is_started(small_disk, tmp_path):
    server = ForkServer([sys.executable, "-c", SERVER, str(tmp_path)], tmp_path / "server.log", tmp_path, small_disk)
    (tmp_path / "go").touch()
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 400_000)
    with pytest.raises(CannotStart, match="runs is full") as told:
        server.start()
    assert "kanban gc" in told.value.hint and not (tmp_path / "server.log").exists()
    assert list(small_disk.iterdir()) == [filler]
    filler.unlink()
    server.start()
    server.close()
