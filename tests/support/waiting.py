"""Waiting for what another process does."""

import time
from collections.abc import Callable
from pathlib import Path

from kanban.execution.processes import is_alive


def wait_until(condition: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def is_gone(pid_file: Path, seconds: float = 5) -> bool:
    """Whether the process that wrote its id into `pid_file` ends within `seconds`."""
    assert wait_until(lambda: pid_file.exists() and bool(pid_file.read_text().strip()))
    pid = int(pid_file.read_text())
    return wait_until(lambda: not is_alive(pid, None), seconds)
