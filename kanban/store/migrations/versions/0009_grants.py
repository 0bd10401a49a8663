"""An approval knows where its call acts, and may hold for calls like it for a while"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE approval ADD COLUMN place VARCHAR NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE approval ADD COLUMN granted_until FLOAT")
