"""Anthropic's messages: signed thinking blocks, tool results, marks for the cache.

Sources: platform.claude.com/docs/en/build-with-claude/extended-thinking (blocks of the last assistant message come
back complete and unchanged while tools are used; no forced tool, temperature 1, budget below max_tokens),
/docs/en/agents-and-tools/tool-use/implement-tool-use (tool_result first, in the next message), /docs/en/api/messages
(max_tokens is required; messages of one role in a row are joined, so they are no fault),
/docs/en/build-with-claude/streaming. The words of refusals: lbjlaq/Antigravity-Manager#139,
anthropics/anthropic-sdk-python#1598, tailcallhq/forgecode#1853; that some models always think:
Yeachan-Heo/gajae-code#1542. One who tried the real API (NousResearch/hermes-agent#24107) saw missing blocks pass; the
documentation refuses them, and so does this server.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.support.providers.anthropic_cache import MarkedCache
from tests.support.providers.anthropic_rules import (
    THINKING,
    check_last_thoughts,
    check_messages,
    check_parameters,
    check_signatures,
    is_asked,
    thinks,
    with_blocks,
)
from tests.support.providers.chat import CALL_NUMBERS, Wire, pieces_of
from tests.support.providers.script import CONVERSATION, Request, Script, Turn, cut_turn, pick_turn, tokens_of
from tests.support.providers.server import WINDOW, Answer, ProviderServer, Refused, Streamed, Whole, event
from tests.support.providers.signing import sign

STOPS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}
DELTAS = {"thinking": "thinking_delta", "text": "text_delta"}


class Anthropic(ProviderServer):
    """`anthropic/…`; LiteLLM adds `/v1/messages` to the base."""

    base_path = ""

    def __init__(self, script: Script = CONVERSATION, window: int = WINDOW) -> None:
        super().__init__(script, window)
        self.cache = MarkedCache()
        self.arguments: dict[str, str] = {}
        self._thought = False

    def play(self, path: str, request: Request) -> Answer:
        if not path.endswith("/v1/messages"):
            raise Refused(f"Not found: {path}", 404)
        check_parameters(request)
        messages = [with_blocks(message) for message in request["messages"]]
        check_messages(messages)
        check_signatures(messages)
        check_last_thoughts(messages, thinks(request))
        self._note_alterations(messages)
        usage = self.cache.count(request, messages)
        total = sum(usage.values())
        if total > self.window:
            raise Refused(f"prompt is too long: {total} tokens > {self.window} maximum")
        answered = sum(message["role"] == "assistant" for message in messages)
        turn = cut_turn(pick_turn(self.script, request, answered), request["max_tokens"])
        usage |= {"output_tokens": tokens_of(turn)}
        head = {"id": "msg_1", "type": "message", "role": "assistant", "model": request["model"]}
        content = self._make_content(request, turn)
        if request.get("stream"):
            return Streamed(self._make_events(head, content, STOPS[turn.finish], usage))
        return Whole.of(
            {**head, "content": content, "stop_reason": STOPS[turn.finish], "stop_sequence": None, "usage": usage}
        )

    def refuse(self, refused: Refused) -> Whole:
        kind = refused.details.get("kind", "invalid_request_error")
        return Whole.of(_error(kind, refused.reason), refused.status)

    def _make_content(self, request: Request, turn: Turn) -> list[Wire]:
        blocks: list[Wire] = []
        self._thought = thinks(request)
        if thinks(request) and turn.thoughts:
            blocks.append({"type": "thinking", "thinking": turn.thoughts, "signature": sign(turn.thoughts)})
            if turn.hidden:
                blocks.append({"type": "redacted_thinking", "data": sign("hidden")})
        if turn.words:
            blocks.append({"type": "text", "text": turn.words})
        for one in turn.calls:
            call_id = f"toolu_{next(CALL_NUMBERS)}"
            self.arguments[call_id] = one.arguments
            blocks.append({"type": "tool_use", "id": call_id, "name": one.tool, "input": _read_input(one.arguments)})
        return blocks

    def _note_alterations(self, messages: list[Wire]) -> None:
        """Record calls that come back otherwise, and thoughts that were left out of an earlier step of the loop."""
        begins = max((n for n, one in enumerate(messages) if is_asked(one)), default=0)
        for number, message in enumerate(messages):
            used = [block for block in message["content"] if block["type"] == "tool_use"]
            for block in used:
                if block["id"] in self.arguments and _read_input(self.arguments[block["id"]]) != block["input"]:
                    self.alterations.append(f"message {number}: the input of {block['id']} is not as it was sent")
            if number > begins and used and message["content"][0]["type"] not in THINKING and self._thought:
                self.alterations.append(f"message {number}: does not begin with its thoughts")

    def _make_events(self, head: Wire, content: list[Wire], stop: str, usage: Wire) -> Iterator[bytes]:
        opening = {
            **head,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage | {"output_tokens": 1},
        }
        yield _event("message_start", message=opening)
        for index, block in enumerate(content):
            yield from self._block_events(index, block)
        yield _event("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage=usage)
        yield _event("message_stop")

    def _block_events(self, index: int, block: Wire) -> Iterator[bytes]:
        kind = block["type"]
        empty: dict[str, Wire] = {
            "thinking": {"thinking": "", "signature": ""},
            "text": {"text": ""},
            "tool_use": {"input": {}},
        }
        yield _event("content_block_start", index=index, content_block=block | empty.get(kind, {}))
        if index == 0:
            yield _event("ping")
        deltas: list[Wire] = []
        if kind in DELTAS:
            deltas = [{"type": DELTAS[kind], kind: piece} for piece in pieces_of(block[kind])]
        if kind == "thinking":
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        if kind == "tool_use":
            pieces = pieces_of(self.arguments[block["id"]])
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        for delta in deltas:
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)


def overloaded() -> Whole:
    """529: the servers are overloaded."""
    return Whole.of(_error("overloaded_error", "Overloaded"), 529)


def rate_limited(retry_after: str = "2") -> Whole:
    """429: too many tokens or requests a minute."""
    words = "This request would exceed your organization's rate limit"
    return Whole.of(_error("rate_limit_error", words), 429, retry_after=retry_after)


def no_credit() -> Whole:
    """400: the account is empty."""
    words = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade."
    return Whole.of(_error("invalid_request_error", words), 400)


def _error(kind: str, message: str) -> Wire:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def _read_input(arguments: str) -> Any:
    """The arguments of a call; nothing for one that was cut off, as what comes then is not documented."""
    try:
        return json.loads(arguments)
    except ValueError:
        return {}


def _event(kind: str, **data: Any) -> bytes:
    return event({"type": kind, **data}, kind)
