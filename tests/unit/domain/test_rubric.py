"""The rubric: rules, boundaries and corrections that hang together."""

import pytest
from pydantic import ValidationError

from kanban.domain.rubric import Rubric

CODE = {"name": "code", "when": {"category": ["code"]}, "assign": "cody", "reason": "code is Cody's"}
REST = {"name": "rest", "assign": "scout", "reason": "what nobody else takes"}
MONEY = {"name": "money", "profiles": ["scout"], "never": {"category": ["finance"]}, "reason": "too much at stake"}


def rubric(**parts):
    return Rubric.model_validate({"rules": [CODE, REST], **parts})


def test_it_names_every_profile_that_it_mentions_but_not_the_word_split():
    wide = {"name": "wide", "when": {"min_targets": 9}, "assign": "split", "reason": "too broad for one"}
    full = rubric(rules=[wide, CODE, REST], boundaries=[MONEY], ladder={"scout": ["cody", "ginger"]})
    assert full.profiles_named() == {"cody", "scout", "ginger"}


def test_two_rules_of_one_name_are_refused_at_the_second():
    with pytest.raises(ValidationError, match="two rules or boundaries are called 'code'") as refused:
        rubric(rules=[CODE, REST, {**REST, "name": "code"}])
    assert refused.value.errors()[0]["ctx"]["at"] == (2, "name")


def test_a_boundary_may_not_have_the_name_of_a_rule():
    with pytest.raises(ValidationError, match="two rules or boundaries are called 'code'"):
        rubric(boundaries=[{**MONEY, "name": "code"}])


def test_a_correction_names_the_rule_or_boundary_that_it_became():
    said = {"date": "2026-01-31", "said": "Not you. Cody.", "rule": "code"}
    assert (
        rubric(corrections=[said, {**said, "rule": "money"}], boundaries=[MONEY]).corrections[0].said
        == "Not you. Cody."
    )
    with pytest.raises(ValidationError, match="no rule or boundary is called 'gone'"):
        rubric(corrections=[{**said, "rule": "gone"}])


@pytest.mark.parametrize(
    "wrong",
    [
        {"rules": []},
        {"rules": [{**CODE, "reason": " "}]},
        {"rules": [{**CODE, "name": "Two Words"}]},
        {"rules": [{**CODE, "when": {"categroy": ["code"]}}]},
        {"boundaries": [{**MONEY, "profiles": []}]},
        {"boundaries": [{key: MONEY[key] for key in ("name", "profiles", "reason")}]},
        {"decompose_over": {"targets": 0}},
        {"rools": []},
    ],
)
def test_what_is_empty_misspelled_or_without_a_reason_is_refused(wrong):
    with pytest.raises(ValidationError):
        rubric(**wrong)
