"""Requests: the person's words, kept as they are, until they are answered."""

from sqlalchemy import Connection

from kanban.domain.authority import Verb
from kanban.domain.ticket import THE_DISPATCHER, Caller
from kanban.errors import MovedOn
from kanban.store.authority import acting
from kanban.store.db import Database
from kanban.store.events import record_event
from kanban.store.outbox import record_notice
from kanban.store.talks import cut_off_talks, give_up_talk

_RETRY = """
UPDATE request SET talk_due = 1, forgiven_run = (SELECT COALESCE(MAX(id), 0) FROM run)
WHERE id = ? AND status = 'open' AND NOT EXISTS (SELECT 1 FROM run WHERE request_id = ? AND ended_at IS NULL)"""


class Requests:
    """Opens and answers requests."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def open(self, words: str, caller: Caller, now: float, conversation_id: int | None = None) -> int:
        """Keep what was asked and return its number."""
        with acting(self._db, caller, Verb.ASK) as tx:
            return open_request(tx, words, caller, now, conversation_id)

    def retry(self, request_id: int, caller: Caller, now: float) -> None:
        """Have the dispatcher ask Ginger again. Raises MovedOn unless the request is open and nobody is asking her."""
        with acting(self._db, caller, Verb.RETRY) as tx:
            due = tx.exec_driver_sql(_RETRY, (request_id, request_id))
            if due.rowcount != 1:
                raise MovedOn(
                    f"request {request_id} is not without an answer", f"`kanban request why {request_id}` says more"
                )
            record_event(tx, caller, Verb.RETRY, now, request_id=request_id)

    def close(self, request_id: int, caller: Caller, now: float, why: str = "") -> None:
        """Give a request up, and end the exchange about it. Raises MovedOn when it has tickets or an answer."""
        with acting(self._db, caller, Verb.CLOSE) as tx:
            closed = tx.exec_driver_sql(
                "UPDATE request SET status = 'closed', talk_due = 0 WHERE id = ? AND status = 'open' "
                "AND NOT EXISTS (SELECT 1 FROM ticket WHERE ticket.request_id = request.id)",
                (request_id,),
            )
            if closed.rowcount != 1:
                raise MovedOn(
                    f"request {request_id} is not open, or has tickets",
                    f"`kanban request show {request_id}` lists them; `kanban cancel N` gives one up",
                )
            cut_off_talks(tx, "request_id = ?", request_id, "its request was closed", now)
            record_event(tx, caller, Verb.CLOSE, now, request_id=request_id, why=why)

    def give_up_talk(self, request_id: int, why: str, now: float) -> None:
        """Leave a request whose exchange cannot be finished to the person."""
        with acting(self._db, THE_DISPATCHER, Verb.GIVE_UP) as tx:
            give_up_talk(tx, request_id, why, THE_DISPATCHER, now)

    def answer_directly(
        self, request_id: int, words: str, caller: Caller, now: float, *, tell_person: bool = False
    ) -> bool:
        """Ginger filed nothing, so her words are the answer. Returns False when there are tickets to wait for."""
        with acting(self._db, caller, Verb.ANSWER) as tx:
            answered = tx.exec_driver_sql(
                "UPDATE request SET status = 'answered', talk_due = 0, answer = ?, answered_at = ? "
                "WHERE id = ? AND status = 'open' "
                "AND NOT EXISTS (SELECT 1 FROM ticket WHERE ticket.request_id = request.id)",
                (words, now, request_id),
            )
            if answered.rowcount == 1:
                record_event(tx, caller, Verb.ANSWER, now, request_id=request_id)
                if tell_person:
                    _tell_of_answer(tx, request_id, words, now)
            return bool(answered.rowcount == 1)

    def answer(self, request_id: int, text: str, caller: Caller, now: float) -> None:
        """Give the one answer. Raises MovedOn while tickets are open or when it was answered meanwhile."""
        with acting(self._db, caller, Verb.ANSWER) as tx:
            answered = tx.exec_driver_sql(
                "UPDATE request SET status = 'answered', answer = ?, answered_at = ? "
                "WHERE id = ? AND status = 'working' AND open_tickets = 0",
                (text, now, request_id),
            )
            if answered.rowcount != 1:
                raise MovedOn(f"request {request_id} is not waiting for an answer")
            record_event(tx, caller, Verb.ANSWER, now, request_id=request_id)
            _tell_of_answer(tx, request_id, text, now)


def open_request(tx: Connection, words: str, caller: Caller, now: float, conversation_id: int | None = None) -> int:
    """Keep what was asked and return its number."""
    kept = tx.exec_driver_sql(
        "INSERT INTO request (words, created_at, conversation_id) VALUES (?, ?, ?)", (words, now, conversation_id)
    )
    record_event(tx, caller, Verb.ASK, now, request_id=int(kept.lastrowid))
    return int(kept.lastrowid)


def _tell_of_answer(tx: Connection, request_id: int, text: str, now: float) -> None:
    told = f"request {request_id} is answered: {text[:500]}"
    record_notice(tx, f"answer:{request_id}:{now}", told, now, request_id=request_id)
