"""Ollama: cuts a prompt to its window without a word, on its own wire and on OpenAI's.

Sources: github.com/ollama/ollama server/prompt.go (chatPrompt: system messages and the last message are kept, the
oldest others are dropped until the rest fits), docs/api.md (/api/chat, NDJSON, `thinking`, prompt_eval_count,
eval_count, done_reason), docs/context-length.mdx (small windows by default), docs/openai.md (/v1; `reasoning` holds
the thoughts).
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.support.providers.chat import ChatServer, Wire, pieces_of
from tests.support.providers.script import Request, Turn, cut_turn, pick_turn, tokens_of, whole_calls
from tests.support.providers.server import Answer, Refused, Streamed, Whole
from tests.support.providers.tokens import encode_parts

NDJSON = "application/x-ndjson"


class Ollama(ChatServer):
    """`ollama_chat/…` with `root_url` as base, `openai/…` with `url`; `dropped` counts what each prompt lost."""

    thoughts_field = "reasoning"

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.dropped: list[int] = []

    @property
    def root_url(self) -> str:
        return self.url.removesuffix(self.base_path)

    def play(self, path: str, request: Request) -> Answer:
        if path != "/api/chat":
            return super().play(path, request)
        window = (request.get("options") or {}).get("num_ctx", self.window)
        prompt = self._fit(request, window)
        answered = sum(message["role"] == "assistant" for message in request["messages"])
        limit = (request.get("options") or {}).get("num_predict")
        turn = cut_turn(pick_turn(self.script, request, answered), limit)
        if request.get("stream", True):
            return Streamed(_make_lines(request, turn, prompt), NDJSON)
        return Whole.of(_last(request, turn, prompt) | {"message": _message(request, turn)})

    def count_prompt(self, request: Request) -> tuple[int, int]:
        return self._fit(request, self.window), 0

    def _fit(self, request: Request, window: int) -> int:
        """The tokens of what is left of the prompt once the oldest messages are dropped."""
        kept = list(request["messages"])
        tools = request.get("tools") or []
        while (size := len(encode_parts([tools, *kept]))) > window:
            oldest = next((n for n, one in enumerate(kept[:-1]) if one["role"] != "system"), None)
            if oldest is None:
                break
            del kept[oldest]
        self.dropped.append(len(request["messages"]) - len(kept))
        return min(size, window)

    def refuse(self, refused: Refused) -> Whole:
        if self.paths[-1] == "/api/chat":
            return Whole.of({"error": refused.reason}, refused.status)
        return super().refuse(refused)


def _message(request: Request, turn: Turn) -> Wire:
    message: Wire = {"role": "assistant", "content": turn.words}
    if request.get("think"):
        message["thinking"] = turn.thoughts
    calls = [{"function": {"name": one.tool, "arguments": json.loads(one.arguments)}} for one in whole_calls(turn)]
    if calls:
        message["tool_calls"] = calls
    return message


def _last(request: Request, turn: Turn, prompt: int) -> Wire:
    return {
        "model": request["model"],
        "created_at": "2025-01-01T00:00:00Z",
        "done": True,
        "done_reason": "length" if turn.finish == "length" else "stop",
        "prompt_eval_count": prompt,
        "eval_count": tokens_of(turn),
    }


def _make_lines(request: Request, turn: Turn, prompt: int) -> Iterator[bytes]:
    head = {"model": request["model"], "created_at": "2025-01-01T00:00:00Z", "done": False}
    message = _message(request, turn)
    for name in ("thinking", "content"):
        for piece in pieces_of(message.get(name, "")):
            yield _line(head | {"message": {"role": "assistant", "content": ""} | {name: piece}})
    if "tool_calls" in message:
        yield _line(head | {"message": {"role": "assistant", "content": "", "tool_calls": message["tool_calls"]}})
    yield _line(_last(request, turn, prompt) | {"message": {"role": "assistant", "content": ""}})


def _line(data: Wire) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode() + b"\n"
