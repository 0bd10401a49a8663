"""The board in the hands of agents: a worker comments on its own ticket, Ginger reads and steers all of them."""

from typing import Any

from pydantic import Field

from kanban.agents.context import Context
from kanban.agents.describe import describe_hosts, describe_line, describe_profiles, list_parts
from kanban.agents.privacy import HIDDEN, hide_private, hide_titles
from kanban.agents.worrell import file_investigation
from kanban.domain.message import ToolCall
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.rubric import Condition, Rule
from kanban.domain.ticket import BlockReason, Status
from kanban.domain.tool import Effect, Section, Tier
from kanban.store.approvals import Asked
from kanban.store.queries import TicketFilter
from kanban.tools.base import AnyTool, Arguments, Signature, ToolResult
from kanban.tools.paging import FROM_LINE, cut, show
from kanban.tools.toolset import Toolset
from kanban.trust.gate import hash_call

TICKET = Field(description="Its number.")
TICKETS_AT_ONCE = 200
NO_ROOM = "the rest is not shown: output_limit_chars in kanban.yaml says how much is"


class OwnComment(Arguments):
    text: str = Field(min_length=1, max_length=20_000, description="What others should know about this ticket.")


class CommentOn(OwnComment):
    ticket: int = TICKET


class ListTickets(Arguments):
    status: list[Status] = Field(default=[], description="Only these; all that are open if left out.")
    request: int | None = Field(default=None, description="Only tickets of this request.")
    text: str = Field(default="", description="Only titles that hold this text.")
    from_line: int = FROM_LINE


class ShowTicket(Arguments):
    ticket: int = TICKET
    from_line: int = FROM_LINE


class Reassign(Arguments):
    ticket: int = TICKET
    assignee: str = Field(min_length=1, description="A profile, or `human` for the person.")
    note: str = Field(default="", description="What the next worker should know.")


class Unblock(Arguments):
    ticket: int = TICKET
    note: str = Field(min_length=1, description="What the worker should do differently.")


class CancelTicket(Arguments):
    ticket: int = TICKET
    why: str = Field(min_length=1, description="Why it is given up.")


class Investigate(Arguments):
    ticket: int = TICKET
    questions: list[str] = Field(min_length=1, description="What the investigation must find out.")


class AskUser(Arguments):
    question: str = Field(min_length=1, description="One question that the person can answer.")


class ProposeRule(Arguments):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="Short name of the rule, in-this-form.")
    when: Condition = Field(description="What a ticket must be like: every part given holds, of a list one entry.")
    assign: str = Field(min_length=1, description="A profile, or `split`.")
    reason: str = Field(min_length=1, description="Why, in one sentence.")
    said: str = Field(min_length=1, description="The person's own words that this comes from.")


class ProposeRuleInShort(Arguments):
    """`ProposeRule` as a model is told of it: each part of the condition in a word, where a schema takes a page."""

    name: str = Field(description="Short name of the rule, in-this-form.")
    when: dict[str, Any] = Field(
        description="What a ticket must be like; all parts given hold. Lists, one entry suffices: category, words, "
        "needs, hosts; numbers: min_targets, max_targets, min_turns, max_turns; sensitivity."
    )
    assign: str = Field(description="A profile, or `split`.")
    reason: str = Field(description="Why, in one sentence.")
    said: str = Field(description="The person's own words that this comes from.")


class Nothing(Arguments):
    pass


COMMENT = Signature("comment", "Leave a note on this ticket.", OwnComment, Effect.BOARD, Tier.SAFE)

LIST_TICKETS = Signature(
    "list_tickets", "List tickets, newest first.", ListTickets, Effect.LOOK, Tier.READ, repeatable=True
)
SHOW_TICKET = Signature(
    "show_ticket",
    "Show a ticket with its history, newest notes first.",
    ShowTicket,
    Effect.LOOK,
    Tier.READ,
    repeatable=True,
)
LIST_PROFILES = Signature("list_profiles", "Who there is to do work.", Nothing, Effect.LOOK, Tier.READ, repeatable=True)
LIST_HOSTS = Signature("list_hosts", "Which hosts there are.", Nothing, Effect.LOOK, Tier.READ, repeatable=True)

COMMENT_ON = Signature("comment", "Leave a note on a ticket.", CommentOn, Effect.BOARD, Tier.SAFE)
REASSIGN = Signature("reassign", "Give a ticket to another profile.", Reassign, Effect.BOARD, Tier.SAFE)
UNBLOCK = Signature("unblock", "Let a blocked or stale ticket go on.", Unblock, Effect.BOARD, Tier.SAFE)
CANCEL_TICKET = Signature("cancel_ticket", "Give a ticket up.", CancelTicket, Effect.BOARD, Tier.SAFE, repeatable=True)
INVESTIGATE = Signature(
    "investigate",
    "Have a blocked or stale ticket looked into.",
    Investigate,
    Effect.BOARD,
    Tier.SAFE,
    repeatable=True,
)

ASK_USER = Signature(
    "ask_user", "Ask the person and wait for the answer.", AskUser, Effect.BOARD, Tier.SAFE, repeatable=True
)
PROPOSE_RULE = Signature(
    "propose_rule",
    "Propose a rule for the rubric; the person approves it.",
    ProposeRule,
    Effect.BOARD,
    Tier.SAFE,
    shown=ProposeRuleInShort,
)


def make_comment_tool(context: Context) -> AnyTool:
    """A worker's comment on its own ticket."""

    def comment(asked: OwnComment) -> ToolResult:
        assert context.run.ticket_id is not None
        context.store.board.comment(context.run.ticket_id, context.caller, context.redact(asked.text), context.clock())
        return ToolResult("noted")

    return COMMENT.bind(comment)


def make_reading_tools(context: Context) -> list[AnyTool]:
    """What Ginger may look at on the board."""

    limit = context.in_force.settings.output_limit_chars

    def list_tickets(asked: ListTickets) -> ToolResult:
        wanted = TicketFilter(
            statuses=asked.status,
            request_id=asked.request,
            text=asked.text or None,
            limit=asked.from_line + TICKETS_AT_ONCE,  # one more than is shown says that there are more
        )
        found = hide_titles(context, context.store.queries.list_tickets(wanted))
        if asked.text:  # else the words that find a private ticket would tell its title
            found = [ticket for ticket in found if ticket.title != HIDDEN]
        lines = [describe_line(ticket) for ticket in found]
        if not lines:
            return ToolResult("(none)")
        return ToolResult(show([Section("\n".join(lines))], limit, asked.from_line, TICKETS_AT_ONCE))

    def show_ticket(asked: ShowTicket) -> ToolResult:
        view = hide_private(context, context.store.queries.view_ticket(asked.ticket))
        return ToolResult(show(list_parts(view), limit, asked.from_line))

    def list_profiles(_: Nothing) -> ToolResult:
        return ToolResult(cut(describe_profiles(context.in_force.profiles), limit, NO_ROOM))

    def list_hosts(_: Nothing) -> ToolResult:
        return ToolResult(cut(describe_hosts(context.in_force.hosts), limit, NO_ROOM))

    return [
        LIST_TICKETS.bind(list_tickets),
        SHOW_TICKET.bind(show_ticket),
        LIST_PROFILES.bind(list_profiles),
        LIST_HOSTS.bind(list_hosts),
    ]


READING_VERBS: Toolset[Context] = Toolset(
    "board", [LIST_TICKETS, SHOW_TICKET, LIST_PROFILES, LIST_HOSTS], make_reading_tools
)


def make_steering_tools(context: Context) -> list[AnyTool]:
    """What Ginger may do to tickets."""
    board, caller, clock = context.store.board, context.caller, context.clock

    def comment(asked: CommentOn) -> ToolResult:
        board.comment(asked.ticket, caller, context.redact(asked.text), clock())
        return ToolResult("noted")

    def reassign(asked: Reassign) -> ToolResult:
        status = board.assign(asked.ticket, asked.assignee, caller, clock(), note=context.redact(asked.note))
        return ToolResult(f"#{asked.ticket} is {status} for {asked.assignee}")

    def unblock(asked: Unblock) -> ToolResult:
        status = board.unblock(asked.ticket, caller, clock(), note=context.redact(asked.note))
        return ToolResult(f"#{asked.ticket} is {status}")

    def cancel_ticket(asked: CancelTicket) -> ToolResult:
        board.cancel(asked.ticket, caller, clock(), context.redact(asked.why))
        return ToolResult(f"#{asked.ticket} is cancelled")

    def investigate(asked: Investigate) -> ToolResult:
        number = file_investigation(context, asked.ticket, asked.questions)
        return ToolResult(f"#{number} looks into #{asked.ticket}")

    return [
        COMMENT_ON.bind(comment),
        REASSIGN.bind(reassign),
        UNBLOCK.bind(unblock),
        CANCEL_TICKET.bind(cancel_ticket),
        INVESTIGATE.bind(investigate),
    ]


STEERING_VERBS: Toolset[Context] = Toolset(
    "steering", [COMMENT_ON, REASSIGN, UNBLOCK, CANCEL_TICKET, INVESTIGATE], make_steering_tools
)


def make_person_tools(context: Context) -> list[AnyTool]:
    """How Ginger reaches the person."""

    def ask_user(asked: AskUser) -> ToolResult:
        question = context.redact(asked.question)
        if context.run.purpose != Purpose.DECOMPOSE:
            return ToolResult("asked", Ending(Outcome.DONE, question, question=question))
        assert context.run.ticket_id is not None
        context.store.board.comment(context.run.ticket_id, context.caller, question, context.clock())
        context.store.board.take_from_orchestrator(context.run.ticket_id, question, context.caller, context.clock())
        ending = Ending(Outcome.BLOCKED, question, BlockReason.NEEDS_INPUT, question)
        return ToolResult("asked; the ticket waits for the person", ending)

    def propose_rule(asked: ProposeRule) -> ToolResult:
        rule = Rule(name=asked.name, when=asked.when, assign=asked.assign, reason=asked.reason)
        context.store.board.check_assignee(None if asked.assign == "split" else asked.assign)
        arguments = asked.model_dump_json()
        bound = hash_call(ToolCall("", "propose_rule", arguments), None, {})
        call = ToolCall(f"rule-{bound}", "propose_rule", arguments)
        known = context.store.approvals.find(context.scribe, call.id)
        if known is not None:
            return ToolResult(f"that rule was proposed before, as approval {known.id}; it is {known.status}")
        proposal = Asked(call, bound, f"{rule.name}: {rule.reason}", None)
        number = context.store.approvals.ask(context.scribe, proposal, context.caller, context.clock())
        return ToolResult(f"proposed as approval {number}; it holds once the person has approved it")

    return [ASK_USER.bind(ask_user), PROPOSE_RULE.bind(propose_rule)]


PERSON_VERBS: Toolset[Context] = Toolset("person", [ASK_USER, PROPOSE_RULE], make_person_tools)
