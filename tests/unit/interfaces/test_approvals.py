"""`approvals`, `approve` and `deny`: the person's answer to one exact call."""

import json

import pytest

from kanban.domain.message import ToolCall
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import Caller, Mover
from kanban.files.rubricfile import add_rule
from kanban.service.approvals import read_proposed_rule
from kanban.store.approvals import Asked
from kanban.store.records import Scribe

COMMAND = "rm -r /srv/old\n\x1b[2K# harmless"


@pytest.fixture
def ask(app, kanban, claim):
    """Has a run of a new ticket ask for a call; returns the approval's number."""

    def ask(tool, arguments, ticket=True):
        number = kanban("create", "A tool", "--json").data["id"]
        run_id = claim(number)
        caller = Caller(Mover.RUNNER, "cody", run_id)
        call = ToolCall(f"call-{run_id}", tool, json.dumps(arguments))
        asked = Asked(call, "hash", "removes a folder outside of the workspace", number if ticket else None)
        approval = app.store.approvals.ask(Scribe(run_id, run_id), asked, caller, app.clock())
        if ticket:
            app.store.runs.end(run_id, Ending(Outcome.PARKED, f"waits for approval {approval}"), caller, app.clock())
        return approval

    return ask


@pytest.fixture
def risky(ask):
    return ask("shell", {"command": COMMAND, "host": "webb"})


RULE = {
    "name": "solar",
    "when": {"words": ["solar"]},
    "assign": "cody",
    "reason": "he knows it",
    "said": "Solar is Cody's.",
}


def test_what_waits_shows_the_exact_call(kanban, risky):
    shown = kanban("approvals").out
    assert f"{risky}  shell on webb for #1" in shown and "why: removes a folder" in shown
    assert "    command\n      │ rm -r /srv/old\n      │ \\x1b[2K# harmless\n" in shown
    (approval,) = kanban("approvals", "--json").data
    assert approval["arguments"] == {"command": COMMAND, "host": "webb"} and approval["host"] == "webb"
    assert "kanban approvals" in kanban("show", 1).out


def test_an_approved_call_lets_the_ticket_go_on(kanban, risky):
    approved = kanban("approve", risky)
    assert approved.status == 0 and "#1 is ready" in approved.out
    assert kanban("approvals").err == "nothing waits for your yes\n"


def test_a_denial_needs_a_reason_and_keeps_it(kanban, app, risky):
    assert kanban("deny", risky).status == 2
    denied = kanban("deny", risky, "--reason", "not while the backup runs", "--json").data
    assert (denied["status"], denied["reason"]) == ("denied", "not while the backup runs")


def test_f32_an_approval_is_answered_once(kanban, risky):
    kanban("deny", risky, "--reason", "no")
    again = kanban("approve", risky)
    assert again.status == 4 and "is denied, not pending" in again.err


def test_a_ticket_that_waits_for_an_approval_is_not_let_go_on_otherwise(kanban, risky):
    result = kanban("unblock", 1)
    assert result.status == 4 and f"kanban approve {risky}" in result.err


def test_an_approved_rule_stands_first_in_the_rubric(kanban, ask, home):
    number = ask("propose_rule", RULE, ticket=False)
    assert kanban("approve", number).status == 0
    rubric = kanban("rubric", "show", "--json").data["rubric"]
    assert rubric["rules"][0]["name"] == "solar" and rubric["corrections"][0]["said"] == "Solar is Cody's."
    assert kanban("rubric", "explain", "the solar tile", "--json").data["profile"] == "cody"
    assert "# Hard limits." in (home / "rubric.yaml").read_text()


def test_a_yes_that_was_cut_off_puts_the_rule_in_once(kanban, ask, home, app):
    number = ask("propose_rule", RULE, ticket=False)
    rule, said = read_proposed_rule(app.store.approvals.get(number))
    add_rule(app.home, rule, said, app.clock())  # and then the power went
    assert kanban("approve", number).status == 0
    assert [rule["name"] for rule in kanban("rubric", "show", "--json").data["rubric"]["rules"]].count("solar") == 1


def test_a_rule_that_the_rubric_refuses_leaves_both_as_they_were(kanban, ask, home):
    before = (home / "rubric.yaml").read_text()
    number = ask("propose_rule", RULE | {"assign": "nobody"}, ticket=False)
    result = kanban("approve", number)
    assert result.status == 2 and "nobody" in result.err and "still waits" in result.err
    assert (home / "rubric.yaml").read_text() == before
    assert [approval["id"] for approval in kanban("approvals", "--json").data] == [number]


def test_a_denied_rule_changes_nothing(kanban, ask, home):
    before = (home / "rubric.yaml").read_text()
    kanban("deny", ask("propose_rule", RULE, ticket=False), "--reason", "no")
    assert (home / "rubric.yaml").read_text() == before


def test_an_unknown_approval_is_not_found(kanban):
    assert kanban("approve", 9).status == 3
    assert kanban("deny", 9, "--reason", "x").status == 3


def test_a_proposed_rule_is_shown_with_what_it_would_have_changed(kanban, ask, home):
    kanban("create", "Align the header of the solar tile", "--assign", "scout")
    ask("propose_rule", RULE, ticket=False)
    shown = kanban("approvals").out
    assert "of your last 2 tickets 1 would have gone elsewhere" in shown
    assert "→ cody  Align the header of the solar tile" in shown
