"""OpenAI's own chat completions with a reasoning model: strict about every field.

Sources: platform.openai.com/docs/api-reference/chat (fields of messages, `max_completion_tokens` in place of
`max_tokens` for reasoning models, usage details), /docs/guides/reasoning (no temperature but 1),
/docs/guides/prompt-caching (from 1024 tokens on, in steps of 128), /docs/guides/error-codes (insufficient_quota,
context_length_exceeded). Thoughts are not part of this wire; they are counted as reasoning_tokens and never shown.
"""

from tests.support.providers.chat import ChatServer, Wire
from tests.support.providers.script import CONVERSATION, Request, Script
from tests.support.providers.server import WINDOW, Refused, Whole
from tests.support.providers.tokens import PrefixStore

MESSAGE_FIELDS = {
    "developer": {"role", "content", "name"},
    "system": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "name", "tool_calls", "refusal", "audio", "function_call", "annotations"},
    "tool": {"role", "content", "tool_call_id", "name"},
}
CALL_FIELDS = {"id", "type", "function"}
REASONING_ONLY = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}


class OpenAI(ChatServer):
    """`openai/…`; with `reasoning=False` a model that does not think and takes a temperature."""

    roles = tuple(MESSAGE_FIELDS)
    thoughts_field = None

    def __init__(self, script: Script = CONVERSATION, window: int = WINDOW, reasoning: bool = True) -> None:
        super().__init__(script, window)
        self.cache = PrefixStore(unit=128, minimum=1024)
        self._reasoning = reasoning

    def thinks(self, request: Request) -> bool:
        return self._reasoning

    def check(self, request: Request) -> None:
        for number, message in enumerate(request["messages"]):
            _check_fields(f"messages[{number}]", message, MESSAGE_FIELDS[message["role"]])
            for place, one in enumerate(message.get("tool_calls") or ()):
                _check_fields(f"messages[{number}].tool_calls[{place}]", one, CALL_FIELDS)
        if self._reasoning:
            self._check_parameters(request)
        self.note_alterations(request)

    def make_usage(self, prompt: int, cached: int, completion: int, thoughts: int) -> Wire:
        return super().make_usage(prompt, cached, completion, thoughts) | {
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": thoughts, "audio_tokens": 0},
        }

    def overflow(self, prompt: int, limit: int) -> Refused:
        words = (
            f"This model's maximum context length is {self.window} tokens. However, your messages resulted in {prompt} "
            "tokens. Please reduce the length of the messages."
        )
        return Refused(words, code="context_length_exceeded", param="messages")

    @staticmethod
    def _check_parameters(request: Request) -> None:
        if "max_tokens" in request:
            raise Refused(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
                "instead.",
                param="max_tokens",
                code="unsupported_parameter",
            )
        for name, only in REASONING_ONLY.items():
            if request.get(name, only) != only:
                raise Refused(
                    f"Unsupported value: '{name}' does not support {request[name]} with this model. Only the default "
                    f"({only}) value is supported.",
                    param=name,
                    code="unsupported_value",
                )


def insufficient_quota() -> Whole:
    """429: the account is empty; waiting does not help."""
    words = "You exceeded your current quota, please check your plan and billing details."
    error = {"message": words, "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}
    return Whole.of({"error": error}, 429)


def rate_limited(retry_after: str = "2") -> Whole:
    """429: too many requests."""
    error = {"message": "Rate limit reached", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
    return Whole.of({"error": error}, 429, retry_after=retry_after)


def _check_fields(place: str, value: Wire, known: set[str]) -> None:
    for name in value:
        if name not in known:
            raise Refused(f"Unknown parameter: '{place}.{name}'.", param=f"{place}.{name}", code="unknown_parameter")
