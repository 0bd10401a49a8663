"""Approvals: a person's answer to one exact call."""

from dataclasses import dataclass

from sqlmodel import col, select

from kanban.domain.message import ToolCall
from kanban.domain.ticket import BlockReason, Caller, Status
from kanban.errors import MovedOn, NotFound
from kanban.store.db import Database
from kanban.store.events import record_event
from kanban.store.filing import waiting_status
from kanban.store.moves import get_ticket, move
from kanban.store.records import Scribe
from kanban.store.tables import Approval

_INSERT = """
INSERT INTO approval (ticket_id, run_id, transcript_id, call_id, call_hash, tool, arguments, why, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True)
class Asked:
    """The exact call that a person is asked about; `call_hash` binds the answer to it."""

    call: ToolCall
    call_hash: str
    why: str
    ticket_id: int | None


class Approvals:
    """Asks for, gives and reads approvals."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def ask(self, scribe: Scribe, asked: Asked, caller: Caller, now: float) -> int:
        """Put a question to the person and return its number."""
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
        )
        with self._db.write() as tx:
            approval_id = int(tx.exec_driver_sql(_INSERT, values).lastrowid)
            record_event(
                tx,
                caller,
                "ask_approval",
                now,
                asked.ticket_id,
                run_id=scribe.run_id,
                why=f"{approval_id}: {call.name}",
            )
            return approval_id

    def decide(self, approval_id: int, approved: bool, reason: str, caller: Caller, now: float) -> Approval:
        """Record the person's answer, once, and let the ticket that waits for it go on."""
        status = "approved" if approved else "denied"
        with self._db.write() as tx:
            decided = tx.exec_driver_sql(
                "UPDATE approval SET status = ?, reason = ?, decided_at = ? WHERE id = ? AND status = 'pending' "
                "RETURNING ticket_id",
                (status, reason, now, approval_id),
            ).first()
            if decided is None:
                raise MovedOn(f"approval {approval_id} is {self.get(approval_id).status}, not pending")
            record_event(tx, caller, status, now, decided.ticket_id, why=f"{approval_id} {reason}".strip())
            if decided.ticket_id is not None:
                ticket = get_ticket(tx, decided.ticket_id)
                if ticket.block_reason == BlockReason.NEEDS_APPROVAL:
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

    def list_pending(self) -> list[Approval]:
        """What waits for the person, oldest first."""
        with self._db.session() as session:
            return list(session.exec(select(Approval).where(Approval.status == "pending").order_by(col(Approval.id))))
