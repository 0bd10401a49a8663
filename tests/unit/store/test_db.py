"""The database file: its schema, and what goes wrong with it."""

import multiprocessing
import shutil
import sqlite3

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from kanban.domain.outcome import Outcome
from kanban.domain.ticket import THE_PERSON
from kanban.errors import HomeError
from kanban.store.db import Database
from kanban.store.migrations import make_config
from kanban.store.schema import SCHEMA_REVISION, bring_up_to_date
from tests.unit.store.desk import NOW, Desk


def test_the_revision_that_is_written_down_is_the_newest_migration(db):
    assert ScriptDirectory.from_config(make_config(db)).get_heads() == [SCHEMA_REVISION]
    assert db.revision() == SCHEMA_REVISION


def test_the_migrations_make_exactly_the_tables(db):
    context = MigrationContext.configure(db.connection(), opts={"compare_type": True, "compare_server_default": True})
    assert compare_metadata(context, SQLModel.metadata) == []


@pytest.fixture(scope="module")
def as_declared():
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    return inspect(engine)


@pytest.mark.parametrize("table", sorted(SQLModel.metadata.tables))
def test_the_migrations_make_exactly_the_constraints_and_partial_indexes(db, as_declared, table):
    migrated = inspect(db.connection())
    for read in ("get_check_constraints", "get_indexes", "get_unique_constraints", "get_foreign_keys"):
        told = [sorted(map(_plain, getattr(side, read)(table))) for side in (migrated, as_declared)]
        assert told[0] == told[1]


def _plain(constraint):
    return str(sorted((key, str(value)) for key, value in constraint.items() if key != "dialect_options")) + str(
        {key: str(value) for key, value in constraint.get("dialect_options", {}).items()}
    )


def test_bringing_a_board_up_to_date_twice_changes_nothing(desk, db):
    ticket_id = desk.create()
    before = db.data_version()
    bring_up_to_date(db)
    assert db.data_version() == before and desk.status(ticket_id) == "ready"


def test_processes_that_open_a_new_board_at_once_all_find_it_made(tmp_path):
    context = multiprocessing.get_context("fork")
    ready, told = context.Barrier(4), context.SimpleQueue()
    processes = [context.Process(target=_open_new, args=(tmp_path / "board.db", ready, told)) for _ in range(4)]
    for process in processes:
        process.start()
    answers = [told.get() for _ in processes]
    for process in processes:
        process.join()
    assert answers == [SCHEMA_REVISION] * 4


def _open_new(path, ready, told):
    ready.wait()
    try:
        db = Database(path)
        bring_up_to_date(db)
        told.put(db.revision())
    except Exception as error:
        told.put(repr(error))


def test_a_board_of_a_newer_program_is_left_alone(desk, db):
    with db.write() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(HomeError, match="schema '9999' is not known") as refused:
        bring_up_to_date(db)
    assert "upgrade kanban" in refused.value.hint
    assert db.revision() == "9999"


def test_a_new_file_has_no_revision(tmp_path):
    (tmp_path / "new.db").touch()
    assert Database(tmp_path / "new.db").revision() is None


def test_a_board_that_is_gone_is_not_made_anew_by_whoever_looks_at_it(tmp_path):
    db = Database(tmp_path / "board.db")
    with pytest.raises(HomeError, match="it cannot be opened"):
        db.revision()
    assert not db.path.exists()


def assert_told(path, problem, act=lambda desk: bring_up_to_date(desk.db)):
    """The act fails with this problem, a remedy and the path of the file."""
    desk = Desk(path, busy_seconds=0.05)
    with pytest.raises(HomeError, match=problem) as refused:
        act(desk)
    assert str(path) in str(refused.value) and refused.value.hint
    desk.db.close()


def test_a_folder_that_is_not_there_is_told(tmp_path):
    assert_told(tmp_path / "missing" / "board.db", "it cannot be opened")


def test_a_folder_in_place_of_the_file_is_told(tmp_path):
    assert_told(tmp_path, "it cannot be opened")


def test_a_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path):
    path = tmp_path / "board.db"
    path.write_text("this is my shopping list\n" * 200)
    assert_told(path, "it is not a SQLite database")
    assert path.read_text().startswith("this is my shopping list")


def test_a_damaged_file_is_told_by_readers_too(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    assert_told(path, "it is damaged", lambda desk: desk.due.is_anything_due(NOW))
    assert_told(path, "it is damaged", lambda desk: desk.queries.get_ticket(1))


def test_another_database_without_our_tables_is_told(tmp_path):
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE recipes (name)")
    other.commit()
    other.close()
    assert_told(path, "no such table", lambda desk: desk.due.is_anything_due(NOW))


def test_a_file_that_another_process_holds_is_told_and_read_all_the_same(path):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    desk = Desk(path, busy_seconds=0.05)
    assert desk.queries.last_event_id() == 0
    assert_told(path, "another process holds it", Desk.create)
    holder.execute("ROLLBACK")
    holder.close()
    assert desk.create() == 1
    desk.db.close()


def test_a_file_that_cannot_be_written_is_told_and_still_read(desk, db):
    ticket_id = desk.create()
    db.connection().exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(HomeError, match="it is read-only") as refused:
        desk.create()
    assert "writable" in refused.value.hint
    assert desk.status(ticket_id) == "ready"


def test_a_full_disk_is_told_loses_nothing_and_the_board_goes_on_when_there_is_room(desk, db):
    ticket_id = desk.create(body="before")
    pages = db.read("PRAGMA page_count")[0][0]
    db.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(HomeError, match="the disk is full") as refused:
        desk.create(body="x" * 100_000)
    assert "nothing was lost" in refused.value.hint
    assert [event.ticket_id for event in desk.queries.events_after(0)] == [ticket_id]
    assert db.read("PRAGMA integrity_check")[0][0] == "ok"

    db.connection().exec_driver_sql("PRAGMA max_page_count = 1000000")
    second = desk.create(body="x" * 100_000)
    assert desk.statuses(ticket_id, second) == ["ready", "ready"]


def test_a_write_is_all_of_it_or_nothing(desk, db):
    with pytest.raises(KeyboardInterrupt), db.write() as tx:
        tx.exec_driver_sql("INSERT INTO request (words, created_at) VALUES ('half', 0)")
        raise KeyboardInterrupt
    assert desk.queries.list_requests() == []
    assert desk.requests.open("whole", THE_PERSON, NOW) == 1


def test_a_path_with_odd_letters_is_a_path(template, tmp_path):
    odd = tmp_path / "a b?c#d%20é"
    odd.mkdir()
    shutil.copy(template, odd / "board.db")
    desk = Desk(odd / "board.db")
    assert desk.create() == 1
    desk.db.close()
    assert sorted(file.name for file in odd.iterdir()) == ["board.db"]


def test_a_board_of_the_first_schema_is_migrated_with_all_that_is_on_it(tmp_path):
    old = _open_at(tmp_path / "board.db", "0001")
    with old.write() as tx:
        tx.exec_driver_sql(_TICKET, ("a blocked one", "blocked", "other"))
        tx.exec_driver_sql(_TICKET, ("a running one", "ready", None))
        tx.exec_driver_sql("INSERT INTO dependency VALUES (2, 1)")
        tx.exec_driver_sql(_RUN)
        tx.exec_driver_sql("UPDATE ticket SET status = 'running', run_id = 1 WHERE id = 2")
    old.close()

    desk = Desk(tmp_path / "board.db")
    bring_up_to_date(desk.db)
    assert desk.db.revision() == SCHEMA_REVISION
    assert desk.statuses(1, 2) == ["blocked", "running"] and desk.queries.dependencies(2) == [1]
    blocked = desk.ticket(1)
    assert (blocked.diagnosis_due, blocked.diagnoses, blocked.restart, blocked.verdict) == (False, 0, False, None)
    assert [run.id for run in desk.due.live_runs()] == [1] and desk.queries.get_run(1).reviewed is None
    assert desk.db.read("PRAGMA foreign_key_check") == [] and desk.db.read("PRAGMA integrity_check")[0][0] == "ok"
    context = MigrationContext.configure(desk.db.connection(), opts={"compare_type": True})
    assert compare_metadata(context, SQLModel.metadata) == []
    desk.end(1, Outcome.CRASHED)
    assert desk.status(2) == "ready"
    desk.db.close()


def test_what_stood_in_sentences_is_a_fact_after_the_migration_and_the_log_is_append_only_again(tmp_path):
    old = _open_at(tmp_path / "board.db", "0006")
    with old.write() as tx:
        tx.exec_driver_sql(_TICKET, ("A", "blocked", "other"))
        tx.exec_driver_sql(_TICKET, ("B", "ready", None))
        tx.exec_driver_sql(_RUN)
        tx.exec_driver_sql("UPDATE run SET route_reason = 'rule code: category bug (Code: Cody.)'")
        for moved in (
            ("running", "blocked", "needs_input: which port?"),
            ("running", "blocked", "which: port?"),
            ("ready", "triage", "rule wide: 9 targets"),
            ("ready", "triage", "too broad: 9 targets"),
        ):
            tx.exec_driver_sql(_EVENT, moved)
        for content in ("error: no such file", "refused: not that", "exit status 0", "Nothing was filed. Mend these"):
            tx.exec_driver_sql(_ANSWER, (content,))
    old.close()

    desk = Desk(tmp_path / "board.db")
    bring_up_to_date(desk.db)
    assert desk.db.read("SELECT rule FROM run") == [("code",)]
    assert desk.db.read("SELECT reason, data FROM event ORDER BY id") == [
        *(("needs_input", None), (None, None), (None, '{"rule":"wide"}'), (None, None)),
    ]
    assert [row[0] for row in desk.db.read("SELECT status FROM message ORDER BY seq")] == [
        *("failed", "refused", "ok", "failed"),
    ]
    with pytest.raises(IntegrityError, match="append-only"), desk.db.write() as tx:
        tx.exec_driver_sql("UPDATE event SET why = ''")
    desk.db.close()


def _open_at(path, revision):
    path.touch()
    db = Database(path)
    with db.write():
        command.upgrade(make_config(db), revision)
    assert db.revision() == revision
    return db


_TICKET = """
INSERT INTO ticket (title, status, block_reason, created_by, created_at, updated_at, status_since)
VALUES (?, ?, ?, 'person', 1, 1, 1)"""
_EVENT = """
INSERT INTO event (at, actor, verb, ticket_id, old_status, new_status, why) VALUES (1, 'x', 'move', 1, ?, ?, ?)"""
_ANSWER = """
INSERT INTO message (transcript_id, seq, run_id, role, content, created_at)
VALUES (1, (SELECT count(*) FROM message), 1, 'tool', ?, 1)"""
_RUN = """
INSERT INTO run (ticket_id, purpose, profile, model, started_at, lease_until, activity_at)
VALUES (2, 'work', 'cody', 'm', 1, 1, 1)"""


def test_a_sound_file_passes_the_check_and_a_damaged_one_is_told(desk, path):
    desk.db.check()
    desk.db.close()
    with sqlite3.connect(path) as other:
        root = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_event_ticket_id'").fetchone()[0]
        size = other.execute("PRAGMA page_size").fetchone()[0]
    other.close()
    data = bytearray(path.read_bytes())
    data[(root - 1) * size : root * size] = b"\xff" * size
    path.write_bytes(data)
    assert_told(path, r"Page \d+", lambda desk: desk.db.check())


def test_a_change_by_anybody_is_seen_by_the_stamps_of_the_files(desk, path):
    desk.db.is_touched()
    assert not desk.db.is_touched()
    other = Desk(path)
    other.create()
    assert desk.db.is_touched() and not desk.db.is_touched()
    other.db.close()
