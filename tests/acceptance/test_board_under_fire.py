"""Many processes claim and complete on one board, and one of them is killed in the middle of it."""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, Caller, Mover
from kanban.errors import MovedOn
from kanban.store.board import Board
from kanban.store.db import Database
from kanban.store.due import DueWork
from kanban.store.filing import NewTicket
from kanban.store.runs import NewRun, Runs
from kanban.store.schema import bring_up_to_date

PROCESSES = 5
TICKETS_EACH = 100
FORK = multiprocessing.get_context("fork")


def test_f06_nothing_is_claimed_twice_or_lost_while_five_processes_work_and_one_is_killed(tmp_path):
    play_round(tmp_path / "quiet", kill=False)
    play_round(tmp_path / "killed", kill=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_f06_nothing_is_claimed_twice_or_lost_in_twenty_rounds(tmp_path):
    for number in range(20):
        play_round(tmp_path / str(number), kill=number % 2 == 1)


def play_round(folder: Path, kill: bool) -> None:
    folder.mkdir()
    _make_board(folder)
    start = FORK.Barrier(PROCESSES)
    workers = [
        FORK.Process(target=_work, args=(folder, number, start, kill and number == 0)) for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [-signal.SIGKILL if kill else 0] + [0] * (PROCESSES - 1)
    _finish_what_is_left(folder)
    _check(folder, PROCESSES * TICKETS_EACH)


def _make_board(folder: Path) -> None:
    """Half of the tickets wait for others. Nothing stays open, so that no process inherits a connection."""
    db = Database(folder / "board.db")
    bring_up_to_date(db)
    drafts = [
        NewTicket(str(n), priority=n % 3, after=[n - 1] if n % 2 else []) for n in range(PROCESSES * TICKETS_EACH)
    ]
    Board(db, lambda: ["cody"]).file_tickets(drafts, THE_PERSON, time.time())
    db.close()


def _work(folder: Path, number: int, start, dies: bool = False) -> None:
    """Claim and complete until nothing is left. Each act is written down once the board has acknowledged it."""
    choose = random.Random(f"{folder.name} {number}")
    start.wait()
    if dies:
        _die_soon(choose)
    db = Database(folder / "board.db")
    with (folder / f"acknowledged.{number}").open("ab", buffering=0) as acknowledged:
        while ready := _what_is_ready(db):
            ticket_id = choose.choice(ready)
            new = NewRun(Purpose.WORK, "cody", "m", ticket_id)
            run_id = Runs(db).claim(new, time.time(), lease_seconds=0.5)
            if run_id is None:
                continue
            acknowledged.write(b"claimed %d\n" % ticket_id)
            Runs(db).end(run_id, Ending(Outcome.DONE), Caller(Mover.RUNNER, "cody", run_id), time.time())
            acknowledged.write(b"done %d\n" % ticket_id)


def _what_is_ready(db: Database) -> list[int]:
    """What can be claimed, once everything that waits for nothing has been promoted."""
    board, due = Board(db, lambda: ["cody"]), DueWork(db)
    for ticket_id in due.promotable(time.time())[:3]:
        try:
            board.promote(ticket_id, time.time())
        except MovedOn:
            continue
    return due.ready_tickets(time.time(), 8)


def _die_soon(choose: random.Random) -> None:
    threading.Timer(choose.uniform(0, 0.1), os.kill, (os.getpid(), signal.SIGKILL)).start()


def _finish_what_is_left(folder: Path) -> None:
    """The dispatcher ends what the killed process held, and one more process does the rest."""
    db = Database(folder / "board.db")
    for run in DueWork(db).live_runs():
        Runs(db).end(run.id, Ending(Outcome.INFRASTRUCTURE, "its process is gone"), THE_DISPATCHER, time.time())
    db.close()
    _work(folder, PROCESSES, FORK.Barrier(1))


def _check(folder: Path, tickets: int) -> None:
    acts = [line.split() for path in folder.glob("acknowledged.*") for line in path.read_text().splitlines()]
    claimed = Counter(int(ticket) for act, ticket in acts if act == "claimed")
    done = Counter(int(ticket) for act, ticket in acts if act == "done")
    db = Database(folder / "board.db")

    def count(statement: str) -> dict[int, int]:
        return {row[0]: row[1] for row in db.read(statement)}

    crashed = count("SELECT ticket_id, COUNT(*) FROM run WHERE outcome = 'infrastructure' GROUP BY 1")
    finished = count("SELECT ticket_id, COUNT(*) FROM run WHERE outcome = 'done' GROUP BY 1")
    assert len(crashed) <= 1
    assert all(times <= 1 + crashed.get(ticket_id, 0) for ticket_id, times in claimed.items()), "claimed twice"
    assert done.keys() <= finished.keys() and set(done.values()) == {1}, "an acknowledged completion was lost"
    assert finished == dict.fromkeys(range(1, tickets + 1), 1)
    assert count("SELECT status, COUNT(*) FROM ticket GROUP BY 1") == {"done": tickets}
    assert db.read("PRAGMA integrity_check")[0][0] == "ok" and not db.read("PRAGMA foreign_key_check")
    db.close()
