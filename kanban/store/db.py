"""The one way to the database file: connections, transactions, and what goes wrong with them."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Row, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from sqlmodel import Session, create_engine

from kanban.errors import HomeError, InvalidInput

_REMEDIES = {
    "SQLITE_FULL": ("the disk is full", "free some space; nothing was lost, the last change was not made"),
    "SQLITE_READONLY": ("it is read-only", "make the home writable for this user, or name another with --home"),
    "SQLITE_CANTOPEN": ("it cannot be opened", "check that the home exists and is writable for this user"),
    "SQLITE_BUSY": ("another process holds it", "try again; if it stays so, see what has the file open"),
    "SQLITE_NOTADB": ("it is not a SQLite database", "move the file away and restore it from a backup"),
    "SQLITE_CORRUPT": ("it is damaged", "stop the daemon, keep a copy, and try: sqlite3 board.db .recover"),
    "SQLITE_IOERR": ("reading or writing it failed", "check the disk"),
}


class Database:
    """`board.db` with one held connection per thread. Nothing else ever opens the file."""

    def __init__(self, path: Path, *, busy_seconds: float = 30.0) -> None:
        self.path = path
        self._local = threading.local()
        self._busy_seconds = busy_seconds
        self._mode = "rw"
        self._engine = create_engine("sqlite://", creator=self._open, poolclass=NullPool).execution_options(
            isolation_level="AUTOCOMMIT"
        )
        event.listen(self._engine, "connect", _set_pragmas)

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
        """One write transaction: all of it or nothing. Raises HomeError when the file cannot be written."""
        connection = self.connection()
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
        """The rows of one reading statement. Raises HomeError when the file cannot be read."""
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
        return int(self.read("PRAGMA data_version")[0][0])

    def check(self) -> None:
        """Raise HomeError unless SQLite finds the file sound."""
        told = self.read("PRAGMA quick_check")[0][0]
        if told != "ok":
            raise HomeError(f"{self.path}: {told}", "stop the daemon, keep a copy, and try: sqlite3 board.db .recover")

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
        return sqlite3.connect(address, uri=True, timeout=self._busy_seconds, check_same_thread=False)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if isinstance(error.orig, sqlite3.IntegrityError):
                raise
            raise self._explain(error) from error
        except UnicodeEncodeError as error:
            raise InvalidInput(f"a text holds what is not Unicode: {error.reason}", "send it as valid UTF-8") from error
        except OverflowError as error:
            raise InvalidInput("a number is too large for the board", "numbers have at most 18 digits") from error

    def _explain(self, error: DBAPIError) -> HomeError:
        name = getattr(error.orig, "sqlite_errorname", "") or ""
        for prefix, (problem, remedy) in _REMEDIES.items():
            if name.startswith(prefix):
                return HomeError(f"{self.path}: {problem}", remedy)
        return HomeError(
            f"{self.path}: {error.orig}", "run `kanban init` on this home, or restore the file from a backup"
        )


def _set_pragmas(raw: sqlite3.Connection, _record: object) -> None:
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = NORMAL")
    raw.execute("PRAGMA foreign_keys = ON")
