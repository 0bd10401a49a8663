"""A claim through the board's API, against a loop that runs the same statements through sqlite3 itself."""

import sqlite3
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import event

from benchmarks.boards import add_ready_tickets, temporary_app
from benchmarks.measure import Figure, compare, time_once
from kanban.app import App
from kanban.domain.outcome import Purpose
from kanban.store.runs import NewRun

TICKETS = 100_000
BATCH = 300
ROUNDS = 15

Statements = list[tuple[str, tuple[Any, ...]]]


def measure() -> Iterator[Figure]:
    """How much of the raw loop's speed a claim keeps."""
    with temporary_app(TICKETS) as app, temporary_app(TICKETS) as beside:
        raw = _open_raw(beside)
        statements = _record_statements(app)
        pairs = compare(lambda: _claim_raw(beside, raw, statements), lambda: _claim(app), ROUNDS)
        raw.close()
    behind = f"{BATCH / pairs.reference:.0f}/s, raw {BATCH / pairs.subject:.0f}/s"
    yield Figure(
        f"claim at {TICKETS:,} tickets: speed against a raw loop", pairs.ratio, "x", 0.5, at_least=True, behind=behind
    )


def _claim(app: App) -> float:
    tickets = add_ready_tickets(app.db, BATCH)
    return time_once(lambda: [_claim_one(app, ticket_id) for ticket_id in tickets])


def _claim_one(app: App, ticket_id: int) -> None:
    assert app.runs.claim(NewRun(Purpose.WORK, "cody", "none", ticket_id), time.time(), lease_seconds=30) is not None


def _claim_raw(app: App, raw: sqlite3.Connection, statements: Statements) -> float:
    """Play the statements of a claim with the numbers of the ticket and of the run put in their places."""
    (insert, for_run), (update, for_ticket), (log, for_event) = statements
    tickets = add_ready_tickets(app.db, BATCH)

    def claim_all() -> None:
        for ticket_id in tickets:
            raw.execute("BEGIN IMMEDIATE")
            run_id = raw.execute(insert, (ticket_id, *for_run[1:])).lastrowid
            raw.execute(update, (run_id, *for_ticket[1:4], ticket_id, for_ticket[5]))
            raw.execute(log, (*for_event[:3], ticket_id, for_event[4], run_id, *for_event[6:]))
            raw.execute("COMMIT")

    return time_once(claim_all)


def _record_statements(app: App) -> Statements:
    """The statements of one real claim between BEGIN and COMMIT, with their values."""
    seen: Statements = []

    def record(_connection: object, _cursor: object, statement: str, values: tuple[Any, ...], *_: object) -> None:
        seen.append((statement, values))

    (ticket_id,) = add_ready_tickets(app.db, 1)
    event.listen(app.db.engine, "before_cursor_execute", record)
    _claim_one(app, ticket_id)
    event.remove(app.db.engine, "before_cursor_execute", record)
    assert [words for words, _ in seen if words in ("BEGIN IMMEDIATE", "COMMIT")] == ["BEGIN IMMEDIATE", "COMMIT"]
    return seen[1:-1]


def _open_raw(app: App) -> sqlite3.Connection:
    """A connection with the board's own settings."""
    raw = sqlite3.connect(app.home.board, isolation_level=None)
    for pragma in ("journal_mode", "synchronous", "foreign_keys"):
        raw.execute(f"PRAGMA {pragma} = {app.db.read(f'PRAGMA {pragma}')[0][0]}")
    return raw
