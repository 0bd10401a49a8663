"""Profiles: what a named agent may be."""

import pytest
from pydantic import ValidationError

from kanban.domain.profile import Profile
from kanban.domain.tool import ALL_TOOLS, CHANGING_TOOLS, TOOLS_OF_ROLE, AgentRole


def profile(role="worker", **settings):
    return Profile.model_validate({"name": "cody", "role": role, "model": "some/model", **settings})


@pytest.mark.parametrize("role", ["orchestrator", "checker"])
@pytest.mark.parametrize("tool", sorted(CHANGING_TOOLS))
def test_only_a_worker_may_name_a_tool_that_changes_things(role, tool):
    with pytest.raises(ValidationError, match=f"tool '{tool}' changes things, and the role {role} never does the work"):
        profile(role, tools=["read_file", tool])
    assert tool in profile("worker", tools=[tool]).toolset


def test_no_role_but_worker_holds_a_changing_tool_even_when_the_profile_names_none():
    for role in AgentRole:
        assert bool(profile(role).toolset & CHANGING_TOOLS) == (role is AgentRole.WORKER)


@pytest.mark.parametrize("role", AgentRole)
def test_an_empty_list_of_tools_means_every_tool_of_the_role_and_no_more(role):
    assert profile(role).toolset == TOOLS_OF_ROLE[role]


def test_a_list_of_tools_is_the_whole_list():
    assert profile(tools=["read_file", "complete"]).toolset == {"read_file", "complete"}


def test_a_tool_of_another_role_is_refused_and_the_right_ones_are_named():
    with pytest.raises(ValidationError, match=r"'file_tickets' is not for the role worker; .*complete"):
        profile(tools=["file_tickets"])


def test_a_tool_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError, match="no tool is called 'shel'"):
        profile(tools=["shel"])


def test_a_refused_tool_is_pointed_at_by_its_place_in_the_list():
    with pytest.raises(ValidationError) as refused:
        profile("orchestrator", tools=["read_file", "shell"])
    (problem,) = refused.value.errors()
    assert problem["loc"] == ("tools",) and problem["ctx"]["at"] == (1,)


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


def test_every_tool_belongs_to_a_role():
    assert frozenset().union(*TOOLS_OF_ROLE.values()) == ALL_TOOLS


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
