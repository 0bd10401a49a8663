"""Answers that no provider documents and all of them give at times: unreadable, endless, or none at all.

Each is a plan for `server.planned`, or for every request of a `Broken` server.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.providers.chat import DONE, Wire, envelope
from tests.support.providers.local import LlamaCpp
from tests.support.providers.script import CONVERSATION, Request, Script
from tests.support.providers.server import WINDOW, Answer, Plan, ProviderServer, Silence, Streamed, Whole, event

BRACKETS = "[" * 50_000
WORDS = "and so on and on, "
WORDS_TOKENS = 6
PAUSE = 0.002
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


class Broken(LlamaCpp):
    """A server that answers every request with `plan`."""

    def __init__(self, plan: Plan, script: Script = CONVERSATION, window: int = WINDOW) -> None:
        super().__init__(script, window)
        self._plan = plan

    def play(self, path: str, request: Request) -> Answer:
        return self._plan(request) if callable(self._plan) else self._plan


def truncated(request: Request) -> Answer:
    """A body that ends in the middle."""
    return _cut(json.dumps(_completion(request, {"role": "assistant", "content": "half of a sen"})), request)


def page(request: Request) -> Answer:
    """A page for people, as a proxy sends it, with HTTP 200."""
    return Whole(b"<!doctype html><title>Just a moment</title><p>Checking", 200, {"Content-Type": "text/html"})


def empty_body(request: Request) -> Answer:
    """Nothing, with HTTP 200."""
    return Whole(b"", 200, {"Content-Type": "application/json"})


def brackets(request: Request) -> Answer:
    """A body that no recursive parser reads."""
    return _raw(BRACKETS, request)


def null_message(request: Request) -> Answer:
    """A choice without a message."""
    if request.get("stream"):
        return _stream(request, [{"index": 0, "delta": None, "finish_reason": "stop"}])
    choice = {"index": 0, "message": None, "finish_reason": "stop"}
    return Whole.of({**envelope(request, "chat.completion"), "choices": [choice], "usage": USAGE})


def no_choices(request: Request) -> Answer:
    """A reply without any choice."""
    if request.get("stream"):
        return _stream(request, [])
    return Whole.of({**envelope(request, "chat.completion"), "choices": [], "usage": USAGE})


def null_choices(request: Request) -> Answer:
    """A reply whose choices are null."""
    kind = "chat.completion.chunk" if request.get("stream") else "chat.completion"
    body = {**envelope(request, kind), "choices": None}
    return Streamed([event(body), DONE]) if request.get("stream") else Whole.of(body)


def arguments_of(value: Any, tool: str = "shell") -> Callable[[Request], Answer]:
    """A call whose arguments are `value`: a list, an object, a number, a text of brackets."""

    def plan(request: Request) -> Answer:
        one = {"id": "call_odd", "type": "function", "function": {"name": tool, "arguments": value}}
        message: Wire = {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **one}]}
        if request.get("stream"):
            last = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
            return _stream(request, [{"index": 0, "delta": message, "finish_reason": None}, last])
        return Whole.of(_completion(request, message, "tool_calls"))

    return plan


UNREADABLE: dict[str, Plan] = {
    "truncated": truncated,
    "a page": page,
    "an empty body": empty_body,
    "brackets": brackets,
    "a null message": null_message,
    "no choices": no_choices,
    "null choices": null_choices,
    "arguments as a list": arguments_of([1, 2]),
    "arguments as an object": arguments_of({"command": "ls"}),
    "arguments of brackets": arguments_of(BRACKETS),
}


def rambling(server: ProviderServer, part: str = "content", same: bool = False) -> Callable[[Request], Answer]:
    """A reply without an end, in `content`, `reasoning_content` or `arguments`, but for the limit of the request.

    With `same` all pieces are alike, which litellm by itself takes for a fault of the server.
    """

    def plan(request: Request) -> Answer:
        limit = request.get("max_completion_tokens") or request.get("max_tokens")
        if request.get("stream"):
            return Streamed(_ramble(server, request, part, limit, same))
        if limit is None:
            return Silence()
        text = WORDS * (limit // WORDS_TOKENS + 1)
        message = {"role": "assistant", "content": "", **_piece(part, text, True)}
        return Whole.of(_completion(request, message, "length"))

    return plan


def _ramble(server: ProviderServer, request: Request, part: str, limit: int | None, same: bool) -> Iterator[bytes]:
    head = envelope(request, "chat.completion.chunk")
    said = 0
    while limit is None or said < limit:
        delta = _piece(part, WORDS if same else f"{said}: {WORDS}", said == 0)
        yield event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        said += WORDS_TOKENS
        if server.stopping.wait(PAUSE):
            return
    yield event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]})
    yield DONE


def _piece(part: str, text: str, first: bool) -> Wire:
    if part != "arguments":
        return {part: text}
    name = {"id": "call_long", "type": "function"} if first else {}
    function = {"name": "write_file", "arguments": f'{{"content": "{text}'} if first else {"arguments": text}
    return {"tool_calls": [{"index": 0, **name, "function": function}]}


def _completion(request: Request, message: Wire, finish: str = "stop") -> Wire:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {**envelope(request, "chat.completion"), "choices": [choice], "usage": USAGE}


def _stream(request: Request, choices: list[Wire]) -> Streamed:
    head = envelope(request, "chat.completion.chunk")
    pieces = [event({**head, "choices": [choice]}) for choice in choices] or [event({**head, "choices": []})]
    return Streamed([*pieces, DONE])


def _cut(text: str, request: Request) -> Answer:
    return _raw(text[: len(text) // 2], request)


def _raw(text: str, request: Request) -> Answer:
    if request.get("stream"):
        return Streamed([f"data: {text}\n\n".encode(), DONE])
    return Whole(text.encode(), 200, {"Content-Type": "application/json"})
