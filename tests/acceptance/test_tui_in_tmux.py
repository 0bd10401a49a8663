"""The real program in a real terminal, beside a running daemon."""

import re
import signal

import pytest

from kanban.domain.ticket import Status
from tests.support.daemon import command_line, daemon, wait_for, wait_for_status
from tests.support.home import file_ticket, make_home
from tests.support.openai_server import call
from tests.support.tmux import tmux
from tui.feed import LOOK_SECONDS

LEASE = 2.0
TRUE_COLOUR = re.compile(r"[\[;][34]8;2;(\d+);(\d+);(\d+)")


@pytest.fixture
def home(tmp_path, openai_server):
    return make_home(tmp_path / "home", openai_server, lease_seconds=LEASE)


def open_board(home, *environment, **size):
    return tmux(["env", *environment, *command_line(home, "tui")], **size)


def test_a_question_is_answered_on_the_board_and_the_ticket_is_done_before_ones_eyes(home, stage):
    stage.part(
        "cody",
        "Paint the door",
        call("block", reason="needs_input", explanation="Two pots are there.", question="Green or blue?"),
        call("complete", summary="Painted green."),
    )
    with daemon(home) as started, open_board(home) as board:
        board.read_until("dispatching")
        ticket = file_ticket(home, "Paint the door")
        board.read_until("● 1 waits for you")
        board.type("6", "u")
        board.read_until("Green or blue?")
        board.write("Green, please.")
        board.type("Enter")
        board.read_until("Done 1")
        wait_for_status(home, ticket, Status.DONE)
        assert home.store.queries.comments(ticket, 9)[0].text == "Green, please."

        board.type("7", "Enter")
        board.read_until("done for")
        board.type("q")
        started.stop(signal.SIGKILL)
        board.read_until("no dispatcher since")
        board.type("q")
        wait_for(home, board.has_ended)


def test_a_change_is_on_the_screen_by_itself_and_looked_for_several_times_a_second(home):
    with open_board(home) as board:
        board.read_until("no dispatcher has run yet")
        for number in range(5):
            file_ticket(home, f"Water bed {number}")
            board.read_until(f"Water bed {number}")
    assert LOOK_SECONDS <= 0.25


def test_it_fits_every_terminal_with_few_colours_or_none(home):
    file_ticket(home, "Pots \x1b[31m and \x1b]0;tins\x07")
    with open_board(home, "TERM=screen-256color", "COLORTERM=", columns=80, lines=24) as board:
        board.read_until("Pots \\x1b[31m")
        assert not TRUE_COLOUR.search(board.look(colours=True))
        board.resize(40, 10)
        board.read_until("too small")
        board.resize(240, 60)
        board.read_until("7 Done")
    with open_board(home, "NO_COLOR=1", "COLORTERM=truecolor") as board:
        board.read_until("Pots \\x1b[31m")
        shown = {tuple(found) for found in TRUE_COLOUR.findall(board.look(colours=True))}
        assert shown and all(red == green == blue for red, green, blue in shown)
