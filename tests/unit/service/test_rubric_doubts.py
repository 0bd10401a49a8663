"""What is allowed in a rubric and probably not meant."""

import pytest

from kanban.domain.profile import Profile
from kanban.domain.rubric import Rubric
from kanban.domain.tool import AgentRole
from kanban.service.rubric import list_doubts

PROFILES = {
    name: Profile(
        name=name, role=AgentRole.WORKER, model="ollama/m", capabilities=["Code"], local_only=name == "hermit"
    )
    for name in ("cody", "scout", "hermit")
}
REST = {"name": "rest", "assign": "cody", "reason": "Somebody must."}


def rule(name, assign="cody", **when):
    return {"name": name, "assign": assign, "reason": "because", "when": when}


def doubts(*rules, **more):
    return list_doubts(Rubric.model_validate({"rules": [*rules, REST], **more}), PROFILES)


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ({}, {"category": ["ui"]}),
        ({"category": ["UI", "css"]}, {"category": ["ui"]}),
        ({"category": ["ui"]}, {"category": ["ui"], "words": ["tile"]}),
        ({"max_turns": 30}, {"max_turns": 20}),
        ({"min_targets": 2}, {"min_targets": 3, "needs": ["code"]}),
        ({"sensitivity": "normal"}, {"sensitivity": "normal", "hosts": ["webb"]}),
    ],
)
def test_a_rule_below_a_wider_one_is_named(above, below):
    [doubt, *_] = doubts(rule("wide", "scout", **above), rule("narrow", **below))
    assert doubt == "rule narrow is tried only where rule wide fits, and scout may not take it: put it above"


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ({"category": ["ui"]}, {"category": ["ui", "css"]}),
        ({"category": ["ui"], "words": ["tile"]}, {"category": ["ui"]}),
        ({"max_turns": 20}, {"max_turns": 30}),
        ({"max_turns": 20}, {}),
        ({"min_targets": 3}, {"min_targets": 2}),
    ],
)
def test_a_rule_below_a_narrower_one_is_in_order(above, below):
    found = doubts(rule("narrow", **above), rule("wide", **below))
    assert not any(doubt.startswith("rule wide") for doubt in found)


def test_circles_in_the_ladder_are_named_once():
    assert doubts(ladder={"cody": ["scout"], "scout": ["cody"]}) == [
        "the ladder leads from cody to scout and back: a ticket that both fail waits for you"
    ]
    assert "back to cody" in doubts(ladder={"cody": ["cody"]})[0]
    assert doubts(ladder={"cody": ["scout"]}) == []


def test_a_category_that_no_rule_asks_for_is_named():
    rows = [{"category": "Ui", "words": ["css"]}, {"category": "garden", "words": ["tree"]}]
    assert doubts(rule("looks", category=["ui"]), classify=rows) == [
        "classify finds category garden, and no rule asks for it"
    ]


def test_rules_written_when_either_was_enough_are_named_until_the_rubric_classifies():
    old = rule("looks", category=["ui"], words=["css"])
    assert "looks: category and words must both hold" in doubts(old)[0]
    assert doubts(old, classify=[{"category": "ui", "words": ["css"]}]) == []


def test_what_no_profile_can_do_or_may_take_is_named():
    assert doubts(rule("a", needs=["code", "welding"])) == ["rule a asks for welding, which no profile can do"]
    assert "never takes one" in doubts(rule("a", sensitivity="private"))[0]
    assert doubts(rule("a", "hermit", sensitivity="private")) == []
