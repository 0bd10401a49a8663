"""What was read off sentences becomes a fact of its own"""

from alembic import op

REASONS = (
    "needs_input",
    "missing_access",
    "dependency",
    "budget",
    "failure_limit",
    "unroutable",
    "needs_approval",
    "other",
)

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE message ADD COLUMN status VARCHAR NOT NULL DEFAULT 'ok'")
    op.execute(
        "UPDATE message SET status = CASE WHEN content LIKE 'refused%' THEN 'refused' ELSE 'failed' END "
        "WHERE role = 'tool' AND (content LIKE 'error%' OR content LIKE 'refused%' OR content LIKE 'Nothing was%')"
    )
    op.execute("ALTER TABLE run ADD COLUMN rule VARCHAR NOT NULL DEFAULT ''")
    op.execute(
        "UPDATE run SET rule = substr(route_reason, 6, instr(route_reason, ':') - 6) WHERE route_reason LIKE 'rule %:%'"
    )
    op.execute("ALTER TABLE event ADD COLUMN reason VARCHAR")
    op.execute("ALTER TABLE event ADD COLUMN data VARCHAR")
    _fill_events()


def _fill_events() -> None:
    """Give events of before the facts that their sentences hold; the log is append-only to everybody else."""
    triggers = (
        op.get_bind()
        .exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'")
        .fetchall()
    )
    for name, _ in triggers:
        op.execute(f"DROP TRIGGER {name}")
    op.execute(
        "UPDATE event SET reason = substr(why, 1, instr(why, ':') - 1) WHERE new_status = 'blocked' AND instr(why, ':') > 1 "
        f"AND substr(why, 1, instr(why, ':') - 1) IN ({', '.join(map(repr, REASONS))})"
    )
    op.execute(
        "UPDATE event SET data = json_object('rule', substr(why, 6, instr(why, ':') - 6)) "
        "WHERE old_status = 'ready' AND new_status = 'triage' AND why LIKE 'rule %:%'"
    )
    for _, sql in triggers:
        op.execute(sql)
