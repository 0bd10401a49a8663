"""What Anthropic refuses; the sources are in `anthropic.py`."""

from tests.support.providers.anthropic_cache import count_marks
from tests.support.providers.chat import Wire
from tests.support.providers.script import Request
from tests.support.providers.server import Refused
from tests.support.providers.signing import is_signed

MOST_MARKS = 4
THINKING = ("thinking", "redacted_thinking")
DOCS = "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"


def thinks(request: Request) -> bool:
    """Whether the model thinks: where the request turns it on, and always where it cannot be turned off."""
    return _always_thinks(request) or (request.get("thinking") or {}).get("type") in ("enabled", "adaptive")


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
                f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
                "next message."
            )
        for one in results:
            if one not in called:
                raise Refused(
                    f"messages.{number}.content.0: unexpected `tool_use_id` found in `tool_result` blocks: {one}. "
                    "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
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


def check_last_thoughts(messages: list[Wire], thinking: bool) -> None:
    """Refuse a last tool loop that does not begin with its thoughts, or that has some while thinking is off."""
    last = next((n for n in reversed(range(len(messages))) if messages[n]["role"] == "assistant"), None)
    if last is None or not _ids(messages[last], "tool_use", "id"):
        return
    first = messages[last]["content"][0]["type"]
    if not thinking and first in THINKING:
        raise Refused(
            f"messages.{last}.content.0: When thinking is disabled, an `assistant` message in the final position "
            "cannot contain `thinking`. To use thinking blocks, enable `thinking` in your request."
        )
    if thinking and first not in THINKING:
        raise Refused(
            f"messages.{last}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{first}`. When "
            "`thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the "
            "lastmost set of `tool_use` and `tool_result` blocks). To avoid this requirement, disable `thinking`. "
            f"{DOCS}"
        )


def check_parameters(request: Request) -> None:
    if not isinstance(request.get("max_tokens"), int):
        raise Refused("max_tokens: Field required")
    if count_marks(request) > MOST_MARKS:
        raise Refused(f"A maximum of 4 blocks with cache_control may be provided. Found {count_marks(request)}.")
    kind = (request.get("thinking") or {}).get("type")
    if kind == "disabled" and _always_thinks(request):
        raise Refused('"thinking.type.disabled" is not supported for this model.')
    if not thinks(request):
        return
    if (request.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise Refused("Thinking may not be enabled when tool_choice forces tool use.")
    if request.get("temperature", 1) != 1:
        raise Refused(f"`temperature` may only be set to 1 when thinking is enabled. {DOCS}")
    budget = request["thinking"].get("budget_tokens", 0) if kind == "enabled" else 1024
    if budget < 1024:
        raise Refused("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if budget >= request["max_tokens"]:
        raise Refused(f"`max_tokens` must be greater than `thinking.budget_tokens`. {DOCS}")


def _always_thinks(request: Request) -> bool:
    return "fable" in request["model"]


def is_asked(message: Wire) -> bool:
    return message["role"] == "user" and any(block["type"] != "tool_result" for block in message["content"])


def with_blocks(message: Wire) -> Wire:
    content = message["content"]
    return {**message, "content": [{"type": "text", "text": content}] if isinstance(content, str) else content}


def _ids(message: Wire, kind: str, field: str) -> list[str]:
    return [block[field] for block in message["content"] if block["type"] == kind]
