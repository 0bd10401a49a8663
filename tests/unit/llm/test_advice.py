"""What a profile asks of its models is held against what is known of them, before anybody is asked."""

from typing import Any

import pytest

from kanban.domain.profile import Profile
from kanban.files.home import Home, load_profiles
from kanban.files.settings import shipped_defaults
from kanban.llm.advice import Finding, check_models

PROFILES = load_profiles(Home(shipped_defaults()))
KEYS = {name: "sk-1" for profile in PROFILES.values() for name in profile.key_names} | {"OTHER_API_KEY": "sk-2"}
LOCAL = {
    "api_base": "http://127.0.0.1:8080/v1",
    "window": 16_384,
    "price": {"prompt": 0, "completion": 0},
}


def check(model: str, keys: dict[str, str] = KEYS, **settings: Any) -> list[Finding]:
    """The findings on a worker with this model, whose key is there."""
    asked = {"api_key_env": "OTHER_API_KEY"} | settings
    return check_models(Profile.model_validate({"name": "cody", "role": "worker", "model": model, **asked}), keys)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_the_shipped_profiles_lack_nothing_but_their_keys(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_models(profile, KEYS) == []
    missing = check_models(profile, {})
    assert [(one.key, one.stops) for one in missing] == [("api_key_env", True)]
    assert f"{profile.api_key_env} is not set" in missing[0].problem


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("openai/qwen3-coder", LOCAL | {"temperature": 0.2, "stop": ["END"], "reasoning": "low", "max_output": 4_096}),
        ("openai/qwen3-coder", LOCAL | {"extra": {"top_k": 20, "extra_body": {"thinking": {"type": "disabled"}}}}),
        ("ollama_chat/qwen3", LOCAL | {"extra": {"num_ctx": 32_768}}),
        ("openai/qwen3-coder", LOCAL | {"extra": {"thinking": {"type": "disabled"}}}),
        ("zai/glm-5.1", {"reasoning": "none"}),
        ("deepseek/deepseek-v4-pro", {"reasoning": "none", "tool_choice": True, "max_output": 32_000}),
        ("anthropic/claude-opus-4-5", {"reasoning": "none"}),
        ("openai/gpt-4o", {"reasoning": "none", "temperature": 0.2}),
        ("openrouter/z-ai/glm-4.6", {"reasoning": "high", "window": 200_000}),
        ("openai/gpt-5", {"tool_choice": True, "fallback_models": ["openai/gpt-4o"]}),
        ("scripted/weather", {"temperature": 0.2}),
    ],
)
def test_what_a_model_can_do_is_no_finding(model: str, settings: dict[str, Any]) -> None:
    assert check(model, **settings) == []


NOTES = [
    ("openai/gpt-4o", {"reasoning": "high"}, "reasoning", "not known to think"),
    ("lm_studio/qwen3", LOCAL | {"reasoning": "low"}, "reasoning", "extra_body"),
    ("ollama_chat/qwen3", LOCAL | {"extra": {"thinking": {"type": "disabled"}}}, "extra", "'thinking' has no effect"),
    ("openai/gpt-5", {"temperature": 0.3}, "temperature", "no effect"),
    ("moonshot/kimi-k2.7-code", {"temperature": 0.3}, "temperature", "no effect"),
    ("openai/gpt-5", {"stop": ["END"]}, "stop", "no effect"),
    ("ollama_chat/qwen3", LOCAL | {"tool_choice": True}, "tool_choice", "no effect"),
    ("deepseek/deepseek-chat", {"max_output": 9_000}, "max_output", "is known for 8,192"),
    ("openai/qwen3-coder", LOCAL | {"max_output": 9_000}, "max_output", "less than half"),
    ("deepseek/deepseek-v4-pro", {"window": 1_000_001}, "window", "is known for 1,000,000"),
    ("openai/gpt-3.5-turbo-16k", {}, "model", "not known to call tools"),
    ("openai/qwen3-coder", LOCAL | {"window": None}, "window", "not known"),
    ("openai/qwen3-coder", LOCAL | {"price": None}, "price", "not known"),
    (
        "openai/qwen3-coder",
        LOCAL | {"fallback_models": ["deepseek/deepseek-v4-pro"]},
        "fallback_models",
        "asked for at http://127.0.0.1:8080/v1",
    ),
]


@pytest.mark.parametrize(("model", "settings", "key", "words"), NOTES, ids=lambda one: str(one)[:30])
def test_what_has_no_effect_or_may_surprise_is_a_note(
    model: str, settings: dict[str, Any], key: str, words: str
) -> None:
    (found,) = check(model, **settings)
    assert (found.key, found.stops) == (key, False)
    assert words in found.problem


@pytest.mark.parametrize(
    ("model", "settings", "key", "words"),
    [
        ("nobody-knows-me", {}, "model", "no provider is known"),
        ("deepseek/deepseek-v4-pro", {"api_key_env": "NOT_SET"}, "api_key_env", "NOT_SET is not set"),
        ("openai/text-embedding-3-small", {}, "model", "embedding"),
        ("perplexity/sonar", {"window": 100_000}, "model", "cannot be given tools"),
        ("deepseek/deepseek-v4-pro", {"extra": {"messages": []}}, "extra", "'messages'"),
        (
            "deepseek/deepseek-v4-pro",
            {"fallback_models": ["moonshot/kimi-k2.7-code"]},
            "fallback_models",
            "OTHER_API_KEY, the key of another provider",
        ),
    ],
    ids=lambda one: str(one)[:30],
)
def test_what_cannot_work_stops(model: str, settings: dict[str, Any], key: str, words: str) -> None:
    (found,) = check(model, **settings)
    assert (found.key, found.stops) == (key, True)
    assert words in found.problem


def test_a_fallback_is_checked_with_its_own_settings() -> None:
    other = {"model": "zai/glm-5.1", "api_key_env": "NOT_SET", "reasoning": "high"}
    found = check("deepseek/deepseek-v4-pro", reasoning="low", fallback_models=["deepseek/deepseek-chat", other])
    assert [(one.model, one.key) for one in found] == [
        ("deepseek/deepseek-chat", "reasoning"),
        ("zai/glm-5.1", "api_key_env"),
    ]


def test_no_finding_holds_a_key() -> None:
    found = check("deepseek/deepseek-chat", window=1 << 30, fallback_models=["moonshot/kimi-k2.7-code"])
    assert found and not any("sk-2" in one.problem for one in found)
