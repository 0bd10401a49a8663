"""`request list` and `request show`: what was asked, and the answers."""

import pytest

from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_PERSON, Caller, Mover
from kanban.store.runs import NewRun

GINGER = Caller(Mover.ORCHESTRATOR, "ginger")


@pytest.fixture
def request_id(app, kanban):
    number = app.requests.open("Why is the \x1b[31mbot stuck?", THE_PERSON, app.clock())
    kanban("create", "Look at the bot", "--request", number)
    talk = app.runs.start(NewRun(Purpose.CHAT, "ginger", "m", request_id=number), THE_PERSON, app.clock(), 60)
    app.runs.end(talk, Ending(Outcome.DONE), GINGER, app.clock())
    return number


def test_a_request_under_way_shows_its_tickets(kanban, request_id):
    shown = kanban("request", "show", request_id)
    assert "Why is the \\x1b[31mbot stuck?" in shown.out and "Look at the bot" in shown.out
    assert "no answer yet; 1 tickets are open" in shown.err
    data = kanban("request", "show", request_id, "--json").data
    assert data["status"] == "working" and data["answer"] is None and data["cost_usd"] == 0
    assert [(ticket["id"], ticket["status"]) for ticket in data["tickets"]] == [(1, "ready")]


def test_an_answer_is_shown_with_its_receipts(kanban, app, request_id):
    kanban("cancel", 1)
    app.requests.answer(request_id, "It waits.\n\nReceipts:\n- #1", GINGER, app.clock())
    assert kanban("request", "show", request_id).out.endswith("Answer\nIt waits.\n\nReceipts:\n- #1\n")


def test_requests_are_listed_newest_first(kanban, app, request_id):
    app.requests.open("Another", THE_PERSON, app.clock())
    assert kanban("request", "list", "--json").data[0]["words"] == "Another"
    assert [line.split()[0] for line in kanban("request", "list").out.splitlines()] == ["#", "2", "1"]


def test_an_unknown_request_is_not_found(kanban):
    assert kanban("request", "show", 5).status == 3
    assert kanban("request", "list").status == 0
