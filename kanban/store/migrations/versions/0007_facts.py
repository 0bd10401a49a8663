"""What programs ask for is a fact of its own, no longer read off sentences"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

REASONS = (
    "needs_input",
    "needs_approval",
    "missing_access",
    "failure_limit",
    "budget",
    "unroutable",
    "dependency",
    "other",
)

# Routing wrote its reason as `rule NAME: …`, a move to blocked as `REASON: …`.
RULE = "substr({0}, 6, instr({0}, ':') - 6)"

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE message ADD COLUMN status VARCHAR NOT NULL DEFAULT 'ok'")
    op.execute("ALTER TABLE run ADD COLUMN rule VARCHAR NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE event ADD COLUMN reason VARCHAR")
    op.execute("ALTER TABLE event ADD COLUMN data VARCHAR")
    op.execute(f"UPDATE run SET rule = {RULE.format('route_reason')} WHERE route_reason LIKE 'rule %:%'")
    with _open("message"):
        op.execute(
            "UPDATE message SET status = CASE WHEN content LIKE 'refused%' THEN 'refused' ELSE 'failed' END "
            "WHERE role = 'tool' AND (content LIKE 'error%' OR content LIKE 'refused%' OR content LIKE 'Nothing was%')"
        )
    with _open("event"):
        reason = "substr(why, 1, instr(why, ':') - 1)"
        known = ", ".join(f"'{name}'" for name in REASONS)
        op.execute(f"UPDATE event SET reason = {reason} WHERE new_status = 'blocked' AND {reason} IN ({known})")
        op.execute(
            f"UPDATE event SET data = json_object('rule', {RULE.format('why')}) "
            "WHERE old_status = 'ready' AND new_status = 'triage' AND why LIKE 'rule %:%'"
        )


@contextmanager
def _open(table: str) -> Iterator[None]:
    """Let an append-only table be written to; it is closed again with the same triggers."""
    listing = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    triggers = op.get_bind().exec_driver_sql(listing, (table,)).fetchall()
    for name, _ in triggers:
        op.execute(f"DROP TRIGGER {name}")
    yield
    for _, statement in triggers:
        op.execute(statement)
