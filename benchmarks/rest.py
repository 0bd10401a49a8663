"""What a board with nothing to do costs, against a program that imports two libraries and sleeps."""

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

from benchmarks.farm import daemon, loopback_app
from benchmarks.loopback import serve
from benchmarks.measure import Figure
from benchmarks.memory import memory_of_all

SECONDS = 20.0
SETTLED = 3.0  # seconds until a start counts as over
SLEEPER = "import sqlmodel, apscheduler.schedulers.background, time; print('there', flush=True); time.sleep(600)"
# What anybody must do who wants to notice a change of a file within a twentieth of a second.
WATCHER = "import os, time; print('there', flush=True)\nwhile True: os.stat('/'); time.sleep(0.05)"


def measure(seconds: float = SECONDS, settled: float = SETTLED) -> Iterator[Figure]:
    """Memory, start and rest of the daemon on an empty board: against a sleeper, and rest against a bare watcher."""
    with serve("hang") as server, loopback_app(server.url, parallel=1) as app, daemon(app) as up:
        start, memory, rest = _watch(up.pid, seconds, settled)
    bare_start, bare_memory, _ = _watch_script(SLEEPER, seconds, settled)
    _, _, bare_rest = _watch_script(WATCHER, seconds, settled)
    yield Figure("quiet board, memory against a sleeper", memory / bare_memory, "x", 1.2, behind=f"{memory:.0f} MiB")
    behind = f"{start:.1f} s, the sleeper {bare_start:.1f} s"
    yield Figure("quiet board, processor to start against a sleeper", start / bare_start, "x", 1.5, behind=behind)
    behind = f"{100 * rest / seconds:.2f} % of a core, the watcher {100 * bare_rest / seconds:.2f} %"
    ratio = rest / max(bare_rest, 1 / 100)  # the system counts processor time in hundredths of a second
    yield Figure("quiet board, processor at rest against a bare watcher", ratio, "x", 6, behind=behind)


def _watch_script(script: str, seconds: float, settled: float) -> tuple[float, float, float]:
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            return _watch(process.pid, seconds, settled)
        finally:
            process.kill()


def _watch(pid: int, seconds: float, settled: float) -> tuple[float, float, float]:
    """Processor seconds until now, memory in MiB, and processor seconds of the time after, with all children."""
    time.sleep(settled)
    parent = psutil.Process(pid)
    start = _processor(parent)
    time.sleep(seconds)
    return start, memory_of_all(pid), _processor(parent) - start


def _processor(parent: psutil.Process) -> float:
    times = [process.cpu_times() for process in [parent, *parent.children(recursive=True)]]
    return sum(taken.user + taken.system for taken in times)
