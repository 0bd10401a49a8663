"""The inbox: all that waits for the person, answered in place, one after the other."""

import pytest
from textual.widgets import Input

from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, BlockReason
from kanban.store.runs import NewRun
from tests.tui.sample import NOW
from tests.tui.stage import acted, opened, press, screen_text, settle, shown, terminal, told, until
from tui import inbox
from tui.approvals import ApprovalsScreen
from tui.bars import Keys
from tui.inbox import AnswerLine, InboxScreen
from tui.items import Items
from tui.prompts import Choose, Confirm
from tui.ticket import TicketScreen


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """What moved by itself was looked at."""
    monkeypatch.setattr(inbox, "LOOK_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def held(board, sample):
    """A ticket that the person has blocked; into what else is stuck, Ginger looks first."""
    board.store.board.block(sample.other_ready, BlockReason.OTHER, THE_PERSON, NOW, "not before Christmas")


def kinds(pilot):
    screen = pilot.app.screen
    return [(waiting.kind, waiting.ticket_id) for waiting in screen._waiting.values()]


async def go_to(pilot, kind):
    """Point at the first thing of a kind."""
    screen = pilot.app.screen
    screen.query_one(Items).choose(next(n for n, waiting in screen._waiting.items() if waiting.kind == kind))
    await settle(pilot)


def note_of(board, ticket_id):
    return [comment.text for comment in board.store.queries.comments(ticket_id, 10)]


def keys_shown(pilot):
    return {key.description for key in pilot.app.screen.query_one(Keys).query("FooterKey") if key.display}


@acted
async def test_i_shows_all_that_waits_and_what_is_asked(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "i")
        assert sorted(kinds(pilot)) == [
            ("approval", sample.parked),
            ("blocked", sample.other_ready),
            ("question", sample.asking),
            ("triage", sample.triage),
        ]
        assert shown(pilot, "#inbox-title") == "4 things wait for you"
        await go_to(pilot, "question")
        text = screen_text(pilot)
        assert "12th or the 19th" in text and "Book the chimney sweep, please." in text
        assert f"to #{sample.asking} ›" in text


@acted
async def test_a_question_is_answered_below_and_the_next_is_shown(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "i")
        await go_to(pilot, "question")
        await press(pilot, "enter", *"the", "space", *"19th", "enter")
        assert told(pilot) == f"✓ #{sample.asking} is ready"
        assert note_of(board, sample.asking) == ["the 19th"]
        await until(pilot, lambda: ("question", sample.asking) not in kinds(pilot))
        assert isinstance(pilot.app.focused, Items) and pilot.app.screen.targets() != [sample.asking]


@acted
async def test_what_is_typed_for_one_is_never_sent_to_another(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "i")
        await go_to(pilot, "question")
        await press(pilot, "enter", *"the")
        board.store.board.unblock(sample.asking, THE_PERSON, NOW, note="answered elsewhere")
        await until(pilot, lambda: ("question", sample.asking) not in kinds(pilot))
        await press(pilot, *"19th", "enter")
        assert "is ready, not blocked or stale" in told(pilot)
        assert note_of(board, sample.asking) == ["answered elsewhere"]
        assert not note_of(board, sample.other_ready)


@acted
async def test_what_was_typed_is_kept_while_one_looks_at_another(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "i")
        await go_to(pilot, "question")
        await press(pilot, "enter", *"the", "escape")
        await go_to(pilot, "blocked")
        assert pilot.app.screen.query_one(Input).value == ""
        await go_to(pilot, "question")
        assert pilot.app.screen.query_one(Input).value == "the"
        await press(pilot, "enter", "ctrl+a", "ctrl+k", "enter")
        assert "write an answer first" in told(pilot) and not note_of(board, sample.asking)


@acted
async def test_enter_on_a_call_shows_it_exactly_and_on_a_ticket_in_triage_the_ticket(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "i")
        await go_to(pilot, "approval")
        assert not pilot.app.screen.query_one(AnswerLine).display
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ApprovalsScreen) and "reboot" in screen_text(pilot)
        await press(pilot, "escape")
        await go_to(pilot, "triage")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, TicketScreen) and pilot.app.screen.ticket_id == sample.triage


@acted
async def test_the_keys_that_steer_mean_what_is_shown(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "i")
        await go_to(pilot, "blocked")
        assert {"Answer", "Next", "Ticket", "Assign", "Retry"} <= keys_shown(pilot)
        assert not {"Reopen", "Split"} & keys_shown(pilot)
        await press(pilot, "a")
        assert isinstance(pilot.app.screen, Choose)
        await press(pilot, "escape", "x")
        assert isinstance(pilot.app.screen, Confirm) and f"Give up #{sample.other_ready}?" in screen_text(pilot)


@acted
async def test_a_request_without_an_answer_is_asked_again_or_closed(board, sample):
    for words in ("Why?", "What?"):
        _, talk = board.store.runs.open_talk(words, NewRun(Purpose.CHAT, "ginger", "m"), THE_PERSON, NOW, 60)
        board.store.runs.end(talk, Ending(Outcome.FAILED, "no key"), THE_DISPATCHER, NOW)
    async with opened(board) as pilot:
        await press(pilot, "i")
        await go_to(pilot, "request")
        await press(pilot, "enter")
        assert "ginger is asked again about request 3" in told(pilot)
        await until(pilot, lambda: [kind for kind, _ in kinds(pilot)].count("request") == 1)
        await go_to(pilot, "request")
        await press(pilot, "x")
        assert told(pilot) == "✓ request 4 is closed"


@acted
async def test_a_broken_file_comes_first_and_says_where_it_is_mended(board, sample):
    (board.home.path / "profiles" / "cody.yaml").write_text("name: cody\nrole: pilot\n")
    async with opened(board) as pilot:
        await press(pilot, "i")
        assert kinds(pilot)[0] == ("file", None)
        await press(pilot, "home", "enter")
        assert told(pilot) == "✓ this is answered in a shell: kanban doctor"


@acted
async def test_an_empty_inbox_says_so(board, sample):
    for ticket_id in (sample.parked, sample.other_ready, sample.asking, sample.triage):
        board.store.board.cancel(ticket_id, THE_PERSON, NOW)
    async with opened(board) as pilot:
        await press(pilot, "i")
        assert isinstance(pilot.app.screen, InboxScreen)
        assert shown(pilot, "#inbox-title") == "nothing waits for you"
        await press(pilot, "enter", "escape")
        assert pilot.app.screen is terminal(pilot).board


@acted
async def test_the_keys_below_the_board_are_those_of_the_ticket_pointed_at(board, sample):
    async with opened(board) as pilot:
        for ticket_id, there, not_there in (
            (sample.done, {"Reopen"}, {"Unblock", "Cancel", "Retry"}),
            (sample.asking, {"Unblock", "Assign", "Retry", "Cancel"}, {"Reopen", "Split"}),
            (sample.parked, {"Cancel"}, {"Unblock", "Retry"}),
            (sample.running, {"Cancel", "Note"}, {"Unblock", "Edit", "Assign"}),
        ):
            assert terminal(pilot).board.columns.point_at(ticket_id)
            await settle(pilot)
            assert there <= keys_shown(pilot) and not not_there & keys_shown(pilot), ticket_id
