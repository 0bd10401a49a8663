"""Schema changes, one file each, run by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError

from kanban.store.db import Database
from kanban.store.faults import explain_newer


def make_config(db: Database) -> Config:
    """Alembic's settings for one board."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = db.connection()
    return config


def upgrade(db: Database) -> None:
    """Bring the board to the newest schema in one transaction. Raises BoardReplaced for a board of a newer program."""
    revision = db.revision()
    try:
        with db.write():
            command.upgrade(make_config(db), "head")
    except CommandError as error:
        raise explain_newer(db.path, revision) from error
