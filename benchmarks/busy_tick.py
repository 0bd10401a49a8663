"""A tick that starts ten runs, on a full board and on an empty one; the launcher only takes the numbers."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.boards import temporary_app
from benchmarks.farm import WORKER, file_ticket, set_worker
from benchmarks.measure import Figure, compare, time_once
from kanban.app import App
from kanban.dispatch.dispatcher import Dispatcher
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import Caller, Mover
from kanban.files.yamlfile import edit_yaml
from kanban.store.due import LiveRun

FULL = 50_000
STARTED = 10
ROUNDS = 25


def measure(tickets: int = FULL, rounds: int = ROUNDS) -> Iterator[Figure]:
    """The full board against the empty one."""
    with temporary_app(tickets) as full, temporary_app() as empty:
        dispatchers = {app: _make_dispatcher(app) for app in (full, empty)}
        pairs = compare(
            lambda: _start_ten(full, dispatchers[full]), lambda: _start_ten(empty, dispatchers[empty]), rounds
        )
    behind = f"{pairs.subject * 1000:.1f} ms, on an empty board {pairs.reference * 1000:.1f} ms"
    yield Figure(f"tick that starts {STARTED} runs at {tickets:,} tickets", pairs.ratio, "x", 1.5, behind=behind)


class _Recorder:
    """A launcher that starts no process."""

    def start(self) -> None:
        """Nothing to make ready."""

    def launch(self, run_id: int) -> None:
        """Nothing to start."""

    def is_alive(self, run: LiveRun) -> bool | None:
        """No process was started."""
        return None

    def stop(self, run: LiveRun) -> None:
        """No process was started, so none is to be ended."""

    def probe(self, profile: str, model: str) -> None:
        """Nothing to try."""


def _make_dispatcher(app: App) -> Dispatcher:
    edit_yaml(app.home.settings_file, lambda data: data.update(slots=STARTED))
    set_worker(app, max_parallel=STARTED)
    return Dispatcher(replace(app.parts, launcher=_Recorder()))


def _start_ten(app: App, dispatcher: Dispatcher) -> float:
    for number in range(STARTED):
        file_ticket(app, f"Ticket {number}")
    now = app.clock()
    seconds = time_once(lambda: dispatcher.tick(now))
    live = app.store.due.live_runs()
    assert len(live) == STARTED, f"{len(live)} runs were started"
    for run in live:
        app.store.runs.end(run.id, Ending(Outcome.DONE), Caller(Mover.RUNNER, WORKER, run.id), now)
    return seconds
