"""The tables of what keeps the board going: who dispatches, which models are left alone, what the person is told.

The same rules hold as in `tables.py`.
"""

from sqlmodel import CheckConstraint, Field, SQLModel

from kanban.store.columns import default


class DispatcherLease(SQLModel, table=True):
    """The one daemon that dispatches, and its heartbeat. At most one row."""

    __tablename__ = "dispatcher_lease"
    __table_args__ = (CheckConstraint("id = 1", name="ck_one_row"),)

    id: int = Field(default=1, primary_key=True)
    holder: str
    pid: int
    pid_started: float
    hostname: str
    since: float
    heartbeat_at: float
    lease_until: float


class ModelPause(SQLModel, table=True):
    """A model that is left alone for a while, because its provider turned a run away."""

    __tablename__ = "model_pause"

    model: str = Field(primary_key=True)
    since: float
    until: float
    strikes: int
    outcome: str
    why: str
    probe_at: float | None = None


class ModelWindow(SQLModel, table=True):
    """How many tokens a model turned out to read, learned when it refused or cut off more."""

    __tablename__ = "model_window"

    model: str = Field(primary_key=True)
    tokens: int
    learned_at: float


class Notice(SQLModel, table=True):
    """Something that the person should know. The same `key` is told once."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(sa_column_kwargs={"unique": True})
    text: str
    at: float = Field(index=True)
    ticket_id: int | None = None
    request_id: int | None = None


class Delivery(SQLModel, table=True):
    """The receipt for one notice at one target, or when to try again."""

    notice_id: int = Field(foreign_key="notice.id", primary_key=True)
    target: str = Field(primary_key=True)
    attempts: int
    next_try_at: float
    delivered_at: float | None = None
    error: str = default("")
