"""Makes the board of a new home, and brings an older one to the newest schema."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kanban.store.db import Database
from kanban.store.faults import explain_lost, explain_newer
from kanban.store.presence import Presence

# The newest revision in `migrations/versions`; kept here so that opening a board does not import Alembic.
SCHEMA_REVISION = "0010"
MIGRATION_WAIT = 30.0  # seconds; another process may be migrating it already

_MARKER_TEXT = "This home has a board. While this file is here, a board.db that is gone is an error and none is made.\n"


def open_board(
    db: Database, marker: Path, presence: Presence, prepare: Callable[[str], None], traces: Callable[[], bool]
) -> None:
    """Make the board of a new home, or migrate an older one; `prepare(revision)` may refuse that and makes a copy.

    Raises BoardError when a home that had a board (its `marker` or `traces` say so) has none any more, BoardReplaced
    for a board of a newer program.
    """
    had_one = marker.exists()  # asked first: it is written after the board is made
    if not db.path.exists():
        if had_one or traces():
            raise explain_lost(db.path, marker, emptied=False)
        db.make()
    revision = db.revision()
    if revision is None and had_one:
        raise explain_lost(db.path, marker, emptied=True)
    if revision != SCHEMA_REVISION:
        refuse_newer(db.path, revision)
        if revision is not None:
            prepare(SCHEMA_REVISION)
        # another process that came first may have brought it up to date, and dispatch by now
        with presence.alone(MIGRATION_WAIT, unless=lambda: db.revision() == SCHEMA_REVISION):
            bring_up_to_date(db)
    if not had_one:
        with suppress(OSError):  # a home that is only looked at may be read-only
            marker.write_text(_MARKER_TEXT)


def bring_up_to_date(db: Database) -> None:
    """Make the board if there is none, or migrate it. Raises BoardReplaced for a board of a newer program."""
    if not db.path.exists():
        db.make()
    if db.revision() == SCHEMA_REVISION:
        return
    from kanban.store.migrations import upgrade  # Alembic costs a quarter of a second

    upgrade(db)


def refuse_newer(path: Path, revision: str | None) -> None:
    """Raise BoardReplaced when a board of this revision is of a newer program."""
    if revision is not None and revision > SCHEMA_REVISION:
        raise explain_newer(path, revision)


def require_known_schema(db: Database) -> None:
    """Raise BoardReplaced when another program has migrated the board meanwhile, or it is not there any more."""
    db.require_same_file()
    revision = db.revision()
    if revision != SCHEMA_REVISION:
        raise explain_newer(db.path, revision)
