"""A request whose exchange broke off is taken over by the dispatcher, or closed by the person"""

from alembic import op

revision = "0006"
down_revision = "0005"

_LAST, _MORE = "'working', 'answered')", "'working', 'answered', 'closed')"


def upgrade() -> None:
    """Add the columns, and widen the check of `request.status` where it is written down, as in revision 0005."""
    op.execute("ALTER TABLE request ADD COLUMN talk_due BOOLEAN NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE request ADD COLUMN forgiven_run INTEGER NOT NULL DEFAULT 0")
    op.execute("CREATE INDEX ix_request_talk ON request (id) WHERE talk_due = 1")
    board = op.get_bind()
    version = board.exec_driver_sql("PRAGMA schema_version").scalar_one()
    board.exec_driver_sql("PRAGMA writable_schema = ON")
    board.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'request'", (_LAST, _MORE)
    )
    board.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    board.exec_driver_sql("PRAGMA writable_schema = OFF")
