"""What waits for the person's yes: seen exactly, then approved or denied."""

import json

import pytest

from kanban.domain.message import ToolCall
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, Caller, Mover
from kanban.errors import Refused
from kanban.store.approvals import Asked
from kanban.store.filing import NewTicket
from kanban.store.records import Scribe
from kanban.store.runs import NewRun
from tests.tui.sample import NOW
from tests.tui.stage import acted, opened, press, screen_text, settle, shown, terminal, told, until
from tui import approvals
from tui.approvals import ApprovalsScreen
from tui.items import Items
from tui.lines import LinesView
from tui.prompts import Ask
from tui.steering import Steering
from tui.ticket import TicketScreen

RULE = {
    "name": "solar",
    "when": {"words": ["solar", "inverter"], "max_targets": 2},
    "assign": "cody",
    "reason": "The inverter needs SSH.",
    "said": "Solar is Cody's.",
}


@pytest.fixture
def ask(board):
    """Has a run ask for a call; returns the number of the approval."""

    def ask(tool, arguments, why="it is risky", title="A new ticket"):
        ticket_id = board.store.board.create_ticket(NewTicket(title, assignee="cody"), THE_PERSON, NOW - 60)
        run_id = board.store.runs.claim(NewRun(Purpose.WORK, "cody", "m", ticket_id), NOW - 60, 60)
        caller = Caller(Mover.RUNNER, "cody", run_id)
        about = None if tool == "propose_rule" else ticket_id
        asked = Asked(ToolCall("c1", tool, json.dumps(arguments)), "hash", why, about)
        number = board.store.approvals.ask(Scribe(run_id, run_id), asked, caller, NOW - 30)
        board.store.runs.end(run_id, Ending(Outcome.PARKED, "waits for approval"), caller, NOW - 30)
        return number

    return ask


def workspace_of(board, number):
    folder = board.workspace(board.store.queries.get_run(board.store.approvals.get(number).run_id))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def status_of(board, number):
    return board.store.approvals.get(number).status


@acted
async def test_capital_a_shows_the_exact_call_and_who_asks_for_what(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "A")
        assert shown(pilot, "#approvals-title") == "1 call waits for your yes"
        text = screen_text(pilot)
        for words in (
            "ssh on router",
            f"for #{sample.parked} Restart the router",
            "asked by cody in run",
            "44m ago; it waits until you answer or give the ticket up",
            "why: it restarts a host that others use",
            "│ router",
            "│ reboot",
        ):
            assert words in text


@acted
async def test_no_value_can_look_like_another_argument(board, ask):
    """Neither blanks that push words to the next line nor a line of its own."""
    blanks = " " * 400
    ask("shell", {"host": "prod", "command": f"rm -rf /srv{blanks}host{blanks}testbox\nhost\n  │ testbox"})
    async with opened(board) as pilot:
        await press(pilot, "A", "G")
        lines = pilot.app.screen.query_one("#call", LinesView)._folded
        start = next(place for place, line in enumerate(lines) if line.text == "The exact call")
        assert [line.text for line in lines[start + 1 :] if not line.text.startswith("  │ ")] == ["host", "command"]
        shown_call = "".join(line.text.removeprefix("  │ ") for line in lines[start + 1 :])
        assert f"rm -rf /srv{blanks}host{blanks}testbox" in shown_call


@acted
async def test_y_approves_what_is_shown_and_the_ticket_goes_on(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "A", "y")
        await until(pilot, lambda: "nothing waits" in shown(pilot, "#approvals-title"))
        assert told(pilot) == f"✓ approval {sample.approval} approved: ssh · #{sample.parked} is ready"
        assert status_of(board, sample.approval) == "approved"
        assert "reboot" not in screen_text(pilot)


@acted
async def test_neither_enter_nor_a_click_approves(board, sample, ask):
    second = ask("shell", {"command": "ls"})
    async with opened(board) as pilot:
        await press(pilot, "A")
        await pilot.click(Items, offset=(5, 1))
        await settle(pilot)
        assert pilot.app.screen.query_one(Items).chosen == second and status_of(board, second) == "pending"
        await press(pilot, "enter")
        assert [status_of(board, number) for number in (sample.approval, second)] == ["pending", "pending"]
        await press(pilot, "y")
        assert [status_of(board, number) for number in (sample.approval, second)] == ["pending", "approved"]


@acted
async def test_d_denies_with_a_reason_that_must_be_given(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "A", "d", "enter")
        assert isinstance(pilot.app.screen, Ask)
        await press(pilot, *"later", "enter")
        assert told(pilot) == f"✓ approval {sample.approval} denied: ssh · #{sample.parked} is ready"
        denied = board.store.approvals.get(sample.approval)
        assert (denied.status, denied.reason) == ("denied", "later")


@acted
async def test_escape_from_the_reason_denies_nothing(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "A", "d", "escape")
        assert isinstance(pilot.app.screen, ApprovalsScreen) and status_of(board, sample.approval) == "pending"


@acted
async def test_what_was_answered_elsewhere_is_told_and_the_next_call_is_not_taken_for_it(board, sample, ask):
    second = ask("shell", {"command": "rm -r /srv"})
    async with opened(board) as pilot:
        await press(pilot, "A")
        board.store.approvals.decide(sample.approval, False, "no", THE_PERSON, NOW)
        await until(pilot, lambda: "answered elsewhere" in told(pilot))
        await press(pilot, "y")
        assert "another call; look at it first" in told(pilot) or "not shown yet" in told(pilot)
        assert status_of(board, second) == "pending"
        await until(pilot, lambda: "rm -r /srv" in screen_text(pilot))


@acted
async def test_two_quick_answers_answer_one_call(board, sample, ask):
    second = ask("shell", {"command": "ls"})
    async with opened(board) as pilot:
        await press(pilot, "A", "y", "y")
        assert [status_of(board, number) for number in (sample.approval, second)] == ["approved", "pending"]


@acted
async def test_after_a_look_the_next_call_is_answered(board, sample, ask, monkeypatch):
    monkeypatch.setattr(approvals, "LOOK_SECONDS", 0.0)
    second = ask("shell", {"command": "ls"})
    async with opened(board) as pilot:
        await press(pilot, "A", "y", "y")
        assert [status_of(board, number) for number in (sample.approval, second)] == ["approved", "approved"]


@acted
async def test_an_answer_that_comes_too_late_says_so(board, sample, monkeypatch):
    async with opened(board) as pilot:
        await press(pilot, "A")
        monkeypatch.setattr(ApprovalsScreen, "reload", lambda self: None)
        board.store.approvals.decide(sample.approval, False, "no", THE_PERSON, NOW)
        await press(pilot, "y")
        assert told(pilot) == f"✗ approval {sample.approval} is denied, not pending"


@acted
async def test_j_and_k_go_through_the_calls_and_t_opens_the_ticket(board, sample, ask):
    ask("shell", {"command": "ls /srv"}, title="Look around")
    async with opened(board) as pilot:
        await press(pilot, "A", "j")
        assert "│ ls /srv" in screen_text(pilot)
        await press(pilot, "k")
        assert "│ reboot" in screen_text(pilot)
        await press(pilot, "t")
        assert isinstance(pilot.app.screen, TicketScreen) and pilot.app.screen.ticket_id == sample.parked
        await press(pilot, "escape", "escape")
        assert pilot.app.screen is terminal(pilot).board


@acted
async def test_a_new_call_appears_while_one_looks(board, sample, ask):
    async with opened(board) as pilot:
        await press(pilot, "A")
        ask("propose_rule", RULE)
        await until(pilot, lambda: "2 calls wait" in shown(pilot, "#approvals-title"))
        assert "│ reboot" in screen_text(pilot)  # what is looked at stays


@acted
async def test_an_edit_is_shown_as_a_diff_with_the_file_as_it_is(board, sample, ask):
    number = ask("edit_file", {"path": "app.toml", "old": "port = 80", "new": "port = 8080"})
    (workspace_of(board, number) / "app.toml").write_text("[server]\nport = 80\n")
    async with opened(board) as pilot:
        await press(pilot, "A", "j")
        text = screen_text(pilot)
        assert "What changes in app.toml" in text and "compared with the file as it is now" in text
        assert " [server]" in text and "-port = 80" in text and "+port = 8080" in text


@acted
async def test_what_would_be_written_on_a_host_is_shown_whole_and_said_not_to_be_compared(board, sample, ask):
    ask("write_file", {"path": "/etc/motd", "content": "hello\x1b[2J\n", "host": "attic"})
    async with opened(board) as pilot:
        await press(pilot, "A", "j")
        text = screen_text(pilot)
        assert "not compared with the file, which is on attic" in text and "+hello\\x1b[2J" in text


@acted
async def test_a_proposed_rule_reads_as_a_rule_and_a_yes_puts_it_first(board, sample, ask):
    number = ask("propose_rule", RULE, why="solar: The inverter needs SSH.")
    async with opened(board) as pilot:
        await press(pilot, "A", "j")
        text = screen_text(pilot)
        assert "rule solar would stand first in the rubric" in text
        assert "when words solar, inverter; max targets 2" in text and "you said: “Solar is Cody's.”" in text
        await press(pilot, "t")
        assert "no ticket belongs to it" in told(pilot)
        await press(pilot, "y")
        assert told(pilot) == f"✓ approval {number} approved: propose_rule · rule solar stands first in the rubric"
        assert board.live.rubric.current().rules[0].name == "solar"


@acted
async def test_a_rule_that_the_rubric_refuses_says_why_and_still_waits(board, sample, ask):
    number = ask("propose_rule", RULE | {"assign": "nobody"})
    async with opened(board) as pilot:
        await press(pilot, "A", "j", "y")
        assert "no profile is called 'nobody'" in told(pilot) and "still waits" in told(pilot)
        assert status_of(board, number) == "pending"


@acted
async def test_a_proposal_that_holds_no_rule_says_so(board, sample, ask):
    ask("propose_rule", {"name": "Solar!"})
    async with opened(board) as pilot:
        await press(pilot, "A", "j")
        assert "holds no rule" in screen_text(pilot)


@acted
async def test_a_long_call_is_scrolled(board, sample, ask):
    ask("shell", {"command": "\n".join(f"echo {n}" for n in range(60))})
    async with opened(board, (80, 24)) as pilot:
        await press(pilot, "A", "j", *["pagedown"] * 6)
        assert "echo 59" in screen_text(pilot)
        await press(pilot, *["ctrl+u"] * 6)
        assert "for #13 A new ticket" in screen_text(pilot)


@acted
async def test_without_a_call_that_waits_the_screen_says_so_and_no_key_does_anything(empty_board):
    async with opened(empty_board) as pilot:
        await press(pilot, "A")
        assert shown(pilot, "#approvals-title") == "nothing waits for your yes"
        for key in "yd":
            await press(pilot, key)
            assert told(pilot) == "✗ nothing waits for your yes"
        await press(pilot, "A", "q")
        assert pilot.app.screen is terminal(pilot).board


@acted
async def test_help_lists_the_screens_and_their_keys(board):
    async with opened(board, (120, 60)) as pilot:
        await press(pilot, "question_mark")
        text = screen_text(pilot)
        assert text.index("The ticket") < text.index("This screen") < text.index("Moving")
        await press(pilot, *"each", "space", *"call")
        text = screen_text(pilot)
        assert "Everywhere" in text and "Approvals  What waits for your yes" in text
        assert "Moving" not in text and "Unblock  Let" not in text
        await press(pilot, "escape", "A", "question_mark")
        assert "Deny" in screen_text(pilot)


def test_a_run_cannot_answer(board, sample):
    run = Caller(Mover.RUNNER, "cody", sample.run)
    for answer in (Steering(board, run).approve, lambda number: Steering(board, run).deny(number, "no")):
        with pytest.raises(Refused):
            answer(sample.approval)
    with pytest.raises(Refused):
        Steering(board, THE_DISPATCHER).approve(sample.approval)
