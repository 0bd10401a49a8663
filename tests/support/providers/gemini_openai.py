"""Gemini by way of OpenAI's protocol: signatures in `extra_content` of calls.

Sources: ai.google.dev/gemini-api/docs/openai and /docs/thought-signatures#openai
(`extra_content.google.thought_signature` on the first call of a step comes back in the same place),
noho/dayu-agent#45 (calls come whole in one delta and without an index; captured from the real endpoint),
continuedev/continue#8785 (errors come in a list).
"""

from collections.abc import Iterator
from typing import Any

from tests.support.providers.chat import ChatServer, Wire, pieces_of
from tests.support.providers.gemini import NONES, missing_signature
from tests.support.providers.script import Request, Turn
from tests.support.providers.server import Refused, Whole
from tests.support.providers.signing import is_ours, sign


class GeminiOverOpenAI(ChatServer):
    """`openai/gemini-…` with this server as `api_base`."""

    base_path = "/v1beta/openai"
    thoughts_field = None

    def thinks(self, request: Request) -> bool:
        return True

    def check(self, request: Request) -> None:
        messages = request["messages"]
        begins = max((n for n, one in enumerate(messages) if one["role"] == "user"), default=0)
        for number, message in enumerate(messages):
            calls = message.get("tool_calls") or []
            if number > begins and calls and not signature_of(calls[0]):
                raise missing_signature(calls[0]["function"]["name"], number)
            for signature in filter(None, map(signature_of, calls)):
                if signature not in NONES and not is_ours(signature):
                    raise Refused("Corrupted thought signature.")
        self.note_alterations(request)

    def make_calls(self, turn: Turn) -> list[Wire]:
        calls = super().make_calls(turn)
        calls[0]["extra_content"] = {"google": {"thought_signature": sign(turn.thoughts, calls[0]["id"])}}
        return calls

    def make_deltas(self, message: Wire) -> Iterator[Wire]:
        for piece in pieces_of(message["content"]):
            yield {"role": "assistant", "content": piece}
        for one in message.get("tool_calls", ()):
            yield {"role": "assistant", "tool_calls": [one]}

    def overflow(self, prompt: int, limit: int) -> Refused:
        return Refused(
            f"The input token count ({prompt}) exceeds the maximum number of tokens allowed ({self.window})."
        )

    def refuse(self, refused: Refused) -> Whole:
        error = {"code": refused.status, "message": refused.reason, "status": "INVALID_ARGUMENT"}
        return Whole.of([{"error": error}], refused.status)


def signature_of(one: Wire) -> Any:
    """The signature on a call, if any."""
    return ((one.get("extra_content") or {}).get("google") or {}).get("thought_signature")
