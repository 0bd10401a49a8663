"""How a worker ends its run: it completes, and the board checks that, or it says why it is blocked."""

from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kanban.agents.acceptance import Claim, SentBack, accept
from kanban.agents.context import Context
from kanban.agents.verbs.board import COMMENT, make_comment_tool
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import BlockReason, Kind
from kanban.domain.tool import Effect, Tier
from kanban.errors import InvalidInput
from kanban.tools.base import AnyTool, Arguments, Signature, ToolResult, failed
from kanban.tools.toolset import Toolset

# What a worker may say; the other reasons are the board's own to find.
WorkersReason = Literal["needs_input", "missing_access", "dependency", "budget", "other"]


class TextArtifact(BaseModel):
    """A text handed over as it is; it is kept as a file of this name in the workspace."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[^/\x00][^\x00]{0,200}$", description="File name.")
    text: str = Field(description="The whole text.")


class Complete(Arguments):
    summary: str = Field(min_length=1, description="One paragraph: what was done and what is now true.")
    evidence: list[str] = Field(
        default=[], description="For each criterion what shows it: the command and its output, the path, the address."
    )
    artifacts: list[str | TextArtifact] = Field(
        default=[], description="Files to keep, by path (`host:path` on a host), or whole texts with a name."
    )


class Report(Complete):
    """How an investigation ends: its verdict is read by machine."""

    cause: str = Field(min_length=1, description="What keeps the ticket from going on, as far as it could be found.")
    recommendation: Literal["unblock", "reassign", "split", "ask_user", "give_up"] = Field(
        description="What should be done with the ticket that was looked into."
    )
    note: str = Field(min_length=1, description="What whoever goes on must know or do differently, exactly.")


class Block(Arguments):
    reason: WorkersReason = Field(
        description="`needs_input`: the person must decide; `missing_access`: a host, file or key is out of reach; "
        "`dependency`: what another ticket should have made is missing; `budget`: it is larger than your turns."
    )
    explanation: str = Field(min_length=1, description="What you tried, what happened word for word, what would help.")
    question: str = Field(default="", description="With `needs_input`: the one question for the person.")


COMPLETE = Signature(
    "complete",
    "Hand the work over. The board runs every check of the ticket first.",
    Complete,
    Effect.BOARD,
    Tier.SAFE,
    repeatable=True,
    is_claim=True,
)
REPORT = replace(COMPLETE, arguments=Report)
BLOCK = Signature("block", "Say that you cannot go on, and why.", Block, Effect.BOARD, Tier.SAFE, repeatable=True)


def make_delivery_tools(context: Context) -> list[AnyTool]:
    """`complete`, `block` and a comment on the run's own ticket."""
    assert context.run.ticket_id is not None
    investigates = context.store.queries.get_ticket(context.run.ticket_id).kind == Kind.WORRELL

    def complete(asked: Complete) -> ToolResult:
        accepted = accept(context, _read_claim(asked))
        if isinstance(accepted, SentBack):
            return failed(accepted.findings)
        return ToolResult("done", Ending(Outcome.DONE, accepted.summary))

    def block(asked: Block) -> ToolResult:
        reason = BlockReason(asked.reason)
        if reason is BlockReason.NEEDS_INPUT and not asked.question:
            raise InvalidInput("needs_input needs a question", "ask the person one question that they can answer")
        explanation = context.redact(f"{asked.explanation} {asked.question}".strip())
        return ToolResult("blocked", Ending(Outcome.BLOCKED, explanation, reason, asked.question))

    return [
        make_comment_tool(context),
        (REPORT if investigates else COMPLETE).bind(complete),
        BLOCK.bind(block),
    ]


DELIVERY: Toolset[Context] = Toolset("delivery", [COMMENT, COMPLETE, BLOCK], make_delivery_tools)


def _read_claim(asked: Complete) -> Claim:
    verdict = asked.model_dump_json(include={"cause", "recommendation", "note"}) if isinstance(asked, Report) else ""
    return Claim(
        asked.summary,
        asked.evidence,
        [artifact for artifact in asked.artifacts if isinstance(artifact, str)],
        [(artifact.name, artifact.text) for artifact in asked.artifacts if not isinstance(artifact, str)],
        verdict,
    )
