"""The one way to the database file: connections, transactions, and what goes wrong with them."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Row, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from sqlmodel import Session, create_engine

from kanban.errors import BoardError, InvalidInput
from kanban.store.faults import explain_damage, explain_fault, explain_gone, explain_journal, explain_replaced

SWITCH_POLL = 0.01  # seconds between two tries to switch to a write-ahead log


class Database:
    """`board.db` with one held connection per thread. Nothing else ever opens the file."""

    def __init__(self, path: Path, *, busy_seconds: float = 30.0) -> None:
        self.path = path
        self._local = threading.local()
        self._busy_seconds = busy_seconds
        self._mode = "rw"
        self._stamps: list[tuple[int, int] | None] = []
        self._engine = create_engine("sqlite://", creator=self._open, poolclass=NullPool).execution_options(
            isolation_level="AUTOCOMMIT"
        )
        event.listen(self._engine, "connect", self._prepare)

    @property
    def engine(self) -> Engine:
        return self._engine

    def connection(self) -> Connection:
        """This thread's connection, opened at first use. Statements outside `write()` commit by themselves."""
        held: Connection | None = getattr(self._local, "connection", None)
        if held is None:
            with self._told():
                held = self._engine.connect()
            self._local.connection = held
        return held

    def close(self) -> None:
        """Close this thread's connection."""
        held: Connection | None = getattr(self._local, "connection", None)
        if held is not None:
            held.close()
            self._local.connection = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction: all of it or nothing. Raises BoardError when the file cannot be written."""
        connection = self.connection()
        self.require_same_file()
        with self._told():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                if connection.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
                    connection.exec_driver_sql("ROLLBACK")
                raise

    def read(self, statement: str, values: Any = ()) -> list[Row[*tuple[Any, ...]]]:
        """The rows of one reading statement. Raises BoardError when the file cannot be read."""
        connection = self.connection()
        with self._told():
            return list(connection.exec_driver_sql(statement, values))

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for reading; what it returns stays usable after it is closed."""
        with self._told(), Session(self.connection(), expire_on_commit=False, autoflush=False) as session:
            yield session

    def data_version(self) -> int:
        """A number that changes when another connection has committed (SQLite's `PRAGMA data_version`)."""
        self.connection()
        self.require_same_file()
        return int(self.read("PRAGMA data_version")[0][0])

    def is_touched(self) -> bool:
        """Whether the files look different from the last time this was asked; costs less than any statement.

        Two changes within a tick of the file system's clock may look like one: ask `data_version` now and then.
        """
        seen = [_stamp(f"{self.path}{suffix}") for suffix in ("", "-wal")]
        touched, self._stamps = seen != self._stamps, seen
        return touched

    def check(self) -> None:
        """Raise BoardError unless SQLite finds the whole file sound; reads all of it."""
        told = self.read("PRAGMA quick_check")[0][0]
        if told != "ok":
            raise explain_damage(self.path, told)

    def glance(self) -> None:
        """Raise BoardError unless the file opens and its tables can be read; a fraction of a second on any board."""
        self.read("SELECT COUNT(*) FROM sqlite_master")
        self.read("SELECT (SELECT MAX(id) FROM event), (SELECT MAX(id) FROM ticket), (SELECT MAX(id) FROM run)")

    def require_same_file(self) -> None:
        """Raise BoardReplaced when the file that this thread has open is not the one at its path any more."""
        opened = getattr(self._local, "identity", None)
        try:
            now = _identify(self.path)
        except FileNotFoundError:
            raise explain_gone(self.path) from None
        except OSError:
            return  # the folder cannot be looked into for the moment; SQLite tells when it cannot write
        if opened is not None and now != opened:
            raise explain_replaced(self.path)

    @contextmanager
    def impatient(self, seconds: float = 0.2) -> Iterator[None]:
        """Inside, this thread waits for a locked board no longer than this."""
        self.read(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
        try:
            yield
        finally:
            self.read(f"PRAGMA busy_timeout = {self._busy_seconds * 1000:.0f}")

    def fold_log(self) -> None:
        """Write what stands in the write-ahead log into the file itself."""
        self.read("PRAGMA wal_checkpoint(TRUNCATE)")

    def revision(self) -> str | None:
        """The schema revision of the file, None when it has no tables yet."""
        if not self.read("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"):
            return None
        versions = self.read("SELECT version_num FROM alembic_version")
        return versions[0][0] if versions else None

    def make(self) -> None:
        """Make the file. Nothing else does: a board that is gone must not come back empty."""
        self._mode = "rwc"
        try:
            self.connection()
        finally:
            self._mode = "rw"

    def _open(self) -> sqlite3.Connection:
        address = f"file:{quote(str(self.path))}?mode={self._mode}"
        raw = sqlite3.connect(address, uri=True, timeout=self._busy_seconds, check_same_thread=False)
        self._local.identity = _identify(self.path)
        return raw

    def _prepare(self, raw: sqlite3.Connection, _record: object) -> None:
        mode = _switch_to_log(raw, self._busy_seconds)
        if mode != "wal":
            raise explain_journal(self.path, mode)
        raw.execute("PRAGMA synchronous = NORMAL")
        raw.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if isinstance(error.orig, sqlite3.IntegrityError):
                raise
            raise explain_fault(self.path, error.orig) from error
        except UnicodeEncodeError as error:
            raise InvalidInput(f"a text holds what is not Unicode: {error.reason}", "send it as valid UTF-8") from error
        except OverflowError as error:
            raise InvalidInput("a number is too large for the board", "numbers have at most 18 digits") from error


def copy_board(source: Path, target: Path) -> str:
    """Copy a board, in use or not, into a new file: whole, checked, or not at all. Returns its schema revision.

    Raises BoardError when `source` is no sound board or `target` cannot be written.
    """
    partial = target.with_name(f".{target.name}.part")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        revision = _copy_into(source, partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.rename(target)
    except OSError as error:
        raise BoardError(f"{target}: {error.strerror}", "name a place with room that this user may write") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return revision


def _copy_into(source: Path, partial: Path) -> str:
    reading = f"file:{quote(str(source))}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(reading, uri=True, timeout=30)) as board,
            closing(sqlite3.connect(partial)) as copy,
        ):
            board.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            told = copy.execute("PRAGMA quick_check").fetchone()[0]
            if told != "ok":
                raise explain_damage(source, told)
            named = copy.execute(
                "SELECT name FROM sqlite_master WHERE name IN ('alembic_version', 'ticket')"
            ).fetchall()
            if len(named) != 2:
                raise BoardError(f"{source} is no copy of a board", "`kanban backup --list` shows those that are")
            return str(copy.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
        raise explain_fault(partial if full else source, error) from error


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116  (twenty times a second)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _identify(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _switch_to_log(raw: sqlite3.Connection, patience: float) -> str:
    """Have the file kept with a write-ahead log, and return the mode that it has then.

    Of two connections that switch at once SQLite refuses one without waiting, since each would wait for the other:
    it tries again, for `patience` seconds.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return str(raw.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() >= deadline:
                raise
            time.sleep(SWITCH_POLL)
