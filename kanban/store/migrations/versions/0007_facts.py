"""What was read off sentences becomes a fact of its own"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE message ADD COLUMN status VARCHAR NOT NULL DEFAULT 'ok'")
    op.execute(
        "UPDATE message SET status = CASE WHEN content LIKE 'refused%' THEN 'refused' ELSE 'failed' END "
        "WHERE role = 'tool' AND (content LIKE 'error%' OR content LIKE 'refused%' OR content LIKE 'Nothing was%')"
    )
