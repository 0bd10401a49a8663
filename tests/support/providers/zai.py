"""GLM at Z.AI: thinks by default, does not insist on its thoughts, and has its own error codes.

Sources: docs.z.ai/guides/capabilities/thinking-mode (thinking is on by default; thoughts are to be returned with the
results of tools; `clear_thinking: false` keeps those of earlier turns and wants them complete and unchanged; a change
lowers quality and cache hits, a refusal is not documented) and docs.z.ai/api-reference/api-code (1113, 1261, 1302).
"""

from tests.support.providers.chat import ChatServer, Wire
from tests.support.providers.script import Request
from tests.support.providers.server import Refused, Whole


class ZAI(ChatServer):
    """`zai/…`. Thoughts that are missing or changed are in `alterations`, as the provider lets them pass."""

    base_path = "/api/paas/v4"

    def check(self, request: Request) -> None:
        kind = (request.get("thinking") or {"type": "enabled"}).get("type")
        if kind not in ("enabled", "disabled"):
            raise Refused("thinking.type: invalid value", code="1214")
        if self.thinks(request):
            self.note_alterations(request, "reasoning_content")

    def thinks(self, request: Request) -> bool:
        return (request.get("thinking") or {}).get("type") != "disabled"

    def make_usage(self, prompt: int, cached: int, completion: int, thoughts: int) -> Wire:
        return super().make_usage(prompt, cached, completion, thoughts) | {
            "prompt_tokens_details": {"cached_tokens": cached}
        }

    def overflow(self, prompt: int, limit: int) -> Refused:
        return Refused("Prompt exceeds max length", code="1261")

    def refuse(self, refused: Refused) -> Whole:
        return _error(refused.details.get("code", "1210"), refused.reason, refused.status)


def no_balance() -> Whole:
    """429 with code 1113: the account is empty; waiting does not help."""
    return _error("1113", "Insufficient balance or no resource package. Please recharge.", 429)


def rate_limited() -> Whole:
    """429 with code 1302: too many requests."""
    return _error("1302", "Rate limit reached for requests", 429)


def _error(code: str, message: str, status: int) -> Whole:
    return Whole.of({"error": {"code": code, "message": message}}, status)
