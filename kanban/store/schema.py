"""Makes a board, and brings an older one to the newest schema."""

from kanban.store.db import Database

# The newest revision in `migrations/versions`; kept here so that opening a board does not import Alembic.
SCHEMA_REVISION = "0004"


def bring_up_to_date(db: Database) -> None:
    """Make the board if there is none, or migrate it. Raises HomeError for a board of a newer program."""
    if not db.path.exists():
        db.make()
    if db.revision() == SCHEMA_REVISION:
        return
    from kanban.store.migrations import upgrade  # Alembic costs a quarter of a second

    upgrade(db)
