"""OpenRouter: thoughts as `reasoning` and `reasoning_details`, errors inside HTTP 200, usage with its cost.

Sources: openrouter.ai/docs/use-cases/reasoning-tokens (the whole sequence of `reasoning_details` comes back as it was
received; entries are reasoning.text, reasoning.summary or reasoning.encrypted and join by `index` in a stream),
/docs/api/reference/errors-and-debugging (the envelope; errors after the start come inside HTTP 200, in a stream as a
chunk with `error` and `finish_reason: "error"`), /docs/use-cases/usage-accounting (usage.cost, cached and reasoning
tokens). What happens without the details depends on the provider behind it; here it is one that insists, and is named
in `metadata`.
"""

from collections.abc import Iterator
from typing import Any

from tests.support.providers.chat import DONE, ChatServer, Wire, envelope, pieces_of
from tests.support.providers.deepseek import MISSING_THOUGHTS
from tests.support.providers.script import Request, Turn
from tests.support.providers.server import Refused, Streamed, Whole, event
from tests.support.providers.signing import sign

DETAILS = "reasoning_details"
JOINED = ("text", "data", "summary")
DOLLARS_PER_TOKEN = 0.000001


class OpenRouter(ChatServer):
    """`openrouter/…` with a provider behind it that thinks in plain text."""

    base_path = "/api/v1"
    thoughts_field = "reasoning"
    signed = False

    def check(self, request: Request) -> None:
        if not self.thinks(request):
            return
        for number, message in enumerate(request["messages"]):
            if message["role"] != "assistant" or not message.get("tool_calls"):
                continue
            if not message.get(DETAILS):
                raise _from_upstream(MISSING_THOUGHTS)
            sent = self.sent_for(message)
            if sent and join_details(message[DETAILS]) != sent[DETAILS]:
                self._take_amiss(f"messages.{number}: {DETAILS} are not as they were sent")
        self.note_alterations(request)

    def _take_amiss(self, words: str) -> None:
        """What is signed must not change; what is not signed is only noted, as the provider cannot know."""
        if self.signed:
            raise _from_upstream(words)
        self.alterations.append(words)

    def thinks(self, request: Request) -> bool:
        return (request.get("reasoning") or {}).get("effort") != "none"

    def make_message(self, request: Request, turn: Turn) -> Wire:
        message = super().make_message(request, turn) | {"refusal": None}
        if self.thinks(request):
            message[DETAILS] = _make_details(turn, self.signed)
        return message

    def make_usage(self, prompt: int, cached: int, completion: int, thoughts: int) -> Wire:
        return super().make_usage(prompt, cached, completion, thoughts) | {
            "cost": (prompt + completion) * DOLLARS_PER_TOKEN,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": thoughts},
        }

    def make_deltas(self, message: Wire) -> Iterator[Wire]:
        for detail in message.get(DETAILS, ()):
            name = next(name for name in JOINED if name in detail)
            head = {key: value for key, value in detail.items() if key not in (name, "signature")}
            for piece in pieces_of(detail[name]):
                shown = {"reasoning": piece} if name == "text" else {}
                yield {"role": "assistant", "content": "", **shown, DETAILS: [{**head, name: piece}]}
            if "signature" in detail:
                yield {"role": "assistant", "content": "", DETAILS: [{**head, "signature": detail["signature"]}]}
        rest = {key: value for key, value in message.items() if key not in (self.thoughts_field, DETAILS)}
        yield from super().make_deltas(rest)

    def overflow(self, prompt: int, limit: int) -> Refused:
        return Refused(
            f"This endpoint's maximum context length is {self.window} tokens. However, you requested about "
            f'{prompt + limit} tokens. Please reduce the length of either one, or use the "middle-out" transform.'
        )

    def refuse(self, refused: Refused) -> Whole:
        return Whole.of(_error(refused.status, refused.reason, refused.details.get("metadata")), refused.status)


class OpenRouterSigned(OpenRouter):
    """`openrouter/…` with a provider behind it that signs its thoughts and hides some, as Anthropic does."""

    signed = True


def error_in_200(code: int = 502, message: str = "Provider returned error") -> Whole:
    """An error that comes with HTTP 200, as the provider behind had begun already."""
    return Whole.of(_error(code, message, {"provider_name": "DeepSeek", "raw": "upstream is gone"}))


def error_in_mid_stream(code: int = 502, message: str = "Provider disconnected", words: str = "So far") -> Streamed:
    """Words, then a chunk with an error and `finish_reason: "error"`."""
    head = envelope({"model": "played"}, "chat.completion.chunk")
    said = {"index": 0, "delta": {"role": "assistant", "content": words}, "finish_reason": None}
    ended = {"index": 0, "delta": {"content": ""}, "finish_reason": "error", "native_finish_reason": "error"}
    failed = {**head, "provider": "DeepSeek", **_error(code, message), "choices": [ended]}
    begun = [b": OPENROUTER PROCESSING\n\n", event({**head, "choices": [said]})] if words else []
    return Streamed([*begun, event(failed), DONE])


def no_credits() -> Whole:
    """402: the account is empty."""
    return Whole.of(_error(402, "Insufficient credits"), 402)


def join_details(details: list[Wire]) -> list[Wire]:
    """The entries with those of one index joined, as they were before they were streamed."""
    joined: list[Wire] = []
    for detail in details:
        same = next((one for one in joined if one.get("index") == detail.get("index")), None)
        if same is None:
            joined.append(dict(detail))
            continue
        for key, value in detail.items():
            same[key] = same.get(key, "") + value if key in JOINED else value
    return joined


def _make_details(turn: Turn, signed: bool) -> list[Wire]:
    kind = {"format": "anthropic-claude-v1" if signed else "unknown", "id": None}
    signature = {"signature": sign(turn.thoughts)} if signed else {}
    details = [{"type": "reasoning.text", "text": turn.thoughts, **signature, **kind, "index": 0}]
    if turn.hidden and signed:
        details.append({"type": "reasoning.encrypted", "data": sign("hidden"), **kind, "index": 1})
    return details


def _from_upstream(words: str) -> Refused:
    return Refused("Provider returned error", metadata={"raw": words, "provider_name": "DeepSeek"})


def _error(code: int, message: str, metadata: Any = None) -> Wire:
    extra = {"metadata": metadata} if metadata else {}
    return {"error": {"code": code, "message": message, **extra}}
