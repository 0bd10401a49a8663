"""Nothing is done to a ticket that the person did not mean; what was typed and what came of it is never lost."""

import asyncio
import shutil
import sqlite3
import threading
from contextlib import contextmanager

import pytest
from textual.widgets import Input, OptionList, Select, Static, TextArea

from kanban.domain.ticket import THE_PERSON
from kanban.errors import KanbanError, Refused
from kanban.store.filing import NewTicket
from tests.tui.sample import NOW
from tests.tui.stage import acted, opened, pointed, press, screen_text, settle, terminal, told, until
from tests.tui.test_steering import go_to, note_of, problem_of
from tui.app import make_app
from tui.prompts import Ask, Choose, Confirm, Detail, WriteTicket
from tui.steering import Steering


def detail_of(pilot):
    return str(pilot.app.screen.query_one(Detail).query_one(Static).render())


@contextmanager
def locked(board):
    """Another program holds the board for itself."""
    other = sqlite3.connect(board.home.board, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


def replace_board(board, change):
    """Put another file in the place of the board."""
    file = board.home.board
    new = file.with_name("new.db")
    source, target = sqlite3.connect(file), sqlite3.connect(new)
    source.backup(target)
    target.execute(change)
    target.commit()
    source.close()
    target.close()
    for old in file.parent.glob("board.store.db*"):
        old.unlink()
    shutil.move(new, file)


@acted
async def test_what_is_asked_and_edited_is_that_of_a_board_that_took_the_place_of_another(board, sample, monkeypatch):
    offered = []
    monkeypatch.setattr("tui.screens.BoardScreen.edit_outside", lambda _, text, ending: offered.append(text))
    async with opened(board) as pilot:
        await go_to(pilot, sample.failing)
        await press(pilot, "x", "n", "e")
        replace_board(board, "UPDATE ticket SET title = 'Another'")
        cards = terminal(pilot).session.model.cards
        await until(pilot, lambda: cards[sample.failing].title == "Another")
        await press(pilot, "x")
        assert f"#{sample.failing} Another" in detail_of(pilot)
        await press(pilot, "n")
        written = f"({sample.failing}, 2, 'Another text', 'ginger', {NOW})"
        replace_board(board, f"INSERT INTO brief (ticket_id, version, body, author, created_at) VALUES {written}")
        await press(pilot, "e")
        assert offered == ["Update the firmware of the switch, please.", "Another text"]


@acted
async def test_what_is_picked_and_not_shown_is_left_alone(board, sample):
    async with opened(board) as pilot:
        terminal(pilot).session.model.picked = {sample.asking, sample.ready}
        await press(pilot, "slash", *"inverter", "enter", "plus")
        assert told(pilot) == f"✓ #{sample.ready} has priority 3"
        assert board.store.queries.get_ticket(sample.asking).priority == 0
        assert terminal(pilot).session.model.picked == {sample.asking}
        await press(pilot, "escape", "6", "v")
        assert sample.asking not in terminal(pilot).board.targets()


@acted
async def test_what_takes_one_ticket_takes_that_under_the_cursor_whatever_is_picked(board, sample):
    async with opened(board) as pilot:
        terminal(pilot).session.model.picked = {sample.asking, sample.failing}
        await go_to(pilot, sample.reviewed)
        assert terminal(pilot).board.target() == sample.reviewed
        assert terminal(pilot).board.targets() == [sample.asking, sample.failing]


@acted
async def test_giving_up_many_names_each_of_them_and_all_can_be_seen(board, sample):
    first = board.store.board.create_ticket(NewTicket("Dig"), THE_PERSON, NOW)
    for number in range(45):
        board.store.board.create_ticket(NewTicket(f"Plant {number}", depends_on=(first,)), THE_PERSON, NOW)
    async with opened(board) as pilot:
        cards = terminal(pilot).session.model.cards
        terminal(pilot).session.model.picked = {number for number in cards if number >= first}
        await press(pilot, "x")
        assert all(f"#{first + 1 + number} Plant {number}\n" in f"{detail_of(pilot)}\n" for number in range(45))
        assert f"#{first + 40} and 5 more." in detail_of(pilot)
        assert "#57 Plant 44" not in screen_text(pilot) and "j k: see all of it" in screen_text(pilot)
        detail = pilot.app.screen.query_one(Detail)
        await press(pilot, "j")
        assert detail.scroll_offset.y > 0
        await until(pilot, lambda: detail.action_scroll_end() or detail.scroll_offset.y == detail.max_scroll_y)


@acted
async def test_a_yes_counts_only_once_it_is_seen_what_it_ends(board, sample, monkeypatch):
    go_on, describe = threading.Event(), Steering.describe_cancel
    monkeypatch.setattr(Steering, "describe_cancel", lambda *args: go_on.wait(9) and describe(*args))
    async with opened(board) as pilot:
        await go_to(pilot, sample.ready)
        await pilot.press("x", "y")
        assert "not shown yet" in problem_of(pilot.app.screen)
        go_on.set()
        await settle(pilot)
        await press(pilot, "y")
        assert told(pilot) == f"✓ #{sample.ready} is cancelled"


@acted
async def test_of_many_only_those_that_failed_stay_picked_and_both_are_counted(board, sample):
    async with opened(board) as pilot:
        terminal(pilot).session.model.picked = {sample.asking, sample.failing, sample.parked}
        await press(pilot, "u", "enter")
        assert told(pilot).startswith(f"✗ 2 done, 1 failed: ticket {sample.parked} waits for your answer")
        assert terminal(pilot).session.model.picked == {sample.parked}


@acted
async def test_a_new_ticket_leaves_picked_what_is_picked(board, sample):
    async with opened(board) as pilot:
        terminal(pilot).session.model.picked = {sample.asking}
        await press(pilot, "n", *"hello", "ctrl+s")
        assert told(pilot).endswith("is on the board") and terminal(pilot).session.model.picked == {sample.asking}


@acted
@pytest.mark.parametrize("key, prompt", [("a", Choose), ("n", WriteTicket)])
async def test_a_profile_that_cannot_be_read_is_told_where_one_would_choose(board, key, prompt):
    (board.home.path / "profiles" / "cody.yaml").write_text("role: [")
    async with opened(board) as pilot:
        await press(pilot, key)
        assert isinstance(pilot.app.screen, prompt) and "cody.yaml" in problem_of(pilot.app.screen)


@acted
async def test_what_a_profile_is_for_is_shown_and_never_obeyed(board, monkeypatch):
    monkeypatch.setattr(Steering, "assignees", lambda _: [("cody", "code [/bold]")])
    async with opened(board) as pilot:
        await press(pilot, "n")
        select = pilot.app.screen.query_one(Select)
        select.value = "cody"
        await settle(pilot)
        assert "cody — code [/bold]" in screen_text(pilot)
        await press(pilot, "escape", "a")
        assert str(pilot.app.screen.query_one(OptionList).get_option_at_index(0).prompt).endswith("code [/bold]")


@acted
async def test_what_nobody_foresaw_in_a_read_or_a_verb_is_told(board, sample, monkeypatch):
    def fall(*_):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(Steering, "begin_edit", fall)
    monkeypatch.setattr(Steering, "change_priority", fall)
    async with opened(board) as pilot:
        await press(pilot, "e")
        assert told(pilot).startswith("✗ ZeroDivisionError: by zero")
        await press(pilot, "escape", "plus")
        assert told(pilot).startswith("✗ ZeroDivisionError: by zero")


def test_q_never_waits_for_a_board_that_is_locked(board):
    app = make_app(board)

    async def act(pilot):
        await until(pilot, lambda: app.session.model.loaded)
        await pilot.press("plus")
        await until(pilot, lambda: app.session.busy)
        await pilot.press("q")

    with locked(board):
        app.run(headless=True, auto_pilot=act)
        assert app.session.busy, "the verb was waited for"


@acted
async def test_a_verb_that_fails_after_its_screen_was_left_is_told_by_the_one_that_is_seen(board, sample, monkeypatch):
    go_on = threading.Event()

    def refuse(*_):
        go_on.wait(9)
        raise KanbanError("the disk is full")

    monkeypatch.setattr(Steering, "change_priority", refuse)
    async with opened(board) as pilot:
        await go_to(pilot, sample.ready)
        await press(pilot, "enter")
        await pilot.press("plus", "escape")
        await until(pilot, lambda: pilot.app.screen is terminal(pilot).board)
        go_on.set()
        await settle(pilot)
        assert told(pilot) == "✗ the disk is full"


@acted
async def test_a_note_that_could_not_be_left_is_there_to_be_left_again(board, sample, monkeypatch):
    reasons = iter([Refused("the board is full"), Refused("it still is")])
    comment = Steering.comment

    def try_thrice(steering, ticket_id, text):
        for reason in reasons:
            raise reason
        return comment(steering, ticket_id, text)

    monkeypatch.setattr(Steering, "comment", try_thrice)
    async with opened(board) as pilot:
        await go_to(pilot, sample.ready)
        await press(pilot, "m", *"dry", "enter")
        assert "the board is full" in problem_of(pilot.app.screen)
        assert pilot.app.screen.query_one(Input).value == "dry"
        await press(pilot, "enter", "enter")
        assert told(pilot) == f"✓ #{sample.ready} has your note" and note_of(board, sample.ready) == ["dry"]


@acted
async def test_words_that_fail_while_the_person_asks_something_else_stand_there_the_next_time(
    board, sample, monkeypatch
):
    go_on = threading.Event()

    def refuse(*_):
        go_on.wait(9)
        raise Refused("the board is full")

    monkeypatch.setattr(Steering, "comment", refuse)
    async with opened(board) as pilot:
        await go_to(pilot, sample.ready)
        await pilot.press("m", *"dry", "enter", "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        go_on.set()
        await settle(pilot)
        assert isinstance(pilot.app.screen, Confirm)
        await press(pilot, "n")
        assert told(pilot) == "✗ the board is full"
        await press(pilot, "m")
        assert isinstance(pilot.app.screen, Ask) and pilot.app.screen.query_one(Input).value == "dry"


@acted
async def test_a_new_ticket_that_is_turned_away_from_is_kept(board):
    async with opened(board) as pilot:
        await press(pilot, "n", *"hello", "tab", *"all", "escape", "n")
        screen = pilot.app.screen
        assert (screen.query_one("#title", Input).value, screen.query_one(TextArea).text) == ("hello", "all")


@acted
async def test_a_long_question_is_read_in_full_before_it_is_answered(board, sample):
    question = " ".join(f"word{number}" for number in range(500))
    board.store.db.connection().exec_driver_sql(
        "UPDATE ticket SET explanation = ? WHERE id = ?", (question, sample.asking)
    )
    async with opened(board) as pilot:
        await go_to(pilot, sample.asking)
        await press(pilot, "u")
        assert detail_of(pilot) == question
        for _ in range(20):
            await press(pilot, "pagedown")
        await pilot.wait_for_animation()
        assert "word499" in screen_text(pilot)


@acted
async def test_a_key_that_was_meant_for_the_ticket_that_was_here_does_nothing_to_the_one_that_came(
    board, sample, monkeypatch
):
    async with opened(board) as pilot:
        await go_to(pilot, sample.ready)
        board.store.board.cancel(sample.ready, THE_PERSON, NOW)
        await until(pilot, lambda: pointed(pilot) == sample.other_ready)
        await press(pilot, "plus")
        assert "this is another ticket" in told(pilot)
        await press(pilot, "space")
        assert board.store.queries.get_ticket(sample.other_ready).priority == 0
        assert not terminal(pilot).session.model.picked
        monkeypatch.setattr("tui.board.LOOK_SECONDS", 0.0)
        await press(pilot, "plus")
        assert told(pilot) == f"✓ #{sample.other_ready} has priority 1"


@acted
async def test_reads_of_a_screen_come_one_by_one_in_order_and_the_newest_for_those_that_wait(board):
    async with opened(board) as pilot:
        session, screen = terminal(pilot).session, terminal(pilot).board
        go_on, running, most, shown = threading.Event(), 0, 0, []

        def read(number):
            nonlocal running, most
            running += 1
            most = max(most, running)
            go_on.wait(9)
            running -= 1
            return number

        for number in range(5):
            session.read_aside(screen, lambda number=number: read(number), shown.append)
            await asyncio.sleep(0.01)
        go_on.set()
        await settle(pilot)
        assert (most, shown) == (1, [0, 4])
