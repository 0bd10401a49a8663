"""Ending processes: all of the tree, and never somebody else's."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanban.execution.processes import end_marked_processes, end_process_tree, is_alive, process_started


@pytest.fixture
def marked() -> Iterator[dict[str, str]]:
    """An environment whose processes are ended after the test."""
    environment = dict(os.environ, TEST_MARK=uuid.uuid4().hex)
    yield environment
    end_marked_processes("TEST_MARK", environment["TEST_MARK"], grace=0)


def start(script: str, environment: dict[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    """A shell in a session of its own; it has come to its end or its wait when the file `ready` exists."""
    process = subprocess.Popen(
        ["bash", "-c", script], env=environment, cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 5
    while not (folder / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def pid_in(path: Path) -> int:
    return int(path.read_text())


def test_a_process_is_known_by_its_start(marked: dict[str, str], tmp_path: Path) -> None:
    process = start("touch ready; sleep 300", marked, tmp_path)
    started = process_started(process.pid)
    assert started is not None
    assert is_alive(process.pid, started) and is_alive(process.pid, None)
    assert not is_alive(process.pid, started - 10)
    assert end_process_tree(process.pid, started)
    assert not is_alive(process.pid, started)
    process.wait()
    assert process_started(process.pid) is None


def test_a_zombie_is_dead(marked: dict[str, str], tmp_path: Path) -> None:
    process = start("touch ready; exit", marked, tmp_path)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process_started(process.pid) is not None
    assert not is_alive(process.pid, None)
    process.wait()


def test_f09_a_process_id_used_again_is_spared(marked: dict[str, str], tmp_path: Path) -> None:
    process = start("touch ready; sleep 300", marked, tmp_path)
    started = process_started(process.pid)
    assert started is not None
    assert end_process_tree(process.pid, started - 10, grace=0)
    assert is_alive(process.pid, started)


def test_f10_children_grandchildren_and_other_sessions_end_with_the_leader(
    marked: dict[str, str], tmp_path: Path
) -> None:
    script = """
        sleep 300 & echo $! > one
        setsid sleep 300 & echo $! > two
        bash -c 'trap "" TERM; echo $$ > three; touch ready; while :; do sleep 0.1; done' & wait
    """
    process = start(script, marked, tmp_path)
    assert end_process_tree(process.pid, process_started(process.pid), grace=0.2)
    process.wait()
    assert not any(is_alive(pid_in(tmp_path / name), None) for name in ("one", "two", "three"))


def test_f10_what_a_dead_leader_left_in_its_session_is_ended(marked: dict[str, str], tmp_path: Path) -> None:
    process = start("(sleep 300 & echo $! > child); touch ready", marked, tmp_path)
    started = process_started(process.pid)
    process.wait()
    assert is_alive(pid_in(tmp_path / "child"), None)
    assert end_process_tree(process.pid, started)
    assert not is_alive(pid_in(tmp_path / "child"), None)


def test_f10_a_shell_whose_child_is_ended_does_not_go_on_with_its_next_command(
    marked: dict[str, str], tmp_path: Path
) -> None:
    script = "for i in {1..300}; do sleep 300 & done; sh -c 'touch ready; exec sleep 300'; : > next"
    process = start(script, marked, tmp_path)
    assert end_process_tree(process.pid, process_started(process.pid))
    process.wait()
    assert not (tmp_path / "next").exists()


def test_sigterm_comes_first_and_leaves_time_to_tidy_up(marked: dict[str, str], tmp_path: Path) -> None:
    process = start("trap 'touch tidied; exit' TERM; touch ready; while :; do sleep 0.05; done", marked, tmp_path)
    assert end_process_tree(process.pid, process_started(process.pid))
    assert (tmp_path / "tidied").exists()
    process.wait()


def test_f12_the_exit_status_is_left_to_the_parent(marked: dict[str, str], tmp_path: Path) -> None:
    process = start("touch ready; sleep 300", marked, tmp_path)
    assert end_process_tree(process.pid, process_started(process.pid))
    assert process.wait() == -15


def test_marked_processes_end_wherever_they_hide_but_never_the_caller(tmp_path: Path) -> None:
    environment = dict(os.environ, TEST_MARK=uuid.uuid4().hex)
    script = (
        "import os, subprocess, sys; from kanban.execution.processes import end_marked_processes;"
        "subprocess.run(['bash', '-c', '(setsid sleep 300 >/dev/null 2>&1 & echo $!)']);"
        "sys.exit(0 if end_marked_processes('TEST_MARK', os.environ['TEST_MARK']) else 1)"
    )
    result = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert not is_alive(int(result.stdout), None)


def test_ending_what_is_long_gone_is_fine() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert end_process_tree(gone.pid, 1.0)
    assert not is_alive(gone.pid, None)
