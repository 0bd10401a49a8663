"""Talking with Ginger: through a pipe, at a terminal, over several processes, and when her model is down."""

import json

import pytest

from kanban.domain.outcome import Outcome
from tests.support.daemon import Terminal, daemon, kanban, wait_for
from tests.support.openai_server import call, fail, hang, say

BRIEF = {
    "goal": "A file note.txt with a greeting exists.",
    "steps": ["Write note.txt."],
    "criteria": [{"text": "note.txt is there.", "check": "test -s note.txt"}],
    "deliverables": ["note.txt"],
    "targets": [{"path": "note.txt"}],
    "category": "single-file",
}


def play_note(stage):
    """Ginger files a ticket for a note, scout writes it, and she gives the answer."""
    draft = {"title": "Write the greeting", "brief": BRIEF}
    stage.part("ginger", "Write me a note", call("file_tickets", tickets=[draft]), say("One ticket is filed."))
    claim = {"ticket": 1, "claim": "The note is there.", "evidence": "test -s passed"}
    stage.part("ginger", "Every ticket of a request", call("answer", text="Your note is written.", claims=[claim]))
    stage.part(
        "scout",
        "Write the greeting",
        call("write_file", path="note.txt", content="Hello.\n"),
        call("complete", summary="The note is written."),
    )


@pytest.mark.slow
def test_a_conversation_is_kept_and_goes_on_in_another_process_with_the_answer_that_came_meanwhile(home, stage):
    play_note(stage)
    stage.part("ginger", "How many moons", say("Mars has two."))
    stage.part("ginger", "And Venus", say("Venus has none."))

    first = kanban(home, "chat", input="Write me a note.\nHow many moons has Mars?\n\n")
    assert first.returncode == 0, first.stderr
    assert "One ticket is filed." in first.stdout and "#1 ready     Write the greeting" in first.stdout
    assert "Mars has two." in first.stdout
    assert "still under way: request 1" in first.stderr
    assert [home.store.queries.get_request(number).status for number in (1, 2)] == ["working", "answered"]

    with daemon(home):
        wait_for(home, lambda: home.store.queries.get_request(1).status == "answered")

    second = kanban(home, "chat", input="And Venus?\n")
    assert second.returncode == 0, second.stderr
    assert "The answer to request 1:\n\nYour note is written.\n\nReceipts:\n- #1" in second.stdout
    assert "Venus has none." in second.stdout
    told = [message.get("content") or "" for message in stage.requests_of("ginger", "And Venus")[0]["messages"]]
    assert {"Write me a note.", "One ticket is filed.", "Mars has two.", "And Venus?"} <= set(told)
    assert any("Request 1 was answered:\nYour note is written." in words for words in told)


def test_a_question_that_needs_no_ticket_is_answered_at_once(home, stage):
    stage.part("ginger", "How many moons", say("Mars has two."))
    asked = kanban(home, "ask", "How many moons has Mars?")
    assert asked.returncode == 0 and "Mars has two." in asked.stdout
    request = home.store.queries.get_request(1)
    assert (request.status, request.answer, request.words) == ("answered", "Mars has two.", "How many moons has Mars?")
    assert home.store.queries.tickets_of_request(1) == []


@pytest.mark.slow
def test_f19_when_the_model_is_down_the_words_are_kept_and_the_remedy_is_said(home, stage):
    stage.part("ginger", "moons", fail(401, "the key was revoked"))
    asked = kanban(home, "ask", "--json", "How many moons has Mars?")
    assert asked.returncode == 1
    error = json.loads(asked.stdout)["error"]
    assert "the key was revoked" in error["message"] and "profiles/ginger.yaml" in error["message"]
    assert "request 1" in error["hint"]
    assert home.store.queries.get_request(1).words == "How many moons has Mars?"

    talked = kanban(home, "chat", "--new", input="How many moons has Venus?\n")
    assert "the key was revoked" in talked.stderr and "kept as request 2" in talked.stderr
    assert "Traceback" not in asked.stderr + talked.stderr


@pytest.mark.slow
def test_at_a_terminal_her_words_are_shown_and_ctrl_c_stops_her_without_losing_what_was_said(home, stage):
    stage.part("ginger", "How many moons", say("Mars has two."))
    stage.part("ginger", "And Venus", hang())
    chat = Terminal(home, "chat", term="xterm")
    chat.read_until("you:")
    chat.type("How many moons had Mars?")
    chat.type("\x1b[D" * 6 + "\x7fs\r")  # six to the left, and the letter before it is another
    chat.read_until("Mars has two.")
    chat.read_until("you:")
    chat.type("\r")  # nothing was typed, and nothing is asked
    chat.type("And Venus?\r")
    wait_for(home, lambda: stage.requests_of("ginger", "And Venus"))
    chat.type("\x03")
    chat.read_until("stopped; what she filed stays")
    chat.read_until("you:")
    chat.type("\x1b[A\x1b[A")  # what was asked before comes back
    chat.read_until("How many moons has Mars?")
    chat.type("\x15\x04")  # the line is emptied, and the talk ends
    assert chat.end() == 0
    assert "Traceback" not in chat.shown
    assert [home.store.queries.get_request(number).words for number in (1, 2)] == [
        "How many moons has Mars?",
        "And Venus?",
    ]
    assert [run.outcome for run in home.store.queries.runs_of_request(2)] == [Outcome.CANCELLED]
    assert home.store.queries.get_request(2).words == "And Venus?"

    stage.part("ginger", "And Venus", say("Venus has none."))
    again = kanban(home, "chat", input="And Venus?\n")
    assert "Venus has none." in again.stdout
