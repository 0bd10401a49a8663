"""What passes between a run and its model: the entries of a transcript."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True)
class ToolCall:
    """A call as the model wrote it; `arguments` is its raw text and may be anything, JSON or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Message:
    """One entry of a transcript. `call_id` and `name` are set on role `tool`, `calls` on role `assistant`."""

    role: Role
    content: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Usage:
    """Tokens of one model call and its cost in US dollars; None when no price is known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True)
class Reply:
    """What a model answered."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    model: str = ""


@dataclass(frozen=True)
class ToolSpec:
    """A tool as the model is told of it; `parameters` is a JSON schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]


def unanswered_calls(transcript: Sequence[Message]) -> list[ToolCall]:
    """The calls of the last assistant message that no tool message has answered yet, in order."""
    answered: set[str] = set()
    for message in reversed(transcript):
        if message.role is Role.TOOL:
            answered.add(message.call_id)
        elif message.role is Role.ASSISTANT:
            return [call for call in message.calls if call.id not in answered]
    return []
