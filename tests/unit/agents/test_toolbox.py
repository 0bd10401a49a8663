"""Which tools a run holds: those of its purpose, cut to its profile."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanban.agents.toolbox import find_wrong_tool, list_tools, make_toolbox
from kanban.domain.outcome import Purpose
from kanban.domain.profile import Profile
from kanban.domain.tool import AgentRole, Effect, Tier
from kanban.errors import InvalidInput
from tests.support.toolsets import ALL_TOOLS, CHANGING_TOOLS, WORKER_TOOLS, tools_of


@pytest.fixture
def contexts(house):
    """A context for each purpose, which tests give other profiles."""
    request, [ticket] = house.ask("Do it.", "Do it")
    return {
        Purpose.WORK: house.context(house.claim(ticket)),
        Purpose.DECOMPOSE: house.context(house.start(Purpose.DECOMPOSE, ticket_id=ticket)),
        Purpose.SYNTHESIZE: house.context(house.start(Purpose.SYNTHESIZE, request_id=request)),
        Purpose.CHAT: house.context(house.start(Purpose.CHAT, request_id=request)),
    }


def toolbox(context, profile):
    return make_toolbox(replace(context, profile=profile))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tools=st.lists(st.sampled_from(sorted(ALL_TOOLS))),
    role=st.sampled_from([AgentRole.ORCHESTRATOR, AgentRole.CHECKER]),
    tier=st.sampled_from(list(Tier)),
    purpose=st.sampled_from([Purpose.WORK, Purpose.CHAT, Purpose.DECOMPOSE, Purpose.SYNTHESIZE]),
)
def test_whatever_a_profile_says_ginger_and_the_checker_hold_nothing_that_changes_things(
    contexts, tools, role, tier, purpose
):
    # model_construct: a profile that no file could hold, since loading one is refused
    profile = Profile.model_construct(name="x", role=role, model="any", tools=tools, tier=tier, hosts=["*"])
    assert not toolbox(contexts[purpose], profile).keys() & CHANGING_TOOLS


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tools=st.lists(st.sampled_from(sorted(WORKER_TOOLS)), min_size=1))
def test_a_worker_holds_what_its_profile_names_and_can_always_end(contexts, tools):
    profile = Profile(name="x", role=AgentRole.WORKER, model="any", tools=tools)
    assert toolbox(contexts[Purpose.WORK], profile).keys() == {*tools, "complete", "block"}


def test_a_worker_whose_profile_names_no_tools_holds_all_of_its_role(contexts):
    profile = Profile(name="x", role=AgentRole.WORKER, model="any")
    assert toolbox(contexts[Purpose.WORK], profile).keys() == WORKER_TOOLS


def test_ginger_at_a_ticket_of_text_reads_and_hands_over(contexts, house):
    assert toolbox(contexts[Purpose.WORK], house.app.live.profile("ginger")).keys() == {
        *("read_file", "list_dir", "search_files", "web_search", "web_fetch"),
        *("comment", "remember", "recall", "complete", "block"),
    }


def test_in_a_talk_ginger_holds_every_verb_of_the_board_and_words_are_her_answer(contexts, house):
    ginger = house.app.live.profile("ginger")
    assert toolbox(contexts[Purpose.CHAT], ginger).keys() == set(list_tools(ginger)) - {
        "answer",
        "give_up",
        "complete",
        "block",
    }


def test_an_answer_is_written_from_what_is_there_and_ends_in_one_way(contexts, house):
    assert toolbox(contexts[Purpose.SYNTHESIZE], house.app.live.profile("ginger")).keys() == {
        *("answer", "remember", "recall", "list_tickets", "show_ticket", "list_hosts"),
        *("read_file", "list_dir", "search_files", "web_fetch"),
    }


def test_a_brief_is_written_and_nothing_else_is_steered(contexts, house):
    tools = toolbox(contexts[Purpose.DECOMPOSE], house.app.live.profile("ginger"))
    assert {tool.name for tool in tools.values() if tool.signature.effect is not Effect.LOOK} == {
        "split",
        "ask_user",
        "remember",
    }


def list_fields(schema, place=""):
    """Every field of a schema with its place and what is told of it."""
    for name, field in schema.get("properties", {}).items():
        yield f"{place}{name}", field.get("description", "")
        for part in (field, field.get("items", {}), *field.get("items", {}).get("anyOf", ())):
            yield from list_fields(part, f"{place}{name}.")


def test_every_field_of_every_tool_is_described_in_half_a_line(contexts, house):
    for context in contexts.values():
        for name, tool in toolbox(context, context.profile).items():
            told = dict(list_fields(tool.signature.spec().parameters))
            told.pop("tickets.brief", None)  # its fields say it all
            assert [field for field, words in told.items() if not words] == [], name


def test_the_shape_of_a_brief_is_told_once_and_to_whoever_needs_it(contexts, house):
    def tells_of_briefs(tool):
        return "tickets.brief.goal" in dict(list_fields(tool.signature.spec().parameters))

    talk = toolbox(contexts[Purpose.CHAT], house.app.live.profile("ginger"))
    assert tells_of_briefs(talk["file_tickets"]) and not tells_of_briefs(talk["split"])
    only_splits = Profile(name="x", role=AgentRole.ORCHESTRATOR, model="any", tools=["split"])
    assert tells_of_briefs(toolbox(contexts[Purpose.CHAT], only_splits)["split"])
    assert tells_of_briefs(toolbox(contexts[Purpose.DECOMPOSE], house.app.live.profile("ginger"))["split"])


def test_what_is_told_in_short_is_still_held_to_the_letter(contexts, house):
    split = toolbox(contexts[Purpose.CHAT], house.app.live.profile("ginger"))["split"]
    with pytest.raises(InvalidInput, match=r"tickets\.0\.brief\.gaol: Extra inputs are not permitted"):
        split.signature.parse('{"ticket": 1, "tickets": [{"title": "a", "brief": {"gaol": "b"}}]}')


def test_no_description_writes_a_call_out_as_text(contexts, house):
    for context in contexts.values():
        for tool in toolbox(context, context.profile).values():
            assert not re.search(
                rf"\b({'|'.join(ALL_TOOLS)}) ?\(",
                json.dumps(tool.signature.spec().parameters) + tool.signature.description,
            )


def test_every_tool_tells_the_model_what_it_takes(contexts, house):
    for context in contexts.values():
        for name, tool in toolbox(context, context.profile).items():
            spec = tool.signature.spec()
            assert (spec.name, spec.parameters["type"]) == (name, "object")
            assert spec.description
            assert "title" not in spec.parameters


def test_only_what_can_be_repeated_without_harm_is_marked_so(contexts, house):
    once = set()
    for context in contexts.values():
        once |= {name for name, tool in toolbox(context, context.profile).items() if not tool.signature.repeatable}
    assert once == {"shell", "edit_file", "comment", "reassign", "unblock", "split", "propose_rule"}


def worker(**settings):
    return Profile.model_validate({"name": "x", "role": "worker", "model": "any", **settings})


@pytest.mark.parametrize("role", ["orchestrator", "checker"])
def test_only_a_worker_holds_what_changes_things(role):
    assert {"shell", "write_file", "edit_file"} == CHANGING_TOOLS
    assert not tools_of(AgentRole(role)) & CHANGING_TOOLS
    assert tools_of(AgentRole.WORKER) >= CHANGING_TOOLS


@pytest.mark.parametrize("tool", ["shell", "write_file", "edit_file"])
@pytest.mark.parametrize("role", ["orchestrator", "checker"])
def test_a_profile_that_names_what_its_role_may_not_change_is_refused(role, tool):
    told = f"tool '{tool}' changes things, and the role {role} never does the work itself"
    assert find_wrong_tool(worker(role=role, tools=["read_file", tool])) == (1, told)


@pytest.mark.parametrize("tools", [["read_file", "files/read_file"], ["files/*", "complete"], ["web/web_*"], ["shell"]])
def test_tools_are_named_by_name_by_set_or_by_both(tools):
    assert find_wrong_tool(worker(tools=tools)) is None


def test_a_set_stands_for_all_its_tools(contexts):
    held = toolbox(contexts[Purpose.WORK], worker(tools=["files/*"])).keys()
    assert held == {"read_file", "list_dir", "search_files", "write_file", "edit_file", "complete", "block"}


def test_a_tool_of_another_role_is_refused_and_the_right_ones_are_named():
    assert find_wrong_tool(worker(tools=["file_tickets"])) == (
        0,
        "tool 'file_tickets' is not for the role worker; the role worker may hold: " + ", ".join(sorted(WORKER_TOOLS)),
    )


def test_a_tool_or_a_set_that_does_not_exist_is_refused():
    assert find_wrong_tool(worker(tools=["shel"]))[1].startswith("no tool is called 'shel'; the role worker may hold")
    assert find_wrong_tool(worker(tools=["read_file", "hue/*"])) == (
        1,
        "no plug-in of kanban.toolsets is called 'hue' (none is installed)",
    )
