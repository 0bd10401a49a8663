"""What the person does to tickets, by the same verbs as the commands. Each returns a sentence that says what came."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kanban.app import App
from kanban.briefs.written import parse_brief
from kanban.domain.showing import show_line, show_safely
from kanban.domain.ticket import RESERVED_ASSIGNEES, Caller, Status
from kanban.errors import KanbanError
from kanban.service import requests, tickets
from kanban.service.approvals import approve_call, deny_call
from kanban.service.edits import Edit, begin_edit, finish_edit
from kanban.service.views import Approval
from tui.aside import describe_error, explain

MOST_NAMED = 40  # tickets in one sentence


@dataclass
class Deed:
    """What came of one verb over some tickets, by ticket."""

    done: dict[int, str] = field(default_factory=dict)
    failed: dict[int, KanbanError] = field(default_factory=dict)

    def __str__(self) -> str:
        done = list(self.done.values())
        if not self.failed:
            return done[0] if len(done) == 1 else f"{len(done)} tickets: {done[0]}, …"
        alone = len(self.failed) == 1 and not done
        return self.why if alone else f"{len(done)} done, {len(self.failed)} failed: {self.why}"

    @property
    def why(self) -> str:
        """What the first failure says."""
        return describe_error(next(iter(self.failed.values())))


Act = Callable[[int], str]


def carry_out(act: Act, ticket_ids: Sequence[int]) -> Deed:
    """Do one thing to each ticket; one that fails does not keep the others."""
    deed = Deed()
    for ticket_id in ticket_ids:
        try:
            deed.done[ticket_id] = act(ticket_id)
        except Exception as error:
            deed.failed[ticket_id] = explain(error)
    return deed


@dataclass(frozen=True)
class Steering:
    """The verbs of one person at one board."""

    kanban: App
    caller: Caller

    def unblock(self, ticket_id: int, note: str) -> str:
        """Let a blocked or stale ticket go on."""
        status = tickets.unblock(self.kanban.parts, ticket_id, self.caller, self._now(), note)
        return f"#{ticket_id} is {status}"

    def assign(self, ticket_id: int, assignee: str) -> str:
        """Give a ticket to a profile, to default or to human."""
        status = tickets.assign(self.kanban.parts, ticket_id, assignee, self.caller, self._now())
        return f"#{ticket_id} is {status}, for {assignee}"

    def retry(self, ticket_id: int, note: str) -> str:
        """Try a ticket again from the beginning."""
        status = tickets.retry(self.kanban.parts, ticket_id, self.caller, self._now(), note)
        return f"#{ticket_id} is {status} and begins anew"

    def cancel(self, ticket_id: int, why: str = "") -> str:
        """Give a ticket up and stop its run."""
        tickets.cancel(self.kanban.parts, ticket_id, self.caller, self._now(), why)
        return f"#{ticket_id} is cancelled"

    def reopen(self, ticket_id: int, why: str) -> str:
        """Start a done ticket again."""
        status = tickets.reopen(self.kanban.parts, ticket_id, self.caller, self._now(), why)
        return f"#{ticket_id} is {status}"

    def split(self, ticket_id: int, note: str) -> str:
        """Have Ginger split a ticket."""
        tickets.split(self.kanban.parts, ticket_id, self.caller, self._now(), note)
        return f"#{ticket_id} goes to {self.kanban.live.orchestrator.name}, who splits it"

    def undo(self, ticket_id: int | None) -> str:
        """Take back what the person did last, to a ticket or to any."""
        undone = tickets.undo(self.kanban.parts, ticket_id, self.caller, self._now())
        status = self.kanban.store.queries.get_ticket(undone.ticket_id).status
        return " · ".join([f"{undone}, it is {status}", *undone.stays])

    def comment(self, ticket_id: int, text: str) -> str:
        """Leave a note on a ticket."""
        tickets.comment(self.kanban.parts, ticket_id, text, self.caller, self._now())
        return f"#{ticket_id} has your note"

    def change_priority(self, ticket_id: int, change: int) -> str:
        """Raise or lower a ticket's priority."""
        priority = self.kanban.store.queries.get_ticket(ticket_id).priority + change
        tickets.edit(self.kanban.parts, ticket_id, self.caller, self._now(), priority=priority)
        return f"#{ticket_id} has priority {priority}"

    def approve(self, number: int) -> str:
        """Let the exact call of an approval be carried out, once. A proposed rule is put first in the rubric."""
        approval, rule = approve_call(self.kanban.home, self.kanban.store.approvals, number, self.caller, self._now())
        return self._describe_answer(approval) + (f" · rule {rule} stands first in the rubric" if rule else "")

    def deny(self, number: int, reason: str) -> str:
        """Refuse the call of an approval; the worker is told why."""
        return self._describe_answer(deny_call(self.kanban.store.approvals, number, reason, self.caller, self._now()))

    def _describe_answer(self, approval: Approval) -> str:
        told = f"approval {approval.id} {approval.status}: {approval.tool}"
        if approval.ticket_id is None:
            return told
        return f"{told} · #{approval.ticket_id} is {self.kanban.store.queries.get_ticket(approval.ticket_id).status}"

    def retry_request(self, request_id: int) -> str:
        """Have Ginger asked again."""
        requests.retry(self.kanban.store, request_id, self.caller, self._now())
        return f"{self.kanban.live.orchestrator.name} is asked again about request {request_id}"

    def close_request(self, request_id: int) -> str:
        """Give up a request that has no answer."""
        requests.close(self.kanban.store, request_id, self.caller, self._now())
        return f"request {request_id} is closed"

    def create(self, title: str, body: str, assignee: str | None) -> int:
        """Put a ticket on the board and return its number; a body that begins with a brace is a brief as JSON."""
        brief = parse_brief(body, "the text")
        return tickets.create(self.kanban.parts, title, body, self.caller, self._now(), brief=brief, assignee=assignee)

    def begin_edit(self, ticket_id: int) -> Edit:
        """What an editor is given."""
        return begin_edit(self.kanban.store.queries, ticket_id)

    def finish_edit(self, edit: Edit, written: str) -> str:
        """Give a ticket the text that was made of an edit. What cannot be taken is kept in a file."""
        warnings = finish_edit(self.kanban.parts, self.kanban.home.path, edit, written, self.caller, self._now())
        told = "".join(f" · warning: {warning}" for warning in warnings)
        return f"#{edit.ticket_id} has its new text; the earlier one is kept{told}"

    def assignees(self) -> list[tuple[str, str]]:
        """Who a ticket can be given to, and what they are for."""
        profiles = self.kanban.live.profiles.values()
        named = [(profile.name, profile.about or str(profile.role)) for profile in profiles if profile.role == "worker"]
        told = {"default": f"{self.kanban.live.orchestrator.name} splits or routes it", "human": "it waits for you"}
        return [*named, *((name, told[name]) for name in sorted(RESERVED_ASSIGNEES))]

    def describe_cancel(self, ticket_ids: Sequence[int]) -> list[str]:
        """What giving tickets up ends: a line for each ticket, and under it one for each thing that ends with it."""
        pending = [approval.ticket_id for approval in self.kanban.store.approvals.list_pending()]
        told = []
        for ticket_id in ticket_ids:
            title = self.kanban.store.queries.get_ticket(ticket_id).title
            told.append(f"#{ticket_id} {show_line(title)[:200]}")
            told += [f"  {ended}" for ended in self._describe_end(ticket_id, pending.count(ticket_id))]
        return told if len(told) > 1 else [*told, "No run is at it and nothing waits for it."]

    def _describe_end(self, ticket_id: int, pending: int) -> list[str]:
        queries = self.kanban.store.queries
        told = []
        for run in queries.runs_of_ticket(ticket_id):
            if run.ended_at is None:
                told.append(f"Run {run.id} of {run.profile} is stopped in turn {run.turns}.")
        waiting = [t for t in queries.dependents(ticket_id) if t.status in (Status.TODO, Status.READY)]
        if waiting:
            more = f" and {len(waiting) - MOST_NAMED} more" if len(waiting) > MOST_NAMED else ""
            named = ", ".join(f"#{ticket.id}" for ticket in waiting[:MOST_NAMED])
            told.append(f"Blocked by it: {named}{more}.")
        if pending:
            told.append("Its unanswered approval lapses." if pending == 1 else "Its unanswered approvals lapse.")
        return told

    def read_question(self, ticket_id: int) -> str:
        """What a ticket says about itself, in full: what it asks, or why it is where it is."""
        return show_safely(self.kanban.store.queries.get_ticket(ticket_id).explanation)

    def _now(self) -> float:
        return self.kanban.clock()
