"""What a board with nothing to do costs, against a program that imports two libraries and sleeps."""

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

from benchmarks.farm import daemon, loopback_app
from benchmarks.loopback import serve
from benchmarks.measure import Figure

MIB = 1024 * 1024
SECONDS = 20.0
SLEEPER = "import sqlmodel, apscheduler.schedulers.background, time; print('there', flush=True); time.sleep(600)"


def measure() -> Iterator[Figure]:
    """Memory, start and rest of the daemon on an empty board, each against the sleeper's."""
    with serve("hang") as server, loopback_app(server.url, parallel=1) as app:
        ours_start, ours_memory, ours_rest = _watch_daemon(app)
    sleeper = subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE)
    assert sleeper.stdout is not None
    sleeper.stdout.readline()
    start, memory, rest = _watch(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    yield Figure(
        "quiet board, memory against a sleeper", ours_memory / memory, "x", 1.2, behind=f"{ours_memory:.0f} MiB"
    )
    yield Figure("quiet board, processor to start", ours_start / start, "x", 1.5, behind=f"{ours_start:.1f} s")
    share = 100 * ours_rest / SECONDS
    yield Figure(
        "quiet board, share of a core at rest", share, "%", 0.3, behind=f"the sleeper {100 * rest / SECONDS:.2f} %"
    )


def _watch_daemon(app: object) -> tuple[float, float, float]:
    with daemon(app) as up:  # type: ignore[arg-type]
        return _watch(up.pid)


def _watch(pid: int) -> tuple[float, float, float]:
    """Processor seconds until now, memory in MiB, and processor seconds of the next SECONDS, with all children."""
    time.sleep(3)
    parent = psutil.Process(pid)
    start = _processor(parent)
    time.sleep(SECONDS)
    tree = [parent, *parent.children(recursive=True)]
    return start, sum(process.memory_full_info().pss for process in tree) / MIB, _processor(parent) - start


def _processor(parent: psutil.Process) -> float:
    times = [process.cpu_times() for process in [parent, *parent.children(recursive=True)]]
    return sum(taken.user + taken.system for taken in times)
