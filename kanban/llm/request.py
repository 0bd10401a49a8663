"""What one call sends: conversation, tools and the settings of the profile, in litellm's words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kanban.domain.message import Message, ToolSpec
from kanban.domain.profile import Reasoning
from kanban.llm.base import Calls
from kanban.llm.dialect import Dialect
from kanban.llm.library import speaks_openai
from kanban.llm.quirks import Quirks
from kanban.llm.target import Target
from kanban.llm.wire import may_think, to_openai, tools_to_openai

# Where the library cannot say how much to think.
EFFORT_IN_BODY: dict[str, Callable[[str], dict[str, Any]]] = {
    "openrouter": lambda effort: {"reasoning": {"effort": str(effort)}},
    "zai": lambda effort: {"thinking": {"type": "disabled" if effort == Reasoning.NONE else "enabled"}},
}
# Tokens: a server of one's own would else let a model that finds no end go on for ever. Thirty briefs take 20,000.
UNKNOWN_MAX_OUTPUT = 32_768


@dataclass(frozen=True)
class Ask:
    """What a model is asked: the conversation, the tools it may call, and whether it must."""

    messages: Sequence[Message]
    tools: Sequence[ToolSpec]
    calls: Calls


def make_request(ask: Ask, target: Target, dialect: Dialect, quirks: Quirks) -> dict[str, Any]:
    """The keyword arguments of litellm's `completion`."""
    profile = target.profile
    forced = ask.calls is Calls.FORCED and bool(ask.tools) and quirks.forces and profile.tool_choice is not False
    request: dict[str, Any] = {
        "model": target.model_id,
        "messages": to_openai(ask.messages, dialect, target.origin),
        "tools": tools_to_openai(ask.tools) or None,
        "tool_choice": "required" if forced else None,
        "api_base": profile.api_base,
        "api_key": target.key or None,
        "temperature": profile.temperature,
        "max_tokens": _find_max_tokens(target, quirks),
        "stop": profile.stop or None,
        "timeout": profile.timeout,
        "max_retries": 0,
        # Z.AI and others would drop max_retries, and the client below litellm would try again by itself.
        "allowed_openai_params": ["max_retries"] if speaks_openai(target.provider) else None,
    }
    request |= _say_in_body(target, dialect, _find_effort(ask, target, dialect, forced))
    return {name: value for name, value in request.items() if value is not None}


def _say_in_body(target: Target, dialect: Dialect, effort: str | None) -> dict[str, Any]:
    """How much to think, and what the profile adds: as they stand where the library would drop or change them."""
    added = dict(target.profile.extra)
    body = added.pop("extra_body", {})
    if dialect.goes_as_it_stands:
        body, added = added | body, {}
    said = EFFORT_IN_BODY.get(target.provider)
    if said is None or effort is None:
        return {"reasoning_effort": effort, **added} | ({"extra_body": body} if body else {})
    return {**added, "extra_body": said(effort) | body}


def _find_effort(ask: Ask, target: Target, dialect: Dialect, forced: bool) -> str | None:
    """How much it is to think. Where a step must go on with signed thoughts and has none, it goes on without any."""
    wanted = target.profile.reasoning
    if not dialect.wants_thinking_blocks or (wanted is None and not dialect.can_refuse_to_think):
        return wanted
    if wanted is Reasoning.NONE or forced or not may_think(ask.messages, target.origin):
        return Reasoning.NONE if dialect.can_refuse_to_think else None
    return wanted


def _find_max_tokens(target: Target, quirks: Quirks) -> int | None:
    profile = target.profile
    if profile.max_output is not None or not quirks.limits_output or not profile.api_base:
        return profile.max_output
    return min(UNKNOWN_MAX_OUTPUT, profile.window // 4) if profile.window else UNKNOWN_MAX_OUTPUT
