"""A tick that finds nothing to do, against one bare indexed query through sqlite3."""

import sqlite3
import time
from collections.abc import Iterator

from benchmarks.boards import temporary_app
from benchmarks.measure import Figure, compare, time_once
from kanban.app import App

LARGE, SMALL = 100_000, 1_000
BATCH = 200
ROUNDS = 25

BARE = "SELECT 1 FROM ticket WHERE status = 'ready' AND archived = 0 LIMIT 1"


def measure(tickets: int = LARGE, few: int = SMALL, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Against the bare query, against a small board, and how many rows it changed."""
    with temporary_app(tickets) as large, temporary_app(few) as small:
        bare = sqlite3.connect(large.home.board)
        changes = _count_changes(large)
        pairs = compare(lambda: _tick(large), lambda: time_once(lambda: _ask(bare)), rounds)
        changed = _count_changes(large) - changes
        sizes = compare(lambda: _tick(large), lambda: _tick(small), rounds)
        bare.close()
    behind = f"{_micro(pairs.subject)}, the query {_micro(pairs.reference)}"
    yield Figure(f"idle tick at {tickets:,} tickets against a bare query", pairs.ratio, "x", 10, behind=behind)
    behind = f"{_micro(sizes.subject)}, at {few:,} {_micro(sizes.reference)}"
    yield Figure(f"idle tick at {tickets:,} tickets against {few:,}", sizes.ratio, "x", 1.2, behind=behind)
    yield Figure("idle tick: rows written", changed, "rows", 0)


def _tick(app: App) -> float:
    now = time.time()
    return time_once(lambda: [app.dispatcher.tick(now) for _ in range(BATCH)])


def _ask(bare: sqlite3.Connection) -> None:
    for _ in range(BATCH):
        assert bare.execute(BARE).fetchone() is None


def _count_changes(app: App) -> int:
    raw = app.store.db.connection().connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw.total_changes


def _micro(seconds: float) -> str:
    return f"{1e6 * seconds / BATCH:.0f} µs"
