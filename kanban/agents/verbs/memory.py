"""What agents keep for next time."""

from pydantic import Field

from kanban.agents.context import Context
from kanban.agents.describe import list_memories
from kanban.agents.privacy import is_about_private
from kanban.domain.tool import Effect, Tier
from kanban.errors import Refused
from kanban.tools.base import AnyTool, Arguments, Signature, ToolResult
from kanban.tools.paging import FROM_LINE, show
from kanban.tools.toolset import Toolset


class Remember(Arguments):
    text: str = Field(min_length=1, max_length=2000, description="One fact or preference, no secret.")


class Recall(Arguments):
    words: str = Field(default="", description="Words to look for; the newest if left out.")
    from_line: int = FROM_LINE


MOST_RECALLED = 500


REMEMBER = Signature(
    "remember", "Keep a fact or preference for later.", Remember, Effect.BOARD, Tier.SAFE, repeatable=True
)
RECALL = Signature("recall", "Look up what was kept.", Recall, Effect.LOOK, Tier.READ, repeatable=True)


def make_memory_tools(context: Context) -> list[AnyTool]:
    """Remember and recall."""

    def remember(asked: Remember) -> ToolResult:
        if is_about_private(context):
            raise Refused("this ticket is private, and every agent reads what is kept", "say it in the summary instead")
        text = context.redact(asked.text)
        context.store.records.remember(context.caller.name, context.run_id, text, context.clock())
        return ToolResult("kept")

    def recall(asked: Recall) -> ToolResult:
        found = context.store.queries.recall(asked.words, MOST_RECALLED)
        if not found:
            return ToolResult("(nothing kept)")
        return ToolResult(show(list_memories(found), context.in_force.settings.output_limit_chars, asked.from_line))

    return [REMEMBER.bind(remember), RECALL.bind(recall)]


MEMORY: Toolset[Context] = Toolset("memory", [REMEMBER, RECALL], make_memory_tools)
