"""The least that an act on the board can cost: its own statements, recorded from a real one, through sqlite3 itself."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlmodel import insert

from benchmarks.boards import add_ready_tickets
from kanban.app import App
from kanban.store.tables import Run, Ticket

# So high that a number of a ticket or run is mistaken for no other value of a statement.
FIRST_TICKET, FIRST_RUN = 1_000_000_000, 2_000_000_000


@dataclass(frozen=True)
class Statement:
    """One statement; `places` are where its values name the ticket or the run, `makes` which of them it inserts."""

    words: str
    values: Sequence[Any]
    places: Sequence[tuple[int, str]]
    makes: str | None


@dataclass(frozen=True)
class Recording:
    """The statements of one act on one ticket, from BEGIN to COMMIT."""

    statements: Sequence[Statement]

    def play(self, raw: sqlite3.Connection, ticket: int | None = None, run: int | None = None) -> dict[str, Any]:
        """Act on another ticket and run, or make them; their numbers."""
        numbers = {"ticket": ticket, "run": run}
        for statement in self.statements:
            values = list(statement.values)
            for place, name in statement.places:
                values[place] = numbers[name]
            cursor = raw.execute(statement.words, values)
            if cursor.description:
                cursor.fetchall()
            if statement.makes:
                numbers[statement.makes] = cursor.lastrowid
        return numbers


def raise_numbers(app: App) -> None:
    """Have the board number its next ticket and run so that both are told apart from every other value."""
    (ticket_id,) = add_ready_tickets(app.store.db, 1)
    with app.store.db.write() as tx:
        tx.exec_driver_sql("UPDATE ticket SET id = ?, status = 'done' WHERE id = ?", (FIRST_TICKET, ticket_id))
        ended = {"purpose": "work", "profile": "cody", "model": "none", "ended_at": 1.0, "outcome": "done"}
        times = dict.fromkeys(("started_at", "lease_until", "activity_at"), 1.0)
        tx.execute(insert(Run), [{"id": FIRST_RUN, "ticket_id": FIRST_TICKET, **ended, **times}])


def record(app: App, act: Callable[[], object]) -> Recording:
    """Do `act` on a board with raised numbers, and keep its statements."""
    seen: list[tuple[str, Sequence[Any]]] = []

    def note(_connection: object, _cursor: object, words: str, values: Sequence[Any], *_: object) -> None:
        seen.append((words.strip(), values))

    event.listen(app.store.db.engine, "before_cursor_execute", note)
    act()
    event.remove(app.store.db.engine, "before_cursor_execute", note)
    assert [words for words, _ in seen if words in ("BEGIN IMMEDIATE", "COMMIT")] == ["BEGIN IMMEDIATE", "COMMIT"]
    return Recording([_read(words, values) for words, values in seen])


def open_raw(app: App) -> sqlite3.Connection:
    """A connection with the board's own settings."""
    raw = sqlite3.connect(app.home.board, isolation_level=None)
    for pragma in ("journal_mode", "synchronous", "foreign_keys"):
        raw.execute(f"PRAGMA {pragma} = {app.store.db.read(f'PRAGMA {pragma}')[0][0]}")
    return raw


def _read(words: str, values: Sequence[Any]) -> Statement:
    places = [(place, name) for place, value in enumerate(values) if (name := _name(value))]
    made = {f"INSERT INTO {table.__tablename__} (": str(table.__tablename__) for table in (Ticket, Run)}
    return Statement(words, values, places, next((made[start] for start in made if words.startswith(start)), None))


def _name(value: object) -> str | None:
    if not isinstance(value, int) or value <= FIRST_TICKET:
        return None
    return "ticket" if value <= FIRST_RUN else "run"
