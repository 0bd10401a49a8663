"""What this machine has."""

import os

import psutil

from kanban.domain.capacity import Capacity


def measure_machine() -> Capacity:
    """The processors that this process may use, and the memory of the machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Capacity(usable or 1, psutil.virtual_memory().total // 1_000_000)
