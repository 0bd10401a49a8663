"""Decisions about a ticket that others made first: the checker's, Ginger's question, the person's second try."""

from kanban.domain.authority import Verb
from kanban.domain.ticket import MOST_REFUTATIONS, THE_DISPATCHER, BlockReason, Caller, Kind, Status
from kanban.errors import InvalidInput, Refused
from kanban.store.approvals import withdraw_approvals
from kanban.store.authority import acting
from kanban.store.board import forgive_failures, refuse_circle, write_comment
from kanban.store.db import Database
from kanban.store.events import record_event
from kanban.store.filing import forget_cancelled_dependencies, recount_dependencies, waiting_status
from kanban.store.moves import get_ticket, move
from kanban.store.runs import cut_off_run
from kanban.store.stuck import tell_person


class Verdicts:
    """What is decided about tickets that are blocked, stale, reviewed or to be tried again."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def ask_person(self, ticket_id: int, question: str, caller: Caller, now: float) -> None:
        """Put a stuck ticket before the person, with a question. Raises Refused when it is not stuck any more."""
        with acting(self._db, caller, Verb.ASK_PERSON, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            reason = BlockReason.NEEDS_INPUT
            if ticket.status == Status.STALE:
                move(tx, ticket_id, Status.STALE, Status.BLOCKED, caller, now, why=question, reason=reason)
                return
            if ticket.status != Status.BLOCKED:
                raise Refused(f"ticket {ticket_id} is {ticket.status} and waits for no answer")
            tx.exec_driver_sql(
                "UPDATE ticket SET block_reason = ?, explanation = ?, diagnosis_due = 0, updated_at = ? WHERE id = ?",
                (reason, question, now, ticket_id),
            )
            record_event(tx, caller, Verb.ASK_PERSON, now, ticket_id, ticket.request_id, why=question)
            tell_person(tx, get_ticket(tx, ticket_id), question, now)

    def review(self, ticket_id: int, passed: bool, findings: str, caller: Caller, now: float) -> Status:
        """The checker's verdict. Refuted, the work goes back with the findings; at most twice, then to a diagnosis.

        Raises IllegalMove when the ticket is not in review any more.
        """
        with acting(self._db, caller, Verb.REVIEW, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            write_comment(tx, ticket_id, caller, findings, now)
            old = Status(ticket.status)
            if passed:
                move(tx, ticket_id, old, Status.DONE, caller, now, why=findings)
                return Status.DONE
            tx.exec_driver_sql("UPDATE ticket SET refutations = refutations + 1 WHERE id = ?", (ticket_id,))
            if ticket.refutations >= MOST_REFUTATIONS:
                why = f"refuted {ticket.refutations + 1} times: {findings}"
                move(tx, ticket_id, old, Status.BLOCKED, caller, now, why=why, reason=BlockReason.OTHER)
                return Status.BLOCKED
            move(tx, ticket_id, old, Status.READY, caller, now, why=f"refuted: {findings}")
            return Status.READY

    def report(self, worrell_id: int, verdict: str, caller: Caller) -> None:
        """Keep what an investigation found, as JSON. Raises MovedOn when its run has ended."""
        with acting(self._db, caller, Verb.REPORT, worrell_id) as tx:
            tx.exec_driver_sql("UPDATE ticket SET verdict = ? WHERE id = ?", (verdict, worrell_id))

    def hold_review(self, ticket_id: int, reason: BlockReason, why: str, now: float) -> None:
        """Block a ticket that nobody can review. Nothing happens when it has moved on."""
        with acting(self._db, THE_DISPATCHER, Verb.HOLD_BACK, ticket_id) as tx:
            if get_ticket(tx, ticket_id).status == Status.REVIEW:
                move(tx, ticket_id, Status.REVIEW, Status.BLOCKED, THE_DISPATCHER, now, why=why, reason=reason)

    def retry(self, ticket_id: int, caller: Caller, now: float, note: str = "") -> Status:
        """Let the person try a ticket again from the beginning: new transcript, new workspace, failures forgiven."""
        with acting(self._db, caller, Verb.RETRY, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            if ticket.kind == Kind.PARENT:
                raise Refused(f"ticket {ticket_id} was split", "retry one of its children")
            if ticket.status == Status.RUNNING:
                cut_off_run(tx, ticket.run_id, now, "the person tries it again")
                why = "the person tries it again"
                move(
                    tx,
                    ticket_id,
                    Status.RUNNING,
                    Status.BLOCKED,
                    caller,
                    now,
                    why=why,
                    reason=BlockReason.OTHER,
                    seen_run=ticket.run_id,
                )
            if note:
                write_comment(tx, ticket_id, caller, note, now)
            forgive_failures(tx, ticket_id, caller)
            withdraw_approvals(tx, ticket_id, "the ticket is tried again")
            forget_cancelled_dependencies(tx, ticket_id)
            tx.exec_driver_sql("UPDATE ticket SET restart = 1 WHERE id = ?", (ticket_id,))
            ticket = get_ticket(tx, ticket_id)
            if ticket.status not in (Status.READY, Status.TODO):
                move(
                    tx, ticket_id, Status(ticket.status), waiting_status(ticket), caller, now, why=note or "tried again"
                )
            return Status(get_ticket(tx, ticket_id).status)

    def wait_for(self, ticket_id: int, needed_id: int, caller: Caller, now: float) -> Status:
        """Have a ticket that has not started wait for another.

        Raises InvalidInput for a circle, Refused when it runs or is over.
        """
        with acting(self._db, caller, Verb.DEPEND, ticket_id) as tx:
            ticket = get_ticket(tx, ticket_id)
            if get_ticket(tx, needed_id).status == Status.CANCELLED:
                raise InvalidInput(f"ticket {needed_id} is cancelled", "nothing can wait for it")
            if ticket.status not in (Status.TRIAGE, Status.TODO, Status.READY, Status.BLOCKED, Status.STALE):
                raise Refused(f"ticket {ticket_id} is {ticket.status}", "only what has not started can wait")
            refuse_circle(tx, ticket_id, [needed_id])
            tx.exec_driver_sql("INSERT OR IGNORE INTO dependency VALUES (?, ?)", (ticket_id, needed_id))
            recount_dependencies(tx, ticket_id)
            record_event(tx, caller, Verb.DEPEND, now, ticket_id, ticket.request_id, why=f"waits for #{needed_id}")
            ticket = get_ticket(tx, ticket_id)
            if ticket.status == Status.READY and ticket.open_dependencies:
                move(tx, ticket_id, Status.READY, Status.TODO, caller, now, why=f"waits for #{needed_id}")
            return Status(get_ticket(tx, ticket_id).status)

    def stop_waiting(self, ticket_id: int, needed_id: int, caller: Caller, now: float) -> None:
        """Have a ticket no longer wait for another; the next tick promotes it when nothing else is open."""
        with acting(self._db, caller, Verb.DEPEND, ticket_id) as tx:
            gone = tx.exec_driver_sql(
                "DELETE FROM dependency WHERE ticket_id = ? AND depends_on = ?", (ticket_id, needed_id)
            )
            if gone.rowcount != 1:
                raise InvalidInput(
                    f"ticket {ticket_id} does not wait for {needed_id}", f"see `kanban show {ticket_id}`"
                )
            recount_dependencies(tx, ticket_id)
            record_event(tx, caller, Verb.DEPEND, now, ticket_id, why=f"no longer waits for #{needed_id}")
