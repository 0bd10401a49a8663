"""What the person does to tickets, by the same verbs as the commands. Each returns a sentence that says what came."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kanban.app import App
from kanban.briefs.render import render_brief
from kanban.briefs.written import lay_out_body, parse_brief
from kanban.dispatch.approving import approve_call
from kanban.domain.ticket import DEFAULT_ASSIGNEE, RESERVED_ASSIGNEES, Caller, Status
from kanban.errors import InvalidInput, KanbanError
from kanban.store.filing import NewTicket
from kanban.store.tables import Approval


@dataclass
class Deed:
    """What came of one verb over some tickets."""

    done: list[str] = field(default_factory=list)
    failed: list[KanbanError] = field(default_factory=list)

    def __str__(self) -> str:
        if self.failed:
            error = self.failed[0]
            more = f" (and {len(self.failed) - 1} more)" if len(self.failed) > 1 else ""
            return f"{error}{more}" + (f" · {error.hint}" if error.hint else "")
        return self.done[0] if len(self.done) == 1 else f"{len(self.done)} tickets: {self.done[0]}, …"


Act = Callable[[int], str]


def carry_out(act: Act, ticket_ids: Sequence[int]) -> Deed:
    """Do one thing to each ticket; one that fails does not keep the others."""
    deed = Deed()
    for ticket_id in ticket_ids:
        try:
            deed.done.append(act(ticket_id))
        except KanbanError as error:
            deed.failed.append(error)
    return deed


@dataclass(frozen=True)
class Steering:
    """The verbs of one person at one board."""

    kanban: App
    caller: Caller

    def unblock(self, ticket_id: int, note: str) -> str:
        """Let a blocked or stale ticket go on."""
        status = self.kanban.board.unblock(ticket_id, self.caller, self._now(), note=note)
        return f"#{ticket_id} is {status}"

    def assign(self, ticket_id: int, assignee: str) -> str:
        """Give a ticket to a profile, to default or to human."""
        status = self.kanban.board.assign(ticket_id, assignee, self.caller, self._now())
        return f"#{ticket_id} is {status}, for {assignee}"

    def retry(self, ticket_id: int, note: str) -> str:
        """Try a ticket again from the beginning."""
        with self.kanban.stop_run_of(ticket_id):
            status = self.kanban.verdicts.retry(ticket_id, self.caller, self._now(), note)
        return f"#{ticket_id} is {status} and begins anew"

    def cancel(self, ticket_id: int, why: str = "") -> str:
        """Give a ticket up and stop its run."""
        with self.kanban.stop_run_of(ticket_id):
            self.kanban.board.cancel(ticket_id, self.caller, self._now(), why)
        return f"#{ticket_id} is cancelled"

    def reopen(self, ticket_id: int, why: str) -> str:
        """Start a done ticket again."""
        status = self.kanban.board.reopen(ticket_id, self.caller, self._now(), why)
        return f"#{ticket_id} is {status}"

    def split(self, ticket_id: int, note: str) -> str:
        """Have Ginger split a ticket."""
        if note:
            self.kanban.board.comment(ticket_id, self.caller, note, self._now())
        self.kanban.board.assign(ticket_id, DEFAULT_ASSIGNEE, self.caller, self._now())
        return f"#{ticket_id} goes to {self.kanban.orchestrator.name}, who splits it"

    def comment(self, ticket_id: int, text: str) -> str:
        """Leave a note on a ticket."""
        self.kanban.board.comment(ticket_id, self.caller, text, self._now())
        return f"#{ticket_id} has your note"

    def change_priority(self, ticket_id: int, change: int) -> str:
        """Raise or lower a ticket's priority."""
        priority = self.kanban.queries.get_ticket(ticket_id).priority + change
        self.kanban.board.edit(ticket_id, self.caller, self._now(), priority=priority)
        return f"#{ticket_id} has priority {priority}"

    def approve(self, number: int) -> str:
        """Let the exact call of an approval be carried out, once. A proposed rule is put first in the rubric."""
        approval, rule = approve_call(self.kanban.home, self.kanban.approvals, number, self.caller, self._now())
        return self._describe_answer(approval) + (f" · rule {rule} stands first in the rubric" if rule else "")

    def deny(self, number: int, reason: str) -> str:
        """Refuse the call of an approval; the worker is told why."""
        return self._describe_answer(self.kanban.approvals.decide(number, False, reason, self.caller, self._now()))

    def _describe_answer(self, approval: Approval) -> str:
        told = f"approval {approval.id} {approval.status}: {approval.tool}"
        if approval.ticket_id is None:
            return told
        return f"{told} · #{approval.ticket_id} is {self.kanban.queries.get_ticket(approval.ticket_id).status}"

    def create(self, title: str, body: str, assignee: str | None) -> int:
        """Put a ticket on the board and return its number; a body that begins with a brace is a brief as JSON."""
        if not title.strip():
            raise InvalidInput("a ticket needs a title", "say in a few words what is to be done")
        brief = parse_brief(body, "the text")
        text = render_brief(title, brief) if brief else body
        new = NewTicket(title.strip(), text, brief, assignee)
        return self.kanban.board.create_ticket(new, self.caller, self._now())

    def read_for_editor(self, ticket_id: int) -> tuple[str, str]:
        """What an editor is given, and the ending of its file's name; a brief is edited as JSON."""
        brief, body = self.kanban.queries.read_brief(ticket_id)
        return (brief.model_dump_json(indent=2), ".json") if brief else (body, ".md")

    def rewrite(self, ticket_id: int, written: str) -> str:
        """Give a ticket the text that was written in an editor. What cannot be taken is kept in a file."""
        try:
            brief = parse_brief(written, f"#{ticket_id}")
            title = self.kanban.queries.get_ticket(ticket_id).title
            text = lay_out_body(title, written, brief)
            self.kanban.board.edit(ticket_id, self.caller, self._now(), body=text, brief=brief)
        except KanbanError as error:
            error.hint = f"{error.hint}; {self._keep(ticket_id, written)}".removeprefix("; ")
            raise
        return f"#{ticket_id} has its new text; the earlier one is kept"

    def _keep(self, ticket_id: int, written: str) -> str:
        from kanban.yamlfile import write_atomically

        file = self.kanban.home.path / f"ticket-{ticket_id}.rejected.txt"
        write_atomically(file, written)
        return f"what you wrote is in {file}"

    def assignees(self) -> list[tuple[str, str]]:
        """Who a ticket can be given to, and what they are for."""
        profiles = self.kanban.profiles.values()
        named = [(profile.name, profile.about or str(profile.role)) for profile in profiles if profile.role == "worker"]
        told = {"default": f"{self.kanban.orchestrator.name} splits or routes it", "human": "it waits for you"}
        return [*named, *((name, told[name]) for name in sorted(RESERVED_ASSIGNEES))]

    def describe_cancel(self, ticket_id: int) -> list[str]:
        """What giving a ticket up ends, in sentences."""
        queries = self.kanban.queries
        told = []
        for run in queries.runs_of_ticket(ticket_id):
            if run.ended_at is None:
                told.append(f"Run {run.id} of {run.profile} is stopped in turn {run.turns}.")
        waiting = [t for t in queries.dependents(ticket_id) if t.status in (Status.TODO, Status.READY)]
        if waiting:
            told.append(f"Blocked by it: {', '.join(f'#{ticket.id}' for ticket in waiting[:8])}.")
        pending = [a for a in self.kanban.approvals.list_pending() if a.ticket_id == ticket_id]
        if pending:
            told.append("Its unanswered approval lapses." if len(pending) == 1 else "Its unanswered approvals lapse.")
        return told or ["No run is at it and nothing waits for it."]

    def _now(self) -> float:
        return self.kanban.clock()
