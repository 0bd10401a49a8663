"""What passes between a run and its model: the entries of a transcript."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from kanban.domain.tool import ToolStatus

# The name of a message that has to do with a call that came as text: a reply whose call could be read, or a complaint.
MARKUP = "call_as_text"


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Stop(StrEnum):
    """Why a reply ended: the model had said all, or a limit or filter of its provider cut it off."""

    SAID_ALL = ""
    CUT_OFF = "cut_off"
    FILTERED = "filtered"


@dataclass(frozen=True)
class ToolCall:
    """A call as the model wrote it; `arguments` is its raw text and may be anything, JSON or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Opaque:
    """The parts of a reply that its provider wants back unchanged, such as signed thoughts.

    `origin` names the model and server they belong to; `data` is JSON: `{"message": {...}, "calls": [{...} | null]}`
    with the fields of the message and of each of its calls, in the order of the calls.
    """

    origin: str
    data: str


@dataclass(frozen=True)
class Message:
    """One entry of a transcript.

    `call_id` and `status` are set on role `tool`; `name` is the tool's there, else the board's for it.

    `calls`, `opaque` and `stop` are set on role `assistant`. The calls of a reply that was cut off are a record of what
    arrived; they are never carried out and never sent again.
    """

    role: Role
    content: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    name: str = ""
    opaque: Opaque | None = None
    stop: Stop = Stop.SAID_ALL
    status: ToolStatus = ToolStatus.OK

    @property
    def valid_calls(self) -> tuple[ToolCall, ...]:
        """The calls that are to be answered: none of a reply that did not end by itself."""
        return self.calls if self.stop is Stop.SAID_ALL else ()


@dataclass(frozen=True)
class Usage:
    """Tokens of one model call and its cost in US dollars; None when no price is known.

    `cached_tokens` are those of the prompt that the provider read from its cache, `reasoning_tokens` those of the
    completion that were thoughts. `estimated` counts were made here because the server gave none.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True)
class Reply:
    """What a model answered. `thoughts` are for counting and never shown as words.

    `markup` says what is wrong with a call that came as text and could not be read; `parsed_markup` that one could.
    """

    text: str
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    thoughts: str = ""
    stop: Stop = Stop.SAID_ALL
    opaque: Opaque | None = None
    markup: str = ""
    parsed_markup: bool = False

    def as_message(self) -> Message:
        """The entry of a transcript that this reply becomes."""
        name = MARKUP if self.parsed_markup else ""
        return Message(Role.ASSISTANT, self.text, self.calls, name=name, opaque=self.opaque, stop=self.stop)


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
            return [call for call in message.valid_calls if call.id not in answered]
    return []
