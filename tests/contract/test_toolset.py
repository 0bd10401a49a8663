"""What every toolset must keep, played over all that are shipped."""

import json
from dataclasses import replace

import pytest

from kanban.agents.toolbox import TOOLS, VERBS
from kanban.domain.outcome import Purpose
from kanban.domain.tool import BOARD, Effect, Tier
from kanban.tools.base import AnySignature, Arguments, Signature, ToolResult

TOOLSETS = {toolset.name: toolset for purpose in Purpose for toolset in (*TOOLS[purpose], *VERBS[purpose])}.values()
SIGNATURES = [
    pytest.param(tool, id=f"{toolset.name}/{tool.name}") for toolset in TOOLSETS for tool in toolset.signatures
]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_model_is_told_an_object_whose_every_field_is_named(signature: AnySignature) -> None:
    spec = signature.spec()
    assert spec.parameters["type"] == "object" and isinstance(spec.parameters.get("properties", {}), dict)
    assert len(json.dumps(spec.parameters)) < 8_000
    assert spec.description.endswith(".") and len(spec.description) < 120


@pytest.mark.parametrize("signature", SIGNATURES)
def test_arguments_that_nobody_asked_for_are_refused(signature: AnySignature) -> None:
    assert signature.arguments.model_config.get("extra") == "forbid"


@pytest.mark.parametrize("signature", SIGNATURES)
def test_what_looks_is_harmless_and_what_changes_says_where_and_what(signature: AnySignature) -> None:
    if signature.effect is Effect.LOOK:
        assert signature.tier is Tier.READ and signature.repeatable
    if signature.effect is Effect.CHANGE:
        assert signature.tier.rank >= Tier.SAFE.rank


@pytest.mark.parametrize("toolset", TOOLSETS, ids=[toolset.name for toolset in TOOLSETS])
def test_a_toolset_names_each_tool_once(toolset) -> None:
    assert len(set(toolset.names)) == len(toolset.names)
    assert list(toolset.check()) == []


class Lamp(Arguments):
    lamp: int


def switch(_: Lamp) -> ToolResult:
    return ToolResult("switched")


def test_a_tool_that_changes_something_has_to_say_where_and_what() -> None:
    with pytest.raises(ValueError, match="it must say where"):
        Signature("lamp_switch", "Switch a lamp.", Lamp, Effect.CHANGE, Tier.RISKY)


def test_a_place_that_cannot_be_told_is_unknown_and_a_subject_is_the_whole_call() -> None:
    made = Signature(
        "lamp_switch", "Switch a lamp.", Lamp, Effect.CHANGE, Tier.RISKY, lambda asked: 1 / 0, lambda asked: 1 / 0
    )
    assert str(made.find_place(Lamp(lamp=3))) == "unknown"
    assert made.find_subject(Lamp(lamp=3)) == '{"lamp":3}'
    assert made.bind(switch).act(Lamp(lamp=3)).text == "switched"


def test_a_verb_of_the_board_acts_there_on_the_ticket_that_it_names() -> None:
    class Note(Arguments):
        ticket: int

    made = Signature("note", "Note it.", Note, Effect.BOARD, Tier.SAFE)
    assert (made.find_place(Note(ticket=7)), made.find_subject(Note(ticket=7))) == (BOARD, "#7")
    assert replace(made, name="other").find_subject(Note(ticket=7)) == "#7"
