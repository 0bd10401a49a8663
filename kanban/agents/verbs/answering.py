"""How Ginger ends a request: one answer, with receipts that the board itself writes."""

from collections import defaultdict

from pydantic import BaseModel, ConfigDict, Field

from kanban.agents.context import Context
from kanban.agents.receipts import render_receipts
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.tool import Effect, Tier
from kanban.errors import InvalidInput, MovedOn
from kanban.tools.base import AnyTool, Arguments, Signature, ToolResult
from kanban.tools.toolset import Toolset


class Claim(BaseModel):
    """Something that the answer says, with the ticket it comes from and what shows it."""

    model_config = ConfigDict(extra="forbid")

    ticket: int = Field(description="Number of the ticket it comes from.")
    claim: str = Field(min_length=1, description="What the answer says.")
    evidence: str = Field(min_length=1, description="What shows it: a check that passed, a path, a line, a link.")


class Answer(Arguments):
    text: str = Field(min_length=1, description="The answer to the person, complete, in Markdown.")
    claims: list[Claim] = Field(default=[], description="Every ticket of the request, at least once.")


ANSWER = Signature("answer", "Give the person the answer.", Answer, Effect.BOARD, Tier.SAFE, repeatable=True)


def make_answer_tool(context: Context) -> list[AnyTool]:
    """`answer`: the text goes to the person with the receipts under it."""

    def answer(asked: Answer) -> ToolResult:
        text = context.redact(asked.text)
        if context.run.purpose != Purpose.SYNTHESIZE:
            return ToolResult("answered", Ending(Outcome.DONE, text))
        assert context.run.request_id is not None
        try:
            answer_request(context, context.run.request_id, text, asked.claims)
        except MovedOn as moved:  # a ticket was filed or reopened meanwhile: the answer comes after it
            return ToolResult(f"not answered: {moved}", Ending(Outcome.CANCELLED, str(moved)))
        return ToolResult("answered", Ending(Outcome.DONE, text))

    return [ANSWER.bind(answer)]


ANSWERING: Toolset[Context] = Toolset("answering", [ANSWER], make_answer_tool)


def answer_request(context: Context, request_id: int, text: str, claims: list[Claim]) -> None:
    """Answer a request. Raises InvalidInput when a claim names a foreign ticket or a ticket has no claim."""
    tickets = context.store.queries.tickets_of_request(request_id)
    numbers = {ticket.id for ticket in tickets}
    foreign = sorted({claim.ticket for claim in claims} - numbers)
    if foreign:
        raise InvalidInput(f"no ticket of this request has the number {foreign}", f"its tickets: {sorted(numbers)}")
    silent = sorted(numbers - {claim.ticket for claim in claims})
    if silent:
        raise InvalidInput(f"nothing is said of ticket {silent}", "give each a claim; what failed is said plainly")
    evidence = defaultdict(list)
    for claim in claims:
        evidence[claim.ticket].append(context.redact(f"{claim.claim} ({claim.evidence})"))
    views = [context.store.queries.view_ticket(number) for number in sorted(numbers)]
    receipts = render_receipts(views, evidence, context.store.queries.runs_of_request(request_id))
    context.store.requests.answer(request_id, f"{text.rstrip()}\n\n{receipts}", context.caller, context.clock())
