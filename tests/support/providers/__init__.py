"""Servers that enforce what model providers document; a file for each dialect, `server.py` and `chat.py` for all.

with DeepSeek(script=CONVERSATION, window=64_000) as server:
    ...                        # a profile with `model: deepseek/…` and `api_base: server.url`
    server.requests            # the bodies in order of arrival
    server.refusals            # what was refused, with the place in `requests`, the status and the reason
    server.alterations         # what came back otherwise than it was sent, where the provider lets it pass
    server.planned.append(deepseek.rate_limited())  # an answer that comes before the script goes on
"""

from tests.support.providers.anthropic import Anthropic
from tests.support.providers.deepseek import DeepSeek
from tests.support.providers.gemini import Gemini
from tests.support.providers.gemini_openai import GeminiOverOpenAI
from tests.support.providers.moonshot import Moonshot
from tests.support.providers.openai import OpenAI
from tests.support.providers.openrouter import OpenRouter, OpenRouterSigned
from tests.support.providers.script import CONVERSATION, Call, Turn, call
from tests.support.providers.server import ProviderServer, Refusal, Silence, Streamed, Whole
from tests.support.providers.zai import ZAI

__all__ = [
    "CONVERSATION",
    "ZAI",
    "Anthropic",
    "Call",
    "DeepSeek",
    "Gemini",
    "GeminiOverOpenAI",
    "Moonshot",
    "OpenAI",
    "OpenRouter",
    "OpenRouterSigned",
    "ProviderServer",
    "Refusal",
    "Silence",
    "Streamed",
    "Turn",
    "Whole",
    "call",
]
