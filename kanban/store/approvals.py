"""Approvals: a person's answer to one exact call."""

from dataclasses import astuple, dataclass

from sqlalchemy import Connection
from sqlmodel import col, select

from kanban.domain.authority import Verb
from kanban.domain.message import ToolCall
from kanban.domain.ticket import BlockReason, Caller, Status
from kanban.errors import MovedOn, NotFound
from kanban.store.authority import acting
from kanban.store.db import Database
from kanban.store.events import record_event
from kanban.store.filing import waiting_status
from kanban.store.moves import get_ticket, move
from kanban.store.records import Scribe
from kanban.store.tables import Approval

_INSERT = """
INSERT INTO approval (ticket_id, run_id, transcript_id, call_id, call_hash, tool, arguments, why, created_at, place)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_GRANTED = """
SELECT id FROM approval WHERE ticket_id = ? AND tool = ? AND place = ? AND why = ? AND granted_until > ?
AND status IN ('approved', 'used') ORDER BY id DESC LIMIT 1"""
SHOWN_ARGUMENTS = 500  # characters
VALID_SECONDS = 86_400.0  # how long a yes holds that was not used


@dataclass(frozen=True)
class Asked:
    """The exact call that a person is asked about; `call_hash` binds the answer to it. `place` is where it acts."""

    call: ToolCall
    call_hash: str
    why: str
    ticket_id: int | None
    place: str = ""


@dataclass(frozen=True)
class Like:
    """What calls have in common that one grant lets pass."""

    ticket_id: int | None
    tool: str
    place: str
    why: str


class Approvals:
    """Asks for, gives and reads approvals."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def ask(self, scribe: Scribe, asked: Asked, caller: Caller, now: float) -> int:
        """Put a question to the person and return its number. Raises MovedOn when the run has ended."""
        call = asked.call
        values = (
            asked.ticket_id,
            scribe.run_id,
            scribe.transcript_id,
            call.id,
            asked.call_hash,
            call.name,
            call.arguments,
            asked.why,
            now,
            asked.place,
        )
        with acting(self._db, caller, Verb.ASK_APPROVAL, asked.ticket_id, run_id=scribe.run_id) as tx:
            approval_id = int(tx.exec_driver_sql(_INSERT, values).lastrowid)
            record_event(
                tx,
                caller,
                Verb.ASK_APPROVAL,
                now,
                asked.ticket_id,
                run_id=scribe.run_id,
                why=f"{approval_id}: {call.name}",
            )
            return approval_id

    def decide(
        self,
        approval_id: int,
        approved: bool,
        reason: str,
        caller: Caller,
        now: float,
        granted_until: float | None = None,
    ) -> Approval:
        """Record the person's answer, once; when it was the last one awaited, the ticket goes on.

        A yes may be taken back by a no as long as it was not used; a no ends what was granted with a yes.
        Raises Refused for any other caller, MovedOn when it was answered before.
        """
        status = Verb.APPROVED if approved else Verb.DENIED
        open_to = "status = 'pending'" if approved else "(status IN ('pending', 'approved') OR granted_until > ?)"
        with acting(self._db, caller, status) as tx:
            decided = tx.exec_driver_sql(
                "UPDATE approval SET status = CASE status WHEN 'used' THEN 'used' ELSE ? END, reason = ?, "
                f"decided_at = ?, granted_until = ? WHERE id = ? AND {open_to} RETURNING ticket_id",
                (status, reason, now, granted_until, approval_id, *([] if approved else [now])),
            ).first()
            if decided is None:
                raise MovedOn(f"approval {approval_id} is {self.get(approval_id).status}, not pending")
            record_event(tx, caller, status, now, decided.ticket_id, why=f"{approval_id} {reason}".strip())
            if decided.ticket_id is not None:
                ticket = get_ticket(tx, decided.ticket_id)
                if ticket.block_reason == BlockReason.NEEDS_APPROVAL and find_pending(tx, ticket.id) is None:
                    move(tx, ticket.id, Status.BLOCKED, waiting_status(ticket), caller, now, why=f"{status} by you")
        return self.get(approval_id)

    def get(self, approval_id: int) -> Approval:
        """One approval. Raises NotFound."""
        with self._db.session() as session:
            found = session.get(Approval, approval_id)
        if found is None:
            raise NotFound(f"there is no approval {approval_id}", "`kanban approvals` lists what waits for you")
        return found

    def find(self, scribe: Scribe, call_id: str) -> Approval | None:
        """What was asked about a call of this transcript, if anything was."""
        with self._db.session() as session:
            return session.exec(
                select(Approval).where(Approval.transcript_id == scribe.transcript_id, Approval.call_id == call_id)
            ).first()

    def use_grant(self, like: Like, arguments: str, caller: Caller, now: float) -> bool:
        """Whether the person has granted calls like this one for a while; that it is used is written down."""
        wanted = (*astuple(like), now)
        if like.ticket_id is None or not self._db.read(_GRANTED, wanted):
            return False
        with acting(self._db, caller, Verb.USE_GRANT, like.ticket_id) as tx:
            granted = tx.exec_driver_sql(_GRANTED, wanted).first()
            if granted is not None:
                why = f"{granted.id}: {like.tool} {arguments[:SHOWN_ARGUMENTS]}"
                record_event(tx, caller, Verb.USE_GRANT, now, like.ticket_id, run_id=caller.run_id, why=why)
        return granted is not None

    def list_granted(self, now: float) -> list[Approval]:
        """What is granted for a while, oldest first."""
        with self._db.session() as session:
            wanted = select(Approval).where(col(Approval.granted_until) > now, col(Approval.status) != "denied")
            return list(session.exec(wanted.order_by(col(Approval.id))))

    def list_pending(self) -> list[Approval]:
        """What waits for the person, oldest first."""
        with self._db.session() as session:
            return list(session.exec(select(Approval).where(Approval.status == "pending").order_by(col(Approval.id))))


def find_pending(tx: Connection, ticket_id: int) -> int | None:
    """The number of an approval that this ticket still waits for."""
    pending = tx.exec_driver_sql(
        "SELECT id FROM approval WHERE ticket_id = ? AND status = 'pending'", (ticket_id,)
    ).first()
    return None if pending is None else int(pending.id)


def withdraw_approvals(tx: Connection, ticket_id: int, why: str) -> None:
    """What is asked for a ticket that was given up needs no answer any more."""
    tx.exec_driver_sql(
        "UPDATE approval SET status = 'denied', reason = ? WHERE ticket_id = ? AND status = 'pending'", (why, ticket_id)
    )
