"""Boards of any size, filled through the tables themselves: many thousands of tickets in a few seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlmodel import SQLModel, insert

from kanban.app import App, build
from kanban.files.home import init_home
from kanban.store.db import Database
from kanban.store.tables import BriefVersion, Dependency, Event, Run, Ticket

Rows = list[dict[str, Any]]

# Of a hundred tickets: ten wait for one of the five that are blocked, five are archived, eighty are done.
WAITING, BLOCKED, ARCHIVED = 10, 5, 5
BODY = "Find out where the time goes.\n\n" + "- A step of the way, with an exact path: /srv/app/src/main.py\n" * 12


@contextmanager
def temporary_app(tickets: int = 0) -> Iterator[App]:
    """The app of a new home whose board holds so many tickets."""
    with TemporaryDirectory(prefix="kanban-bench-") as folder:
        init_home(Path(folder))
        app = build(Path(folder))
        fill_board(app.store.db, tickets)
        yield app
        app.store.db.close()


def fill_board(db: Database, tickets: int) -> None:
    """Put tickets on an empty board, with their briefs, dependencies, runs and events; nothing of it is due."""
    now = time.time() - 86_400
    numbers = range(1, tickets + 1)
    rows: dict[type[SQLModel], Rows] = {
        Ticket: [_make_ticket(number, now) for number in numbers],
        BriefVersion: [
            {"ticket_id": number, "version": 1, "body": BODY, "author": "ginger", "created_at": now}
            for number in numbers
        ],
        Dependency: [
            {"ticket_id": number, "depends_on": _first_of_hundred(number) + WAITING + number % BLOCKED}
            for number in numbers
            if _place(number) < WAITING
        ],
        Run: [_make_run(number, now) for number in numbers if _status(number) != "todo"],
        Event: [
            {"at": now, "actor": "dispatcher", "verb": verb, "ticket_id": number, "why": "", "new_status": status}
            for number in numbers
            for verb, status in (("create", "ready"), ("claim", "running"), ("move", _status(number)))
        ],
    }
    with db.write() as tx:
        for table, made in rows.items():
            if made:
                tx.execute(insert(table), made)
    db.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def add_ready_tickets(db: Database, count: int) -> list[int]:
    """Put ready tickets on a board and return their numbers."""
    first = int(db.read("SELECT COALESCE(MAX(id), 0) + 1 FROM ticket")[0][0])
    now = time.time()
    made = [{**_make_ticket(number, now), **_READY} for number in range(first, first + count)]
    with db.write() as tx:
        tx.execute(insert(Ticket), made)
    return [ticket["id"] for ticket in made]


_READY = {"status": "ready", "block_reason": None, "open_dependencies": 0, "archived": False}


def _place(number: int) -> int:
    return (number - 1) % 100


def _first_of_hundred(number: int) -> int:
    return number - _place(number)


def _status(number: int) -> str:
    if _place(number) < WAITING:
        return "todo"
    return "blocked" if _place(number) < WAITING + BLOCKED else "done"


def _make_ticket(number: int, now: float) -> dict[str, Any]:
    status = _status(number)
    return {
        "id": number,
        "title": f"Look into case {number} of the solar tile",
        "status": status,
        "assignee": None if status == "todo" else "cody",
        "block_reason": "other" if status == "blocked" else None,
        "open_dependencies": 1 if status == "todo" else 0,
        "archived": _place(number) >= 100 - ARCHIVED,
        "summary": "found and mended" if status == "done" else "",
        "created_by": "ginger",
        "created_at": now,
        "updated_at": now,
        "status_since": now,
    }


def _make_run(number: int, now: float) -> dict[str, Any]:
    return {
        "ticket_id": number,
        "purpose": "work",
        "profile": "cody",
        "model": "moonshot/kimi-k2.7-code",
        "started_at": now,
        "lease_until": now,
        "activity_at": now,
        "ended_at": now,
        "outcome": _status(number) if _status(number) == "blocked" else "done",
        "turns": 12,
    }
