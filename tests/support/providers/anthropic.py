"""Anthropic's messages: signed thinking blocks, tool results, marks for the cache.

Sources: platform.claude.com/docs/en/build-with-claude/extended-thinking (blocks of the last assistant message come back
complete and unchanged while tools are used; no forced tool, temperature 1, budget below max_tokens),
/docs/en/agents-and-tools/tool-use/implement-tool-use (tool_result first, in the next message), /docs/en/api/messages
(max_tokens is required; messages of one role in a row are joined, so they are no fault), /docs/en/build-with-claude/streaming.
The words of refusals: anthropics/claude-code#63284, lbjlaq/Antigravity-Manager#139, anthropics/anthropic-sdk-python#1598.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

from tests.support.providers.anthropic_cache import MarkedCache, count_marks
from tests.support.providers.chat import Wire, pieces_of
from tests.support.providers.script import CONVERSATION, Request, Script, Turn, cut_turn, pick_turn, tokens_of
from tests.support.providers.server import WINDOW, Answer, ProviderServer, Refused, Streamed, Whole, event
from tests.support.providers.signing import is_signed, sign

STOPS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}
DELTAS = {"thinking": "thinking_delta", "text": "text_delta"}
MOST_MARKS = 4
THINKING = ("thinking", "redacted_thinking")
DOCS = "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"


class Anthropic(ProviderServer):
    """`anthropic/…`; LiteLLM adds `/v1/messages` to the base."""

    base_path = ""

    def __init__(self, script: Script = CONVERSATION, window: int = WINDOW) -> None:
        super().__init__(script, window)
        self.cache = MarkedCache()
        self._ids = itertools.count()

    def play(self, path: str, request: Request) -> Answer:
        if not path.endswith("/v1/messages"):
            raise Refused(f"Not found: {path}", 404)
        _check_parameters(request)
        messages = [_with_blocks(message) for message in request["messages"]]
        check_messages(messages)
        check_signatures(messages)
        if thinks(request):
            check_last_thoughts(messages)
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
            return Streamed(_make_events(head, content, STOPS[turn.finish], usage))
        return Whole.of(
            {**head, "content": content, "stop_reason": STOPS[turn.finish], "stop_sequence": None, "usage": usage}
        )

    def refuse(self, refused: Refused) -> Whole:
        kind = refused.details.get("kind", "invalid_request_error")
        return Whole.of(_error(kind, refused.reason), refused.status)

    def _make_content(self, request: Request, turn: Turn) -> list[Wire]:
        blocks: list[Wire] = []
        if thinks(request) and turn.thoughts:
            blocks.append({"type": "thinking", "thinking": turn.thoughts, "signature": sign(turn.thoughts)})
            if turn.hidden:
                blocks.append({"type": "redacted_thinking", "data": sign("hidden")})
        if turn.words:
            blocks.append({"type": "text", "text": turn.words})
        for one in turn.calls:
            blocks.append(
                {"type": "tool_use", "id": f"toolu_{next(self._ids)}", "name": one.tool, "input": json.loads(one.arguments)}
            )
        return blocks


def thinks(request: Request) -> bool:
    """Whether the request turns thinking on; without the parameter it is off."""
    return (request.get("thinking") or {}).get("type") in ("enabled", "adaptive")


def check_messages(messages: list[Wire]) -> None:
    """Refuse a role, an empty text, and a call or a result that stands alone."""
    if not messages or messages[0]["role"] != "user":
        raise Refused("messages: first message must use the user role")
    for number, message in enumerate(messages):
        if message["role"] not in ("user", "assistant"):
            raise Refused(f"messages.{number}.role: Input should be 'user' or 'assistant'")
        if any(block["type"] == "text" and not block["text"].strip() for block in message["content"]):
            raise Refused("messages: text content blocks must be non-empty")
        called = _ids(messages[number - 1], "tool_use", "id") if number else []
        results = _ids(message, "tool_result", "tool_use_id")
        missing = [one for one in called if one not in results]
        if missing:
            raise Refused(
                f"messages.{number - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
            )
        for one in results:
            if one not in called:
                raise Refused(
                    f"messages.{number}.content.0: unexpected `tool_use_id` found in `tool_result` blocks: {one}. Each "
                    "`tool_result` block must have a corresponding `tool_use` block in the previous message."
                )
    if _ids(messages[-1], "tool_use", "id"):
        raise Refused(f"messages.{len(messages) - 1}: `tool_use` ids were found without `tool_result` blocks")


def check_signatures(messages: list[Wire]) -> None:
    """Refuse a thinking block that is not as it was sent."""
    for number, message in enumerate(messages):
        for place, block in enumerate(message["content"]):
            where = f"messages.{number}.content.{place}"
            if block["type"] == "thinking" and not is_signed(block.get("signature"), block.get("thinking", "")):
                raise Refused(f"{where}: Invalid `signature` in `thinking` block")
            if block["type"] == "redacted_thinking" and not is_signed(block.get("data"), "hidden"):
                raise Refused(f"{where}: Invalid `data` in `redacted_thinking` block")


def check_last_thoughts(messages: list[Wire]) -> None:
    """Refuse a last tool loop whose assistant message does not begin with its thoughts."""
    last = next((n for n in reversed(range(len(messages))) if messages[n]["role"] == "assistant"), None)
    if last is None or not _ids(messages[last], "tool_use", "id"):
        return
    first = messages[last]["content"][0]["type"]
    if first not in THINKING:
        raise Refused(
            f"messages.{last}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{first}`. When "
            "`thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost "
            f"set of `tool_use` and `tool_result` blocks). To avoid this requirement, disable `thinking`. {DOCS}"
        )


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


def _check_parameters(request: Request) -> None:
    if not isinstance(request.get("max_tokens"), int):
        raise Refused("max_tokens: Field required")
    if count_marks(request) > MOST_MARKS:
        raise Refused(f"A maximum of 4 blocks with cache_control may be provided. Found {count_marks(request)}.")
    if not thinks(request):
        return
    if (request.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise Refused("Thinking may not be enabled when tool_choice forces tool use.")
    if request.get("temperature", 1) != 1:
        raise Refused(f"`temperature` may only be set to 1 when thinking is enabled. {DOCS}")
    budget = request["thinking"].get("budget_tokens", 1024)
    if budget < 1024:
        raise Refused("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if budget >= request["max_tokens"]:
        raise Refused(f"`max_tokens` must be greater than `thinking.budget_tokens`. {DOCS}")


def _with_blocks(message: Wire) -> Wire:
    content = message["content"]
    return {**message, "content": [{"type": "text", "text": content}] if isinstance(content, str) else content}


def _ids(message: Wire, kind: str, field: str) -> list[str]:
    return [block[field] for block in message["content"] if block["type"] == kind]


def _error(kind: str, message: str) -> Wire:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def _make_events(head: Wire, content: list[Wire], stop: str, usage: Wire) -> Iterator[bytes]:
    opening = {**head, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage | {"output_tokens": 1}}
    yield _event("message_start", message=opening)
    for index, block in enumerate(content):
        yield from _block_events(index, block)
    yield _event("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage=usage)
    yield _event("message_stop")


def _block_events(index: int, block: Wire) -> Iterator[bytes]:
    kind = block["type"]
    empty = {"thinking": {"thinking": "", "signature": ""}, "text": {"text": ""}, "tool_use": {"input": {}}}
    yield _event("content_block_start", index=index, content_block=block | empty.get(kind, {}))
    if index == 0:
        yield _event("ping")
    if kind in DELTAS:
        for piece in pieces_of(block[kind]):
            yield _event("content_block_delta", index=index, delta={"type": DELTAS[kind], kind: piece})
    if kind == "thinking":
        delta = {"type": "signature_delta", "signature": block["signature"]}
        yield _event("content_block_delta", index=index, delta=delta)
    if kind == "tool_use":
        for piece in pieces_of(json.dumps(block["input"], ensure_ascii=False)):
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _event(kind: str, **data: Any) -> bytes:
    return event({"type": kind, **data}, kind)
