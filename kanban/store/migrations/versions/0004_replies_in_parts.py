"""Replies are kept in parts, windows are learned, and paused models are probed"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE message ADD COLUMN stop VARCHAR NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE message ADD COLUMN origin VARCHAR")
    op.execute("ALTER TABLE message ADD COLUMN opaque VARCHAR")
    for table in ("run", "usage"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN cached_tokens INTEGER NOT NULL DEFAULT 0")
        op.execute(f"ALTER TABLE {table} ADD COLUMN reasoning_tokens INTEGER NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE model_pause ADD COLUMN probe_at FLOAT")
    op.execute("""
        CREATE TABLE model_window (
            model VARCHAR NOT NULL,
            tokens INTEGER NOT NULL,
            learned_at FLOAT NOT NULL,
            PRIMARY KEY (model)
        )""")
