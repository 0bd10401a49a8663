"""The provider servers as a profile names them, and a conversation with one of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from kanban.domain.message import Message, Reply, Role, ToolSpec
from kanban.domain.profile import Profile
from kanban.llm import LiteLLMModel
from tests.support.providers import (
    CONVERSATION,
    ZAI,
    Anthropic,
    DeepSeek,
    Gemini,
    GeminiOverOpenAI,
    Moonshot,
    OpenAI,
    OpenRouter,
    OpenRouterSigned,
    ProviderServer,
)
from tests.support.providers.local import LlamaCpp
from tests.support.providers.ollama import Ollama

OBJECT = {"type": "object", "additionalProperties": False}
TOOLS = [
    ToolSpec("shell", "Runs a command", OBJECT | {"properties": {"command": {"type": "string"}}}),
    ToolSpec("read_file", "Reads a file", OBJECT | {"properties": {"path": {"type": "string"}}}),
    ToolSpec("write_file", "Writes a file", OBJECT | {"properties": {"content": {"type": "string"}}}),
]
ASK = [Message(Role.SYSTEM, "You are Cody"), Message(Role.USER, "Count the lines")]


@dataclass(frozen=True)
class Provider:
    """A server and how a profile names it. `shows` is whether its wire has room for thoughts."""

    kind: type[ProviderServer]
    model: str
    settings: dict[str, Any] = field(default_factory=dict)
    shows: bool = True

    def __str__(self) -> str:
        return f"{self.model.partition('/')[0]}-{self.kind.__name__}"


THINKS = {"reasoning": "low"}
PROVIDERS = [
    Provider(DeepSeek, "deepseek/deepseek-v4-pro"),
    Provider(DeepSeek, "openai/deepseek-v4-pro"),
    Provider(DeepSeek, "hosted_vllm/deepseek-v4"),
    Provider(Moonshot, "moonshot/kimi-k2.7-code"),
    Provider(Moonshot, "moonshot/kimi-that-nobody-knows"),
    Provider(Moonshot, "openai/kimi-k2.7-code"),
    Provider(ZAI, "zai/glm-5.1"),
    Provider(ZAI, "openai/glm-5.1"),
    Provider(OpenAI, "openai/gpt-5", shows=False),
    Provider(Anthropic, "anthropic/claude-opus-4-5", THINKS),
    Provider(Anthropic, "anthropic/claude-opus-4-6", THINKS),
    Provider(Anthropic, "anthropic/claude-opus-4-5", shows=False),
    Provider(Gemini, "gemini/gemini-3.1-pro-preview", THINKS),
    Provider(Gemini, "gemini/gemini-3.1-pro-preview", shows=False),
    Provider(GeminiOverOpenAI, "openai/gemini-3-pro", shows=False),
    Provider(OpenRouter, "openrouter/deepseek/deepseek-v4-pro"),
    Provider(OpenRouterSigned, "openrouter/anthropic/claude-opus-4.5"),
    Provider(LlamaCpp, "openai/qwen3"),
    Provider(LlamaCpp, "lm_studio/qwen3"),
]
BY_KIND = list({one.kind: one for one in PROVIDERS}.values())

of_each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=str)
of_each_kind = pytest.mark.parametrize("provider", BY_KIND, ids=str)
Listener = Callable[[str], None] | None


def model_at(server: ProviderServer, model: str, timeout: float = 20.0, **settings: Any) -> LiteLLMModel:
    base = server.root_url if isinstance(server, Ollama) and model.startswith("ollama") else server.url
    profile = Profile.model_validate({"name": "cody", "role": "worker", "model": model, "api_base": base} | settings)
    return LiteLLMModel(profile, {}, timeout, lambda seconds: None)


def model_of(server: ProviderServer, provider: Provider) -> LiteLLMModel:
    return model_at(server, provider.model, **provider.settings)


def after(messages: list[Message], reply: Reply) -> list[Message]:
    """The conversation once `reply` was given and each of its calls answered."""
    results = [Message(Role.TOOL, "ok", call_id=one.id, name=one.name) for one in reply.calls]
    return [*messages, Message(Role.ASSISTANT, reply.text, reply.calls, opaque=reply.opaque), *results]


def play(model: LiteLLMModel, on_text: Listener = None, turns: int = len(CONVERSATION)) -> list[Message]:
    """The conversation after so many turns."""
    messages = list(ASK)
    for _ in range(turns):
        messages = after(messages, model.complete(messages, TOOLS, on_text))
    return messages
