"""The only writer of a ticket's status. Every move is one guarded statement, its event in the same transaction.

Statements are plain SQL on a held connection: a claim through an ORM session costs five times as much.
"""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection

from kanban.domain.authority import Verb
from kanban.domain.brief import Brief
from kanban.domain.ticket import (
    HUMAN_ASSIGNEE,
    RESERVED_ASSIGNEES,
    SETTLED,
    THE_DISPATCHER,
    THE_PERSON,
    WAITS_FOR_PERSON,
    BlockReason,
    Caller,
    Kind,
    Mover,
    Status,
)
from kanban.errors import IllegalMove, InvalidInput, MovedOn, Refused
from kanban.store.approvals import find_pending, withdraw_approvals
from kanban.store.authority import acting
from kanban.store.db import Database
from kanban.store.events import record_event
from kanban.store.filing import (
    Filed,
    NewTicket,
    file_one,
    forget_cancelled_dependencies,
    require_version,
    waiting_status,
    write_brief,
)
from kanban.store.moves import TicketRow, get_ticket, move
from kanban.store.outbox import record_notice
from kanban.store.runs import cut_off_run
from kanban.store.stuck import tell_of_handover, tell_person

# What the person may have meant by letting a ticket go on that is in none of the statuses where it is held back.
_ENDS_WAITING = {Status.TRIAGE: "kanban assign {} P", Status.DONE: "kanban reopen {} --why TEXT"}


class Board:
    """Tickets and their moves. `known_assignees` names the profiles that a ticket may be given to."""

    def __init__(self, db: Database, known_assignees: Callable[[], Collection[str]]) -> None:
        self._db = db
        self._known_assignees = known_assignees

    def create_ticket(self, new: NewTicket, caller: Caller, now: float, request_id: int | None = None) -> int:
        """Put one ticket on the board and return its number; an idempotency key seen before returns the old one."""
        return self.file_tickets([new], caller, now, request_id=request_id).tickets[0]

    def file_tickets(
        self,
        drafts: Sequence[NewTicket],
        caller: Caller,
        now: float,
        *,
        request_id: int | None = None,
        parent_id: int | None = None,
    ) -> Filed:
        """Put a filing on the board, all of it or nothing. Raises InvalidInput for unknown assignees, NotFound for
        unknown dependencies."""
        for draft in drafts:
            self.check_assignee(draft.assignee)
        filed = Filed()
        with acting(self._db, caller, Verb.CREATE) as tx:
            for draft in drafts:
                file_one(tx, draft, filed, caller, now, request_id, parent_id)
            if parent_id is not None:
                self._wait_for_children(tx, parent_id, filed.tickets, caller, now)
        return filed

    def check_assignee(self, assignee: str | None) -> None:
        """Raise InvalidInput unless `assignee` is a profile, `default`, `human`, or None (the rubric decides)."""
        if assignee is None or assignee in RESERVED_ASSIGNEES:
            return
        known = sorted(self._known_assignees())
        if assignee not in known:
            raise InvalidInput(
                f"no profile is called {assignee!r}", f"known: {', '.join([*known, *sorted(RESERVED_ASSIGNEES)])}"
            )

    def _wait_for_children(
        self, tx: Connection, parent_id: int, children: Sequence[int], caller: Caller, now: float
    ) -> None:
        if not children:
            raise InvalidInput(f"ticket {parent_id} cannot be split into nothing", "name at least one ticket")
        refuse_circle(tx, parent_id, children)
        for child in children:
            tx.exec_driver_sql("INSERT OR IGNORE INTO dependency VALUES (?, ?)", (parent_id, child))
        forget_cancelled_dependencies(tx, parent_id)
        tx.exec_driver_sql("UPDATE ticket SET kind = 'parent', assignee = NULL, pinned = 0 WHERE id = ?", (parent_id,))
        parent = get_ticket(tx, parent_id)
        why = "split into " + ", ".join(f"#{child}" for child in children)
        move(tx, parent_id, Status(parent.status), Status.TODO, caller, now, why=why)

    def split_ticket(self, ticket_id: int, drafts: Sequence[NewTicket], caller: Caller, now: float) -> Filed:
        """Turn a ticket into the parent of new ones; it closes when they are done. Raises Refused when it runs."""
        with acting(self._db, caller, Verb.SPLIT, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            _require_undecided(ticket, "split")
            _refuse_what_waits_for_person(tx, ticket, caller)
        return self.file_tickets(drafts, caller, now, request_id=ticket.request_id, parent_id=ticket_id)

    def assign(self, ticket_id: int, assignee: str, caller: Caller, now: float, *, note: str = "") -> Status:
        """Give a ticket to a profile, to `default` (Ginger splits or routes it) or to `human`; returns its status.

        The note reaches whoever takes it up.
        """
        self.check_assignee(assignee)
        with acting(self._db, caller, Verb.ASSIGN, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            if ticket.status == Status.RUNNING or ticket.status in SETTLED:
                raise Refused(
                    f"ticket {ticket_id} is {ticket.status}", "stop it first: `kanban cancel` or `kanban block`"
                )
            ticket = _let_go(tx, ticket, THE_PERSON if assignee == HUMAN_ASSIGNEE else caller)
            old = Status(ticket.status)
            new = Status.TRIAGE if assignee in RESERVED_ASSIGNEES else waiting_status(ticket)
            _pin(tx, ticket_id, assignee, now)
            if note:
                write_comment(tx, ticket_id, caller, note, now)
            forgive_failures(tx, ticket_id, caller)
            record_event(tx, caller, Verb.ASSIGN, now, ticket_id, ticket.request_id, why=assignee)
            if old in (Status.TODO, Status.READY) and new is not Status.TRIAGE:
                return old
            if old is not new:
                move(tx, ticket_id, old, new, caller, now, why=f"assigned to {assignee}")
            tell_of_handover(tx, ticket_id, caller, now)
            return Status(get_ticket(tx, ticket_id).status)

    def unblock(
        self, ticket_id: int, caller: Caller, now: float, *, note: str = "", assignee: str | None = None
    ) -> Status:
        """Let a blocked or stale ticket go on; the note reaches the worker. Returns where it went.

        What the ticket waited for and was cancelled is no longer waited for. Raises Refused when it is not blocked.
        """
        self.check_assignee(assignee)
        with acting(self._db, caller, Verb.UNBLOCK, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            if ticket.status not in (Status.BLOCKED, Status.STALE):
                way = _ENDS_WAITING.get(ticket.status, "kanban why {}").format(ticket_id)
                raise Refused(f"ticket {ticket_id} is {ticket.status}, not blocked or stale", f"try `{way}`")
            _let_go(tx, ticket, caller)
            if assignee is not None:
                _pin(tx, ticket_id, assignee, now)
            if note:
                write_comment(tx, ticket_id, caller, note, now)
            forgive_failures(tx, ticket_id, caller)
            ticket = get_ticket(tx, ticket_id)
            new = Status.TRIAGE if ticket.assignee in RESERVED_ASSIGNEES else waiting_status(ticket)
            move(tx, ticket_id, Status(ticket.status), new, caller, now, why=note or "unblocked")
            tell_of_handover(tx, ticket_id, caller, now)
            return new

    def block(self, ticket_id: int, reason: BlockReason, caller: Caller, now: float, why: str = "") -> None:
        """Hold a ticket back. A running one's run is fenced off at once and ends as cancelled."""
        with acting(self._db, caller, Verb.BLOCK, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            cut_off_run(tx, ticket.run_id, now, "the ticket was blocked")
            move(
                tx,
                ticket_id,
                Status(ticket.status),
                Status.BLOCKED,
                caller,
                now,
                why=why,
                reason=reason,
                seen_run=ticket.run_id,
            )

    def cancel(self, ticket_id: int, caller: Caller, now: float, why: str = "") -> None:
        """Give a ticket up. Its run is fenced off, its key is free again, and its dependents are blocked."""
        with acting(self._db, caller, Verb.CANCEL, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            cut_off_run(tx, ticket.run_id, now, "the ticket was cancelled")
            tx.exec_driver_sql("UPDATE ticket SET idempotency_key = NULL WHERE id = ?", (ticket_id,))
            withdraw_approvals(tx, ticket_id, "the ticket was cancelled")
            move(tx, ticket_id, Status(ticket.status), Status.CANCELLED, caller, now, why=why, seen_run=ticket.run_id)
            if caller.mover is not Mover.PERSON:
                told = f"{caller.name} gave ticket {ticket_id} up: {ticket.title} ({why})"
                record_notice(tx, f"given_up:{ticket_id}", told, now, ticket_id, ticket.request_id)

    def reopen(self, ticket_id: int, caller: Caller, now: float, why: str = "") -> Status:
        """Start a done ticket again, and tell its worker why; what depends on it and has not started waits once more.

        Raises IllegalMove when it is not done.
        """
        with acting(self._db, caller, Verb.REOPEN, ticket_id) as tx:
            status = get_ticket(tx, ticket_id).status
            if status != Status.DONE:
                raise IllegalMove(f"ticket {ticket_id} is {status}, not done", f"see `kanban why {ticket_id}`")
            if why:
                write_comment(tx, ticket_id, caller, why, now)
            forgive_failures(tx, ticket_id, caller)
            forget_cancelled_dependencies(tx, ticket_id)
            ticket = get_ticket(tx, ticket_id)
            new = waiting_status(ticket)
            move(tx, ticket_id, Status(ticket.status), new, caller, now, why=why or "reopened")
            return new

    def edit(
        self,
        ticket_id: int,
        caller: Caller,
        now: float,
        *,
        title: str | None = None,
        body: str | None = None,
        brief: Brief | None = None,
        priority: int | None = None,
        over_version: int | None = None,
    ) -> None:
        """Change what a ticket says; every earlier version of its body is kept, earlier titles are in the log.

        Raises MovedOn when `over_version` is given and the body has another version by now (0: it has none).
        """
        with acting(self._db, caller, Verb.EDIT, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            if over_version is not None:
                require_version(tx, ticket_id, over_version)
            if ticket.status == Status.RUNNING:
                raise Refused(f"ticket {ticket_id} is running", "block it first, then edit and unblock it")
            tx.exec_driver_sql(
                "UPDATE ticket SET priority = COALESCE(?, priority), updated_at = ? WHERE id = ?",
                (priority, now, ticket_id),
            )
            if title is not None:
                _retitle(tx, ticket, title, caller, now)
            if body is not None or brief is not None:
                write_brief(tx, ticket_id, brief, body or "", caller, now)
            record_event(tx, caller, Verb.EDIT, now, ticket_id, ticket.request_id)

    def comment(self, ticket_id: int, caller: Caller, text: str, now: float) -> int:
        """Add a comment; its author is the caller."""
        with acting(self._db, caller, Verb.COMMENT, ticket_id) as tx:
            get_ticket(tx, ticket_id)
            return write_comment(tx, ticket_id, caller, text, now)

    def note(self, ticket_id: int, verb: Verb, why: str, caller: Caller, now: float) -> None:
        """Append an event about a ticket that changes nothing else. Raises MovedOn when the caller's run has ended."""
        with acting(self._db, caller, verb, ticket_id) as tx:
            record_event(tx, caller, verb, now, ticket_id, get_ticket(tx, ticket_id).request_id, why=why)

    def rewrite(self, ticket_id: int, new: NewTicket, caller: Caller, now: float) -> Status:
        """Give a ticket that waits for a decision its brief and let it go on; what it said before is kept.

        Returns where it went. Raises Refused when it is neither triage nor blocked nor stale.
        """
        self.check_assignee(new.assignee)
        with acting(self._db, caller, Verb.REWRITE, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            _require_undecided(ticket, "rewritten")
            ticket = _let_go(tx, ticket, caller)
            write_brief(tx, ticket_id, new.brief, new.body, caller, now)
            _retitle(tx, ticket, new.title, caller, now)
            tx.exec_driver_sql(
                "UPDATE ticket SET assignee = ?, pinned = ? WHERE id = ?",
                (new.assignee, new.assignee is not None, ticket_id),
            )
            old = Status(ticket.status)
            status = Status.TRIAGE if new.assignee in RESERVED_ASSIGNEES else waiting_status(ticket)
            if old is not status:
                move(tx, ticket_id, old, status, caller, now, why="brief written")
            tell_of_handover(tx, ticket_id, caller, now)
            return Status(get_ticket(tx, ticket_id).status)

    def promote(self, ticket_id: int, now: float) -> Status:
        """A todo ticket that waits for nothing becomes ready; a parent whose children are done is done.

        Raises MovedOn when it waits for something again.
        """
        with acting(self._db, THE_DISPATCHER, Verb.PROMOTE, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            if ticket.open_dependencies or ticket.not_before > now:
                raise MovedOn(f"ticket {ticket_id} waits for something again", f"see `kanban show {ticket_id}`")
            new = Status.DONE if ticket.kind == Kind.PARENT else Status.READY
            move(tx, ticket_id, Status.TODO, new, THE_DISPATCHER, now, why="nothing left to wait for")
            return new

    def take_from_orchestrator(self, ticket_id: int, why: str, caller: Caller, now: float) -> None:
        """A ticket in triage or stuck that Ginger could not write or may not see waits for the person instead."""
        with acting(self._db, caller, Verb.NEEDS_PERSON, ticket_id) as tx:
            left = tx.exec_driver_sql(
                "UPDATE ticket SET assignee = ?, explanation = ?, updated_at = ? WHERE id = ? AND status = 'triage'",
                (HUMAN_ASSIGNEE, why, now, ticket_id),
            )
            spared = tx.exec_driver_sql(
                "UPDATE ticket SET diagnosis_due = 0, updated_at = ? WHERE id = ? AND diagnosis_due = 1",
                (now, ticket_id),
            )
            if left.rowcount + spared.rowcount:
                record_event(tx, caller, Verb.NEEDS_PERSON, now, ticket_id, why=why)
                tell_person(tx, get_ticket(tx, ticket_id), why, now)

    def hold_back(self, ticket_id: int, reason: BlockReason, why: str, now: float) -> None:
        """Block a ready ticket that nobody may take. Nothing happens when it has moved on."""
        with acting(self._db, THE_DISPATCHER, Verb.HOLD_BACK, ticket_id) as tx:
            if get_ticket(tx, ticket_id).status == Status.READY:
                move(tx, ticket_id, Status.READY, Status.BLOCKED, THE_DISPATCHER, now, why=why, reason=reason)

    def send_to_split(self, ticket_id: int, why: str, now: float, rule: str = "") -> None:
        """Send a ready ticket that is too broad back to triage, for Ginger to split; `rule` may have decided it."""
        with acting(self._db, THE_DISPATCHER, Verb.SEND_TO_SPLIT, ticket_id) as tx:
            tx.exec_driver_sql("UPDATE ticket SET assignee = 'default' WHERE id = ? AND status = 'ready'", (ticket_id,))
            data = {"rule": rule} if rule else None
            move(tx, ticket_id, Status.READY, Status.TRIAGE, THE_DISPATCHER, now, why=why, data=data)


def _pin(tx: Connection, ticket_id: int, assignee: str, now: float) -> None:
    """Name who takes a ticket. One that is ready waits for no model of whoever had it before."""
    tx.exec_driver_sql(
        "UPDATE ticket SET assignee = ?, pinned = 1, updated_at = ?, "
        "not_before = CASE status WHEN 'ready' THEN 0 ELSE not_before END WHERE id = ?",
        (assignee, now, ticket_id),
    )


def _retitle(tx: Connection, ticket: TicketRow, title: str, caller: Caller, now: float) -> None:
    if title != ticket.title:
        tx.exec_driver_sql("UPDATE ticket SET title = ? WHERE id = ?", (title, ticket.id))
        record_event(tx, caller, Verb.RETITLE, now, ticket.id, ticket.request_id, why=f"was: {ticket.title}")


def forgive_failures(tx: Connection, ticket_id: int, caller: Caller) -> None:
    """What the person lets go on begins with a clean record; an agent cannot forgive itself."""
    if caller.mover is Mover.PERSON:
        tx.exec_driver_sql(
            "UPDATE ticket SET forgiven_run = (SELECT COALESCE(MAX(id), 0) FROM run), diagnoses = 0, refutations = 0 "
            "WHERE id = ?",
            (ticket_id,),
        )


def write_comment(tx: Connection, ticket_id: int, caller: Caller, text: str, now: float) -> int:
    """Insert a comment in the caller's transaction and return its number."""
    comment_id: int = tx.exec_driver_sql(
        "INSERT INTO comment (ticket_id, run_id, author, text, created_at) VALUES (?, ?, ?, ?, ?)",
        (ticket_id, caller.run_id, caller.name, text, now),
    ).lastrowid
    record_event(tx, caller, Verb.COMMENT, now, ticket_id)
    return comment_id


def refuse_circle(tx: Connection, parent_id: int, children: Sequence[int]) -> None:
    """Raise InvalidInput when `parent_id`, by way of `children`, would wait for itself."""
    needed, asked = set(children), list(children)
    while asked:
        rows = tx.exec_driver_sql("SELECT depends_on FROM dependency WHERE ticket_id = ?", (asked.pop(),))
        new = {row.depends_on for row in rows} - needed
        needed |= new
        asked.extend(new)
    if parent_id in needed:
        raise InvalidInput(
            f"ticket {parent_id} would wait for itself", "name tickets that do not themselves wait for it"
        )


def _require_undecided(ticket: TicketRow, verb: str) -> None:
    if ticket.status not in (Status.TRIAGE, Status.BLOCKED, Status.STALE):
        raise Refused(
            f"ticket {ticket.id} is {ticket.status} and cannot be {verb}",
            f"only triage, blocked or stale tickets are {verb}",
        )


def _let_go(tx: Connection, ticket: TicketRow, caller: Caller) -> TicketRow:
    """A decision about a held ticket: what it waited for and was cancelled is no longer waited for.

    Raises Refused while it waits for the person, unless they decide; an approval is answered by them first.
    """
    _refuse_what_waits_for_person(tx, ticket, caller)
    if ticket.status in (Status.BLOCKED, Status.STALE):
        forget_cancelled_dependencies(tx, ticket.id)
    return get_ticket(tx, ticket.id)


def _refuse_what_waits_for_person(tx: Connection, ticket: TicketRow, caller: Caller) -> None:
    if caller.mover is not Mover.PERSON and ticket.block_reason in WAITS_FOR_PERSON:
        raise Refused(f"ticket {ticket.id} waits for the person ({ticket.block_reason})", "only the person unblocks it")
    pending = find_pending(tx, ticket.id) if ticket.block_reason == BlockReason.NEEDS_APPROVAL else None
    if pending is not None:
        raise Refused(
            f"ticket {ticket.id} waits for your answer to approval {pending}",
            f"`kanban approve {pending}` or `kanban deny {pending} --reason TEXT`",
        )
