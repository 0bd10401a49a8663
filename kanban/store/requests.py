"""Requests: the person's words, kept as they are, until they are answered."""

from kanban.domain.ticket import Caller
from kanban.errors import MovedOn
from kanban.store.db import Database
from kanban.store.events import record_event
from kanban.store.outbox import record_notice


class Requests:
    """Opens and answers requests."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def open(self, words: str, caller: Caller, now: float) -> int:
        """Keep what was asked and return its number."""
        with self._db.write() as tx:
            request_id = int(
                tx.exec_driver_sql("INSERT INTO request (words, created_at) VALUES (?, ?)", (words, now)).lastrowid
            )
            record_event(tx, caller, "ask", now, request_id=request_id)
            return request_id

    def place_in_conversation(self, request_id: int, transcript_id: int) -> None:
        """Say in which conversation (named by the run that began it) the request was made."""
        with self._db.write() as tx:
            tx.exec_driver_sql("UPDATE request SET conversation_id = ? WHERE id = ?", (transcript_id, request_id))

    def answer_directly(self, request_id: int, words: str, caller: Caller, now: float) -> bool:
        """Ginger filed nothing, so her words are the answer. Returns False when there are tickets to wait for."""
        with self._db.write() as tx:
            answered = tx.exec_driver_sql(
                "UPDATE request SET status = 'answered', answer = ?, answered_at = ? WHERE id = ? AND status = 'open' "
                "AND NOT EXISTS (SELECT 1 FROM ticket WHERE ticket.request_id = request.id)",
                (words, now, request_id),
            )
            if answered.rowcount == 1:
                record_event(tx, caller, "answer", now, request_id=request_id)
            return bool(answered.rowcount == 1)

    def answer(self, request_id: int, text: str, caller: Caller, now: float) -> None:
        """Give the one answer. Raises MovedOn while tickets are open or when it was answered meanwhile."""
        with self._db.write() as tx:
            answered = tx.exec_driver_sql(
                "UPDATE request SET status = 'answered', answer = ?, answered_at = ? "
                "WHERE id = ? AND status = 'working' AND open_tickets = 0",
                (text, now, request_id),
            )
            if answered.rowcount != 1:
                raise MovedOn(f"request {request_id} is not waiting for an answer")
            record_event(tx, caller, "answer", now, request_id=request_id)
            told = f"request {request_id} is answered: {text[:500]}"
            record_notice(tx, f"answer:{request_id}:{now}", told, now, request_id=request_id)
