"""Filing tickets: briefs come in as data, pass the lint, and become tickets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import Field

from kanban.agents.checks import find_checks_that_ask
from kanban.agents.context import Context
from kanban.agents.verbs.board import TICKET
from kanban.briefs.lint import DraftFindings, content_hash, keeps_criteria, lint
from kanban.briefs.render import render_brief
from kanban.domain.brief import Brief, TicketDraft
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import DEFAULT_ASSIGNEE, HUMAN_ASSIGNEE
from kanban.domain.tool import Effect, Tier
from kanban.errors import InvalidInput, Refused
from kanban.store.filing import Filed, NewTicket
from kanban.tools.base import AnyTool, Arguments, Signature, ToolResult, failed
from kanban.tools.paging import cut
from kanban.tools.toolset import Toolset


class FileTickets(Arguments):
    tickets: list[TicketDraft] = Field(min_length=1, description="One draft for each independent unit of work.")


_DRAFTS = "One draft writes the brief of the ticket itself; several become its children."


class Split(Arguments):
    ticket: int = TICKET
    tickets: list[TicketDraft] = Field(min_length=1, description=_DRAFTS)


class SplitInShort(Arguments):
    """`Split` for a model that also holds `file_tickets`, which says what a draft is; twice would cost twice."""

    ticket: int = TICKET
    tickets: list[dict[str, Any]] = Field(
        min_length=1, description=f"Drafts of the same fields as in `file_tickets`. {_DRAFTS}"
    )


@dataclass
class FilingDesk:
    """Takes drafts for one run. After `lint_tries` refusals, what still fails waits for the person in triage."""

    context: Context
    refusals: int = 0

    def file(self, asked: FileTickets) -> ToolResult:
        """Put drafts on the board for the request of this run."""
        context = self.context
        rejected = self._check(asked.tickets)
        if rejected is not None and self.refusals < context.in_force.settings.lint_tries:
            return rejected
        self._require_room(asked.tickets)
        drafts = _in_order_of_waits(asked.tickets)
        failing = self._describe_failing(drafts)
        new = _make_tickets(drafts, failing)
        filed = context.store.board.file_tickets(
            new, context.caller, context.clock(), request_id=context.run.request_id
        )
        for number, ticket in zip(filed.tickets, new, strict=True):
            if ticket.title in failing and number not in filed.existing:
                context.store.board.comment(number, context.caller, failing[ticket.title], context.clock())
        return ToolResult(_describe_filed(drafts, filed, new))

    def split(self, asked: Split) -> ToolResult:
        """Write the brief of a ticket, or turn it into the parent of several."""
        context = self.context
        decomposing = context.run.purpose == Purpose.DECOMPOSE
        if decomposing and asked.ticket != context.run.ticket_id:
            raise Refused(f"this run is about ticket {context.run.ticket_id}", "split that one")
        stated, _ = context.store.queries.read_brief(asked.ticket)
        asked = _keep_private(asked, stated)
        rejected = self._check(asked.tickets) or self._check_criteria(asked, stated)
        if rejected is not None:
            if not decomposing or self.refusals < context.in_force.settings.lint_tries:
                return rejected
            return self._give_up(asked.ticket, rejected.text)
        told = self._rewrite(asked) if len(asked.tickets) == 1 else self._split_in_many(asked)
        return ToolResult(told, Ending(Outcome.DONE, told) if decomposing else None)

    def _rewrite(self, asked: Split) -> str:
        if asked.tickets[0].assignee == DEFAULT_ASSIGNEE:
            raise InvalidInput(
                f"a brief for {DEFAULT_ASSIGNEE!r} would come back to you", "leave assignee empty, or name a profile"
            )
        new = _make_tickets(asked.tickets, set())[0]
        status = self.context.store.board.rewrite(asked.ticket, new, self.context.caller, self.context.clock())
        return f"ticket #{asked.ticket} has its brief and is {status}"

    def _split_in_many(self, asked: Split) -> str:
        context = self.context
        depth = context.store.queries.get_ticket(asked.ticket).depth
        if depth >= context.in_force.settings.max_depth:
            raise Refused(
                f"ticket {asked.ticket} is {depth} splits deep already", "write one brief for it, or ask the person"
            )
        self._require_room(asked.tickets)
        drafts = _in_order_of_waits(asked.tickets)
        new = _make_tickets(drafts, set())
        filed = context.store.board.split_ticket(asked.ticket, new, context.caller, context.clock())
        return _describe_filed(drafts, filed, new)

    def _check(self, drafts: Sequence[TicketDraft]) -> ToolResult | None:
        failing = [finding for finding in self._lint(drafts) if not finding.passed]
        if not failing:
            return None
        self.refusals += 1
        told = "\n\n".join(_describe_findings(findings) for findings in failing)
        told = f"Nothing was filed. Mend these and send all drafts of the filing again.\n\n{told}"
        return failed(
            cut(told, self.context.in_force.settings.output_limit_chars, "more findings follow; mend these first")
        )

    def _check_criteria(self, asked: Split, stated: Brief | None) -> ToolResult | None:
        dropped = keeps_criteria(stated, *(draft.brief for draft in asked.tickets)) if stated else []
        if not dropped:
            return None
        self.refusals += 1
        told = "\n".join(f"- {criterion}" for criterion in dropped)
        return failed(f"Nothing was changed: these criteria were stated and must be kept word for word.\n{told}")

    def _lint(self, drafts: Sequence[TicketDraft]) -> list[DraftFindings]:
        people = self.context.in_force
        linted = lint(drafts, hosts=people.hosts.names(), profiles=people.profiles, rubric=people.rubric)
        return [
            replace(found, findings=(*found.findings, *find_checks_that_ask(draft.brief, people)))
            for draft, found in zip(drafts, linted, strict=True)
        ]

    def _describe_failing(self, drafts: Sequence[TicketDraft]) -> dict[str, str]:
        """The findings of the drafts that fail, by title."""
        return {each.title: _describe_findings(each) for each in self._lint(drafts) if not each.passed}

    def _require_room(self, drafts: Sequence[TicketDraft]) -> None:
        request_id = self.context.run.request_id
        if request_id is None:
            return
        limit = self.context.in_force.settings.max_tickets_per_request
        there = self.context.store.queries.tickets_of_request(request_id)
        known = {ticket.content_hash for ticket in there}
        if len(there) + sum(content_hash(draft) not in known for draft in drafts) > limit:
            raise Refused(
                f"request {request_id} has {len(there)} tickets and may have {limit}", "file fewer, broader tickets"
            )

    def _give_up(self, ticket_id: int, findings: str) -> ToolResult:
        context = self.context
        why = f"its brief failed the lint {self.refusals} times: {findings}"
        context.store.board.take_from_orchestrator(ticket_id, why, context.caller, context.clock())
        return ToolResult("the ticket now waits for the person", Ending(Outcome.DONE, why))


FILE_TICKETS = Signature(
    "file_tickets", "Put tickets on the board.", FileTickets, Effect.BOARD, Tier.SAFE, repeatable=True
)
SPLIT = Signature("split", "Write the brief of a ticket, or split it into several.", Split, Effect.BOARD, Tier.SAFE)


def make_filing_tools(context: Context) -> list[AnyTool]:
    """`file_tickets` and `split`."""
    desk = FilingDesk(context)
    return [FILE_TICKETS.bind(desk.file), SPLIT.bind(desk.split)]


FILING: Toolset[Context] = Toolset("filing", [FILE_TICKETS, SPLIT], make_filing_tools)


def _keep_private(asked: Split, stated: Brief | None) -> Split:
    """What comes out of a private ticket is private."""
    if stated is None or not stated.is_private:
        return asked
    kept = {"sensitivity": stated.sensitivity}
    drafts = [draft.model_copy(update={"brief": draft.brief.model_copy(update=kept)}) for draft in asked.tickets]
    return asked.model_copy(update={"tickets": drafts})


def _in_order_of_waits(drafts: Sequence[TicketDraft]) -> list[TicketDraft]:
    """Drafts so ordered that each comes after those it waits for; a ring, which the lint reports, stays as it is."""
    position = {draft.title: number for number, draft in enumerate(drafts)}
    waits = {
        number: [position[title] for title in draft.after if title in position] for number, draft in enumerate(drafts)
    }
    try:
        return [drafts[number] for number in TopologicalSorter(waits).static_order()]
    except CycleError:
        return list(drafts)


def _make_tickets(drafts: Sequence[TicketDraft], failing: Collection[str]) -> list[NewTicket]:
    position = {draft.title: number for number, draft in enumerate(drafts)}
    return [
        NewTicket(
            title=draft.title,
            body=render_brief(draft.title, draft.brief),
            brief=draft.brief,
            assignee=HUMAN_ASSIGNEE if draft.title in failing else draft.assignee or None,
            priority=draft.priority,
            depends_on=draft.depends_on,
            after=[position[title] for title in draft.after if position.get(title, number) < number],
            content_hash=content_hash(draft),
        )
        for number, draft in enumerate(drafts)
    ]


def _describe_findings(findings: DraftFindings) -> str:
    lines = [f"- {finding.place}: {finding.message} [{finding.code}]" for finding in findings.findings]
    return "\n".join([f"“{findings.title}”", *lines])


def _describe_filed(drafts: Sequence[TicketDraft], filed: Filed, new: Sequence[NewTicket]) -> str:
    lines = []
    for draft, ticket, number in zip(drafts, new, filed.tickets, strict=True):
        note = " (was there already)" if number in filed.existing else ""
        waits = (
            " (its brief still fails the lint: it waits for the person)" if ticket.assignee == HUMAN_ASSIGNEE else ""
        )
        lines.append(f"#{number} {draft.title}{note}{waits}")
    return "filed:\n" + "\n".join(lines)
