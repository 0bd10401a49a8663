"""A board with everything that acts on it at hand, and short words for what tests do over and over."""

from contextlib import suppress
from pathlib import Path

from kanban.domain.message import ToolCall
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, Caller, Mover
from kanban.errors import KanbanError
from kanban.store.approvals import Approvals, Asked
from kanban.store.board import Board
from kanban.store.db import Database
from kanban.store.due import DueWork
from kanban.store.filing import NewTicket
from kanban.store.outbox import Outbox
from kanban.store.pauses import Pauses
from kanban.store.queries import Queries
from kanban.store.records import Records, Scribe
from kanban.store.requests import Requests
from kanban.store.reviews import Verdicts
from kanban.store.runs import NewRun, Runs
from kanban.store.undoing import Undoing

NOW = 1_000_000.0
LEASE = 60.0
PROFILES = ("cody", "scout")
GINGER = Caller(Mover.ORCHESTRATOR, "ginger")


class Desk:
    def __init__(self, path: Path, busy_seconds: float = 30.0) -> None:
        self.db = Database(path, busy_seconds=busy_seconds)
        self.board = Board(self.db, lambda: PROFILES)
        self.runs = Runs(self.db)
        self.due = DueWork(self.db)
        self.queries = Queries(self.db)
        self.records = Records(self.db)
        self.requests = Requests(self.db)
        self.approvals = Approvals(self.db)
        self.verdicts = Verdicts(self.db)
        self.undoing = Undoing(self.db)
        self.pauses = Pauses(self.db)
        self.outbox = Outbox(self.db)

    def create(self, title="a ticket", *, by=THE_PERSON, now=NOW, request_id=None, **draft) -> int:
        return self.board.create_ticket(NewTicket(title, **draft), by, now, request_id)

    def claim(self, ticket_id, profile="cody", now=NOW, lease=LEASE) -> int | None:
        request_id = self.ticket(ticket_id).request_id
        return self.runs.claim(NewRun(Purpose.WORK, profile, "m", ticket_id, request_id), now, lease)

    def end(self, run_id, outcome=Outcome.DONE, *, by=None, now=NOW, **ending) -> None:
        by = by or (THE_DISPATCHER if outcome is Outcome.STALE else runner(run_id))
        self.runs.end(run_id, Ending(outcome, **ending), by, now)

    def finish(self, *ticket_ids) -> None:
        for ticket_id in ticket_ids:
            with suppress(KanbanError):
                self.board.promote(ticket_id, NOW)
            self.end(self.claim(ticket_id))

    def block_by(self, ticket_id, outcome, **ending) -> int:
        """Run the ticket once to that end and return the run."""
        run_id = self.claim(ticket_id)
        self.end(run_id, outcome, **ending)
        return run_id

    def to_review(self, ticket_id) -> int:
        """Do the work of a ticket whose work is looked at, and return the run."""
        run_id = self.claim(ticket_id)
        self.runs.end(run_id, Ending(Outcome.DONE), runner(run_id), NOW, to_review=True)
        return run_id

    def decide_about(self, purpose, ticket_id, profile="ginger", now=NOW, **more) -> Caller | None:
        """Start a run that decides about a ticket; who acts in it, None when it is not to be had."""
        request_id = self.ticket(ticket_id).request_id
        run = NewRun(purpose, profile, "m", ticket_id, request_id, **more)
        run_id = self.runs.start(run, THE_DISPATCHER, now, LEASE)
        mover = Mover.CHECKER if purpose is Purpose.REVIEW else Mover.ORCHESTRATOR
        return None if run_id is None else Caller(mover, profile, run_id)

    def notices(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT text FROM notice ORDER BY id")]

    def end_talk(self, request_id, words="", outcome=Outcome.DONE) -> bool:
        """Ginger has finished speaking; whether her words were the answer."""
        run_id = self.runs.start(NewRun(Purpose.CHAT, "ginger", "m", request_id=request_id), THE_PERSON, NOW, LEASE)
        self.end(run_id, outcome)
        return outcome is Outcome.DONE and self.requests.answer_directly(request_id, words, GINGER, NOW)

    def ask_approval(self, run_id, ticket_id, call_id="c1", now=NOW) -> int:
        asked = Asked(ToolCall(call_id, "shell", '{"command": "reboot"}'), "hash", "risky", ticket_id)
        return self.approvals.ask(Scribe(run_id, run_id), asked, runner(run_id), now)

    def ticket(self, ticket_id):
        return self.queries.get_ticket(ticket_id)

    def status(self, ticket_id) -> str:
        return self.ticket(ticket_id).status

    def statuses(self, *ticket_ids) -> list[str]:
        return [self.status(ticket_id) for ticket_id in ticket_ids]

    def story(self, ticket_id) -> list[str]:
        """The statuses of a ticket, as the log tells them."""
        return [event.new_status for event in self.queries.events_after(0, ticket_id) if event.new_status]

    def rows(self, statement, *values) -> list[tuple]:
        return [tuple(row) for row in self.db.read(statement, values)]

    def total_changes(self) -> int:
        """How many rows this connection has ever written."""
        return self.db.connection().connection.dbapi_connection.total_changes


def runner(run_id) -> Caller:
    return Caller(Mover.RUNNER, "cody", run_id)
