"""Read models: what people, prompts and the dispatcher look at. Nothing here ever writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import text
from sqlmodel import SQLModel, and_, col, func, not_, or_, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from kanban.domain.brief import Brief
from kanban.domain.message import Message
from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import HUMAN_ASSIGNEE, THE_PERSON, Kind, Status
from kanban.errors import NotFound
from kanban.store.db import Database
from kanban.store.machinery import DispatcherLease
from kanban.store.records import Records, no_memory
from kanban.store.stuck import LOOKED_INTO
from kanban.store.tables import (
    Artifact,
    BriefVersion,
    Comment,
    Dependency,
    Event,
    Memory,
    Request,
    Run,
    Ticket,
    UsageRow,
)

NEWEST_RUNS = 500  # how far back a look at runs goes that has no index

Record = TypeVar("Record", bound=SQLModel)
Selected = TypeVar("Selected")

# The words of the partial index ix_ticket_open: SQLite uses it only when it finds them in the query.
_OPEN = text("ticket.archived = 0 AND ticket.status NOT IN ('done', 'cancelled')")

# What the person wrote, or said in a conversation; every other run also reads what others wrote.
_FROM_PERSON = or_(
    func.coalesce(Run.purpose, "") == Purpose.CHAT,
    and_(col(Memory.run_id).is_(None), col(Memory.author) == THE_PERSON.name),
)


_MEMORIES = select(Memory, _FROM_PERSON).join(Run, col(Memory.run_id) == col(Run.id), isouter=True)


@dataclass(frozen=True)
class TicketFilter:
    """What `list_tickets` shows. Without a status, everything that is not settled or archived."""

    statuses: Sequence[str] = ()
    assignee: str | None = None
    request_id: int | None = None
    text: str | None = None
    everything: bool = False
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True)
class Remembered:
    """A memory. `from_person`: the person wrote it, or said it in a conversation; all others are notes of runs."""

    text: str
    author: str
    from_person: bool
    id: int = 0
    run_id: int | None = None
    created_at: float = 0.0

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class TicketView:
    """A ticket with all that belongs to it."""

    ticket: Ticket
    brief: Brief | None
    body: str
    versions: list[BriefVersion] = field(default_factory=list)  # of the body, oldest first
    depends_on: list[int] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)

    @property
    def cost_usd(self) -> float | None:
        """What its runs cost, None when the price of any part is not known."""
        return add_costs(self.runs)

    @property
    def is_unchecked(self) -> bool:
        """Whether its worker alone says that it is done: no check was run for it, and no checker has looked at it."""
        if self.ticket.status not in (Status.DONE, Status.REVIEW):
            return False
        seen = any(run.purpose == Purpose.REVIEW and run.outcome == Outcome.DONE for run in self.runs)
        has_check = self.brief is not None and self.brief.has_check
        return self.ticket.kind == Kind.WORK and not has_check and not seen


class Queries:
    """Everything that is read from the board."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get_ticket(self, ticket_id: int) -> Ticket:
        """One ticket. Raises NotFound."""
        found = self._one(Ticket, ticket_id)
        if found is None:
            raise NotFound(f"there is no ticket {ticket_id}", "`kanban list` shows what there is")
        return found

    def view_ticket(self, ticket_id: int) -> TicketView:
        """One ticket with all that belongs to it. Raises NotFound."""
        ticket = self.get_ticket(ticket_id)
        versions = self.brief_versions(ticket_id)
        brief, body = _newest(versions)
        return TicketView(
            ticket=ticket,
            brief=brief,
            body=body,
            versions=versions,
            depends_on=self.dependencies(ticket_id),
            runs=self.runs_of_ticket(ticket_id),
            comments=self._all(select(Comment).where(Comment.ticket_id == ticket_id).order_by(col(Comment.id))),
            artifacts=self._all(select(Artifact).where(Artifact.ticket_id == ticket_id).order_by(col(Artifact.id))),
        )

    def list_tickets(self, wanted: TicketFilter) -> list[Ticket]:
        """Tickets, newest first."""
        statement = _narrow(select(Ticket), wanted).order_by(col(Ticket.id).desc())
        return self._all(statement.limit(wanted.limit).offset(wanted.offset))

    def count_tickets(self, wanted: TicketFilter) -> int:
        """How many tickets `list_tickets` would show without its limit."""
        with self._db.session() as session:
            return session.exec(_narrow(select(func.count()).select_from(Ticket), wanted)).one()

    def waiting_for_person(self) -> list[int]:
        """The tickets that only the person moves on: stuck and not looked into, or in triage for them."""
        statement = f"""
            SELECT id FROM ticket t WHERE archived = 0 AND status NOT IN ('done', 'cancelled') AND (
                status IN ('blocked', 'stale') AND NOT {LOOKED_INTO} OR status = 'triage' AND assignee = :human)
            ORDER BY id"""
        return [row.id for row in self._db.read(statement, {"human": HUMAN_ASSIGNEE})]

    def count_by_status(self) -> dict[str, int]:
        """How many tickets are in each status, archived ones aside."""
        statement = "SELECT status, COUNT(*) FROM ticket WHERE archived = 0 GROUP BY status"
        return {row[0]: row[1] for row in self._db.read(statement)}

    def tickets_of_request(self, request_id: int) -> list[Ticket]:
        """All tickets of a request, oldest first."""
        return self._all(select(Ticket).where(Ticket.request_id == request_id).order_by(col(Ticket.id)))

    def read_brief(self, ticket_id: int) -> tuple[Brief | None, str]:
        """The newest version of a ticket's body: its structured brief, if it has one, and its text."""
        return _newest(self.brief_versions(ticket_id))

    def brief_versions(self, ticket_id: int) -> list[BriefVersion]:
        """Every version of a ticket's body, oldest first."""
        return self._all(
            select(BriefVersion).where(BriefVersion.ticket_id == ticket_id).order_by(col(BriefVersion.version))
        )

    def find_private(self, ticket_ids: Sequence[int]) -> set[int]:
        """Those of these tickets that no outside model may see."""
        numbers = ", ".join(str(int(number)) for number in ticket_ids)
        statement = f"""
            SELECT ticket_id FROM brief b WHERE ticket_id IN ({numbers}) AND brief LIKE '%"private"%'
            AND json_extract(brief, '$.sensitivity') = 'private'
            AND version = (SELECT MAX(version) FROM brief WHERE ticket_id = b.ticket_id)"""
        return {row.ticket_id for row in self._db.read(statement)}

    def is_private(self, ticket_id: int) -> bool:
        """Whether no outside model may see this ticket."""
        return bool(self.find_private([ticket_id]))

    def briefs_worked_on_since(self, since: float, first_run: int, but: int) -> list[Brief]:
        """The newest briefs of other tickets on which a worker was at work at or after `since`.

        Looks at runs from a little before `first_run` on, and not at those of the ticket `but`.
        """
        worked = select(Run.ticket_id).where(
            Run.id > first_run - NEWEST_RUNS,
            Run.purpose == Purpose.WORK,
            Run.ticket_id != but,
            or_(col(Run.ended_at).is_(None), col(Run.ended_at) >= since),
        )
        with self._db.session() as session:
            numbers = [number for number in session.exec(worked) if number is not None]
        return [brief for brief, _ in map(self.read_brief, sorted(set(numbers))) if brief]

    def dependencies(self, ticket_id: int) -> list[int]:
        """The tickets that this one waits for."""
        return sorted(row.depends_on for row in self._all(select(Dependency).where(Dependency.ticket_id == ticket_id)))

    def dependents(self, ticket_id: int) -> list[Ticket]:
        """The tickets that wait for this one."""
        waiting = select(Dependency.ticket_id).where(Dependency.depends_on == ticket_id)
        return self._all(select(Ticket).where(col(Ticket.id).in_(waiting)).order_by(col(Ticket.id)))

    def comments(self, ticket_id: int, limit: int) -> list[Comment]:
        """The last comments on a ticket, oldest first."""
        newest = select(Comment).where(Comment.ticket_id == ticket_id).order_by(col(Comment.id).desc()).limit(limit)
        return self._all(newest)[::-1]

    def get_run(self, run_id: int) -> Run:
        """One run. Raises NotFound."""
        found = self._one(Run, run_id)
        if found is None:
            raise NotFound(f"there is no run {run_id}", "`kanban runs N` lists the runs of ticket N")
        return found

    def runs_of_ticket(self, ticket_id: int) -> list[Run]:
        """Every run of a ticket, oldest first."""
        return self._all(select(Run).where(Run.ticket_id == ticket_id).order_by(col(Run.id)))

    def runs_of_request(self, request_id: int) -> list[Run]:
        """Every run of a request, those of its tickets too, oldest first."""
        return self._all(select(Run).where(Run.request_id == request_id).order_by(col(Run.id)))

    def last_run(self, ticket_id: int, purpose: Purpose) -> Run | None:
        """The newest run of a ticket for this purpose."""
        statement = select(Run).where(Run.ticket_id == ticket_id, Run.purpose == purpose)
        runs = self._all(statement.order_by(col(Run.id).desc()).limit(1))
        return runs[0] if runs else None

    def transcript(self, run: Run) -> list[Message]:
        """The transcript that a run writes, from the run that began it."""
        return Records(self._db).read_transcript(transcript_id(run))

    def transcript_length(self, run: Run) -> int:
        """How many messages that transcript has; none is ever changed or taken away."""
        rows = self._db.read("SELECT COUNT(*) FROM message WHERE transcript_id = ?", (transcript_id(run),))
        return int(rows[0][0])

    def get_request(self, request_id: int) -> Request:
        """One request. Raises NotFound."""
        found = self._one(Request, request_id)
        if found is None:
            raise NotFound(f"there is no request {request_id}", "`kanban request list` shows what there is")
        return found

    def list_requests(self, limit: int = 20) -> list[Request]:
        """The newest requests, newest first."""
        return self._all(select(Request).order_by(col(Request.id).desc()).limit(limit))

    def requests_without_answer(self) -> list[int]:
        """Open requests that wait for the person: nobody is asking Ginger, and nobody will by themselves."""
        statement = """
            SELECT id FROM request r WHERE status = 'open' AND talk_due = 0
            AND EXISTS (SELECT 1 FROM run WHERE request_id = r.id AND purpose = 'chat')
            AND NOT EXISTS (SELECT 1 FROM run WHERE request_id = r.id AND ended_at IS NULL) ORDER BY id"""
        return [row.id for row in self._db.read(statement, {})]

    def broke_off_after_words(self, request: Request) -> bool:
        """Whether the transcript ends with the exchange of this request, so that it need only go on."""
        statement = """
            SELECT EXISTS (SELECT 1 FROM message said JOIN run ON run.id = said.run_id
                WHERE said.transcript_id = :talk AND run.request_id = :request AND said.name = 'news'
                AND said.content = :words AND NOT EXISTS
                (SELECT 1 FROM message later JOIN run ON run.id = later.run_id WHERE later.transcript_id = :talk
                 AND later.seq > said.seq AND run.request_id != :request))"""
        values = {"talk": request.conversation_id, "request": request.id, "words": request.words}
        return bool(self._db.read(statement, values)[0][0])

    def last_talk(self, request_id: int, before: int | None = None) -> Run | None:
        """The newest run in which this request was talked about with Ginger; one `before` a run, if that is given."""
        statement = select(Run).where(Run.request_id == request_id, Run.purpose == Purpose.CHAT)
        if before is not None:
            statement = statement.where(col(Run.id) < before)
        runs = self._all(statement.order_by(col(Run.id).desc()).limit(1))
        return runs[0] if runs else None

    def last_conversation(self) -> int | None:
        """The conversation that was spoken in last, named by the run that began it."""
        statement = select(Request).where(col(Request.conversation_id).is_not(None))
        requests = self._all(statement.order_by(col(Request.id).desc()).limit(1))
        return requests[0].conversation_id if requests else None

    def requests_of_conversation(self, conversation_id: int) -> list[Request]:
        """What was asked in one conversation, oldest first."""
        return self._all(select(Request).where(Request.conversation_id == conversation_id).order_by(col(Request.id)))

    def events_after(self, event_id: int, ticket_id: int | None = None, limit: int = 500) -> list[Event]:
        """Events newer than `event_id`, oldest first."""
        statement = select(Event).where(col(Event.id) > event_id)
        if ticket_id is not None:
            statement = statement.where(Event.ticket_id == ticket_id)
        return self._all(statement.order_by(col(Event.id)).limit(limit))

    def investigations_of_block(self, ticket_id: int) -> list[Ticket]:
        """The Worrell tickets that were filed since the ticket was last blocked or flagged stale, oldest first."""
        blocked = "SELECT MAX(id) FROM event WHERE ticket_id = :ticket AND new_status IN ('blocked', 'stale')"
        filed = f"SELECT ticket_id FROM event WHERE verb = 'create' AND ticket_id = ticket.id AND id > ({blocked})"
        since = text(f"EXISTS ({filed})").bindparams(ticket=ticket_id)  # by the log's order: a clock can be set back
        return self._all(select(Ticket).where(Ticket.about_id == ticket_id, since).order_by(col(Ticket.id)))

    def investigations(self, ticket_id: int) -> list[Ticket]:
        """The Worrell tickets about a ticket, oldest first."""
        return self._all(select(Ticket).where(Ticket.about_id == ticket_id).order_by(col(Ticket.id)))

    def last_events(self, ticket_id: int, limit: int) -> list[Event]:
        """The newest events of a ticket, oldest first."""
        statement = select(Event).where(Event.ticket_id == ticket_id).order_by(col(Event.id).desc()).limit(limit)
        return self._all(statement)[::-1]

    def last_event_id(self) -> int:
        """The number of the newest event, 0 on an empty board."""
        with self._db.session() as session:
            return session.exec(select(func.max(Event.id))).one() or 0

    def recall(self, words: str, limit: int = 20, persons: bool | None = None) -> list[Remembered]:
        """Memories that hold any of these words, newest first; all of them when there are no words.

        `persons` asks only for those of the person's, or only for those of the others.
        """
        statement = _MEMORIES.order_by(col(Memory.id).desc()).limit(limit)
        searched = [word for word in words.split() if len(word) > 2]
        if searched:
            statement = statement.where(or_(*(col(Memory.text).icontains(word, autoescape=True) for word in searched)))
        if persons is not None:
            statement = statement.where(_FROM_PERSON if persons else not_(_FROM_PERSON))
        return self._read_memories(statement)

    def get_memory(self, memory_id: int) -> Remembered:
        """One memory. Raises NotFound."""
        found = self._read_memories(_MEMORIES.where(Memory.id == memory_id))
        if not found:
            raise no_memory(memory_id)
        return found[0]

    def usage_of_run(self, run_id: int) -> list[UsageRow]:
        """Every model call of a run."""
        return self._all(select(UsageRow).where(UsageRow.run_id == run_id).order_by(col(UsageRow.id)))

    def mishaps_since(self, since: float) -> tuple[int, str]:
        """How many of the newest runs this machine has ended since then, and what was said of the last one."""
        newest = select(func.max(Run.id)).scalar_subquery() - NEWEST_RUNS
        mishap = col(Run.outcome) == Outcome.INFRASTRUCTURE
        found = self._all(
            select(Run).where(col(Run.id) > newest, mishap, col(Run.ended_at) >= since).order_by(col(Run.id))
        )
        return len(found), found[-1].error if found else ""

    def dispatcher(self) -> DispatcherLease | None:
        """Who dispatches, or did last."""
        return self._one(DispatcherLease, 1)

    def _one(self, table: type[Record], key: int) -> Record | None:
        with self._db.session() as session:
            return session.get(table, key)

    def _read_memories(self, statement: Select[Memory, bool]) -> list[Remembered]:
        with self._db.session() as session:
            found = session.exec(statement).all()
        return [
            Remembered(memory.text, memory.author, bool(from_person), memory.id, memory.run_id, memory.created_at)
            for memory, from_person in found
        ]

    def _all(self, statement: SelectOfScalar[Record]) -> list[Record]:
        with self._db.session() as session:
            return list(session.exec(statement))


def _narrow(statement: SelectOfScalar[Selected], wanted: TicketFilter) -> SelectOfScalar[Selected]:
    if wanted.statuses:
        statement = statement.where(col(Ticket.status).in_(wanted.statuses))
    elif not wanted.everything:
        statement = statement.where(_OPEN)
    if wanted.assignee:
        statement = statement.where(Ticket.assignee == wanted.assignee)
    if wanted.request_id is not None:
        statement = statement.where(Ticket.request_id == wanted.request_id)
    if wanted.text:
        statement = statement.where(col(Ticket.title).contains(wanted.text, autoescape=True))
    return statement


def _newest(versions: Sequence[BriefVersion]) -> tuple[Brief | None, str]:
    if not versions:
        return None, ""
    newest = versions[-1]
    return (Brief.model_validate_json(newest.brief) if newest.brief else None), newest.body


def transcript_id(run: Run) -> int:
    """The name of the transcript that a run writes: the run that began it."""
    return run.transcript_of or run.id


def add_costs(runs: Sequence[Run]) -> float | None:
    """What these runs cost together in US dollars, None when the price of any part is not known."""
    if any(run.cost_unknown for run in runs):
        return None
    return sum(run.cost_usd for run in runs)
