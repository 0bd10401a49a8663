"""A run may end by a fault of the machine: an outcome of its own"""

from alembic import op

revision = "0005"
down_revision = "0004"

_LAST, _MORE = "'stale', 'cancelled')", "'stale', 'cancelled', 'infrastructure')"


def upgrade() -> None:
    """Widen the check of `run.outcome` where it is written down: rebuilding the table would drop what refers to it.

    SQLite documents this way for changes that leave the stored rows as they are.
    """
    board = op.get_bind()
    version = board.exec_driver_sql("PRAGMA schema_version").scalar_one()
    board.exec_driver_sql("PRAGMA writable_schema = ON")
    board.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'run'", (_LAST, _MORE)
    )
    board.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    board.exec_driver_sql("PRAGMA writable_schema = OFF")
