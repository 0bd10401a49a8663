"""Failures are routed"""

from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite adds columns in place, constraints of theirs included; rebuilding a table would drop what refers to it.
_COLUMNS = {
    "ticket": (
        "diagnoses INTEGER NOT NULL DEFAULT 0",
        "diagnosis_due BOOLEAN NOT NULL DEFAULT 0",
        "refutations INTEGER NOT NULL DEFAULT 0",
        "restart BOOLEAN NOT NULL DEFAULT 0",
        "about_id INTEGER REFERENCES ticket (id)",
        "verdict VARCHAR",
    ),
    "run": ("reviewed VARCHAR CONSTRAINT ck_reviewer_is_another CHECK (reviewed IS NULL OR reviewed != profile)",),
}

_TABLES = (
    """CREATE TABLE model_pause (
        model VARCHAR NOT NULL PRIMARY KEY, since FLOAT NOT NULL, until FLOAT NOT NULL, strikes INTEGER NOT NULL,
        outcome VARCHAR NOT NULL, why VARCHAR NOT NULL)""",
    """CREATE TABLE notice (
        id INTEGER NOT NULL PRIMARY KEY, key VARCHAR NOT NULL UNIQUE, text VARCHAR NOT NULL, at FLOAT NOT NULL,
        ticket_id INTEGER, request_id INTEGER)""",
    """CREATE TABLE delivery (
        notice_id INTEGER NOT NULL REFERENCES notice (id), target VARCHAR NOT NULL, attempts INTEGER NOT NULL,
        next_try_at FLOAT NOT NULL, delivered_at FLOAT, error VARCHAR DEFAULT '' NOT NULL,
        PRIMARY KEY (notice_id, target))""",
)

_INDEXES = (
    "CREATE INDEX ix_ticket_diagnosis ON ticket (id) WHERE diagnosis_due = 1",
    "CREATE INDEX ix_ticket_about ON ticket (about_id) WHERE about_id IS NOT NULL",
    "CREATE INDEX ix_notice_at ON notice (at)",
)


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    for statement in (*_TABLES, *_INDEXES):
        op.execute(statement)
