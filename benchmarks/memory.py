"""What each run that waits for its model costs in memory beside the others."""

from collections.abc import Iterator

import psutil

from benchmarks.farm import daemon, file_ticket, loopback_app
from benchmarks.loopback import serve
from benchmarks.measure import Figure

RUNS = 6
MIB = 1024 * 1024


def measure() -> Iterator[Figure]:
    """Memory that no other process shares, for each run; behind it, by how much all processes together grew."""
    with serve("hang") as server, loopback_app(server.url, parallel=RUNS) as app, daemon(app) as up:
        file_ticket(app, "The first")
        server.next_moment("arrived")
        before = _share_of_all(up.pid)
        for number in range(RUNS - 1):
            file_ticket(app, f"Case {number}")
            server.next_moment("arrived")
        private = [psutil.Process(run.pid).memory_full_info().uss / MIB for run in app.due.live_runs()]
        growth = (_share_of_all(up.pid) - before) / (RUNS - 1)
    behind = f"mean of {RUNS} runs, the largest {max(private):.0f} MiB; all processes grew by {growth:.0f} MiB a run"
    yield Figure("private memory of each further run", sum(private) / RUNS, "MiB", 60, behind=behind)


def _share_of_all(daemon_pid: int) -> float:
    """The memory of the daemon and all that it started, what is shared counted once, in MiB."""
    parent = psutil.Process(daemon_pid)
    return sum(process.memory_full_info().pss for process in [parent, *parent.children(recursive=True)]) / MIB
