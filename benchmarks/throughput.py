"""Creating, claiming and completing tickets through the board's own API: on a full board, raw, and on an empty one."""

import sqlite3
import time
from collections.abc import Iterator, Mapping

from benchmarks.boards import temporary_app
from benchmarks.measure import Figure, summarize, time_once
from benchmarks.replay import Recording, open_raw, raise_numbers, record
from kanban.app import App
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_PERSON, Caller, Mover
from kanban.store.filing import NewTicket
from kanban.store.runs import NewRun

TICKETS = 50_000
BATCH = 300
ROUNDS = 9

ACTS = ("create", "claim", "complete")
Seconds = Mapping[str, float]


def measure(tickets: int = TICKETS, batch: int = BATCH, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Two figures for each act: its speed against a raw loop on a board as full, and its time against an empty one."""
    with temporary_app(tickets) as full, temporary_app(tickets) as beside:
        recordings = _record_acts(full)
        raw = open_raw(beside)
        _play_batch(full, batch)
        _play_raw(raw, recordings, batch)
        taken = [_play_round(full, raw, recordings, number, batch) for number in range(rounds)]
        raw.close()
    for act in ACTS:
        raws = summarize([(on_raw[act], on_full[act]) for on_full, on_raw, _ in taken])
        sizes = summarize([(on_full[act], on_empty[act]) for on_full, _, on_empty in taken])
        behind = f"{batch / raws.reference:.0f}/s, raw {batch / raws.subject:.0f}/s"
        name = f"{act}: speed at {tickets:,} tickets against a raw loop"
        yield Figure(name, raws.ratio, "x", 0.3, at_least=True, behind=behind)
        behind = f"{batch / sizes.subject:.0f}/s, {batch / sizes.reference:.0f}/s on an empty board"
        yield Figure(f"{act}: time at {tickets:,} against an empty board", sizes.ratio, "x", 1.2, behind=behind)


def _play_round(
    full: App, raw: sqlite3.Connection, recordings: Mapping[str, Recording], number: int, batch: int
) -> tuple[Seconds, Seconds, Seconds]:
    """A batch on the full board, raw and on an empty board, in another order each time; the empty one is new."""
    with temporary_app() as empty:
        _play_batch(empty, 20)
        plays = [
            lambda: _play_batch(full, batch),
            lambda: _play_raw(raw, recordings, batch),
            lambda: _play_batch(empty, batch),
        ]
        taken = {place % 3: plays[place % 3]() for place in range(number, number + 3)}
    return taken[0], taken[1], taken[2]


def _record_acts(app: App) -> Mapping[str, Recording]:
    """The statements of one ticket's way through the board."""
    raise_numbers(app)
    made: list[int] = []
    return {
        "create": record(app, lambda: made.append(_create(app, 0))),
        "claim": record(app, lambda: made.append(_claim(app, made[0]))),
        "complete": record(app, lambda: _complete(app, made[1])),
    }


def _play_raw(raw: sqlite3.Connection, recordings: Mapping[str, Recording], count: int) -> Seconds:
    """The same acts through sqlite3; seconds as `_play_batch` gives them."""
    numbers: list[dict[str, int | None]] = [{} for _ in range(count)]

    def play_all(act: str) -> None:
        for known in numbers:
            known.update(recordings[act].play(raw, **known))

    return {act: time_once(lambda act=act: play_all(act)) for act in ACTS}  # type: ignore[misc]


def _play_batch(app: App, count: int) -> Seconds:
    """Create, claim and complete so many tickets; the seconds that each act took over all of them."""
    tickets: list[int] = []
    runs: list[int] = []

    def complete_all() -> None:
        for run_id in runs:
            _complete(app, run_id)

    return {
        "create": time_once(lambda: tickets.extend(_create(app, number) for number in range(count))),
        "claim": time_once(lambda: runs.extend(_claim(app, ticket_id) for ticket_id in tickets)),
        "complete": time_once(complete_all),
    }


def _create(app: App, number: int) -> int:
    return app.store.board.create_ticket(NewTicket(f"Case {number}", "What is to be done."), THE_PERSON, time.time())


def _claim(app: App, ticket_id: int) -> int:
    run_id = app.store.runs.claim(NewRun(Purpose.WORK, "cody", "none", ticket_id), time.time(), lease_seconds=30)
    assert run_id is not None
    return run_id


def _complete(app: App, run_id: int) -> None:
    app.store.runs.end(
        run_id, Ending(Outcome.DONE), Caller(Mover.RUNNER, "cody", run_id), time.time(), "found and mended"
    )
