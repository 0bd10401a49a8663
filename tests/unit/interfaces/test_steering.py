"""`edit`, `comment`, `assign`, `block`, `unblock`, `reopen`, `cancel`: what the person does to a ticket."""

import json
import sys

import pytest

from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import Caller, Mover
from tests.unit.interfaces.test_tickets import BRIEF


@pytest.fixture
def ticket(kanban):
    """Ticket 1, with a text of its own."""
    kanban("create", "A tool", "--body", "-", stdin=b"the first text")
    return 1


@pytest.fixture
def briefed(kanban):
    """Ticket 1, with a structured brief."""
    kanban("create", "A tool", "--body", "-", stdin=json.dumps(BRIEF).encode())
    return 1


@pytest.fixture
def done(ticket, app, claim):
    run_id = claim(ticket)
    app.store.runs.end(run_id, Ending(Outcome.DONE), Caller(Mover.RUNNER, "cody", run_id), app.clock())
    return ticket


def test_what_was_done_is_undone_the_last_first(kanban, ticket):
    kanban("edit", ticket, "--priority", 7)
    kanban("cancel", ticket, "--why", "no longer needed")
    undone = kanban("undo")
    assert (undone.out, undone.err) == ("#1 ready  A tool\n", "undone: cancel of #1\n")
    assert kanban("undo", "#1", "--json").data["priority"] == 0
    again = kanban("undo", 1)
    assert again.status == 4 and "nothing to undo on ticket 1" in again.err


def test_what_somebody_has_begun_with_is_not_undone(kanban, ticket, claim):
    kanban("assign", ticket, "cody")
    claim(ticket)
    refused = kanban("undo", ticket)
    assert refused.status == 4 and "gone on since your assign: it is running, by dispatcher in run 1" in refused.err


def show(kanban, number=1):
    return kanban("show", number, "--json").data


def test_f39_a_body_is_edited_and_every_version_is_kept(kanban, ticket):
    assert kanban("edit", ticket, "--body", "-", stdin=b"the second text").status == 0
    assert show(kanban)["body"] == "the second text"
    versions = kanban("show", ticket, "--history", "--json").data
    assert [(version["version"], version["body"]) for version in versions] == [
        (1, "the first text"),
        (2, "the second text"),
    ]
    assert "version 1 by person" in kanban("show", ticket, "--history").out


def test_title_and_priority_are_edited(kanban, briefed):
    kanban("edit", briefed, "--title", "A better tool", "--priority", 7)
    ticket = show(kanban)
    assert (ticket["title"], ticket["priority"]) == ("A better tool", 7)
    assert ticket["body"].startswith("# A better tool\n") and ticket["brief"]["goal"] == BRIEF["goal"]
    assert kanban("edit", briefed, "--title", " ").status == 2


def test_without_options_the_text_is_opened_in_the_editor(kanban, ticket):
    edited = kanban("edit", ticket, env={"EDITOR": "sed -i s/first/second/"})
    assert edited.status == 0 and show(kanban)["body"].strip() == "the second text"


def test_an_editor_that_changes_nothing_changes_nothing(kanban, ticket):
    assert kanban("edit", ticket, env={"EDITOR": "true"}).err == "nothing was changed\n"
    assert len(kanban("show", ticket, "--history", "--json").data) == 1


def test_an_editor_that_is_not_there_is_told(kanban, ticket):
    result = kanban("edit", ticket, env={"EDITOR": "/no/such/editor"})
    assert result.status == 1 and "/no/such/editor" in result.err and "set EDITOR" in result.err


def test_a_brief_is_edited_as_json_and_stays_a_brief(kanban, briefed):
    kanban("edit", briefed, env={"EDITOR": "sed -i s/biggest/smallest/"})
    assert "smallest" in show(kanban)["brief"]["goal"]


def test_what_was_typed_is_kept_when_it_cannot_be_taken(kanban, briefed, home):
    result = kanban("edit", briefed, env={"EDITOR": "sed -i s/goal/gaol/"})
    kept = home / "ticket-1.rejected.json"
    assert result.status == 2 and "did you mean 'goal'" in result.err and str(kept) in result.err
    assert "gaol" in kept.read_text() and "gaol" not in show(kanban)["body"]


def test_what_was_changed_while_the_editor_was_open_is_not_overwritten(kanban, ticket, home):
    meanwhile = f"{sys.executable} -m kanban --home {home} edit 1 --body {home}/other"
    (home / "other").write_text("Ginger's words.")
    (home / "editor").write_text(f'#!/bin/sh\n{meanwhile}\necho "My words." > "$1"\n')
    (home / "editor").chmod(0o755)
    result = kanban("edit", ticket, env={"EDITOR": str(home / "editor")})
    assert result.status == 4 and "rejected.md" in result.err
    assert show(kanban)["body"] == "Ginger's words."
    assert (home / "ticket-1.rejected.md").read_text() == "My words.\n"


def test_f22_an_edit_that_drops_a_criterion_says_so(kanban, briefed):
    result = kanban("edit", briefed, "--body", "-", stdin=json.dumps(BRIEF | {"criteria": []}).encode())
    assert "this criterion is gone: It runs (check: python3 tool.py)" in result.err


def test_a_running_ticket_is_not_edited(kanban, ticket, claim):
    claim(ticket)
    result = kanban("edit", ticket, "--title", "other")
    assert result.status == 4 and "block it first" in result.err


def test_a_comment_is_the_persons(kanban, ticket):
    kanban("comment", ticket, "port 8081")
    assert [(comment["author"], comment["text"]) for comment in show(kanban)["comments"]] == [("person", "port 8081")]
    assert "port 8081" in kanban("show", ticket).out
    assert kanban("comment", ticket, " ").status == 2


def test_a_ticket_is_assigned(kanban, ticket):
    assert kanban("assign", ticket, "cody").out == "#1 ready  A tool\n"
    assert kanban("assign", ticket, "human").out == "#1 triage  A tool\n"
    assert kanban("assign", ticket, "codi").status == 2


def test_a_ticket_is_blocked_and_let_go_on(kanban, ticket):
    assert kanban("block", ticket, "--reason", "needs_input", "--why", "where?").status == 0
    assert (show(kanban)["block_reason"], show(kanban)["explanation"]) == ("needs_input", "where?")
    assert kanban("unblock", ticket, "--note", "on webb", "--assign", "scout").status == 0
    assert (show(kanban)["status"], show(kanban)["assignee"]) == ("ready", "scout")
    assert show(kanban)["comments"][0]["text"] == "on webb"


def test_a_block_needs_one_of_the_known_reasons(kanban, ticket):
    assert kanban("block", ticket).status == 2
    refused = kanban("block", ticket, "--reason", "tired")
    assert refused.status == 2 and "needs_input" in refused.err


def test_a_done_ticket_is_reopened(kanban, done):
    assert show(kanban)["status"] == "done"
    assert kanban("reopen", done, "--why", "not quite").out == "#1 ready  A tool\n"


def test_a_cancelled_ticket_stops_its_run(kanban, ticket, claim, app):
    run_id = claim(ticket)
    assert kanban("cancel", ticket, "--why", "no longer needed").out == "#1 cancelled  A tool\n"
    assert app.store.queries.get_run(run_id).outcome == "cancelled"


@pytest.mark.parametrize("words", [("unblock", 1), ("reopen", 1)])
def test_a_move_that_the_table_does_not_have_is_refused(kanban, ticket, words):
    result = kanban(*words)
    assert result.status == 4 and "ticket 1 is ready" in result.err


# -- many at once, and what is done ------------------------------------------------------------------------------------


def test_many_tickets_are_changed_at_once_and_one_that_is_refused_keeps_no_other(kanban):
    for number in range(4):
        kanban("create", f"Ticket {number}")
    kanban("block", 1, "#2", 3, "--reason", "other")
    told = kanban("unblock", 1, 2, 4, 9, 3)
    assert told.status == 4 and [line.split()[:2] for line in told.out.splitlines()] == [
        ["#1", "ready"], ["#2", "ready"], ["#3", "ready"],
    ]  # fmt: skip
    assert "ticket 4 is ready, not blocked or stale" in told.err and "there is no ticket 9" in told.err


def test_many_tickets_for_programs_are_a_list_with_what_failed_beside_it(kanban):
    for number in range(2):
        kanban("create", f"Ticket {number}")
    told = kanban("cancel", 1, 7, 2, "--json")
    assert (told.status, [ticket["status"] for ticket in told.data]) == (3, ["cancelled", "cancelled"])
    assert [(error["ticket"], error["code"]) for error in told.envelope["errors"]] == [(7, "not_found")]
    assert kanban("create", "Alone", "--json").data["id"] == 3
    assert kanban("assign", 3, "scout", "--json").data["assignee"] == "scout"  # one is one, as ever


def test_many_are_given_to_one(kanban):
    for number in range(2):
        kanban("create", f"Ticket {number}")
    assert kanban("assign", 1, 2, "scout").status == 0
    assert {ticket["assignee"] for ticket in kanban("list", "--json").data} == {"scout"}


def test_a_done_ticket_is_neither_tried_again_nor_split_in_passing(kanban, app, claim):
    kanban("create", "Write it")
    run_id = claim(1)
    app.store.runs.end(run_id, Ending(Outcome.DONE), Caller(Mover.RUNNER, "cody", run_id), app.clock())
    for verb in ("retry", "split"):
        refused = kanban(verb, 1)
        assert (
            refused.status == 4 and "ticket 1 is done" in refused.err and "`kanban reopen 1 --why TEXT`" in refused.err
        )
    assert kanban("show", 1, "--json").data["status"] == "done"
    assert kanban("retry", 1, "--yes", "--json").data["status"] == "ready"
