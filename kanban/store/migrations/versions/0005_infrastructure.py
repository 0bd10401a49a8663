"""A run may end by a fault of the machine: an outcome of its own"""

from alembic import op

from kanban.store.migrations.checks import widen_check

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    widen_check(op.get_bind(), "run", "'stale', 'cancelled')", "'stale', 'cancelled', 'infrastructure')")
