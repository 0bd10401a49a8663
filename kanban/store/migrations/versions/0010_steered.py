"""What the person's verbs found is kept, so that they can be undone"""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE steered (
            id INTEGER NOT NULL, ticket_id INTEGER NOT NULL, verb VARCHAR NOT NULL, before VARCHAR NOT NULL,
            after_event INTEGER NOT NULL, last_event INTEGER NOT NULL, undone BOOLEAN DEFAULT '0' NOT NULL,
            PRIMARY KEY (id), FOREIGN KEY(ticket_id) REFERENCES ticket (id)
        )
    """)
    op.execute("CREATE INDEX ix_steered_ticket_id ON steered (ticket_id)")
    op.execute("CREATE INDEX ix_steered_last ON steered (id) WHERE undone = 0")
