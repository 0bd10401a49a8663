"""Talking with Ginger in the board, in a terminal of its own."""

import pytest

from kanban.domain.outcome import Outcome
from tests.support.daemon import Terminal, kanban, wait_for
from tests.support.openai_server import hang, say

pytestmark = pytest.mark.slow

QUIT = "\x11"


def test_a_talk_that_is_quit_while_the_model_hangs_is_kept_and_gone_on_with_as_after_kanban_chat(home, stage):
    stage.part("ginger", "How many moons", hang())
    board = Terminal(home, "tui")
    board.read_until("Triage")
    board.type("c")
    board.read_until("you to ginger")
    board.type("How many moons has Mars?\r")
    wait_for(home, lambda: stage.requests_of("ginger", "How many moons"))
    board.type(QUIT)
    assert board.end() == 0  # the model still hangs

    assert [run.outcome for run in home.store.queries.runs_of_request(1)] == [None]
    assert kanban(home, "tick").returncode == 0
    # the daemon takes the exchange over, and gives way to the person
    assert [run.outcome for run in home.store.queries.runs_of_request(1)] == [Outcome.INFRASTRUCTURE, None]
    assert home.store.queries.get_request(1).words == "How many moons has Mars?"
    wait_for(home, lambda: len(stage.requests_of("ginger", "How many moons")) == 2)  # which hangs as well

    stage.part("ginger", "How many moons", say("Mars has two."))
    again = kanban(home, "chat", input="How many moons has Mars?\n")
    assert "going on with the conversation of request 1" in again.stderr and "Mars has two." in again.stdout
    assert [run.outcome for run in home.store.queries.runs_of_request(1)] == [Outcome.INFRASTRUCTURE, Outcome.CANCELLED]
