"""Failures are forgiven by the number of the last run, not by the time: a clock can be set back"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE ticket ADD COLUMN forgiven_run INTEGER NOT NULL DEFAULT 0")
    op.execute("""
        UPDATE ticket SET forgiven_run = COALESCE(
            (SELECT MAX(id) FROM run WHERE run.ticket_id = ticket.id AND run.started_at < ticket.attempts_since), 0)
        WHERE attempts_since > 0""")
    op.execute("ALTER TABLE ticket DROP COLUMN attempts_since")
