"""Profiles: what a named agent may be."""

import pytest
from pydantic import ValidationError

from kanban.domain.profile import Profile


def profile(role="worker", **settings):
    return Profile.model_validate({"name": "cody", "role": role, "model": "some/model"} | settings)


@pytest.mark.parametrize(
    ("tools", "held"),
    [
        ([], True),
        (["read_file"], True),
        (["files/read_file"], True),
        (["files/*"], True),
        (["read_*"], True),
        (["*/*"], True),
        (["write_file"], False),
        (["web/read_file"], False),
        (["web/*"], False),
    ],
)
def test_tools_are_named_by_name_or_by_set(tools, held):
    assert profile(tools=tools).names_tool("files", "read_file") is held


@pytest.mark.parametrize("name", ["default", "human", "split"])
def test_words_that_mean_something_else_are_no_names(name):
    with pytest.raises(ValidationError, match="reserved"):
        profile(name=name)


@pytest.mark.parametrize("name", ["", "Cody", "1st", "two words", "../etc", "a" * 32])
def test_names_are_plain_file_names(name):
    with pytest.raises(ValidationError):
        profile(name=name)


@pytest.mark.parametrize(
    "wrong", [{"max_turns": 0}, {"max_parallel": 0}, {"failure_limit": 0}, {"tier": "deadly"}, {"colour": "red"}]
)
def test_budgets_are_at_least_one_and_unknown_keys_are_refused(wrong):
    with pytest.raises(ValidationError):
        profile(**wrong)


def test_hosts_bound_where_a_profile_works_but_never_its_own_workspace():
    assert profile().may_reach("webb")
    bound = profile(hosts=["webb"])
    assert bound.may_reach("webb") and bound.may_reach("local") and not bound.may_reach("nas")


def test_a_fallback_has_an_id_of_its_own_as_pauses_go_by_it():
    with pytest.raises(ValidationError, match="stands twice"):
        Profile(name="cody", role="worker", model="openai/qwen", fallback_models=["openai/qwen"])
    elsewhere = {"model": "openai/qwen", "api_base": "http://127.0.0.1:1/v1"}
    with pytest.raises(ValidationError, match="stands twice"):
        Profile.model_validate(
            {"name": "cody", "role": "worker", "model": "openai/qwen", "fallback_models": [elsewhere]}
        )


def test_a_fallback_that_is_only_named_has_a_window_and_a_price_of_its_own():
    profile = Profile(name="cody", role="worker", model="a", window=8192, max_output=900, fallback_models=["b"])
    played = profile.running("b")
    assert (played.model, played.window, played.max_output) == ("b", None, None)
    assert profile.running("a") == profile


@pytest.mark.parametrize(
    "base",
    ["http://localhost:11434", "http://192.168.1.7:8080/v1", "http://[::1]:1", "http://gpu:8000", "http://gpu.lan"],
)
def test_a_local_profile_has_its_model_at_home(base):
    assert profile(model="openai/qwen", api_base=base, local_only=True).local_only


@pytest.mark.parametrize(
    "more",
    [
        {"model": "deepseek/deepseek-v4-pro"},
        {"model": "openai/qwen", "api_base": "https://api.example.com/v1"},
        {"model": "openai/qwen", "api_base": "http://8.8.8.8/v1"},
        {"model": "ollama/qwen", "fallback_models": [{"model": "deepseek/deepseek-v4-pro"}]},
    ],
)
def test_a_local_profile_whose_model_is_elsewhere_is_refused(more):
    with pytest.raises(ValidationError, match="is not on this machine or in your network"):
        profile(local_only=True, **more)
