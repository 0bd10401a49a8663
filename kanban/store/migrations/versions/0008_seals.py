"""What decides the checks of a ticket is sealed when it is begun; what is handed over has a hash"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE artifact ADD COLUMN sha256 VARCHAR NOT NULL DEFAULT ''")
    op.execute(
        "CREATE TABLE seal (ticket_id INTEGER NOT NULL, run_id INTEGER NOT NULL, version INTEGER NOT NULL, "
        "files VARCHAR NOT NULL, created_at FLOAT NOT NULL, PRIMARY KEY (ticket_id), "
        "FOREIGN KEY(ticket_id) REFERENCES ticket (id), FOREIGN KEY(run_id) REFERENCES run (id))"
    )
