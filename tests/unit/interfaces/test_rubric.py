"""`rubric show`, `check`, `edit` and `explain`: which profile takes what."""

import json

import pytest

from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import Caller, Mover
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
