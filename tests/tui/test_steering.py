"""What the person does to tickets, a key each; and what is said when it cannot be done."""

import shlex

import pytest
from textual.widgets import Input, OptionList, Static, TextArea

from kanban.domain.ticket import THE_PERSON, BlockReason, Caller, Mover
from kanban.errors import KanbanError, MovedOn
from kanban.files.editor import edit_in_editor
from kanban.store.filing import NewTicket
from tests.tui.sample import NOW
from tests.tui.stage import acted, opened, pointed, press, screen_text, settle, terminal, told, until
from tui.prompts import Ask, Choose, Confirm, WriteTicket
from tui.steering import Steering


async def go_to(pilot, ticket_id):
    assert terminal(pilot).board.columns.point_at(ticket_id)
    await settle(pilot)


def problem_of(prompt):
    return str(prompt.query_one(".dialog-problem", Static).render())


def note_of(board, ticket_id):
    return [comment.text for comment in board.store.queries.comments(ticket_id, 10)]


@acted
async def test_u_answers_a_question_in_place_and_the_ticket_goes_on(board, sample):
    async with opened(board) as pilot:
        await go_to(pilot, sample.asking)
        await press(pilot, "u")
        assert "12th or the 19th" in screen_text(pilot)
        await press(pilot, *"the", "space", *"19th", "enter")
        assert told(pilot) == f"✓ #{sample.asking} is ready"
        assert note_of(board, sample.asking) == ["the 19th"]
        await until(pilot, lambda: terminal(pilot).session.model.cards[sample.asking].status == "ready")


@acted
async def test_a_verb_that_fails_says_why_and_what_to_do_and_the_next_clears_it(board, sample):
    async with opened(board) as pilot:
        await go_to(pilot, sample.parked)
        await press(pilot, "u", "enter")
        assert "waits for your answer to approval" in told(pilot) and "kanban approve" in told(pilot)
        await go_to(pilot, sample.ready)
        await press(pilot, "u", "enter")
        assert "is ready, not blocked or stale" in told(pilot)
        await press(pilot, "escape")
        assert told(pilot) == ""


@acted
async def test_a_gives_a_ticket_to_another(board, sample):
    async with opened(board) as pilot:
        await go_to(pilot, sample.failing)
        await press(pilot, "a")
        options = pilot.app.screen.query_one(OptionList)
        assert [options.get_option_at_index(i).id for i in range(4)] == ["cody", "scout", "default", "human"]
        await press(pilot, "j", "enter")
        assert told(pilot) == f"✓ #{sample.failing} is ready, for scout"
        assert board.store.queries.get_ticket(sample.failing).assignee == "scout"


@acted
async def test_r_tries_again_with_a_note(board, sample):
    async with opened(board) as pilot:
        await go_to(pilot, sample.stale)
        await press(pilot, "r", *"again", "enter")
        assert told(pilot) == f"✓ #{sample.stale} is ready and begins anew"
        assert note_of(board, sample.stale) == ["again"]


@acted
async def test_x_says_what_it_ends_and_does_nothing_without_a_yes(board, sample):
    async with opened(board) as pilot:
        await go_to(pilot, sample.running)
        await press(pilot, "x")
        assert f"Run {sample.run} of cody is stopped in turn 14." in screen_text(pilot)
        await press(pilot, "n")
        assert board.store.queries.get_ticket(sample.running).status == "running"
        await go_to(pilot, sample.ready)
        await press(pilot, "x")
        assert f"Blocked by it: #{sample.todo}." in screen_text(pilot)
        await press(pilot, "y")
        assert told(pilot) == f"✓ #{sample.ready} is cancelled"
        assert board.store.queries.get_ticket(sample.todo).status == "blocked"


@acted
async def test_o_starts_a_done_ticket_again(board, sample):
    async with opened(board) as pilot:
        await go_to(pilot, sample.done)
        await press(pilot, "o", *"more", "enter")
        assert board.store.queries.get_ticket(sample.done).status == "ready"


@acted
async def test_s_has_ginger_split_a_ticket(board, sample):
    async with opened(board) as pilot:
        await go_to(pilot, sample.failing)
        await press(pilot, "s", *"two", "enter")
        ticket = board.store.queries.get_ticket(sample.failing)
        assert (ticket.status, ticket.assignee) == ("triage", "default") and note_of(board, ticket.id) == ["two"]


@acted
async def test_m_leaves_a_note_which_must_say_something(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "m", "enter")
        assert isinstance(pilot.app.screen, Ask)
        await press(pilot, *"hello", "enter")
        assert note_of(board, sample.triage) == ["hello"]


@acted
async def test_capital_z_takes_back_what_was_done_last_and_says_what_stays(board, sample):
    async with opened(board) as pilot:
        await go_to(pilot, sample.asking)
        await press(pilot, "u", *"so", "enter")
        await press(pilot, "Z")
        assert told(pilot) == f"✓ undone: unblock of #{sample.asking}, it is blocked · your note stays"
        assert "12th or the 19th" in board.store.queries.get_ticket(sample.asking).explanation
        await press(pilot, "Z")
        assert "there is nothing to undo" in told(pilot)


@acted
async def test_on_a_ticket_capital_z_takes_back_what_was_done_to_that_one(board, sample):
    async with opened(board) as pilot:
        steering = terminal(pilot).session.steering
        steering.change_priority(sample.ready, 1)
        steering.change_priority(sample.todo, 1)
        await go_to(pilot, sample.ready)
        await press(pilot, "enter", "Z")
        assert f"undone: edit of #{sample.ready}, it is ready" in told(pilot)


@acted
async def test_plus_and_minus_change_the_priority(board, sample):
    async with opened(board) as pilot:
        await go_to(pilot, sample.ready)
        await press(pilot, "plus")
        assert board.store.queries.get_ticket(sample.ready).priority == 3
        await press(pilot, "minus")
        await press(pilot, "minus")
        assert board.store.queries.get_ticket(sample.ready).priority == 1


@acted
async def test_n_puts_a_ticket_on_the_board(board):
    async with opened(board) as pilot:
        await press(pilot, "n", "ctrl+s")
        assert isinstance(pilot.app.screen, WriteTicket)  # without a title nothing is filed
        pilot.app.screen.query_one("#title", Input).value = "Water the tomatoes"
        pilot.app.screen.query_one(TextArea).text = "Every evening at eight."
        await press(pilot, "ctrl+s")
        assert told(pilot).endswith("is on the board")
        view = board.store.queries.view_ticket(13)
        assert (view.ticket.title, view.body, view.ticket.created_by) == (
            "Water the tomatoes",
            "Every evening at eight.",
            "person",
        )


@acted
async def test_a_brief_that_cannot_be_read_is_refused_with_line_and_key(board):
    async with opened(board) as pilot:
        await press(pilot, "n")
        pilot.app.screen.query_one("#title", Input).value = "Water"
        pilot.app.screen.query_one(TextArea).text = '{"gaol": "wet tomatoes"}'
        await press(pilot, "ctrl+s")
        refused = pilot.app.screen
        assert "gaol" in problem_of(refused) and "did you mean 'goal'" in problem_of(refused)
        assert refused.query_one("#title", Input).value == "Water"
        refused.query_one(TextArea).text = '{"goal": "wet tomatoes"}'
        await press(pilot, "ctrl+s")
        assert told(pilot).endswith("is on the board")
        await press(pilot, "n")
        assert pilot.app.screen.query_one("#title", Input).value == ""


@acted
async def test_picked_tickets_are_unblocked_and_assigned_together(board, sample):
    async with opened(board) as pilot:
        await go_to(pilot, sample.asking)
        await press(pilot, "space")
        await go_to(pilot, sample.failing)
        await press(pilot, "space")
        assert "2 picked" in screen_text(pilot)
        await press(pilot, "u", "enter")
        assert told(pilot).startswith("✓ 2 tickets:")
        statuses = [board.store.queries.get_ticket(ticket).status for ticket in (sample.asking, sample.failing)]
        assert statuses == ["ready", "ready"] and not terminal(pilot).session.model.picked


@acted
async def test_of_many_the_failing_one_keeps_no_other_and_stays_picked(board, sample):
    async with opened(board) as pilot:
        terminal(pilot).session.model.picked |= {sample.asking, sample.parked}
        await press(pilot, "u", "enter")
        assert f"ticket {sample.parked} waits for your answer" in told(pilot)
        assert board.store.queries.get_ticket(sample.asking).status == "ready"
        assert sample.parked in terminal(pilot).session.model.picked


@acted
@pytest.mark.parametrize(
    "key, prompt", [("u", Ask), ("a", Choose), ("r", Ask), ("s", Ask), ("o", Ask), ("m", Ask), ("x", Confirm)]
)
async def test_escape_turns_away_and_nothing_happens(board, key, prompt):
    async with opened(board) as pilot:
        before, cursor = board.store.queries.last_event_id(), pointed(pilot)
        await press(pilot, key)
        assert isinstance(pilot.app.screen, prompt)
        await press(pilot, "escape")
        assert pilot.app.screen is terminal(pilot).board
        assert (board.store.queries.last_event_id(), pointed(pilot)) == (before, cursor)


@acted
async def test_a_terminal_that_cannot_be_lent_to_an_editor_says_so(board):
    async with opened(board) as pilot:
        await press(pilot, "e")
        assert "cannot be lent to an editor" in told(pilot)


def test_what_an_editor_wrote_is_taken_and_the_earlier_version_is_kept(board, sample):
    steering = Steering(board, THE_PERSON)
    draft = steering.begin_edit(sample.failing)
    assert (draft.text, draft.ending) == ("Update the firmware of the switch, please.", ".md")
    steering.finish_edit(draft, "Only look which firmware it has.")
    assert [version.body for version in board.store.queries.brief_versions(sample.failing)] == [
        "Update the firmware of the switch, please.",
        "Only look which firmware it has.",
    ]


def test_a_brief_is_edited_as_json_and_what_cannot_be_read_is_kept(board, sample):
    steering = Steering(board, THE_PERSON)
    draft = steering.begin_edit(sample.running)
    assert draft.ending == ".json" and '"goal"' in draft.text
    with pytest.raises(KanbanError) as refused:
        steering.finish_edit(steering.begin_edit(sample.failing), '{"goal": ')
    assert f"ticket-{sample.failing}.rejected.md" in refused.value.hint
    assert (board.home.path / f"ticket-{sample.failing}.rejected.md").read_text() == '{"goal": '


def test_what_another_wrote_while_the_editor_was_open_is_not_written_over(board, sample):
    steering = Steering(board, THE_PERSON)
    draft = steering.begin_edit(sample.failing)
    board.store.board.edit(sample.failing, THE_PERSON, NOW, body="Ask the maker first.")
    with pytest.raises(MovedOn, match=f"has written #{sample.failing} anew") as refused:
        steering.finish_edit(draft, "Only look which firmware it has.")
    assert "rejected.md" in refused.value.hint
    assert board.store.queries.read_brief(sample.failing)[1] == "Ask the maker first."
    assert (board.home.path / f"ticket-{sample.failing}.rejected.md").read_text() == "Only look which firmware it has."


def test_what_is_vague_or_given_up_in_a_new_text_is_warned_of(board, sample):
    steering = Steering(board, THE_PERSON)
    board.store.board.block(sample.running, BlockReason.NEEDS_INPUT, THE_PERSON, NOW, "wait")
    done = steering.finish_edit(steering.begin_edit(sample.running), "Just mend it.")
    assert "this criterion is gone: The tests of the tile pass." in done


def test_the_editor_of_the_person_is_used_and_an_unknown_one_is_told(monkeypatch):
    monkeypatch.setenv("EDITOR", "sed -i s/old/new/")
    assert edit_in_editor("old text", ".md") == "new text"
    monkeypatch.setenv("EDITOR", "true")
    assert edit_in_editor("old text", ".md") is None
    monkeypatch.setenv("EDITOR", "no-such-editor")
    with pytest.raises(KanbanError, match="'no-such-editor' cannot be started") as told_why:
        edit_in_editor("old text", ".md")
    assert "EDITOR=nano" in told_why.value.hint
    monkeypatch.setenv("EDITOR", "false")
    with pytest.raises(KanbanError, match="ended with status 1"):
        edit_in_editor("old text", ".md")
    monkeypatch.setenv("EDITOR", "vim '")
    with pytest.raises(KanbanError, match='"vim \'" cannot be read: No closing quotation'):
        edit_in_editor("old text", ".md")
    monkeypatch.setenv("EDITOR", "rm")
    with pytest.raises(KanbanError, match="what you saved cannot be read"):
        edit_in_editor("old text", ".md")


@pytest.mark.parametrize("spoil", ["printf 'my \\xff words' >$0", "printf 'my words' >$0; exit 3"])
def test_what_was_written_is_kept_when_the_editor_leaves_it_unusable(monkeypatch, tmp_path, spoil):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("EDITOR", f"bash -c {shlex.quote(spoil)}")
    with pytest.raises(KanbanError) as refused:
        edit_in_editor("old text", ".md")
    (kept,) = tmp_path.glob("kanban-*/text.md")
    assert f"what you wrote is in {kept}" in refused.value.hint and kept.read_bytes().startswith(b"my ")


def test_a_run_cannot_steer_through_the_same_verbs(board, sample):
    run = Caller(Mover.RUNNER, "cody", sample.run)
    with pytest.raises(KanbanError):
        Steering(board, run).reopen(sample.done, "for me")


@acted
async def test_a_board_that_is_locked_is_told_and_does_not_freeze_the_keys(board, sample):
    async with opened(board) as pilot:
        board.store.board.create_ticket(NewTicket("free"), THE_PERSON, NOW)
        board.store.db.connection().exec_driver_sql("BEGIN IMMEDIATE")
        try:
            await pilot.press("plus")
            await pilot.press("6")
            await pilot.pause(0.1)
            assert pointed(pilot) == sample.stale
        finally:
            board.store.db.connection().exec_driver_sql("COMMIT")
        await settle(pilot)
        assert "has priority" in told(pilot)
