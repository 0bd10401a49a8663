"""`why`, `retry`, `split`, `wait-for`: what a ticket waits for, and how the person changes that."""

import os
import subprocess

import pytest

from kanban.execution.processes import is_alive, process_started
from kanban.files.settings import mark_environment
from kanban.store.runs import Process


@pytest.fixture
def ticket(kanban):
    kanban("create", "A tool", "--assign", "cody")
    return 1


def show(kanban, number=1):
    return kanban("show", number, "--json").data


# -- why --------------------------------------------------------------------------------------------------------------


def test_why_is_one_paragraph(kanban, ticket):
    told = kanban("why", ticket)
    assert told.status == 0 and told.out.count("\n") == 1
    assert told.out.startswith("#1 has been ready for ")
    assert "It goes to cody: cody was asked for. No daemon dispatches; once one does, cody starts." in told.out
    assert "You can: `kanban assign 1 PROFILE`, `kanban block 1 --reason other`." in told.out


def test_why_as_data_has_its_parts(kanban, ticket):
    data = kanban("why", ticket, "--json").data
    assert set(data) == {"ticket", "state", "waits_for", "happens_next", "ways_on"}
    assert data["ticket"] == 1 and data["ways_on"][0] == "kanban assign 1 PROFILE"


def test_why_of_what_is_not_there_is_not_found(kanban):
    assert kanban("why", 99).status == 3
    assert kanban("why", 99, "--json").error["code"] == "not_found"


def test_f17_why_changes_nothing(kanban, app, ticket):
    kanban("why", ticket)
    before = app.store.db.data_version()
    kanban("why", ticket, "--json")
    assert app.store.db.data_version() == before


def test_why_obeys_no_control_character_of_a_ticket(kanban, ticket):
    kanban("block", ticket, "--reason", "other", "--why", "\x1b]0;owned\x07")
    assert "\\x1b]0;owned\\x07" in kanban("why", ticket).out


# -- retry ------------------------------------------------------------------------------------------------------------


def test_a_retry_lets_it_go_on_with_a_note(kanban, ticket):
    kanban("block", ticket, "--reason", "other")
    assert kanban("retry", ticket, "--note", "the disk is free").out == "#1 ready  A tool\n"
    assert show(kanban)["comments"][0]["text"] == "the disk is free"


def test_a_retry_of_what_was_given_up_is_refused(kanban, ticket):
    kanban("cancel", ticket)
    assert kanban("retry", ticket).status == 4


@pytest.fixture
def working(app, claim, ticket):
    """A live run of ticket 1 with a process, and a child that left its process tree."""
    run_id = claim(ticket)
    environment = {**os.environ, **mark_environment(app.home.path, run_id)}
    worker = subprocess.Popen(["sleep", "60"], start_new_session=True)
    stray = subprocess.Popen(["sleep", "60"], start_new_session=True, env=environment)
    process = Process(worker.pid, process_started(worker.pid), os.uname().nodename)
    app.store.runs.adopt(run_id, process, "", app.clock() + 60)
    yield worker, stray
    for left in (worker, stray):
        left.kill()
        left.wait()


@pytest.mark.parametrize("words", [("retry", 1), ("cancel", 1), ("block", 1, "--reason", "other")], ids=lambda w: w[0])
def test_f10_stopping_a_run_ends_all_it_started_before_the_command_returns(kanban, working, words):
    assert kanban(*words).status == 0
    assert [is_alive(process.pid, None) for process in working] == [False, False]


def test_a_command_that_is_refused_stops_nothing(kanban, working):
    assert kanban("retry", 1, env={"KANBAN_RUN": "1"}).status == 4
    assert all(is_alive(process.pid, None) for process in working)


# -- split ------------------------------------------------------------------------------------------------------------


def test_a_ticket_to_be_split_goes_to_ginger_with_the_persons_idea(kanban, ticket):
    assert kanban("split", ticket, "--note", "one for each manufacturer").out == "#1 triage  A tool\n"
    assert (show(kanban)["assignee"], show(kanban)["comments"][0]["text"]) == ("default", "one for each manufacturer")


def test_what_runs_is_not_split(kanban, ticket, claim):
    claim(ticket)
    assert kanban("split", ticket).status == 4


# -- wait-for ---------------------------------------------------------------------------------------------------------


def test_a_ticket_is_made_to_wait_and_let_go_again(kanban, ticket):
    kanban("create", "Another")
    assert kanban("wait-for", 2, 1).out == "#2 todo  Another\n"
    assert show(kanban, 2)["depends_on"] == [1]
    assert kanban("wait-for", 2, 1, "--no-longer").status == 0
    assert show(kanban, 2)["depends_on"] == []


@pytest.mark.parametrize(("number", "needed", "status"), [(1, 1, 2), (1, 2, 2), (1, 99, 3), (99, 1, 3)])
def test_what_cannot_wait_is_told(kanban, ticket, number, needed, status):
    kanban("create", "Another", "--depends-on", 1)
    told = kanban("wait-for", number, needed)
    assert told.status == status and told.err.startswith("error: ")
    assert show(kanban)["status"] == "ready"


def test_what_does_not_wait_cannot_stop_waiting(kanban, ticket):
    kanban("create", "Another")
    assert kanban("wait-for", 2, 1, "--no-longer").status == 2
