"""DeepSeek V4: thinks by default and wants its thoughts back.

Sources: api-docs.deepseek.com/guides/thinking_mode (thinking is on unless `thinking: {type: disabled}`; after tool
calls `reasoning_content` comes back in all later requests, else 400), /quick_start/error_codes, /guides/kv_cache
(blocks of 64 tokens, prompt_cache_hit_tokens and prompt_cache_miss_tokens).
"""

from tests.support.providers.chat import ChatServer, Wire
from tests.support.providers.script import Request
from tests.support.providers.server import Refused, Whole

MISSING_THOUGHTS = "The `reasoning_content` in the thinking mode must be passed back to the API."
EFFORTS = ("minimal", "low", "medium", "high", "xhigh", "max", "ultra")


class DeepSeek(ChatServer):
    """`deepseek/…`; LiteLLM's default base is `/beta`, the documented one has no path."""

    base_path = "/beta"

    def check(self, request: Request) -> None:
        if not request.get("model"):
            raise Refused("Model Not Exist")
        self._check_thinking(request)
        if self.thinks(request):
            self._check_thoughts(request)

    def thinks(self, request: Request) -> bool:
        return (request.get("thinking") or {}).get("type") != "disabled"

    def make_usage(self, prompt: int, cached: int, completion: int, thoughts: int) -> Wire:
        return super().make_usage(prompt, cached, completion, thoughts) | {
            "prompt_cache_hit_tokens": cached,
            "prompt_cache_miss_tokens": prompt - cached,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": thoughts},
        }

    def overflow(self, prompt: int, limit: int) -> Refused:
        return Refused(
            f"This model's maximum context length is {self.window} tokens. However, you requested {prompt + limit} "
            f"tokens ({prompt} in the messages, {limit} in the completion). Please reduce the length of the messages "
            "or completion."
        )

    def refuse(self, refused: Refused) -> Whole:
        return Whole.of(_error(refused.reason, "invalid_request_error"), refused.status)

    @staticmethod
    def _check_thinking(request: Request) -> None:
        kind = (request.get("thinking") or {"type": "enabled"}).get("type")
        if kind not in ("enabled", "disabled"):
            raise Refused(f"thinking.type: unknown variant `{kind}`, expected `enabled` or `disabled`")
        effort = request.get("reasoning_effort", "high")
        if effort not in EFFORTS:
            raise Refused(f"reasoning_effort: unknown variant `{effort}`")

    def _check_thoughts(self, request: Request) -> None:
        for message in request["messages"]:
            calls = message["role"] == "assistant" and message.get("tool_calls")
            # An empty string is what the model itself gives where it did not think.
            if calls and not isinstance(message.get("reasoning_content"), str):
                raise Refused(MISSING_THOUGHTS)
        self.note_alterations(request, "reasoning_content")


def insufficient_balance() -> Whole:
    """402: the account is empty."""
    return Whole.of(_error("Insufficient Balance", "unknown_error"), 402)


def rate_limited(retry_after: str = "2") -> Whole:
    """429: too many requests."""
    return Whole.of(_error("Rate limit reached", "rate_limit_error"), 429, retry_after=retry_after)


def overloaded() -> Whole:
    """503: the server is overloaded."""
    return Whole.of(_error("Service is too busy. We advise users to temporarily switch", "service_error"), 503)


def _error(message: str, kind: str) -> Wire:
    return {"error": {"message": message, "type": kind, "param": None, "code": "invalid_request_error"}}
