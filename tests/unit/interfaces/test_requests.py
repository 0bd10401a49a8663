"""`request list` and `request show`: what was asked, and the answers."""

import pytest

from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, Caller, Mover
from kanban.store.runs import NewRun
from tests.support.scripted import call, model_of

GINGER = Caller(Mover.ORCHESTRATOR, "ginger")


@pytest.fixture
def request_id(app, kanban):
    number = app.store.requests.open("Why is the \x1b[31mbot stuck?", THE_PERSON, app.clock())
    kanban("create", "Look at the bot", "--request", number)
    talk = app.store.runs.start(NewRun(Purpose.CHAT, "ginger", "m", request_id=number), THE_PERSON, app.clock(), 60)
    app.store.runs.end(talk, Ending(Outcome.DONE), THE_DISPATCHER, app.clock())
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
    app.store.requests.answer(request_id, "It waits.\n\nReceipts:\n- #1", GINGER, app.clock())
    assert kanban("request", "show", request_id).out.endswith("Answer\nIt waits.\n\nReceipts:\n- #1\n")


def test_requests_are_listed_newest_first(kanban, app, request_id):
    app.store.requests.open("Another", THE_PERSON, app.clock())
    assert kanban("request", "list", "--json").data[0]["words"] == "Another"
    assert [line.split()[0] for line in kanban("request", "list").out.splitlines()] == ["#", "2", "1"]


def test_an_unknown_request_is_not_found(kanban):
    assert kanban("request", "show", 5).status == 3
    assert kanban("request", "list").status == 0


# -- a request whose exchange failed -----------------------------------------------------------------------------------


@pytest.fixture
def unanswered(app):
    run = NewRun(Purpose.CHAT, "ginger", "m")
    number, talk = app.store.runs.open_talk("Why is the bot stuck?", run, THE_PERSON, app.clock(), 60)
    app.store.runs.end(talk, Ending(Outcome.FAILED, "no key"), THE_DISPATCHER, app.clock())
    return number


def test_a_request_without_an_answer_is_told_by_list_show_why_and_doctor(kanban, unanswered):
    assert "1 request has no answer: `kanban request why 1` says why" in kanban("list").err
    assert "no answer; `kanban request why 1` says why" in kanban("request", "show", 1).err
    told = kanban("request", "why", 1)
    assert "Run 1 ended failed: no key. Nothing happens by itself" in told.out
    assert kanban("request", "why", 1, "--json").data["ways_on"] == ["kanban request retry 1", "kanban request close 1"]
    found = [finding for finding in kanban("doctor", "--json").data if finding["subject"] == "requests"]
    assert [(finding["ok"], finding["told"]) for finding in found] == [(False, "1 without an answer: 1")]


def test_it_is_retried_and_says_when_nobody_dispatches(kanban, app, unanswered):
    told = kanban("request", "retry", 1)
    assert told.out == "request 1 is asked again\n" and "no daemon dispatches" in told.err
    assert app.store.due.to_talk() == [1] and "has no answer" not in kanban("list").err
    assert kanban("request", "retry", 1, "--json").data["status"] == "open"


def test_it_is_closed(kanban, unanswered):
    assert kanban("request", "close", 1, "--why", "asked otherwise").out == "request 1 is closed\n"
    assert "You closed it." in kanban("request", "why", 1).out
    refused = kanban("request", "close", 1)
    assert refused.status == 4 and "`kanban request show 1` lists them" in refused.err
    assert kanban("request", "retry", 1).status == 4
    assert kanban("request", "close", 9).status == 3


def test_a_question_of_hers_is_printed_with_how_to_answer_it(kanban, app, monkeypatch):
    steps = model_of(call("ask_user", question="Left or right?"))
    monkeypatch.setattr(type(app), "open_model", lambda *_: steps)
    told = kanban("ask", "Turn it.")
    assert told.status == 0 and "Left or right?" in told.out
    assert "answer with `kanban chat`" in told.err
