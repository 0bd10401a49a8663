"""Which tools a run holds: those of its purpose, cut to its profile."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from kanban.agents.context import Context
from kanban.agents.verbs.answering import make_answer_tool
from kanban.agents.verbs.board import (
    make_comment_tool,
    make_person_tools,
    make_reading_tools,
    make_steering_tools,
)
from kanban.agents.verbs.delivery import make_delivery_tools
from kanban.agents.verbs.filing import SplitInShort, make_filing_tools
from kanban.agents.verbs.memory import make_memory_tools
from kanban.agents.verbs.verdicts import make_checker_verbs, make_diagnosis_verbs
from kanban.domain.outcome import Purpose
from kanban.domain.profile import Profile
from kanban.domain.tool import CHANGING_TOOLS, AgentRole, Tier
from kanban.tools.base import AnyTool
from kanban.tools.files import make_changing_tools, make_looking_tools
from kanban.tools.shell import make_shell_tool
from kanban.tools.web import make_web_tools
from kanban.trust.redact import redact_file

_ENDING_VERBS = frozenset({"complete", "block"})


def make_worker_toolbox(context: Context) -> dict[str, AnyTool]:
    """The tools of a `work` run. An orchestrator that works a text ticket gets none that changes anything."""

    def keep_output(path: Path) -> None:
        redact_file(path, context.redact)
        kept = str(path.relative_to(context.home.path))
        size = path.stat().st_size
        context.store.records.add_artifact(
            context.run_id, context.run.ticket_id, path.name, kept, "output", size, context.clock()
        )

    tools = [
        make_shell_tool(context.workshop, context.in_force.settings, keep_output),
        *make_looking_tools(context.workshop, context.in_force.settings.output_limit_chars),
        *make_changing_tools(context.workshop),
        *make_web_tools(context.in_force.settings),
        make_comment_tool(context),
        *make_memory_tools(context),
        *make_delivery_tools(context),
    ]
    return _cut(tools, context.profile, always=_ENDING_VERBS)


def make_orchestrator_toolbox(context: Context) -> dict[str, AnyTool]:
    """Ginger's tools: the board's verbs and looks at files, hosts and the web. Nothing that changes anything else."""
    tools = [
        *make_filing_tools(context),
        *make_reading_tools(context),
        *make_steering_tools(context),
        *make_person_tools(context),
        make_answer_tool(context),
        *make_memory_tools(context),
        *make_looking_tools(context.workshop, context.in_force.settings.output_limit_chars),
        *make_web_tools(context.in_force.settings),
    ]
    useful = [tool for tool in tools if _serves(tool, context.run.purpose)]
    held = _cut(useful, context.profile, always=frozenset())
    if {"file_tickets", "split"} <= held.keys():
        held["split"] = replace(held["split"], shown=SplitInShort)
    return held


def make_diagnosis_toolbox(context: Context) -> dict[str, AnyTool]:
    """Looks, and the verbs that decide how the run's own stuck ticket goes on; each of them ends the run."""
    looks = [
        *make_reading_tools(context),
        *make_memory_tools(context),
        *make_looking_tools(context.workshop, context.in_force.settings.output_limit_chars),
        *make_web_tools(context.in_force.settings),
    ]
    held = _cut(looks, context.profile, always=frozenset())
    return held | {tool.name: tool for tool in make_diagnosis_verbs(context)}


def make_checker_toolbox(context: Context) -> dict[str, AnyTool]:
    """Looks at files, the checks of the ticket, and the verdict."""
    tools = [
        *make_looking_tools(context.workshop, context.in_force.settings.output_limit_chars),
        *make_checker_verbs(context),
    ]
    return _cut(tools, context.profile, always=frozenset({"verdict"}))


def _serves(tool: AnyTool, purpose: str) -> bool:
    """Whether a run of this purpose can use the tool; a verb of another would end it and leave nothing done."""
    match purpose:
        case Purpose.DECOMPOSE:
            return tool.tier is Tier.READ or tool.name in ("split", "ask_user", "remember")
        case Purpose.SYNTHESIZE:
            looks = tool.tier is Tier.READ and tool.name not in ("list_profiles", "web_search")
            return looks or tool.name in ("answer", "remember")
        case _:
            return tool.name != "answer"  # in a conversation words are the answer


def _cut(tools: Iterable[AnyTool], profile: Profile, always: frozenset[str]) -> dict[str, AnyTool]:
    held = profile.toolset | always
    if profile.role is not AgentRole.WORKER:
        held = held - CHANGING_TOOLS
    return {tool.name: tool for tool in tools if tool.name in held}
