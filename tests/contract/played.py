"""The provider servers as a profile names them, and a conversation with one of them."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from kanban.domain.message import Message, Reply, Role, ToolSpec
from kanban.domain.profile import Profile
from kanban.llm import LiteLLMModel, OnPiece, Piece, PieceKind
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
DEEPSEEK = Provider(DeepSeek, "deepseek/deepseek-v4-pro")
DEEPSEEK_OVER_OPENAI = Provider(DeepSeek, "openai/deepseek-v4-pro")
KIMI = Provider(Moonshot, "moonshot/kimi-k2.7-code")
GLM = Provider(ZAI, "zai/glm-5.1")
GPT = Provider(OpenAI, "openai/gpt-5", shows=False)
CLAUDE = Provider(Anthropic, "anthropic/claude-opus-4-5", THINKS)
GEMINI = Provider(Gemini, "gemini/gemini-3.1-pro-preview", THINKS)
ROUTER = Provider(OpenRouter, "openrouter/deepseek/deepseek-v4-pro")
PROVIDERS = [
    DEEPSEEK,
    DEEPSEEK_OVER_OPENAI,
    Provider(DeepSeek, "hosted_vllm/deepseek-v4"),
    KIMI,
    Provider(Moonshot, "moonshot/kimi-that-nobody-knows"),
    Provider(Moonshot, "openai/kimi-k2.7-code"),
    GLM,
    Provider(ZAI, "openai/glm-5.1"),
    GPT,
    CLAUDE,
    Provider(Anthropic, "anthropic/claude-opus-4-6", THINKS),
    Provider(Anthropic, "anthropic/claude-opus-4-5", shows=False),
    GEMINI,
    Provider(Gemini, "gemini/gemini-3.1-pro-preview", shows=False),
    Provider(GeminiOverOpenAI, "openai/gemini-3-pro", shows=False),
    ROUTER,
    Provider(OpenRouterSigned, "openrouter/anthropic/claude-opus-4.5"),
    Provider(LlamaCpp, "openai/qwen3"),
    Provider(LlamaCpp, "lm_studio/qwen3"),
]
BY_KIND = list({one.kind: one for one in PROVIDERS}.values())

of_each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=str)
of_each_kind = pytest.mark.parametrize("provider", BY_KIND, ids=str)
Listener = OnPiece | None


def model_at(server: ProviderServer, model: str, **settings: Any) -> LiteLLMModel:
    base = server.root_url if isinstance(server, Ollama) and model.startswith("ollama") else server.url
    about = {"name": "cody", "role": "worker", "model": model, "api_base": base, "timeout": 20.0}
    return LiteLLMModel(Profile.model_validate(about | settings), {}, lambda seconds: None, streams=False)


def model_of(server: ProviderServer, provider: Provider) -> LiteLLMModel:
    return model_at(server, provider.model, **provider.settings)


def after(messages: list[Message], reply: Reply) -> list[Message]:
    """The conversation once `reply` was given and each of its calls answered."""
    results = [Message(Role.TOOL, "ok", call_id=one.id, name=one.name) for one in reply.calls]
    return [*messages, reply.as_message(), *results]


def words_of(piece: Piece) -> str:
    return piece.text if piece.kind is PieceKind.WORDS else ""


def play(model: LiteLLMModel, on_text: Listener = None, turns: int = len(CONVERSATION)) -> list[Message]:
    """The conversation after so many turns."""
    messages = list(ASK)
    for _ in range(turns):
        messages = after(messages, model.complete(messages, TOOLS, on_text))
    return messages
