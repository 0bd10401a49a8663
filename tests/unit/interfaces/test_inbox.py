"""`inbox`, and `kanban` alone: everything that waits for the person, with the commands that answer it."""

import pytest

from kanban.domain.message import ToolCall
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, BlockReason, Caller, Mover
from kanban.store.approvals import Asked
from kanban.store.records import Scribe
from kanban.store.runs import NewRun


@pytest.fixture
def ask(app):
    def ask(ticket_id, reason=BlockReason.NEEDS_INPUT, question="Which host?"):
        run_id = app.store.runs.claim(NewRun(Purpose.WORK, "cody", "m", ticket_id), app.clock(), 60)
        worker = Caller(Mover.RUNNER, "cody", run_id)
        app.store.runs.end(run_id, Ending(Outcome.BLOCKED, question, reason, question), worker, app.clock())

    return ask


def kinds(kanban):
    return [(one["kind"], one["ticket_id"]) for one in kanban("inbox", "--json").data]


def test_an_empty_inbox_says_so(kanban):
    assert "nothing waits for you" in kanban("inbox").err
    assert kanban("inbox", "--json").data == []


def test_a_question_is_shown_with_how_to_answer_it(kanban, ask):
    kanban("create", "Move the logs")
    ask(1)
    shown = kanban("inbox").out
    assert "question  #1  Move the logs" in shown and "Which host?" in shown
    assert 'kanban unblock 1 --note "…"   or   kanban cancel 1' in shown


def test_what_holds_up_most_comes_first(kanban, ask):
    kanban("create", "Small")
    kanban("create", "Big")
    kanban("create", "Then this", "--depends-on", "#2")
    kanban("create", "Then that", "--depends-on", 3)
    ask(1)
    ask(2)
    assert kinds(kanban) == [("question", 2), ("question", 1)]
    assert "holds up 2 more" in kanban("inbox").out


def test_an_approval_stands_for_its_ticket(kanban, app):
    kanban("create", "Restart the router")
    run_id = app.store.runs.claim(NewRun(Purpose.WORK, "cody", "m", 1), app.clock(), 60)
    worker = Caller(Mover.RUNNER, "cody", run_id)
    asked = Asked(ToolCall("c1", "shell", '{"command": "reboot"}'), "hash", "it reboots a host", 1)
    app.store.approvals.ask(Scribe(run_id, run_id), asked, worker, app.clock())
    app.store.runs.end(run_id, Ending(Outcome.PARKED, "approval 1"), worker, app.clock())
    assert kinds(kanban) == [("approval", 1)]
    assert "kanban approve 1   or   kanban deny 1" in kanban("inbox").out


def test_triage_for_the_person_a_failed_request_and_a_broken_file_wait_too(kanban, app):
    kanban("create", "Sort this", "--assign", "human")
    _, talk = app.store.runs.open_talk("Why?", NewRun(Purpose.CHAT, "ginger", "m"), THE_PERSON, app.clock(), 60)
    app.store.runs.end(talk, Ending(Outcome.FAILED, "no key"), THE_DISPATCHER, app.clock())
    (app.home.path / "profiles" / "cody.yaml").write_text("name: cody\nrole: pilot\n")
    assert sorted(kinds(kanban), key=str) == [("file", None), ("request", None), ("triage", 1)]
    shown = kanban("inbox").out
    assert shown.startswith("file") and "cody.yaml:" in shown
    assert "request 1 has no answer: no key" in shown and "kanban request retry 1" in shown


def test_kanban_alone_shows_the_inbox_and_without_a_home_the_help(kanban, tmp_path):
    kanban("create", "Sort this", "--assign", "human")
    alone = kanban()
    assert alone.status == 0 and "triage  #1  Sort this" in alone.out
    helped = kanban("--home", tmp_path / "nowhere")
    assert helped.status == 0 and "Usage: kanban" in helped.out


def test_a_stop_of_everything_is_said_first_and_how_to_lift_it(kanban, ask):
    kanban("create", "Move the logs")
    ask(1)
    assert "no run was ended" in kanban("stop", "--all", "--reason", "fire").err
    assert kinds(kanban)[0] == ("stop", None)
    shown = kanban("inbox").out
    assert "everything is stopped: fire" in shown and "kanban stop --lift" in shown
    assert "everything is stopped: fire" in kanban("list").err
    assert kanban("ask", "What now?").status != 0
    assert "work goes on" in kanban("stop", "--lift").err
    assert "nothing was stopped" in kanban("stop", "--lift").err
    assert kinds(kanban) == [("question", 1)]


def test_stop_wants_to_know_which(kanban):
    assert kanban("stop").status == 2 and "--all" in kanban("stop").err
    assert kanban("stop", "--all", "--lift").status == 2
