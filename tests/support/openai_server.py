"""A real OpenAI-compatible server on the loopback whose answers a test writes.

    def test_x(openai_server):
        openai_server.answer = lambda request: say("Hello")          # one rule for every request
        openai_server.answers(call("shell", command="ls"), say("done"))  # or one answer after the other
        openai_server.play(load_script({...}))                       # or a script, chosen by the conversation

`openai_server.url` is the `api_base`, `openai_server.requests` the request bodies in order of arrival.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from kanban.domain.message import ToolSpec
from kanban.errors import ModelError
from kanban.llm import Script, ScriptedModel
from kanban.llm.wire import from_openai
from tests.support.providers import http
from tests.support.providers.chat import DONE
from tests.support.providers.script import Request


@dataclass(frozen=True)
class Answer:
    """What the server sends. `status` 200 makes a completion of `text` and `calls` (name, raw arguments).

    `usage` is (prompt, completion) tokens, None leaves it out. `body` replaces everything as it stands. `before_piece`
    is called with the number of each streamed piece before it is sent. `hang` holds the answer back until the server
    stops. `cut_after` breaks the connection after that many streamed pieces.
    """

    text: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    usage: tuple[int, int] | None = (100, 20)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    ids: bool = True
    reasoning: str | None = None
    piece_size: int = 5
    before_piece: Callable[[int], None] = lambda number: None
    hang: bool = False
    cut_after: int | None = None

    def __add__(self, other: "Answer") -> "Answer":
        """Both in one reply: `say("on it") + call("a") + call("b")`."""
        return replace(self, text=self.text or other.text, calls=self.calls + other.calls)


def say(text: str | None, **options: Any) -> Answer:
    """A reply of text; `options` are fields of Answer."""
    return Answer(text=text, **options)


def call(tool: str, /, **arguments: Any) -> Answer:
    """A reply that calls `tool`; add several with `+`."""
    return call_raw(tool, json.dumps(arguments))


def call_raw(tool: str, arguments: str, **options: Any) -> Answer:
    """A call whose arguments are sent as they stand, JSON or not."""
    return Answer(calls=((tool, arguments),), **options)


def fail(
    status: int,
    message: str = "no",
    *,
    code: str | None = None,
    kind: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """An error in OpenAI's envelope."""
    body = json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}).encode()
    return Answer(status=status, body=body, headers=headers or {})


def raw(body: bytes, status: int = 200, content_type: str = "application/json") -> Answer:
    """Exactly these bytes."""
    return Answer(status=status, body=body, headers={"Content-Type": content_type})


def hang() -> Answer:
    """No answer until the server stops or the client gives up."""
    return Answer(hang=True)


def cut(text: str = "", after: int = 0) -> Answer:
    """A connection that breaks after so many streamed pieces (or before any answer, when not streaming)."""
    return Answer(text=text, cut_after=after)


class OpenAIServer:
    """The server; usable from any thread or process that can reach the loopback."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[Request], Answer] = lambda request: say("ok")
        self.before_piece: Callable[[int], None] = lambda number: None
        self.stopping = threading.Event()
        self._http = http.HTTPServer(self)

    @property
    def url(self) -> str:
        return f"{self._http.root_url}/v1"

    def answers(self, *answers: Answer) -> None:
        """Give these one after the other, whoever asks; then a failure that says there are no more."""
        lock, waiting = threading.Lock(), iter(answers)

        def take(request: Request) -> Answer:
            with lock:
                return next(waiting, fail(400, "the test has no more answers"))

        self.answer = take

    def play(self, script: Script) -> None:
        """Answer every request as `script` does, by its conversation."""
        model = ScriptedModel(script, "script")

        def take(request: Request) -> Answer:
            tools = [ToolSpec(**tool["function"]) for tool in request.get("tools") or []]
            try:
                reply = model.complete(from_openai(request["messages"]), tools)
            except ModelError as error:
                return fail(400, str(error))
            usage = (reply.usage.prompt_tokens, reply.usage.completion_tokens)
            return Answer(reply.text, tuple((c.name, c.arguments) for c in reply.calls), usage)

        self.answer = take

    def respond(self, path: str, headers: dict[str, str], request: Request) -> http.Answer:
        """Record the request and answer it."""
        self.requests.append(request)
        self.headers.append(headers)
        return _put_on_wire(request, self.answer(request))

    def stop(self) -> None:
        """Close the port and let go of whoever waits."""
        self._http.stop()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "ignore::DeprecationWarning:litellm")
    config.addinivalue_line("filterwarnings", "ignore:Item 'summary' on TypedDict:UserWarning")


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    server = OpenAIServer()
    yield server
    server.stop()


def _put_on_wire(request: Request, answer: Answer) -> http.Answer:
    if answer.hang:
        return http.Silence()
    if answer.cut_after is not None and not request.get("stream"):
        return http.Reset()
    if answer.body is None and request.get("stream"):
        pieces = list(_pieces(request, answer))
        breaks = answer.cut_after is not None and answer.cut_after < len(pieces)
        return http.Streamed(_events(pieces, answer), breaks=breaks)
    body = answer.body if answer.body is not None else json.dumps(_completion(request, answer)).encode()
    return http.Whole(body, answer.status, {"Content-Type": "application/json", **answer.headers})


def _events(pieces: list[dict[str, Any]], answer: Answer) -> Iterator[bytes]:
    for number, piece in enumerate(pieces):
        if number == answer.cut_after:
            return
        answer.before_piece(number)
        yield f"data: {json.dumps(piece)}\n\n".encode()
    yield DONE


def _tool_calls(answer: Answer) -> list[dict[str, Any]]:
    calls = [
        {"index": n, "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(answer.calls)
    ]
    return [{**one, "id": f"call_{id(answer)}_{n}"} for n, one in enumerate(calls)] if answer.ids else calls


def _usage(answer: Answer) -> dict[str, int]:
    prompt, completion = answer.usage or (0, 0)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _envelope(request: Request, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": request["model"]}


def _completion(request: Request, answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.calls:
        message["tool_calls"] = _tool_calls(answer)
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if answer.calls else "stop"}
    usage = {"usage": _usage(answer)} if answer.usage else {}
    return {**_envelope(request, "chat.completion"), "choices": [choice], **usage}


def _pieces(request: Request, answer: Answer) -> Iterator[dict[str, Any]]:
    envelope = _envelope(request, "chat.completion.chunk")
    for delta in _deltas(answer):
        yield {**envelope, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    finish = "tool_calls" if answer.calls else "stop"
    yield {**envelope, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    if answer.usage and (request.get("stream_options") or {}).get("include_usage"):
        yield {**envelope, "choices": [], "usage": _usage(answer)}


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    text, size = answer.text or "", answer.piece_size
    for start in range(0, len(text), size):
        yield {"role": "assistant", "content": text[start : start + size]}
    if answer.reasoning:
        yield {"role": "assistant", "reasoning_content": answer.reasoning}
    for one in _tool_calls(answer):
        arguments = one["function"]["arguments"]
        half = len(arguments) // 2
        yield {"tool_calls": [{**one, "function": {**one["function"], "arguments": arguments[:half]}}]}
        yield {"tool_calls": [{"index": one["index"], "function": {"arguments": arguments[half:]}}]}
