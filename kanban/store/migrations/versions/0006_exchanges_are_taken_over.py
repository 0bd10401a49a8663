"""A request whose exchange broke off is taken over by the dispatcher, or closed by the person"""

from alembic import op

from kanban.store.migrations.checks import widen_check

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE request ADD COLUMN talk_due BOOLEAN NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE request ADD COLUMN forgiven_run INTEGER NOT NULL DEFAULT 0")
    op.execute("CREATE INDEX ix_request_talk ON request (id) WHERE talk_due = 1")
    widen_check(op.get_bind(), "request", "'working', 'answered')", "'working', 'answered', 'closed')")
