"""From the kill of a worker to the next worker's call of the model, in periods of the lease."""

import os
import signal
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.farm import daemon, file_ticket, loopback_app
from benchmarks.loopback import Loopback, serve
from benchmarks.measure import Figure
from kanban.app import App
from kanban.domain.ticket import THE_PERSON
from kanban.files.yamlfile import edit_yaml

LEASE = 6.0  # seconds; the default is 30, and the figure is a ratio to it
KILLS = 5


def measure(lease: float = LEASE, kills: int = KILLS) -> Iterator[Figure]:
    """The median over some kills, each of another ticket's worker: a ticket that is killed thrice has to wait."""
    with serve("hang") as server, loopback_app(server.url) as app:
        edit_yaml(app.home.settings_file, lambda data: data.update(lease_seconds=lease))
        with daemon(app):
            waits = [_kill_and_wait(app, server) for _ in range(kills)]
    behind = f"from {min(waits):.1f} s to {max(waits):.1f} s over {kills} kills, with a lease of {lease:g} s"
    yield Figure("rescue after a killed worker, in lease periods", median(waits) / lease, "x", 2, behind=behind)


def _kill_and_wait(app: App, server: Loopback) -> float:
    ticket = file_ticket(app, "The one that is killed")
    server.next_moment("arrived")
    [run] = app.store.due.live_runs()
    assert run.pid is not None
    os.kill(run.pid, signal.SIGKILL)
    killed = time.monotonic()
    wait = server.next_moment("arrived") - killed
    app.store.board.cancel(ticket, THE_PERSON, app.clock(), "It was measured.")
    return wait
