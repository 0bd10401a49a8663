"""How Alembic reaches the board: over the connection, and in the transaction, that the caller holds."""

from alembic import context
from sqlmodel import SQLModel

from kanban.store import machinery, tables  # noqa: F401  (they fill the metadata)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
