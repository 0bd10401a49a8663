"""Creating, claiming and completing tickets through the board's own API, on a full board and on an empty one."""

import time
from collections.abc import Iterator

from benchmarks.boards import temporary_app
from benchmarks.measure import Figure, Pairs, summarize, time_once
from kanban.app import App
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_PERSON, Caller, Mover
from kanban.store.filing import NewTicket
from kanban.store.runs import NewRun

TICKETS = 50_000
BATCH = 300
ROUNDS = 9

Seconds = dict[str, float]


def measure() -> Iterator[Figure]:
    """Two figures for each act: how many a second on the full board, and its time against the empty board."""
    with temporary_app(TICKETS) as full:
        _play_batch(full)
        pairs = [_play_pair(full, number) for number in range(ROUNDS)]
    for act in ("create", "claim", "complete"):
        yield from _judge(act, summarize([(on_full[act], on_empty[act]) for on_full, on_empty in pairs]))


def _judge(act: str, pairs: Pairs) -> Iterator[Figure]:
    rate, empty_rate = BATCH / pairs.subject, BATCH / pairs.reference
    behind = f"{rate:.0f}/s at {TICKETS:,}, {empty_rate:.0f}/s on an empty board"
    yield Figure(f"{act}: per second at {TICKETS:,} tickets", rate, "/s", 1000, at_least=True)
    yield Figure(f"{act}: time at {TICKETS:,} against an empty board", pairs.ratio, "x", 1.2, behind=behind)


def _play_pair(full: App, number: int) -> tuple[Seconds, Seconds]:
    """A batch on each board, by turns first; the empty one is new each time and warmed by a small batch."""
    with temporary_app() as empty:
        _play_batch(empty, 20)
        if number % 2:
            on_empty = _play_batch(empty)
            return _play_batch(full), on_empty
        on_full = _play_batch(full)
        return on_full, _play_batch(empty)


def _play_batch(app: App, count: int = BATCH) -> Seconds:
    """Create, claim and complete so many tickets; the seconds that each act took over all of them."""
    tickets: list[int] = []
    runs: list[int] = []
    return {
        "create": time_once(lambda: tickets.extend(_create(app, number) for number in range(count))),
        "claim": time_once(lambda: runs.extend(_claim(app, ticket_id) for ticket_id in tickets)),
        "complete": time_once(lambda: [_complete(app, run_id) for run_id in runs]),
    }


def _create(app: App, number: int) -> int:
    return app.board.create_ticket(NewTicket(f"Case {number}", "What is to be done."), THE_PERSON, time.time())


def _claim(app: App, ticket_id: int) -> int:
    run_id = app.runs.claim(NewRun(Purpose.WORK, "cody", "none", ticket_id), time.time(), lease_seconds=30)
    assert run_id is not None
    return run_id


def _complete(app: App, run_id: int) -> None:
    app.runs.end(run_id, Ending(Outcome.DONE), Caller(Mover.RUNNER, "cody", run_id), time.time(), "found and mended")
