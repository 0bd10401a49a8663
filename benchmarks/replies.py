"""The replies of the loopback server: thoughts, a word and a call, whole or as a stream of events."""

import json
from collections.abc import Mapping
from typing import Any

from benchmarks.prefixes import Counted

# What the server answers to whatever it is asked: one call, or nothing for as long as it runs. NUMBER is another
# word in each answer, because a run that makes the same call over and over is ended.
CALLS: dict[str, tuple[str, dict[str, Any]] | None] = {
    "shell": ("shell", {"command": "true NUMBER"}),
    "log": ("shell", {"command": "seq -f 'line %g of log NUMBER: nothing out of the ordinary' 80"}),
    "complete": ("complete", {"summary": "It is done.", "evidence": ["It was seen to be done."], "artifacts": []}),
    "hang": None,
}
WORDS = "On with it."
THOUGHTS = "One step is left, and then the one after it. " * 8
COMPLETION_TOKENS = 120


def make_whole(kind: str, number: int, counted: Counted) -> bytes:
    """A whole reply."""
    message = {
        "role": "assistant",
        "content": WORDS,
        "reasoning_content": THOUGHTS,
        "tool_calls": [_call(kind, number)],
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return _encode(_head(number, "chat.completion") | {"choices": [choice], "usage": _usage(counted)})


def make_stream(kind: str, number: int, counted: Counted) -> bytes:
    """The same reply in pieces: thoughts, words, the call, the end, and the usage by itself."""
    pieces: list[tuple[Mapping[str, Any], str | None]] = [
        ({"role": "assistant", "content": None, "reasoning_content": THOUGHTS}, None),
        ({"content": WORDS}, None),
        ({"tool_calls": [{"index": 0, **_call(kind, number)}]}, None),
        ({}, "tool_calls"),
    ]
    head = _head(number, "chat.completion.chunk")
    choices = [[{"index": 0, "delta": delta, "finish_reason": finish}] for delta, finish in pieces]
    events = [head | {"choices": choice} for choice in choices] + [head | {"choices": [], "usage": _usage(counted)}]
    return b"".join(b"data: " + _encode(event) + b"\n\n" for event in events) + b"data: [DONE]\n\n"


def _head(number: int, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{number}", "object": kind, "created": 1, "model": "bench"}


def _call(kind: str, number: int) -> dict[str, Any]:
    made = CALLS[kind]
    assert made is not None
    tool, arguments = made
    function = {"name": tool, "arguments": json.dumps(arguments).replace("NUMBER", _spell(number))}
    return {"id": f"call_{number}", "type": "function", "function": function}


def _spell(number: int) -> str:
    """A number in letters: calls that differ in nothing but digits are taken for one that is made over and over."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def _usage(counted: Counted) -> dict[str, Any]:
    return {
        "prompt_tokens": counted.prompt,
        "completion_tokens": COMPLETION_TOKENS,
        "total_tokens": counted.prompt + COMPLETION_TOKENS,
        "prompt_tokens_details": {"cached_tokens": counted.cached},
    }


def _encode(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data).encode()
