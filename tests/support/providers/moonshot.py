"""Kimi K2.7: always thinks, and wants its thoughts back in each message that calls tools.

Sources: platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model (keep `reasoning_content` in the context),
MoonshotAI/kimi-agent-sdk#169 and continuedev/continue#11600 (the 400 and its words), UKGovernmentBEIS/inspect_ai#5152
(`required` and named tools are refused while thinking, probed at the real API), MoonshotAI/Kimi-K2#141 (thinking
cannot be turned off), HKUDS/nanobot#202 (temperature), platform.moonshot.ai/docs/api/chat (usage.cached_tokens, error
types).
"""

from tests.support.providers.chat import ChatServer, Wire
from tests.support.providers.script import Request
from tests.support.providers.server import Refused, Whole


class Moonshot(ChatServer):
    """`moonshot/…`."""

    def check(self, request: Request) -> None:
        self._check_parameters(request)
        for number, message in enumerate(request["messages"]):
            if message["role"] != "assistant":
                continue
            if message.get("tool_calls"):
                if not message.get("reasoning_content"):
                    raise Refused(
                        "thinking is enabled but reasoning_content is missing in assistant tool call message "
                        f"at index {number}"
                    )
            elif not message.get("content"):
                raise Refused(
                    f"Invalid request: the message at position {number} with role 'assistant' must not be empty"
                )
        self.note_alterations(request, "reasoning_content")

    def make_usage(self, prompt: int, cached: int, completion: int, thoughts: int) -> Wire:
        return super().make_usage(prompt, cached, completion, thoughts) | {"cached_tokens": cached}

    def overflow(self, prompt: int, limit: int) -> Refused:
        return Refused(f"Invalid request: Your request exceeded model token limit: {self.window}")

    def refuse(self, refused: Refused) -> Whole:
        return Whole.of(_error(refused.reason, "invalid_request_error"), refused.status)

    @staticmethod
    def _check_parameters(request: Request) -> None:
        if (request.get("thinking") or {"type": "enabled"}).get("type") != "enabled":
            raise Refused("invalid thinking: only type=enabled is allowed for this model")
        choice = request.get("tool_choice", "auto")
        if choice not in ("auto", "none"):
            kind = choice if isinstance(choice, str) else "specified"
            raise Refused(f"tool_choice '{kind}' is incompatible with thinking enabled")
        if request.get("temperature", 1) != 1:
            raise Refused("invalid temperature: only 1 is allowed for this model")


def quota_exceeded() -> Whole:
    """429: the account is empty; waiting does not help."""
    words = "Your account is suspended due to insufficient balance, please recharge your account"
    return Whole.of(_error(words, "exceeded_current_quota_error"), 429)


def overloaded() -> Whole:
    """429: the engine is busy."""
    return Whole.of(
        _error("The engine is currently overloaded, please try again later", "engine_overloaded_error"), 429
    )


def rate_limited(seconds: str = "1") -> Whole:
    """429: too many requests at once."""
    words = f"Your account reached max organization concurrency, please try again after {seconds} seconds"
    return Whole.of(_error(words, "rate_limit_reached_error"), 429, retry_after=seconds)


def _error(message: str, kind: str) -> Wire:
    return {"error": {"message": message, "type": kind}}
