"""The lint judges what a brief says: whole briefs pass without a word, vague ones come back with what to write."""

import pytest

from kanban.briefs.lint import lint
from kanban.domain.brief import TicketDraft
from tests.support.corpus import list_vague, list_whole
from tests.unit.briefs.conftest import BOARD, RUBRIC, change

CATEGORIES = RUBRIC.model_copy(
    update={
        "rules": [
            RUBRIC.rules[0].model_copy(
                update={"when": RUBRIC.rules[0].when.model_copy(update={"category": ["ui", "code", "system"]})}
            ),
            *RUBRIC.rules[1:],
        ]
    }
)
BOARD = BOARD | {"rubric": CATEGORIES}
WHOLE, VAGUE = list(list_whole()), list(list_vague())


def findings(draft: TicketDraft) -> list[tuple[str, str, str]]:
    [found] = lint([draft], **BOARD)
    return [(each.code, each.place, each.message) for each in found.findings]


@pytest.mark.parametrize("draft", WHOLE, ids=[draft.title for draft in WHOLE])
def test_a_whole_brief_passes_without_a_word(draft: TicketDraft) -> None:
    assert findings(draft) == []


@pytest.mark.parametrize(("way", "draft"), VAGUE, ids=[f"{way}-{at}" for at, (way, _) in enumerate(VAGUE)])
def test_a_vague_brief_comes_back(way: str, draft: TicketDraft) -> None:
    [found] = lint([draft], **BOARD)
    assert not found.passed, draft


def test_every_way_of_being_vague_is_tried_five_times() -> None:
    ways = [way for way, _ in VAGUE]
    assert all(ways.count(way) >= 5 for way in ways)


def test_a_bug_fix_whose_criterion_is_the_test_command_passes_whatever_it_delivers() -> None:
    draft = next(draft for draft in WHOLE if draft.title.startswith("Fix the crash"))
    assert findings(change(draft, deliverables=["The mended parser, with a comment on the cause"])) == []


@pytest.mark.parametrize(
    "goal",
    [
        "The report of 2026 names the services that were down longest.",
        "All tests of the importer pass on this machine.",
        "The page shows 30 rows and loads in 200 milliseconds.",
        "Every line of the log has a time stamp.",
        "The 12 months of the year are on the axis.",
        "Every page of the site has the footer.",
    ],
)
def test_numbers_and_quantifiers_that_are_one_piece_of_work_pass(goal: str) -> None:
    assert findings(change(WHOLE[0], goal=goal)) == []


@pytest.mark.parametrize(
    "step",
    [
        "Return an empty list if the feed is empty.",
        "If the feed does not name an author, print `unknown`.",
        "Return 0 where all hosts answer, otherwise 1.",
        "Sort by name or by date, depending on whether `--by-date` is given.",
        "The server must restart before the log is read.",
        "Let the parser fall back to the locale of the system.",
    ],
)
def test_what_a_program_is_to_do_in_one_case_and_another_is_no_branch(step: str) -> None:
    assert findings(change(WHOLE[0], steps=[step])) == []


@pytest.mark.parametrize(
    "pitfall", ["Nothing is deleted unless the person says so.", "If the disk is full, the job writes nothing."]
)
def test_pitfalls_may_say_when(pitfall: str) -> None:
    assert findings(change(WHOLE[0], pitfalls=[pitfall])) == []
