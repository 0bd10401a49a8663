"""Waiting for what another process does."""

import time
from collections.abc import Callable
from pathlib import Path

from kanban.execution.processes import is_alive

PATIENCE = 60.0  # seconds: how long a machine may be busy with something else before a test has failed


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether the condition comes to hold. No test may depend on how soon."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def is_gone(pid_file: Path, seconds: float = PATIENCE) -> bool:
    """Whether the process that wrote its id into `pid_file` ends within `seconds`."""
    assert wait_until(lambda: pid_file.exists() and bool(pid_file.read_text().strip()))
    pid = int(pid_file.read_text())
    return wait_until(lambda: not is_alive(pid, None), seconds)
