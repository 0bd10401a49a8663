"""The rubric on the screen: its rules, their records, one ticket's route, and the person's edits."""

from contextlib import contextmanager

import pytest

from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.rubric import Rubric
from kanban.domain.ticket import THE_PERSON, Caller, Mover
from kanban.store.filing import NewTicket
from kanban.store.numbers import RuleRecord
from kanban.store.runs import NewRun
from tests.tui.sample import NOW
from tests.tui.stage import acted, opened, press, screen_text, settle, shown, terminal, told
from tui.app import KanbanTerminal
from tui.lines import LinesView
from tui.prompts import Confirm
from tui.rubric import RubricScreen, tell_rules


@pytest.fixture
def lent(monkeypatch):
    """A terminal that can be lent to an editor, which tests set as $EDITOR."""

    @contextmanager
    def suspend(self):
        yield

    monkeypatch.setattr(KanbanTerminal, "suspend", suspend)
    return lambda editor: monkeypatch.setenv("EDITOR", editor)


async def point_at(pilot, ticket_id, *keys):
    terminal(pilot).board.columns.point_at(ticket_id)
    await press(pilot, *keys)


def work(board, title, outcome, rule):
    ticket_id = board.store.board.create_ticket(NewTicket(title, assignee="cody"), THE_PERSON, NOW - 60)
    run_id = board.store.runs.claim(NewRun(Purpose.WORK, "cody", "m", ticket_id, rule=rule), NOW - 60, 60)
    board.store.runs.end(run_id, Ending(outcome), Caller(Mover.RUNNER, "cody", run_id), NOW - 30)


@acted
async def test_capital_r_shows_the_rules_in_order_with_what_each_came_to(board):
    work(board, "One", Outcome.DONE, "broad-research")
    work(board, "Two", Outcome.FAILED, "broad-research")
    async with opened(board, (120, 80)) as pilot:
        await press(pilot, "R")
        text = screen_text(pilot)
        places = [
            text.index(name) for name in ("1. broad-research → split", "2. wide-research", "3. small-edits → scout")
        ]
        assert places == sorted(places)
        assert "Too big for one worker" in text and "when category research; min targets 4" in text
        assert "1 of 2 runs done · $0.00" in text and "no ticket in 90 days" in text


@acted
async def test_the_route_of_the_ticket_pointed_at_names_each_rule_tried(board, sample):
    async with opened(board) as pilot:
        await point_at(pilot, sample.other_ready, "R")
        assert shown(pilot, "#route-title") == f"Route of #{sample.other_ready} Compare three heat pumps"
        text = screen_text(pilot)
        assert "→ cody" in text and "· broad-research" in text and "✓ research" in text
        assert "its text says 'compare'" in text


@acted
async def test_of_a_ticket_for_a_named_profile_it_tells_what_the_rules_would_say(board, sample):
    async with opened(board) as pilot:
        await point_at(pilot, sample.todo, "enter", "R")
        text = screen_text(pilot)
        assert "scout was asked for" in text and "Had nobody been named:" in text and "✓ small-edits" in text
        await press(pilot, "R", "escape", "escape")
        assert pilot.app.screen is terminal(pilot).board


@acted
async def test_the_route_follows_the_ticket(board, sample):
    async with opened(board) as pilot:
        await point_at(pilot, sample.other_ready, "R")
        board.store.board.assign(sample.other_ready, "scout", THE_PERSON, NOW)
        for _ in range(100):
            await settle(pilot)
            if "scout was asked for" in screen_text(pilot):
                break
            await pilot.pause(0.05)
        assert "scout was asked for" in screen_text(pilot)


@acted
async def test_without_a_ticket_only_the_rules_are_shown(empty_board):
    async with opened(empty_board) as pilot:
        await press(pilot, "R")
        assert "1. broad-research" in screen_text(pilot)
        assert "Point at a ticket on the board and press R" in screen_text(pilot)


@acted
async def test_an_edit_is_in_force_at_once(board, lent):
    lent("sed -i s/quick-fix/small-fix/")
    async with opened(board, (120, 80)) as pilot:
        await press(pilot, "R", "e")
        assert "rubric.yaml is in force" in told(pilot) and "small-fix" in screen_text(pilot)
        assert "small-fix" in board.home.rubric_file.read_text()


@acted
async def test_an_edit_that_changes_nothing_says_so(board, lent):
    lent("true")
    async with opened(board) as pilot:
        await press(pilot, "R", "e")
        assert told(pilot) == "✓ nothing was changed"


@acted
async def test_a_wrong_edit_is_refused_with_its_line_kept_and_edited_again(board, lent):
    before = board.home.rubric_file.read_text()
    lent("sed -i s/scout/scuot/")
    async with opened(board) as pilot:
        await press(pilot, "R", "e")
        assert isinstance(pilot.app.screen, Confirm) and "rubric.yaml:35" in screen_text(pilot)
        kept = board.home.path / "rubric.rejected.yaml"
        assert board.home.rubric_file.read_text() == before and "scuot" in kept.read_text()
        lent("sed -i s/scuot/cody/")
        await press(pilot, "y")
        assert "rubric.yaml is in force" in told(pilot) and not kept.exists()
        assert "assign: scout" not in board.home.rubric_file.read_text()


@acted
async def test_who_does_not_edit_again_finds_what_they_wrote(board, lent):
    lent("sed -i s/scout/scuot/")
    async with opened(board) as pilot:
        await press(pilot, "R", "e", "n")
        assert isinstance(pilot.app.screen, RubricScreen)
        assert "did you mean 'scout'?" in told(pilot) and "what you wrote is in home/rubric.rejected.yaml" in told(
            pilot
        )


@acted
async def test_editing_again_without_a_change_is_refused_again(board, lent):
    lent("sed -i s/scout/scuot/")
    async with opened(board) as pilot:
        await press(pilot, "R", "e")
        lent("true")
        await press(pilot, "y")
        assert isinstance(pilot.app.screen, Confirm)


@acted
@pytest.mark.parametrize("editor, words", [("no-such-editor", "cannot be started"), ("false", "ended with status 1")])
async def test_an_editor_that_does_not_work_is_told(board, lent, editor, words):
    lent(editor)
    async with opened(board) as pilot:
        await press(pilot, "R", "e")
        assert words in told(pilot)


@acted
async def test_a_terminal_that_cannot_be_lent_says_so(board):
    async with opened(board) as pilot:
        await press(pilot, "R", "e")
        assert "cannot be lent to an editor" in told(pilot)


@acted
async def test_an_edit_does_not_undo_what_was_changed_meanwhile(board, lent, tmp_path):
    file, editor = board.home.rubric_file.resolve(), tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho "# later" >> {file}\necho "# mine" >> "$1"\n')
    editor.chmod(0o755)
    lent(str(editor))
    async with opened(board) as pilot:
        await press(pilot, "R", "e")
        assert "was changed meanwhile" in told(pilot) and "rubric.rejected.yaml" in told(pilot)
        assert file.read_text().endswith("# later\n")


@acted
async def test_a_rubric_file_that_is_wrong_is_told_above_the_rules_that_are_in_force(board, sample):
    board.live.rubric.current()
    board.home.rubric_file.write_text("rules: []\n")
    async with opened(board) as pilot:
        await press(pilot, "R")
        problem, first, *_ = pilot.app.screen.query_one("#rules", LinesView).lines
        assert problem.ink == "bad" and "the last good rubric stays in force" in problem.text
        assert "1. broad-research" in first.text


def test_a_record_tells_runs_splits_and_a_cost_that_is_not_wholly_known():
    rubric = Rubric.model_validate(
        {"rules": [{"name": name, "assign": "cody", "reason": "so"} for name in ("busy", "bad", "splitter")]}
    )
    records = {
        "busy": RuleRecord("busy", runs=3, done=1, live=2, cost_usd=1.5, unknown=True),
        "bad": RuleRecord("bad", runs=3, done=1),
        "splitter": RuleRecord("splitter", splits=4),
    }
    told = {line.text.strip(): line.ink for line in tell_rules(rubric, records)}
    assert told["1 of 1 runs done · 2 running · $1.50 + unknown"] == "good"
    assert told["1 of 3 runs done · $0.00"] == "waits"
    assert "4 split" in told
