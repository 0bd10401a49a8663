"""Transcripts in the shape of OpenAI's chat completions, and back."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kanban.domain.message import Message, Role, ToolCall, ToolSpec
from kanban.llm.dialect import BLANK_DETAILS, BLANK_THOUGHTS, NO_SIGNATURE, THOUGHTS_FIELDS, Dialect

NO_WORDS = "(no words)"
LONGEST_ID = 40  # characters of a call's id that every provider takes
_SIGNED = re.compile("thinking_blocks|reasoning_details")
CACHE_MARK = {"type": "ephemeral"}


def to_openai(messages: Sequence[Message], dialect: Dialect | None = None, origin: str = "") -> list[dict[str, Any]]:
    """The messages as a chat-completions request holds them; every call carries a JSON object as arguments.

    What replies of `origin` want back goes with them unchanged; what another model left is dropped, and where the
    dialect cannot do without, its minimal value stands in.
    """
    writer = _Writer(dialect or Dialect(), origin)
    wire = [writer.write(message) for message in messages]
    if writer.dialect.wants_alternation:
        wire = _join_users(wire)
    if writer.dialect.wants_marks:
        _mark_for_cache(wire)
    return wire


def from_openai(messages: Iterable[Mapping[str, Any]]) -> list[Message]:
    """The messages of a chat-completions request."""
    return [_from_wire(message) for message in messages]


def tools_to_openai(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    """The tools as a chat-completions request declares them."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
        }
        for tool in tools
    ]


def may_think(messages: Sequence[Message], origin: str) -> bool:
    """Whether the step under way began with a signed block of this origin, without which thinking is refused."""
    for message in reversed(messages):
        if message.role is Role.USER:
            return True
        if message.role is Role.ASSISTANT and message.valid_calls:
            opaque = message.opaque
            return opaque is not None and opaque.origin == origin and _SIGNED.search(opaque.data) is not None
    return True


@dataclass
class _Writer:
    """Writes the messages of one request; `ids` maps the ids of calls that are written otherwise."""

    dialect: Dialect
    origin: str
    ids: dict[str, str] = field(default_factory=dict)

    def write(self, message: Message) -> dict[str, Any]:
        """One message."""
        match message.role:
            case Role.ASSISTANT:
                return self._write_reply(message)
            case Role.TOOL:
                return {
                    "role": "tool",
                    "tool_call_id": self.ids.get(message.call_id, message.call_id),
                    "name": _tame(message.name),
                    "content": message.content,
                }
            case _:
                return {"role": message.role.value, "content": message.content}

    def _write_reply(self, message: Message) -> dict[str, Any]:
        wire: dict[str, Any] = {"role": "assistant", "content": message.content or None}
        mine = self.dialect.takes_thoughts and message.opaque is not None and message.opaque.origin == self.origin
        if message.valid_calls:
            wire["tool_calls"] = [
                _call_to_wire(call, self._find_id(call, foreign=bool(message.opaque) and not mine))
                for call in message.valid_calls
            ]
        elif not message.content:
            wire["content"] = NO_WORDS  # Moonshot refuses a conversation that holds an empty answer
        if mine and message.valid_calls == message.calls:
            self._give_back(wire, json.loads(message.opaque.data) if message.opaque else {})
        self._fill_in(wire)
        return wire

    def _find_id(self, call: ToolCall, foreign: bool) -> str:
        """The id of a call; one that another model made, or that is too long, becomes one that every provider takes."""
        if foreign or (len(call.id) > LONGEST_ID and self.dialect.native_fields is None):
            self.ids[call.id] = f"call{len(self.ids):05}"
        return self.ids.get(call.id, call.id)

    def _give_back(self, wire: dict[str, Any], opaque: Mapping[str, Any]) -> None:
        wire.update(opaque["message"])
        for call, fields in zip(wire.get("tool_calls", ()), opaque["calls"], strict=False):
            call.update(fields or {})

    def _fill_in(self, wire: dict[str, Any]) -> None:
        if self.dialect.wants_thoughts and not any(wire.get(name) for name in THOUGHTS_FIELDS):
            name = self.dialect.thoughts_field
            wire[name] = BLANK_DETAILS if name == "reasoning_details" else BLANK_THOUGHTS
        calls = wire.get("tool_calls")
        if self.dialect.wants_signatures and calls and "thought_signature" not in json.dumps(calls[0]):
            calls[0]["extra_content"] = {"google": {"thought_signature": NO_SIGNATURE}}


def _join_users(wire: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """User messages that follow each other as one."""
    joined: list[dict[str, Any]] = []
    for message in wire:
        if joined and message["role"] == joined[-1]["role"] == "user":
            joined[-1] = {"role": "user", "content": f"{joined[-1]['content']}\n\n{message['content']}"}
        else:
            joined.append(message)
    return joined


def _mark_for_cache(wire: list[dict[str, Any]]) -> None:
    """Mark the end of what never changes and the end of the conversation, for providers that cache what is marked."""
    system = [message for message in wire if message["role"] == "system"]
    for message in {id(one): one for one in (*system[-1:], *wire[-1:])}.values():
        message["cache_control"] = CACHE_MARK


def _call_to_wire(call: ToolCall, call_id: str) -> dict[str, Any]:
    function = {"name": _tame(call.name), "arguments": _as_json_object(call.arguments)}
    return {"id": call_id, "type": "function", "function": function}


def _tame(name: str) -> str:
    """The name of a tool as providers take it, whatever a model has made of it."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "unknown"


def _as_json_object(arguments: str) -> str:
    """The arguments, wrapped when they are no JSON object: providers refuse a history that does not parse."""
    try:
        if isinstance(json.loads(arguments), dict):
            return arguments
    except (ValueError, RecursionError):
        pass
    return json.dumps({"malformed_arguments": arguments} if arguments.strip() else {})


def _from_wire(message: Mapping[str, Any]) -> Message:
    return Message(
        role=Role(message["role"]),
        content=_text_of(message.get("content")),
        calls=tuple(_call_from_wire(call) for call in message.get("tool_calls") or ()),
        call_id=message.get("tool_call_id") or "",
        name=message.get("name") or "",
    )


def _call_from_wire(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"]
    return ToolCall(id=call["id"], name=function["name"], arguments=function["arguments"] or "")


def _text_of(content: str | Sequence[Mapping[str, Any]] | None) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or ())
