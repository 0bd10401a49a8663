"""Opening a board: made once, never again empty; migrated alone and with a copy; refused where SQLite cannot log."""

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from alembic import command

from kanban.errors import BoardError, BoardReplaced, Refused
from kanban.store.db import Database
from kanban.store.faults import find_file_system
from kanban.store.migrations import make_config
from kanban.store.presence import Presence, refuse_beside_the_living
from kanban.store.runs import Process
from kanban.store.schema import SCHEMA_REVISION, bring_up_to_date, open_board, require_known_schema
from tests.unit.store.desk import NOW

DAEMON = Process(4711, 1.0, "here")
WORKER = Process(4712, 2.0, "here")


def open_at(folder, prepare=lambda revision: None, traces=False):
    """Opens the board of a home as programs do, and closes it."""
    db = Database(folder / "board.db")
    try:
        open_board(db, folder / ".board", Presence(folder / ".in-use"), prepare, lambda: traces)
        return db.revision()
    finally:
        db.close()


def make_old(path, revision="0001"):
    path.touch()
    db = Database(path)
    with db.write() as tx:
        command.upgrade(make_config(db), revision)
        tx.exec_driver_sql("INSERT INTO dispatcher_lease VALUES (1, 'x', 4711, 1.0, 'here', 1, 1, ?)", (NOW + 60,))
        tx.exec_driver_sql(
            "INSERT INTO run (purpose, profile, model, started_at, lease_until, activity_at, "
            "pid, pid_started, hostname) VALUES ('chat', 'ginger', 'm', 1, ?, 1, 4712, 2.0, 'here')",
            (NOW + 60,),
        )
    db.close()


def test_a_new_home_gets_a_board_and_no_copy_of_nothing(tmp_path):
    copies = []
    assert open_at(tmp_path, copies.append) == SCHEMA_REVISION
    assert open_at(tmp_path, copies.append) == SCHEMA_REVISION
    assert copies == []


@pytest.mark.parametrize("harm", ["gone", "empty"])
def test_f55_a_board_that_is_gone_or_empty_is_an_error_that_names_the_remedy(tmp_path, harm):
    open_at(tmp_path)
    (tmp_path / "board.db").unlink()
    if harm == "empty":
        (tmp_path / "board.db").touch()
    for _ in range(2):
        with pytest.raises(BoardError, match=f"board.db is {harm}, and this home had a board") as told:
            open_at(tmp_path)
        assert "kanban restore FILE" in told.value.hint and str(tmp_path / ".board") in told.value.hint
    assert (tmp_path / "board.db").exists() == (harm == "empty")


def test_f55_what_a_board_has_left_behind_says_that_there_was_one(tmp_path):
    """A home of a version that wrote no marker."""
    with pytest.raises(BoardError, match="is gone"):
        open_at(tmp_path, traces=True)
    bring_up_to_date(Database(tmp_path / "board.db"))
    open_at(tmp_path)
    assert (tmp_path / ".board").exists()


def test_who_really_wants_an_empty_board_does_what_the_hint_says(tmp_path):
    open_at(tmp_path)
    (tmp_path / "board.db").unlink()
    (tmp_path / ".board").unlink()
    assert open_at(tmp_path) == SCHEMA_REVISION


def test_processes_that_open_a_new_home_at_once_all_find_its_board(tmp_path):
    context = multiprocessing.get_context("fork")
    ready, told = context.Barrier(4), context.SimpleQueue()

    def open_new():
        ready.wait()
        try:
            told.put(open_at(tmp_path))
        except Exception as error:
            told.put(repr(error))

    processes = [context.Process(target=open_new) for _ in range(4)]
    for process in processes:
        process.start()
    answers = [told.get() for _ in processes]
    for process in processes:
        process.join()
    assert answers == [SCHEMA_REVISION] * 4


# -- migrations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("living", "told"),
    [([DAEMON], r"the daemon \(process 4711 on here\) has it open"), ([WORKER], r"runs are under way \(1\)")],
)
def test_f54_a_board_is_not_migrated_beside_a_daemon_or_a_run_of_the_old_version(tmp_path, living, told):
    make_old(tmp_path / "board.db")

    def prepare(_revision):
        refuse_beside_the_living(Database(tmp_path / "board.db"), "the migration", lambda p: p in living, NOW)

    with pytest.raises(Refused, match=told) as refused:
        open_at(tmp_path, prepare)
    assert refused.value.hint
    db = Database(tmp_path / "board.db")
    assert db.revision() == "0001"
    db.close()
    living.clear()
    assert open_at(tmp_path, prepare) == SCHEMA_REVISION


def test_f54_a_migration_waits_for_who_works_on_the_board(tmp_path, monkeypatch):
    monkeypatch.setattr("kanban.store.schema.MIGRATION_WAIT", 0.1)
    make_old(tmp_path / "board.db")
    presence = Presence(tmp_path / ".in-use")
    presence.enter()
    with pytest.raises(Refused, match="a daemon or a run works on the board"):
        open_at(tmp_path)
    del presence
    assert open_at(tmp_path) == SCHEMA_REVISION


def test_a_copy_that_fails_keeps_the_board_from_being_migrated(tmp_path):
    make_old(tmp_path / "board.db")

    def prepare(_revision):
        raise BoardError("the disk is full", "free some space")

    with pytest.raises(BoardError, match="the disk is full"):
        open_at(tmp_path, prepare)
    db = Database(tmp_path / "board.db")
    assert db.revision() == "0001"
    db.close()


def test_f54_who_has_an_older_schema_in_mind_is_told_so(desk, db):
    require_known_schema(db)
    with db.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BoardReplaced, match="schema '9999' is not known") as told:
        require_known_schema(db)
    assert "upgrade kanban" in told.value.hint


# -- file systems -----------------------------------------------------------------------------------------------------


class WithoutSharedMemory(Database):
    """SQLite as it is on a network share: locks by files, and no memory that processes share."""

    def _open(self):
        return sqlite3.connect(f"file:{self.path}?vfs=unix-dotfile", uri=True, check_same_thread=False)


def test_a_file_system_on_which_sqlite_cannot_keep_its_log_is_refused_by_name(tmp_path):
    board = WithoutSharedMemory(tmp_path / "board.db")
    with pytest.raises(BoardError, match="does not work on this file system") as refused:
        board.make()
    assert f"({find_file_system(tmp_path)}; journal mode 'delete')" in str(refused.value)
    assert "a disk of this machine" in refused.value.hint


def test_the_type_of_a_file_system_is_that_of_the_nearest_mount(tmp_path):
    assert find_file_system(Path("/proc/self/status")) == "proc"
    assert find_file_system(tmp_path / "not" / "there") not in ("", "proc")
