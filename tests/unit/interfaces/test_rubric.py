"""`rubric show`, `check`, `edit` and `explain`: which profile takes what."""

import json

import pytest

from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import Caller, Mover
from kanban.store.queries import TicketFilter
from tests.unit.interfaces.test_tickets import BRIEF


@pytest.fixture
def rubric(home):
    return home / "rubric.yaml"


def test_the_rubric_in_force_is_shown(kanban):
    shown = kanban("rubric", "show")
    assert "code-and-systems" in shown.out and "boundary not-you-cody" in shown.out and "'Not you. Cody.'" in shown.out
    data = kanban("rubric", "show", "--json").data
    assert data["problem"] is None and data["rubric"]["rules"][0]["name"] == "broad-research"


def test_check_says_whether_a_file_is_right(kanban, rubric, tmp_path):
    assert kanban("rubric", "check").out == f"{rubric} is right: 8 rules, 2 boundaries\n"
    draft = tmp_path / "draft.yaml"
    draft.write_text(rubric.read_text().replace("assign: scout", "assign: scuot"))
    wrong = kanban("rubric", "check", draft)
    assert wrong.status == 2 and f"{draft}:35: rules[2].assign" in wrong.err and "did you mean 'scout'?" in wrong.err
    assert kanban("rubric", "check", tmp_path / "nowhere.yaml").status == 1


def test_a_wrong_rubric_leaves_the_last_good_one_in_force_and_that_is_said(kanban, rubric):
    kanban("rubric", "show")
    rubric.write_text(rubric.read_text().replace("assign: scout", "assign: scuot"))
    for words in (("rubric", "show"), ("rubric", "explain", "fix the tile")):
        result = kanban(*words)
        assert result.status == 0 and "the last good rubric stays in force" in result.err
    assert kanban("rubric", "check").status == 2


def test_an_edit_is_in_force_at_once(kanban, rubric):
    result = kanban("rubric", "edit", env={"EDITOR": "sed -i s/quick-fix/small-fix/"})
    assert result.status == 0 and "small-fix" in rubric.read_text()


def test_an_edit_that_changes_nothing_says_so(kanban, rubric):
    before = rubric.read_text()
    assert kanban("rubric", "edit", env={"EDITOR": "true"}).err == "nothing was changed\n"
    assert rubric.read_text() == before


def test_a_wrong_edit_is_refused_and_what_was_typed_is_kept(kanban, rubric, home):
    before = rubric.read_text()
    result = kanban("rubric", "edit", env={"EDITOR": "sed -i s/scout/scuot/"})
    kept = home / "rubric.rejected.yaml"
    assert result.status == 2 and "rubric.yaml:35" in result.err and str(kept) in result.err
    assert rubric.read_text() == before and "scuot" in kept.read_text()


def test_an_edit_does_not_undo_what_was_changed_meanwhile(kanban, rubric, home, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho "# later" >> {rubric}\necho "# mine" >> "$1"\n')
    editor.chmod(0o755)
    result = kanban("rubric", "edit", env={"EDITOR": str(editor)})
    assert result.status == 4 and rubric.read_text().endswith("# later\n")
    assert (home / "rubric.rejected.yaml").read_text().endswith("# mine\n")


def test_explain_names_each_rule_tried_and_the_decision(kanban):
    told = kanban("rubric", "explain", "fix the padding of the weather tile")
    assert told.out.splitlines()[-1].startswith("→ scout  rule small-edits")
    data = kanban("rubric", "explain", "fix the padding of the weather tile", "--json").data
    assert (data["action"], data["profile"]) == ("assign", "scout")
    assert [(trial["rule"], trial["matched"]) for trial in data["trials"]] == [
        ("classify", True),
        ("broad-research", False),
        ("wide-research", False),
        ("small-edits", True),
    ]


def test_explain_of_a_ticket_knows_its_brief_and_its_failures(kanban, app, claim):
    brief = json.dumps(BRIEF | {"category": "ui"}).encode()
    kanban("create", "A tile", "--body", "-", stdin=brief)
    assert kanban("rubric", "explain", 1, "--json").data["profile"] == "scout"
    for _ in range(2):
        run_id = claim(1, "scout")
        app.store.runs.end(run_id, Ending(Outcome.FAILED, "no"), Caller(Mover.RUNNER, "scout", run_id), app.clock())
    told = kanban("rubric", "explain", 1, "--json").data
    assert told["profile"] == "cody" and "scout has failed it 2 times" in told["why"]


def test_explain_of_an_unknown_ticket_is_not_found(kanban):
    assert kanban("rubric", "explain", 9).status == 3


def test_check_warns_of_what_is_probably_not_meant(kanban, home):
    draft = home / "draft.yaml"
    draft.write_text("rules:\n  - {name: a, assign: cody, reason: r, when: {category: [x], words: [y]}}\n")
    found = kanban("rubric", "check", draft)
    assert found.status == 0 and "warning: a: category and words must both hold" in found.err
    assert kanban("rubric", "check", draft, "--json").data["doubts"]
    assert kanban("rubric", "check", "--json").data["doubts"] == []


def add(kanban, *words, said="Not you. Cody."):
    return kanban("rubric", "add", "cody", "--said", said, *words)


@pytest.fixture
def sunset(kanban):
    """Ticket 1, which the shipped rubric gives to scout."""
    brief = BRIEF | {"category": "single-file", "goal": "The sunset tile shows the sunset."}
    kanban("create", "Mend the sunset tile", "--body", "-", stdin=json.dumps(brief).encode())
    return 1


def test_a_correction_shows_its_readings_and_changes_nothing_before_one_is_chosen(kanban, rubric, sunset):
    before = rubric.read_text()
    shown = add(kanban, "--ticket", sunset)
    assert shown.status == 0 and "1. when category single-file; words sunset → cody" in shown.out
    assert "your only ticket would have gone elsewhere" in shown.out and "#1 scout → cody" in shown.out
    assert "nothing was changed" in shown.err and rubric.read_text() == before
    told = add(kanban, "--ticket", sunset, "--json").data
    assert told["in_force"] is None and told["readings"][0]["moved"][0]["after"] == "cody"


def test_a_chosen_reading_is_in_force_at_once_and_can_be_taken_back(kanban, rubric, sunset):
    before = rubric.read_text()
    chosen = add(kanban, "--ticket", sunset, "--reading", 1)
    assert chosen.status == 0 and "stands first in" in chosen.out
    assert kanban("rubric", "explain", sunset, "--json").data["profile"] == "cody"
    log = kanban("rubric", "log").out
    assert "Not you. Cody." in log and "as it was" in log
    assert "said: Not you. Cody." in kanban("rubric", "log", 2).out
    assert kanban("rubric", "revert", 1).status == 0 and rubric.read_text() == before
    assert kanban("rubric", "revert", 99).status == 3 and kanban("rubric", "log", 99).status == 3
    assert [change["number"] for change in kanban("rubric", "log", "--json").data] == [3, 2, 1]


def test_a_rule_is_added_by_its_condition_alone(kanban, sunset):
    added = add(kanban, "--word", "sunset", "--word", "sunrise", "--reading", 1, said="The sky is Cody's.")
    assert added.status == 0 and kanban("rubric", "explain", "paint the sunrise", "--json").data["profile"] == "cody"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "what is the rule for?"),
        (("--ticket", 1, "--word", "x"), "what is the rule for?"),
        (("--ticket", 1, "--reading", 9), "there is no reading 9"),
    ],
)
def test_what_cannot_become_a_rule_is_refused(kanban, rubric, sunset, words, told):
    before = rubric.read_text()
    refused = add(kanban, *words)
    assert refused.status == 2 and told in refused.err and rubric.read_text() == before


def test_an_assignment_with_a_reason_offers_the_rule(kanban, sunset):
    shown = kanban("assign", sunset, "cody", "--because", "Not you. Cody.")
    assert shown.status == 0 and shown.out.startswith("#1 ready") and "words sunset → cody" in shown.out
    assert kanban("assign", sunset, "human", "--because", "mine").status == 2
    again = kanban("assign", sunset, "scout", "--because", "Scout is right.")
    assert again.out == "#1 ready  Mend the sunset tile\n" and "the rubric gives it to scout as it is" in again.err


def test_before_any_change_the_log_is_empty(kanban):
    assert "has not changed the rubric yet" in kanban("rubric", "log").err


def finish_many(app, kanban, claim, profile, outcomes):
    """A ticket of one category for each outcome, worked on by that profile."""
    for number, outcome in enumerate(outcomes):
        brief = BRIEF | {"category": "single-file", "criteria": [{"text": "It is there.", "check": "test -s a"}]}
        kanban("create", f"Tile {profile} {number}", "--body", "-", stdin=json.dumps(brief).encode())
        (ticket, *_) = app.store.queries.list_tickets(TicketFilter(limit=1))
        run_id = claim(ticket.id, profile)
        app.store.runs.end(run_id, Ending(outcome), Caller(Mover.RUNNER, profile, run_id), app.clock())


def test_what_is_proven_is_shown_and_what_would_surely_do_better_is_suggested(kanban, app, claim, rubric):
    assert "no ticket has been worked on" in kanban("rubric", "stats").err
    assert "nothing would surely do better" in kanban("rubric", "suggest").err
    finish_many(app, kanban, claim, "scout", [Outcome.FAILED] * 12)
    finish_many(app, kanban, claim, "cody", [Outcome.DONE] * 12)
    stats = kanban("rubric", "stats").out
    assert "12 of 12 held" in stats and "0 of 12 held" in stats
    assert [row["profile"] for row in kanban("rubric", "stats", "--json").data] == ["cody", "scout"]
    before = rubric.read_text()
    told = kanban("rubric", "suggest").out
    assert (
        "single-file goes to scout, where 0 of 12 held" in told
        and "kanban rubric add cody --category single-file" in told
    )
    assert "of your last 24 tickets 24 would have gone elsewhere" in told and rubric.read_text() == before
    assert kanban("rubric", "suggest", "--json").data[0]["better"]["profile"] == "cody"
