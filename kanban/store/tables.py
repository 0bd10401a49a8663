"""The tables of `board.db`. Constraints here hold the guarantees, whatever the code above them does.

Times are seconds since the epoch (UTC) as floats. JSON columns hold text. Structures change only by a migration.
"""

from sqlmodel import CheckConstraint, Field, Index, SQLModel, UniqueConstraint, text

from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import BlockReason, Kind, Status
from kanban.store.columns import default, one_of


class Request(SQLModel, table=True):
    """What the person asked, in their own words, and the answer. `conversation_id` is the run that began the chat.

    `open`: Ginger is still being asked. `working`: its tickets are under way. `answered`: the answer is there.
    `closed`: the person wants none any more. `talk_due`: its exchange broke off and the dispatcher takes it over; runs
    up to `forgiven_run` no longer count, since the person had it tried again after them.
    """

    __table_args__ = (
        one_of("status", ("open", "working", "answered", "closed")),
        CheckConstraint("open_tickets >= 0", name="ck_open_tickets"),
        Index("ix_request_due", "status", "open_tickets"),
        Index("ix_request_talk", "id", sqlite_where=text("talk_due = 1")),
    )

    id: int = Field(default=None, primary_key=True)
    conversation_id: int | None = None
    words: str
    status: str = default("open")
    open_tickets: int = default(0)
    answer: str | None = None
    created_at: float
    answered_at: float | None = None
    talk_due: bool = default(False)
    forgiven_run: int = default(0)


class Ticket(SQLModel, table=True):
    """One self-contained unit of work. `run_id` is the live work run; `open_dependencies` counts what is not done.

    `pinned`: a person or Ginger named the assignee; otherwise the rubric did, and may choose again.
    Runs up to `forgiven_run` no longer count: the person let the ticket go on after them.
    `restart`: the next run begins a new transcript. `about_id` and `verdict` (JSON) are those of a Worrell ticket.
    """

    __table_args__ = (
        one_of("status", Status),
        one_of("kind", Kind),
        one_of("block_reason", BlockReason, optional=True),
        CheckConstraint("(status = 'blocked') = (block_reason IS NOT NULL)", name="ck_blocked_has_reason"),
        CheckConstraint("(status = 'running') = (run_id IS NOT NULL)", name="ck_running_has_run"),
        CheckConstraint("open_dependencies >= 0", name="ck_open_dependencies"),
        Index("ix_ticket_ready", "status", "archived", "priority", "id"),
        Index("ix_ticket_todo", "status", "open_dependencies", "not_before"),
        Index("ix_ticket_triage", "status", "assignee"),
        Index(
            "ix_ticket_open",
            "id",
            sqlite_where=text("archived = 0 AND status NOT IN ('done', 'cancelled')"),
        ),
        Index("ix_ticket_diagnosis", "id", sqlite_where=text("diagnosis_due = 1")),
        Index("ix_ticket_about", "about_id", sqlite_where=text("about_id IS NOT NULL")),
        Index(
            "ux_ticket_content",
            "request_id",
            "content_hash",
            unique=True,
            sqlite_where=text("content_hash IS NOT NULL AND status != 'cancelled'"),
        ),
        Index("ux_ticket_idempotency", "idempotency_key", unique=True, sqlite_where=text("idempotency_key NOT NULL")),
    )

    id: int = Field(default=None, primary_key=True)
    request_id: int | None = Field(default=None, foreign_key="request.id", index=True)
    parent_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    title: str
    kind: str = default(Kind.WORK)
    status: str
    assignee: str | None = None
    pinned: bool = default(False)
    forgiven_run: int = default(0)
    priority: int = default(0)
    block_reason: str | None = None
    explanation: str = default("")
    run_id: int | None = None
    open_dependencies: int = default(0)
    not_before: float = default(0.0)
    archived: bool = default(False)
    depth: int = default(0)
    summary: str = default("")
    diagnoses: int = default(0)
    diagnosis_due: bool = default(False)
    refutations: int = default(0)
    restart: bool = default(False)
    about_id: int | None = Field(default=None, foreign_key="ticket.id")
    verdict: str | None = None
    content_hash: str | None = None
    idempotency_key: str | None = None
    created_by: str
    created_at: float
    updated_at: float
    status_since: float


class BriefVersion(SQLModel, table=True):
    """Every version of a ticket's body. `brief` is JSON of a `domain.brief.Brief`, or NULL for a person's free text."""

    __tablename__ = "brief"
    __table_args__ = (UniqueConstraint("ticket_id", "version"),)

    id: int = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id")
    version: int
    brief: str | None = None
    body: str
    author: str
    created_at: float


class Dependency(SQLModel, table=True):
    """`ticket_id` does not start before `depends_on` is done."""

    __table_args__ = (CheckConstraint("ticket_id != depends_on", name="ck_not_itself"),)

    ticket_id: int = Field(foreign_key="ticket.id", primary_key=True)
    depends_on: int = Field(foreign_key="ticket.id", primary_key=True, index=True)


class Run(SQLModel, table=True):
    """One attempt of one profile at one purpose. Its process is known by pid + start time + host name.

    `transcript_of` is the run whose transcript this one goes on with, NULL when it began its own.
    `reviewed` is the profile whose work a review run looks at: never its own.
    """

    __table_args__ = (
        one_of("purpose", Purpose),
        one_of("outcome", Outcome, optional=True),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ck_ended_has_outcome"),
        CheckConstraint("reviewed IS NULL OR reviewed != profile", name="ck_reviewer_is_another"),
        Index(
            "ux_run_live_ticket",
            "ticket_id",
            "purpose",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND ticket_id IS NOT NULL"),
        ),
        Index(
            "ux_run_live_request",
            "request_id",
            "purpose",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND ticket_id IS NULL AND request_id IS NOT NULL"),
        ),
        Index("ix_run_live", "id", sqlite_where=text("ended_at IS NULL")),
    )

    id: int = Field(default=None, primary_key=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    request_id: int | None = Field(default=None, foreign_key="request.id", index=True)
    purpose: str
    profile: str
    model: str
    transcript_of: int | None = Field(default=None, foreign_key="run.id", index=True)
    route_reason: str = default("")
    rule: str = default("")
    hosts: str = default("")
    workspace: str = default("")
    reviewed: str | None = None
    pid: int | None = None
    pid_started: float | None = None
    hostname: str | None = None
    started_at: float
    lease_until: float
    activity_at: float
    deadline: float | None = None
    ended_at: float | None = None
    outcome: str | None = None
    error: str = default("")
    turns: int = default(0)
    prompt_tokens: int = default(0)
    completion_tokens: int = default(0)
    cost_usd: float = default(0.0)
    cost_unknown: bool = default(False)
    cached_tokens: int = default(0)
    reasoning_tokens: int = default(0)


class MessageRow(SQLModel, table=True):
    """One entry of a transcript, which is named by the run that began it. `calls` is JSON.

    `opaque` is what the provider of a reply wants back, and `origin` the model and server that it is of.
    """

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("transcript_id", "seq"),)

    id: int = Field(default=None, primary_key=True)
    transcript_id: int = Field(foreign_key="run.id")
    seq: int
    run_id: int = Field(foreign_key="run.id", index=True)
    role: str
    content: str
    calls: str | None = None
    call_id: str = default("")
    name: str = default("")
    created_at: float
    stop: str = default("")
    origin: str | None = None
    opaque: str | None = None
    status: str = default("ok")


class StartedCall(SQLModel, table=True):
    """A call with outside effect that has begun: written before it acts, so that it is never silently repeated."""

    __tablename__ = "started_call"

    transcript_id: int = Field(foreign_key="run.id", primary_key=True)
    call_id: str = Field(primary_key=True)
    run_id: int = Field(foreign_key="run.id")
    started_at: float


class UsageRow(SQLModel, table=True):
    """One model call; `cost_usd` is NULL when no price was known at that time."""

    __tablename__ = "usage"

    id: int = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    turn: int
    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None = None
    created_at: float
    cached_tokens: int = default(0)
    reasoning_tokens: int = default(0)


class Event(SQLModel, table=True):
    """Who did what to what, when and why. Append-only: a trigger refuses change and removal.

    `why` is for people. `reason` is the block reason of a move to blocked, `data` is JSON: `{"rule": NAME}`.
    """

    id: int = Field(default=None, primary_key=True)
    at: float
    actor: str
    verb: str
    ticket_id: int | None = Field(default=None, index=True)
    request_id: int | None = None
    run_id: int | None = None
    old_status: str | None = None
    new_status: str | None = None
    why: str = default("")
    reason: str | None = None
    data: str | None = None


class Steered(SQLModel, table=True):
    """What a verb of the person found: `before` is JSON of what it changed, from after event `after_event` to
    `last_event`. `undone`: it was taken back."""

    __table_args__ = (Index("ix_steered_last", "id", sqlite_where=text("undone = 0")),)

    id: int = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    verb: str
    before: str
    after_event: int
    last_event: int
    undone: bool = default(False)


class Comment(SQLModel, table=True):
    """A note on a ticket. The author is set by the board from the caller, never from the text."""

    id: int = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    run_id: int | None = Field(default=None, foreign_key="run.id")
    author: str
    text: str
    created_at: float


REMOTE = "remote"  # the kind of an artifact that stays on its host


class Artifact(SQLModel, table=True):
    """A file that a run left behind: `path` is relative to the home, or `host:path` for one that is REMOTE.

    `sha256` is of its contents when it was handed over; empty where they were too large to be read.
    """

    id: int = Field(default=None, primary_key=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    run_id: int = Field(foreign_key="run.id", index=True)
    name: str
    path: str
    kind: str
    size: int
    created_at: float
    sha256: str = default("")


class Seal(SQLModel, table=True):
    """What decided the checks of a ticket when it was begun: `files` is JSON, a list of [host, path, hash].

    `version` is the brief's that the checks were read from.
    """

    ticket_id: int = Field(foreign_key="ticket.id", primary_key=True)
    run_id: int = Field(foreign_key="run.id")
    version: int
    files: str
    created_at: float


class Approval(SQLModel, table=True):
    """A person's answer to one exact call, bound to its hash and used once.

    Until `granted_until` calls of the same ticket that ask for the same reason at the same place pass with it.
    """

    __table_args__ = (
        one_of("status", ("pending", "approved", "denied", "used")),
        UniqueConstraint("transcript_id", "call_id"),
        Index("ix_approval_status", "status"),
    )

    id: int = Field(default=None, primary_key=True)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    run_id: int = Field(foreign_key="run.id")
    transcript_id: int = Field(foreign_key="run.id")
    call_id: str
    call_hash: str
    tool: str
    arguments: str
    why: str
    status: str = default("pending")
    reason: str = default("")
    created_at: float
    decided_at: float | None = None
    used_at: float | None = None
    place: str = default("")
    granted_until: float | None = None


class Memory(SQLModel, table=True):
    """A thing worth knowing next time, with who wrote it."""

    id: int = Field(default=None, primary_key=True)
    author: str
    run_id: int | None = Field(default=None, foreign_key="run.id")
    text: str
    created_at: float
