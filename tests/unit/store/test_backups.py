"""Copies of the board: whole although it is in use, checked, rotated; and a copy put back in its place."""

import sqlite3
import subprocess
import sys
import threading
from subprocess import PIPE

import pytest

from kanban.domain.outcome import Outcome
from kanban.errors import BoardError, BoardReplaced, InvalidInput, NotFound, Refused
from kanban.store.backups import DAY, Backups
from kanban.store.db import Database, copy_board
from kanban.store.leadership import Leadership
from kanban.store.presence import Presence
from kanban.store.restoring import restore_board
from kanban.store.runs import Process
from tests.unit.store.desk import NOW, Desk

# Holds the board in place until its standard input is closed, as does the process that it has forked.
LIVING = """
import os, sys
from pathlib import Path
from kanban.store.presence import Presence

presence = Presence(Path(sys.argv[1]))
presence.enter()
if os.fork() == 0:
    print("here", flush=True)
    sys.stdin.read()
"""

DAEMON = Process(4711, 1.0, "here")


@pytest.fixture
def backups(path, tmp_path):
    return Backups(path, tmp_path / "backups")


@pytest.fixture
def put_back(path, tmp_path, backups):
    """Restores a copy; `living` are the processes that still run."""

    def restore(source, living=(), now=NOW):
        (tmp_path / "runs").mkdir(exist_ok=True)
        presence = Presence(tmp_path / "in-use")
        return restore_board(source, path, tmp_path / "runs", backups, presence, lambda p: p in living, now)

    return restore


def titles(path):
    desk = Desk(path)
    found = [row[0] for row in desk.rows("SELECT title FROM ticket ORDER BY id")]
    desk.db.close()
    return found


# -- copies -----------------------------------------------------------------------------------------------------------


def test_a_copy_holds_what_stands_only_in_the_log_and_is_one_file(desk, path, backups):
    desk.create("kept")
    assert path.with_name("board.db-wal").stat().st_size
    made = backups.make("by-hand", NOW)
    assert titles(made) == ["kept"]
    assert [file.name for file in made.parent.iterdir()] == [made.name]
    assert made.stat().st_mode & 0o077 == 0


def test_a_copy_is_made_while_others_write(desk, path, backups):
    stop = threading.Event()

    def write():
        other = Desk(path)
        while not stop.is_set():
            other.create("written meanwhile")
        other.db.close()

    desk.create("first")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [backups.make(f"by-hand-{number}", NOW) for number in range(5)]
    finally:
        stop.set()
        writer.join()
    for copy in copies:
        events = sqlite3.connect(copy).execute("SELECT COUNT(DISTINCT ticket_id) FROM event").fetchone()[0]
        assert events == len(titles(copy)) > 0


def test_a_damaged_board_is_not_copied_and_no_good_copy_makes_room_for_it(desk, path, backups):
    for _ in range(200):
        desk.create("x" * 500)
    good = backups.make_daily(1, NOW)
    desk.db.fold_log()
    desk.db.close()
    data = bytearray(path.read_bytes())
    data[4096 * 20 : 4096 * 40] = b"\xff" * 4096 * 20
    path.write_bytes(data)
    with pytest.raises(BoardError, match=r"damaged|malformed"):
        backups.make_daily(1, NOW + DAY)
    assert [backup.path for backup in backups.list()] == [good] and len(list(good.parent.iterdir())) == 1


def test_what_is_no_board_is_not_copied(tmp_path):
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE recipes (name)")
    (tmp_path / "list.db").write_text("this is my shopping list\n" * 200)
    for source in ("other.db", "list.db", "missing.db"):
        with pytest.raises(BoardError) as refused:
            copy_board(tmp_path / source, tmp_path / "copy.db")
        assert refused.value.hint and source in str(refused.value)
    assert not (tmp_path / "copy.db").exists()


def test_a_file_that_is_there_already_is_left_alone(desk, backups, tmp_path):
    (tmp_path / "mine.db").write_text("mine")
    with pytest.raises(InvalidInput, match="exists already"):
        backups.copy_to(tmp_path / "mine.db")
    with pytest.raises(BoardError, match="No such file"):
        backups.copy_to(tmp_path / "nowhere" / "copy.db")
    assert (tmp_path / "mine.db").read_text() == "mine"


def test_one_copy_a_day_is_kept_as_many_days_as_is_said_and_none_of_the_others_goes(desk, backups):
    by_hand = backups.make("by-hand", NOW)
    made = [backups.make_daily(3, NOW + hour * 3600) for hour in range(0, 24 * 6, 6)]
    assert sum(path is not None for path in made) == 6
    kept = [backup.path for backup in backups.list()]
    assert len(kept) == 4 and by_hand in kept and {*filter(None, made[-13:])} < set(kept)
    assert backups.make_daily(0, NOW + 99 * DAY) is None


def test_a_clock_that_was_far_ahead_stops_no_daily_copy(desk, backups):
    backups.make_daily(7, NOW + 400 * DAY)
    assert backups.make_daily(7, NOW) is not None


# -- a copy put back --------------------------------------------------------------------------------------------------


def test_a_copy_is_put_back_and_the_old_file_is_kept(desk, path, backups, put_back):
    desk.create("before")
    copy = backups.make("by-hand", NOW)
    desk.create("after")
    restored = put_back(copy)
    assert (titles(path), titles(restored.kept)) == (["before"], ["before", "after"])


def test_who_still_has_the_old_file_open_is_told_and_writes_nothing_to_it(desk, backups, put_back):
    desk.create("before")
    restored = put_back(backups.make("by-hand", NOW))
    with pytest.raises(BoardReplaced, match="was replaced while it was in use"):
        desk.create("lost")
    with pytest.raises(BoardReplaced):
        desk.db.data_version()
    assert titles(restored.kept) == ["before"]


@pytest.mark.parametrize("harm", ["missing", "emptied", "damaged"])
def test_a_board_that_is_gone_or_damaged_is_put_back(desk, path, backups, put_back, harm):
    desk.create("before")
    copy = backups.make("by-hand", NOW)
    desk.db.close()
    if harm == "missing":
        path.unlink()
        path.with_name("board.db-wal").write_bytes(b"the log of another file")
    else:
        path.write_bytes(b"" if harm == "emptied" else b"\xff" * 9000)
    restored = put_back(copy)
    assert titles(path) == ["before"] and (restored.kept is None) == (harm == "missing")


def test_a_restore_is_refused_under_a_live_daemon_and_a_live_run(desk, path, backups, put_back):
    copy = backups.make("by-hand", NOW)
    Leadership(desk.db, DAEMON).take(NOW, 60)
    with pytest.raises(Refused, match=r"daemon \(process 4711 on here\)") as refused:
        put_back(copy, living=[DAEMON])
    assert refused.value.hint == "stop it first: kill 4711"
    worker = Process(4712, 1.0, "here")
    run_id = desk.claim(desk.create())
    desk.runs.adopt(run_id, worker, "", NOW + 60)
    with pytest.raises(Refused, match=rf"runs are under way \({run_id}\)"):
        put_back(copy, living=[worker])
    assert len(titles(path)) == 1
    put_back(copy)
    assert titles(path) == []


def test_a_restore_is_refused_while_a_daemon_lives_though_the_board_cannot_say_so(desk, path, tmp_path, put_back):
    copy = Backups(path, tmp_path / "backups").make("by-hand", NOW)
    desk.db.close()
    path.write_bytes(b"\xff" * 9000)
    daemon = subprocess.Popen([sys.executable, "-c", LIVING, tmp_path / "in-use"], stdin=PIPE, stdout=PIPE)
    try:
        assert daemon.stdout.readline() == b"here\n"
        with pytest.raises(Refused, match="a daemon or a run works on the board"):
            put_back(copy)
    finally:
        daemon.communicate()
    put_back(copy)


def test_a_copy_of_a_newer_program_or_none_at_all_is_refused(desk, path, backups, put_back, tmp_path):
    desk.create("mine")
    copy = backups.make("by-hand", NOW)
    newer = sqlite3.connect(copy)
    newer.execute("UPDATE alembic_version SET version_num = '9999'")
    newer.commit()
    newer.close()
    with pytest.raises(BoardReplaced, match="schema '9999' is not known"):
        put_back(copy)
    with pytest.raises(NotFound, match="there is no file"):
        put_back(tmp_path / "missing.db")
    assert titles(path) == ["mine"] and not list(path.parent.glob(".board.db*"))


def test_folders_of_runs_that_the_copy_knows_not_are_set_aside(desk, backups, put_back, tmp_path):
    """The next run gets the number again, and must not find another's workspace."""
    known = desk.claim(desk.create())
    desk.end(known, Outcome.DONE)
    copy = backups.make("by-hand", NOW)
    for number in (known, known + 1):
        (tmp_path / "runs" / str(number)).mkdir(parents=True)
    restored = put_back(copy)
    assert [folder.name for folder in restored.set_aside] == [str(known + 1)]
    assert sorted(folder.name for folder in (tmp_path / "runs").iterdir()) == [str(known), f"replaced-{NOW:.0f}"]


def test_a_database_that_was_removed_is_told_by_who_has_it_open(desk, path):
    desk.create()
    path.unlink()
    with pytest.raises(BoardReplaced, match="was removed while it was in use") as told:
        desk.create()
    assert "kanban restore FILE" in told.value.hint
    assert not path.exists()
    with pytest.raises(BoardError):
        Database(path).revision()
