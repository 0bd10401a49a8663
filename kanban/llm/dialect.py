"""What each provider wants back with a conversation, and which marks it needs for its cache."""

import re
from dataclasses import dataclass

# The least that a provider takes where a reply of its own must have held something and the transcript has nothing:
# DeepSeek and Moonshot take a blank (api-docs.deepseek.com/guides/thinking_mode, platform.moonshot.ai/docs), Gemini
# this word (ai.google.dev/gemini-api/docs/thought-signatures).
BLANK_THOUGHTS = " "
BLANK_DETAILS = [{"type": "reasoning.text", "text": " ", "format": "unknown", "index": 0}]
NO_SIGNATURE = "skip_thought_signature_validator"

THOUGHTS_FIELDS = ("reasoning_content", "reasoning", "reasoning_details")

# Where the library translates, these of its own fields become what the provider wants back.
_NATIVE_FIELDS = {
    "anthropic": frozenset({"thinking_blocks"}),
    "bedrock": frozenset({"thinking_blocks"}),
    "gemini": frozenset({"provider_specific_fields"}),
    "vertex_ai": frozenset({"thinking_blocks", "provider_specific_fields"}),
    "vertex_ai_beta": frozenset({"provider_specific_fields"}),
}
_THOUGHTS_FIELD = {"openrouter": "reasoning_details", "groq": "reasoning", "cerebras": "reasoning"}
_MUST_THINK = re.compile(r"deepseek|kimi", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How one model is talked to.

    native_fields: fields of the library's own that it turns into the provider's; None where fields go as they stand
    goes_as_it_stands: what a profile adds goes into the body of a request, whatever the library makes of it
    thoughts_field: the provider's name for thoughts
    takes_thoughts: what it thought may go back to it
    wants_thoughts: each assistant message must carry some
    wants_signatures: each step must carry a thought signature
    wants_thinking_blocks: while it thinks, a step must begin with a signed block; else it goes on without thinking
    can_refuse_to_think: to go on without thinking it must be told so
    wants_alternation: user and assistant take turns, as the chat templates of some open models insist
    wants_marks: it caches what is marked, and nothing else
    """

    native_fields: frozenset[str] | None = None
    goes_as_it_stands: bool = True
    thoughts_field: str = "reasoning_content"
    takes_thoughts: bool = True
    wants_thoughts: bool = False
    wants_signatures: bool = False
    wants_thinking_blocks: bool = False
    can_refuse_to_think: bool = False
    wants_alternation: bool = False
    wants_marks: bool = False


def find_dialect(provider: str, model_id: str) -> Dialect:
    """The dialect of a model, by its provider and its name: DeepSeek's rules hold wherever its models are served."""
    native_fields = _NATIVE_FIELDS.get(provider)
    is_native, is_claude = native_fields is not None, "claude" in model_id.lower()
    return Dialect(
        native_fields=native_fields,
        goes_as_it_stands=not is_native and not provider.startswith("ollama"),
        thoughts_field=_THOUGHTS_FIELD.get(provider, "reasoning_content"),
        wants_thoughts=not is_native and bool(_MUST_THINK.search(model_id)),
        wants_signatures=not is_native and "gemini" in model_id.lower(),
        wants_thinking_blocks=provider == "anthropic" or (provider == "openrouter" and is_claude),
        can_refuse_to_think=provider == "openrouter",
        wants_marks=is_claude,
    )
