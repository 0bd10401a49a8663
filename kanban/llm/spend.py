"""What a reply cost: its tokens in parts, and the price."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from kanban.domain.message import Usage
from kanban.domain.profile import Price
from kanban.llm.exchange import Exchange, read_event
from kanban.llm.library import load_litellm
from kanban.llm.reply import ReplyReader, read_usage
from kanban.llm.target import Target

MILLION = 1_000_000


def count_usage(request: Mapping[str, Any], reader: ReplyReader, target: Target, exchange: Exchange) -> Usage:
    """The tokens of a reply and what they cost; counted here where the server does not say."""
    litellm = load_litellm()
    given = reader.usage
    estimated = given is None or not given.prompt_tokens
    if estimated:
        prompt = litellm.token_counter(model="", messages=request["messages"], tools=request.get("tools"))
        completion = litellm.token_counter(model="", text=reader.text() + reader.thoughts() + _arguments_of(reader))
        given = litellm.Usage(prompt_tokens=prompt, completion_tokens=completion)
    usage = replace(read_usage(given, _read_raw_usage(exchange)), estimated=estimated)
    price = target.profile.price
    return replace(usage, cost_usd=_at_price(usage, price) if price else _known_cost(given, usage, target))


def _arguments_of(reader: ReplyReader) -> str:
    return "".join(call.arguments for call in reader.calls())


def _at_price(usage: Usage, price: Price) -> float:
    cached = price.prompt if price.cached is None else price.cached
    reasoning = price.completion if price.reasoning is None else price.reasoning
    thought = min(usage.reasoning_tokens, usage.completion_tokens)
    dollars = (usage.prompt_tokens - usage.cached_tokens) * price.prompt + usage.cached_tokens * cached
    return (dollars + (usage.completion_tokens - thought) * price.completion + thought * reasoning) / MILLION


def _known_cost(given: Any, usage: Usage, target: Target) -> float | None:
    billed = getattr(given, "cost", None)
    if target.provider == "openrouter" and isinstance(billed, int | float):
        return float(billed)  # it says what it has charged; for others the library writes its own estimate there
    litellm = load_litellm()
    details = getattr(given, "prompt_tokens_details", None)
    if usage.cached_tokens and not getattr(details, "cached_tokens", None):
        details = litellm.types.utils.PromptTokensDetailsWrapper(cached_tokens=usage.cached_tokens)
        given = given.model_copy(update={"prompt_tokens_details": details})
    with suppress(Exception):  # litellm raises a bare Exception for a model without a price
        if litellm.get_model_info(target.model_id)["key"] not in litellm.model_cost:
            return None  # a stub, of which everything costs nothing
        return float(sum(litellm.cost_per_token(model=target.model_id, usage_object=given)))
    return None


def _read_raw_usage(exchange: Exchange) -> Mapping[str, Any]:
    """The usage as the server wrote it: of a streamed reply the library keeps only what OpenAI sends."""
    for line in reversed(exchange.tail.splitlines()):
        if '"usage"' not in line:
            continue
        usage = read_event(line).get("usage")
        if isinstance(usage, dict):
            return usage
    return {}
