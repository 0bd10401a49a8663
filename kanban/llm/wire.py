"""Transcripts in the shape of OpenAI's chat completions, and back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kanban.domain.message import Message, Role, ToolCall, ToolSpec

NO_WORDS = "(no words)"


def to_openai(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages as a chat-completions request holds them; every call carries a JSON object as arguments."""
    return [_to_wire(message) for message in messages]


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


def _to_wire(message: Message) -> dict[str, Any]:
    match message.role:
        case Role.ASSISTANT if message.calls:
            calls = [_call_to_wire(call) for call in message.calls]
            return {"role": "assistant", "content": message.content or None, "tool_calls": calls}
        case Role.ASSISTANT:
            # Moonshot refuses a conversation that holds an empty answer.
            return {"role": "assistant", "content": message.content or NO_WORDS}
        case Role.TOOL:
            return {
                "role": "tool",
                "tool_call_id": message.call_id,
                "name": message.name,
                "content": message.content,
            }
        case _:
            return {"role": message.role.value, "content": message.content}


def _call_to_wire(call: ToolCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": _as_json_object(call.arguments)},
    }


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
