"""What agents keep for next time."""

from pydantic import Field

from kanban.agents.context import Context
from kanban.agents.prompts import untrusted
from kanban.agents.tool import AnyTool, Arguments, Tool, ToolResult
from kanban.domain.tool import Tier


class Remember(Arguments):
    text: str = Field(min_length=1, max_length=2000, description="One fact or preference worth knowing next time.")


class Recall(Arguments):
    words: str = Field(default="", description="Words to look for; empty for the newest.")


def make_memory_tools(context: Context) -> list[AnyTool]:
    """Remember and recall."""

    def remember(asked: Remember) -> ToolResult:
        text = context.redact(asked.text)
        context.records.remember(context.caller.name, context.run_id, text, context.clock())
        return ToolResult("kept")

    def recall(asked: Recall) -> ToolResult:
        found = context.queries.recall(asked.words)
        shown = "\n".join(f"- {memory.author}: {memory.text}" for memory in found)
        return ToolResult(untrusted(shown, "notes of earlier runs") if shown else "(nothing kept)")

    return [
        Tool("remember", "Keep a fact or preference for later runs.", Remember, Tier.SAFE, remember, True),
        Tool("recall", "Look up what was kept.", Recall, Tier.READ, recall, True),
    ]
