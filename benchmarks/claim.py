"""A claim through the board's API, against a loop that runs the same statements through sqlite3 itself."""

import sqlite3
import time
from collections.abc import Iterator

from benchmarks.boards import add_ready_tickets, temporary_app
from benchmarks.measure import Figure, compare, time_once
from benchmarks.replay import Recording, open_raw, raise_numbers, record
from kanban.app import App
from kanban.domain.outcome import Purpose
from kanban.store.runs import NewRun

TICKETS = 100_000
BATCH = 300
ROUNDS = 15


def measure(tickets: int = TICKETS, batch: int = BATCH, rounds: int = ROUNDS) -> Iterator[Figure]:
    """How much of the raw loop's speed a claim keeps."""
    with temporary_app(tickets) as app, temporary_app(tickets) as beside:
        raw = open_raw(beside)
        recording = _record_claim(app)
        pairs = compare(lambda: _claim_raw(beside, raw, recording, batch), lambda: _claim(app, batch), rounds)
        raw.close()
    behind = f"{batch / pairs.reference:.0f}/s, raw {batch / pairs.subject:.0f}/s"
    yield Figure(
        f"claim at {tickets:,} tickets: speed against a raw loop", pairs.ratio, "x", 0.5, at_least=True, behind=behind
    )


def _claim(app: App, batch: int) -> float:
    tickets = add_ready_tickets(app.store.db, batch)

    def claim_all() -> None:
        for ticket_id in tickets:
            _claim_one(app, ticket_id)

    return time_once(claim_all)


def _claim_one(app: App, ticket_id: int) -> None:
    assert (
        app.store.runs.claim(NewRun(Purpose.WORK, "cody", "none", ticket_id), time.time(), lease_seconds=30) is not None
    )


def _claim_raw(app: App, raw: sqlite3.Connection, recording: Recording, batch: int) -> float:
    """Play the statements of a claim on tickets of the board beside."""
    tickets = add_ready_tickets(app.store.db, batch)

    def claim_all() -> None:
        for ticket_id in tickets:
            recording.play(raw, ticket=ticket_id)

    return time_once(claim_all)


def _record_claim(app: App) -> Recording:
    raise_numbers(app)
    (ticket_id,) = add_ready_tickets(app.store.db, 1)
    return record(app, lambda: _claim_one(app, ticket_id))
