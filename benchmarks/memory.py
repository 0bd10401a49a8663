"""What each run that waits for its model costs in memory, against a process that loaded the model library itself."""

from collections.abc import Iterator

import psutil

from benchmarks.farm import WORKER, daemon, file_ticket, loopback_app
from benchmarks.loopback import serve
from benchmarks.measure import Figure
from benchmarks.plain import plain_worker

RUNS = 6
MIB = 1024 * 1024


def measure(runs: int = RUNS) -> Iterator[Figure]:
    """Memory that no other process shares, for each run; behind it, by how much all processes together grew."""
    with serve("hang") as server, loopback_app(server.url, parallel=runs) as app, daemon(app) as up:
        file_ticket(app, "The first")
        server.next_moment("arrived")
        before = memory_of_all(up.pid)
        for number in range(runs - 1):
            file_ticket(app, f"Case {number}")
            server.next_moment("arrived")
        private = [private_memory(run.pid) for run in app.store.due.live_runs()]
        growth = (memory_of_all(up.pid) - before) / (runs - 1)
        with plain_worker(app.live.profile(WORKER).model, server.url) as process:
            server.next_moment("arrived")
            alone = private_memory(process.pid)
    mean = sum(private) / runs
    behind = f"mean of {runs} runs {mean:.0f} MiB, the largest {max(private):.0f}; each adds {growth:.0f} to all"
    behind += f"; the new process {alone:.0f}"
    yield Figure("private memory of each further run against a new process", mean / alone, "x", 0.35, behind=behind)


def private_memory(pid: int | None) -> float:
    """What a process shares with no other, in MiB."""
    return float(psutil.Process(pid).memory_full_info().uss) / MIB


def memory_of_all(pid: int) -> float:
    """The memory of a process and all that it started, in MiB; what is shared counts once, where the system tells."""
    parent = psutil.Process(pid)
    infos = [process.memory_full_info() for process in [parent, *parent.children(recursive=True)]]
    return sum(int(getattr(info, "pss", info.uss)) for info in infos) / MIB
