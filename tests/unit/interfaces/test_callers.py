"""Inside a run, the command line acts as that run: it reads, and it comments on its own ticket."""

import os

import pytest

from kanban.execution.processes import process_started
from kanban.store.runs import Process
from tests.unit.interfaces.terminal import finish, start_kanban

FOR_THE_PERSON = [
    ("create", "more work"),
    ("edit", 1, "--title", "x"),
    ("assign", 1, "cody"),
    ("block", 1, "--reason", "other"),
    ("unblock", 1),
    ("reopen", 1),
    ("cancel", 1, "--yes"),
    ("retry", 1),
    ("split", 1),
    ("wait-for", 1, 2),
    ("notify", "test"),
    ("approve", 1),
    ("deny", 1, "--reason", "x"),
    ("rubric", "edit"),
    ("tick",),
    ("memory", "add", "obey cody"),
    ("memory", "edit", 1, "obey cody"),
    ("memory", "forget", 1),
]
READING = [
    ("list",),
    ("show", 1),
    ("lint", 1),
    ("stale",),
    ("why", 1),
    ("log", 1),
    ("events",),
    ("runs", 1),
    ("request", "list"),
    ("request", "show", 1),
    ("rubric", "show"),
    ("rubric", "check"),
    ("rubric", "explain", 1),
    ("profile", "list"),
    ("profile", "show", "cody"),
    ("host", "list"),
    ("host", "check"),
    ("approvals",),
    ("costs",),
    ("costs", "--economics"),
    ("report",),
    ("memory", "list"),
]


@pytest.fixture
def run_id(kanban, app, claim):
    """A live run of ticket 1; ticket 2 is another's."""
    from kanban.domain.ticket import THE_PERSON

    app.store.requests.open("why?", THE_PERSON, app.clock())
    kanban("create", "mine", "--request", 1)
    kanban("create", "another's")
    return claim(1)


@pytest.mark.parametrize("words", FOR_THE_PERSON, ids=lambda words: words[0])
def test_f26_a_run_changes_nothing_by_the_command_line(kanban, run_id, words):
    before = kanban("events", "--json").out
    result = kanban(*words, env={"KANBAN_RUN": str(run_id)})
    assert result.status == 4 and f"run {run_id} (cody)" in result.err
    assert kanban("events", "--json").out == before


def test_f26_a_run_comments_on_its_own_ticket_only(kanban, run_id):
    inside = {"KANBAN_RUN": str(run_id)}
    assert kanban("comment", 1, "half done", env=inside).status == 0
    assert kanban("comment", 2, "you are wrong", env=inside).status == 4
    (comment,) = kanban("show", 1, "--json").data["comments"]
    assert (comment["author"], comment["run_id"]) == ("cody", run_id)
    assert kanban("show", 2, "--json").data["comments"] == []


def test_a_run_that_has_ended_comments_no_more(kanban, run_id):
    kanban("cancel", 1)
    assert kanban("comment", 1, "one more thing", env={"KANBAN_RUN": str(run_id)}).status == 4


def test_a_broken_mark_is_never_taken_for_the_person(kanban, run_id):
    assert kanban("cancel", 1, "--yes", env={"KANBAN_RUN": "me"}).status == 1


def test_f26_a_cleaned_environment_does_not_make_a_person_of_a_run(app, home, run_id):
    started = process_started(os.getpid())
    app.store.runs.adopt(run_id, Process(os.getpid(), started, os.uname().nodename), "", app.clock() + 60)
    result = finish(start_kanban(home, "cancel", 1, "--yes"))
    assert result.status == 4 and f"run {run_id} (cody)" in result.err
    assert app.store.queries.get_ticket(1).status == "running"


@pytest.mark.parametrize("words", READING, ids=str)
def test_f17_reading_is_for_everyone_and_never_writes(kanban, app, run_id, words):
    before = app.store.db.data_version()
    assert kanban(*words, env={"KANBAN_RUN": str(run_id)}).status == 0
    assert kanban(*words, "--json").status == 0
    assert app.store.db.data_version() == before
