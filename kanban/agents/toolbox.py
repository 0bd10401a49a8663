"""Which tools a run holds: the toolsets of its purpose, cut to what its role may do and its profile names."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kanban import plugins
from kanban.agents.context import Context
from kanban.agents.verbs.answering import ANSWERING
from kanban.agents.verbs.board import PERSON_VERBS, READING_VERBS, STEERING_VERBS
from kanban.agents.verbs.delivery import BLOCK, COMPLETE, DELIVERY
from kanban.agents.verbs.filing import FILE_TICKETS, FILING, SPLIT, SplitInShort
from kanban.agents.verbs.memory import MEMORY
from kanban.agents.verbs.verdicts import CHECKING, DIAGNOSING, VERDICT
from kanban.domain.outcome import Purpose
from kanban.domain.profile import Profile, is_named
from kanban.domain.tool import ROLE_EFFECTS, AgentRole, Effect
from kanban.plugins import PluginError
from kanban.tools.base import AnySignature, AnyTool
from kanban.tools.files import FILE_TOOLS
from kanban.tools.shell import SHELL_TOOLS
from kanban.tools.toolset import Scope, Toolset
from kanban.tools.web import WEB_TOOLS
from kanban.trust.redact import redact_file

# What reaches out of the board, and the verbs of the board, by what a run is for.
TOOLS: dict[Purpose, tuple[Toolset[Scope], ...]] = {
    Purpose.WORK: (SHELL_TOOLS, FILE_TOOLS, WEB_TOOLS),
    Purpose.REVIEW: (FILE_TOOLS,),
} | dict.fromkeys((Purpose.CHAT, Purpose.DECOMPOSE, Purpose.SYNTHESIZE, Purpose.DIAGNOSE), (FILE_TOOLS, WEB_TOOLS))
_GINGERS = (FILING, READING_VERBS, STEERING_VERBS, PERSON_VERBS, MEMORY)
VERBS: dict[Purpose, tuple[Toolset[Context], ...]] = {
    Purpose.WORK: (MEMORY, DELIVERY),
    Purpose.REVIEW: (CHECKING,),
    Purpose.CHAT: _GINGERS,
    Purpose.DECOMPOSE: _GINGERS,
    Purpose.SYNTHESIZE: (*_GINGERS, ANSWERING),
    Purpose.DIAGNOSE: (READING_VERBS, MEMORY, DIAGNOSING),
}
# What a run must hold to end, whatever its profile names.
ENDING_VERBS: dict[Purpose, frozenset[str]] = {
    Purpose.WORK: frozenset({COMPLETE.name, BLOCK.name}),
    Purpose.REVIEW: frozenset({VERDICT.name}),
    Purpose.DIAGNOSE: frozenset(DIAGNOSING.names),
}
PURPOSES: dict[AgentRole, tuple[Purpose, ...]] = {
    AgentRole.WORKER: (Purpose.WORK,),
    AgentRole.CHECKER: (Purpose.REVIEW,),
    AgentRole.ORCHESTRATOR: (Purpose.CHAT, Purpose.DECOMPOSE, Purpose.SYNTHESIZE, Purpose.DIAGNOSE, Purpose.WORK),
}


def make_toolbox(context: Context) -> dict[str, AnyTool]:
    """The tools of a run by name. Only a worker gets one that changes anything beside the board."""
    purpose, profile = Purpose(context.run.purpose), context.profile
    scope = _make_scope(context)
    plugged = _load_named(profile)
    for toolset in plugged:
        context.workshop.close_later(toolset.close)
    made = [
        *((toolset.name, tool) for toolset in VERBS[purpose] for tool in toolset.make(context)),
        *((toolset.name, tool) for toolset in TOOLS[purpose] for tool in toolset.make(scope)),
        *((toolset.name, tool) for toolset in plugged for tool in _make_plugged(toolset, scope)),
    ]
    held = {tool.name: tool for toolset, tool in made if _may_hold(profile, purpose, toolset, tool.signature)}
    if {FILE_TICKETS.name, SPLIT.name} <= held.keys():
        held[SPLIT.name] = replace(SPLIT, shown=SplitInShort).bind(held[SPLIT.name].act)
    return held


def list_tools(profile: Profile) -> list[str]:
    """The names of all tools that runs of a profile can hold."""
    plugged = _load_named(profile)
    held = {
        signature.name
        for purpose in PURPOSES[profile.role]
        for toolset in (*_shipped_for(purpose), *plugged)
        for signature in toolset.signatures
        if _may_hold(profile, purpose, toolset.name, signature)
    }
    return sorted(held)


def find_wrong_tool(profile: Profile) -> tuple[int, str] | None:
    """The first entry of a profile's `tools` that names nothing it may hold: its index, and what is wrong with it."""
    try:
        plugged = _load_named(profile)
    except PluginError as error:
        return _find_entry(profile, error.plugin), error.tell()
    effects = ROLE_EFFECTS[profile.role]
    known = [*_shipped_for(*Purpose), *plugged]
    offered = [*_shipped_for(*PURPOSES[profile.role]), *plugged]
    may_hold = sorted({tool.name for toolset in offered for tool in toolset.signatures if tool.effect in effects})
    for index, entry in enumerate(profile.tools):
        named = _find_named(entry, known)
        if any(tool.effect in effects for tool in _find_named(entry, offered)):
            continue
        if named and not any(tool.effect in effects for tool in named):
            return index, f"tool {entry!r} changes things, and the role {profile.role} never does the work itself"
        problem = f"tool {entry!r} is not for the role {profile.role}" if named else f"no tool is called {entry!r}"
        return index, f"{problem}; the role {profile.role} may hold: {', '.join(may_hold)}"
    return None


def check_plugins(profile: Profile) -> list[str]:
    """What keeps the plug-ins that a profile names from working, a line each."""
    return [f"{toolset.name}: {problem}" for toolset in _load_named(profile) for problem in toolset.check()]


def _may_hold(profile: Profile, purpose: Purpose, toolset: str, signature: AnySignature) -> bool:
    if signature.effect not in ROLE_EFFECTS[profile.role] or not _serves(signature, purpose):
        return False
    return signature.name in ENDING_VERBS.get(purpose, ()) or profile.names_tool(toolset, signature.name)


def _serves(signature: AnySignature, purpose: Purpose) -> bool:
    """Whether a run of this purpose can use the tool; a verb of another would end it and leave nothing done."""
    is_look = signature.effect is Effect.LOOK
    match purpose:
        case Purpose.DECOMPOSE:
            return is_look or signature.name in ("split", "ask_user", "remember")
        case Purpose.SYNTHESIZE:
            is_look = is_look and signature.name not in ("list_profiles", "web_search")
            return is_look or signature.name in ("answer", "remember")
        case _:
            return True


def _shipped_for(*purposes: Purpose) -> list[Toolset[Any]]:
    shipped: list[Toolset[Any]] = []
    for purpose in purposes:
        shipped += [*TOOLS[purpose], *VERBS[purpose]]
    return shipped


def _load_named(profile: Profile) -> list[Toolset[Scope]]:
    """The toolsets of plug-ins that a profile names, and no other. Raises PluginError."""
    shipped = _shipped_for(*Purpose)
    named = dict.fromkeys(entry.partition("/")[0] for entry in profile.tools if "/" in entry)
    sets = {toolset.name for toolset in shipped}
    loaded = [_load(name) for name in named if name not in sets]
    taken = {name for toolset in shipped for name in toolset.names}
    for toolset in loaded:
        twice = taken.intersection(toolset.names)
        if twice:
            raise PluginError(
                toolset.name, f"the plug-in {toolset.name!r} has a tool whose name is taken: {min(twice)}"
            )
        taken.update(toolset.names)
    return loaded


def _make_plugged(toolset: Toolset[Scope], scope: Scope) -> Sequence[AnyTool]:
    try:
        return toolset.make(scope)
    except Exception as error:  # its code is not ours
        told = f"the plug-in {toolset.name!r} could not make its tools: {type(error).__name__}: {error}"
        raise PluginError(toolset.name, told, "`kanban profile check` says what it lacks") from error


def _load(name: str) -> Toolset[Scope]:
    toolset = plugins.load("toolsets", name)
    if not isinstance(toolset, Toolset) or toolset.name != name:
        raise PluginError(name, f"the plug-in {name!r} offers no toolset of that name")
    return toolset


def _find_entry(profile: Profile, plugin: str) -> int:
    return next(index for index, entry in enumerate(profile.tools) if entry.partition("/")[0] == plugin)


def _find_named(entry: str, toolsets: Sequence[Toolset[Any]]) -> list[AnySignature]:
    return [tool for toolset in toolsets for tool in toolset.signatures if is_named(toolset.name, tool.name, entry)]


def _make_scope(context: Context) -> Scope:
    def keep_output(path: Path) -> None:
        redact_file(path, context.redact)
        kept, size = str(path.relative_to(context.home.path)), path.stat().st_size
        context.store.records.add_artifact(
            context.run_id, context.run.ticket_id, path.name, kept, "output", size, context.clock()
        )

    return Scope(context.run_id, context.run.ticket_id, context.workshop, context.in_force.settings, keep_output)
