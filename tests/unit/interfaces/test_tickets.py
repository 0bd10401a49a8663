"""`create`, `list`, `show`, `lint`, `stale`: what is on the board."""

import json
import time

import pytest

from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, Caller, Mover
from kanban.service.shapes import LINE_FIELDS, TICKET_FIELDS
from kanban.store.leadership import Leadership
from kanban.store.runs import Process

BRIEF = {
    "goal": "Write a tool that lists the biggest folders of /usr",
    "context": "caf\u00e9 \U0001f600",
    "targets": [{"path": "tool.py"}],
    "steps": ["Write tool.py"],
    "criteria": [{"text": "It runs", "check": "python3 tool.py"}],
    "deliverables": ["tool.py"],
    "category": "code",
}

# What a ticket carries at least, as other programs rely on it.
TICKET = {
    *("id", "title", "status", "assignee", "block_reason", "request_id", "depends_on", "priority", "kind", "brief"),
    *("body", "created_at", "updated_at", "runs", "comments", "artifacts", "cost_usd"),
}
RUN = {
    *("id", "ticket_id", "request_id", "purpose", "profile", "model", "outcome", "turns", "started_at", "ended_at"),
    *("prompt_tokens", "completion_tokens", "cost_usd", "error", "route_reason"),
}


def test_a_ticket_is_created_and_shown(kanban):
    created = kanban("create", "Fix the tile", "--assign", "scout", "--priority", 3)
    assert (created.status, created.out) == (0, "#1 ready  Fix the tile\n")
    shown = kanban("show", 1)
    assert shown.out.startswith("#1 Fix the tile\nready for 0s · scout · priority 3 · by person\n")


def test_a_ticket_as_json_carries_what_others_rely_on(kanban, claim):
    kanban("create", "first")
    kanban("create", "second", "--depends-on", 1)
    run_id = claim(1)
    ticket = kanban("show", 1, "--json").data
    assert set(ticket) >= TICKET and set(ticket["runs"][0]) >= RUN
    assert ticket["runs"][0]["id"] == run_id and ticket["runs"][0]["outcome"] is None
    assert ticket["created_at"].endswith("+00:00")
    assert kanban("show", 2, "--json").data["depends_on"] == [1]


def test_every_command_that_changes_a_ticket_can_print_it_as_json(kanban):
    changes = [
        ("create", "a ticket"),
        ("comment", 1, "hello"),
        ("edit", 1, "--priority", 2),
        ("block", 1, "--reason", "other"),
        ("unblock", 1),
        ("assign", 1, "cody"),
        ("cancel", 1),
    ]
    for change in changes:
        assert set(kanban(*change, "--json").data) >= TICKET


def test_a_json_body_becomes_a_structured_brief(kanban, tmp_path):
    file = tmp_path / "brief.json"
    file.write_text(json.dumps(BRIEF, indent="\t"))
    kanban("create", "A tool", "--body", file)
    ticket = kanban("show", 1, "--json").data
    [criterion] = ticket["brief"]["criteria"]
    assert criterion.items() >= {"text": "It runs", "check": "python3 tool.py", "host": "local"}.items()
    assert ticket["brief"]["context"] == BRIEF["context"]
    assert "check in the workspace: `python3 tool.py`" in kanban("show", 1).out


def test_plain_text_stays_as_it_was_typed(kanban):
    kanban("create", "A wish", "--body", "-", stdin="naïve:\n\n  indented\n".encode())
    assert kanban("show", 1, "--json").data["body"] == "naïve:\n\n  indented\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"goal": "x",\n "stepps": []}', ["stdin:2: stepps: unknown key", "did you mean 'steps'?"]),
        (b'{"goal": "x",\n "targets": [{"pth": "a"}]}', ["targets[0].pth: unknown key", "did you mean 'path'?"]),
        (b'{"goal": "x",\n oops}', ["stdin:2: is not JSON"]),
        (b'{"goal": "x", "est_turns": "many"}', ["stdin:1: est_turns"]),
        (b"[" * 5, []),
        (b"{" + b'"a": {' * 100_000, ["stdin"]),
        (b"caf\xe9", ["stdin:1: is not UTF-8 text"]),
        (b"x" * 1_000_001, ["is larger than 1000 kB"]),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_its_place(kanban, body, told):
    result = kanban("create", "A tool", "--body", "-", stdin=body)
    assert result.status == (2 if told else 0)
    assert all(words in result.err for words in told)
    assert len(kanban("list", "--json").data) == (0 if told else 1)


def test_a_body_file_that_is_not_there_is_told(kanban, tmp_path):
    result = kanban("create", "A tool", "--body", tmp_path / "nowhere.md")
    assert result.status == 2 and "nowhere.md cannot be read" in result.err


def test_f04_an_unknown_assignee_is_refused_with_the_known_names(kanban):
    result = kanban("create", "A tool", "--assign", "codi")
    assert result.status == 2
    assert "no profile is called 'codi'" in result.err and "cody" in result.err and "human" in result.err
    assert kanban("list", "--json").data == []


@pytest.mark.parametrize("words", [("--depends-on", 7), ("--request", 7)])
def test_what_a_new_ticket_refers_to_must_be_there(kanban, words):
    result = kanban("create", "A tool", *words)
    assert result.status == 3 and "7" in result.err
    assert kanban("list", "--json").data == []


def test_a_ticket_needs_a_title(kanban):
    assert kanban("create", "  ").status == 2


def test_f11_an_idempotency_key_creates_one_ticket(kanban):
    first = kanban("create", "once", "--idempotency-key", "k", "--json").data
    again = kanban("create", "once", "--idempotency-key", "k", "--json").data
    assert first["id"] == again["id"]


def test_what_is_vague_is_a_warning_and_the_ticket_is_taken(kanban):
    created = kanban("create", "Do it", "--body", "-", stdin=b"figure it out somehow, etc.")
    assert created.status == 0 and "warning: body, line 1" in created.err
    findings = kanban("lint", 1, "--json").data
    assert findings and {"code", "place", "message", "severity"} == set(findings[0])
    assert findings[0]["message"] in kanban("lint", 1).out


def test_lint_of_a_brief_is_the_lint_that_ginger_gets(kanban):
    kanban("create", "A tool", "--body", "-", stdin=json.dumps(BRIEF | {"steps": []}).encode())
    assert [found["place"] for found in kanban("lint", 1, "--json").data] == ["steps"]


def test_a_clear_ticket_says_so(kanban):
    kanban("create", "A tool", "--body", "-", stdin=json.dumps(BRIEF).encode())
    linted = kanban("lint", 1)
    assert (linted.status, linted.out, linted.err) == (0, "", "#1 is clear\n")


def test_the_list_is_a_table_of_what_is_open(kanban):
    kanban("create", "first", "--assign", "cody")
    kanban("create", "second")
    kanban("create", "third")
    kanban("cancel", 3)
    listed = kanban("list")
    assert [line.split() for line in listed.out.splitlines()] == [
        ["#", "STATUS", "ASSIGNEE", "SINCE", "TITLE"],
        ["2", "ready", "-", "0s", "second"],
        ["1", "ready", "cody", "0s", "first"],
    ]
    assert [ticket["id"] for ticket in kanban("list", "--all", "--json").data] == [3, 2, 1]


def test_the_list_narrows(kanban, app):
    request = app.store.requests.open("why?", THE_PERSON, app.clock())
    kanban("create", "a 100% tile", "--assign", "cody", "--request", request)
    kanban("create", "b", "--assign", "scout")
    kanban("create", "c")
    kanban("block", 3, "--reason", "other")

    def numbers(*words):
        return [ticket["id"] for ticket in kanban("list", *words, "--json").data]

    assert numbers("--assignee", "cody") == [1]
    assert numbers("--text", "100%") == [1]
    assert numbers("--request", request) == [1]
    assert numbers("--status", "blocked", "--status", "ready") == [3, 2, 1]
    assert numbers("--limit", 1, "--offset", 1) == [2]
    assert kanban("list", "--request", 9).status == 3
    assert kanban("list", "--status", "bleu").status == 2


def test_the_list_says_how_many_more_there_are(kanban):
    for number in range(3):
        kanban("create", f"ticket {number}")
    assert "2 more; --offset 1 goes on" in kanban("list", "--limit", 1).err
    assert "more" not in kanban("list").err


def test_the_list_says_what_waits_for_the_person(kanban):
    kanban("create", "a question", "--assign", "human")
    kanban("create", "b")
    kanban("block", 2, "--reason", "needs_input")
    assert "2 tickets wait for you" in kanban("list").err


def test_f05_a_board_without_a_dispatcher_says_so(kanban, app):
    assert "no dispatcher has run yet" in kanban("list").err
    leadership = Leadership(app.store.db, Process(1, 1.0, "here"))
    leadership.take(time.time() - 7_300, 30)
    assert "no dispatcher since 2h" in kanban("list").err
    leadership.take(time.time(), 30)
    assert "dispatcher" not in kanban("list").err


@pytest.mark.parametrize(
    ("reason", "way"),
    [
        ("needs_input", "kanban unblock 1 --note"),
        ("missing_access", "kanban host check"),
        ("unroutable", "kanban rubric explain 1"),
        ("failure_limit", "kanban assign 1 P"),
    ],
)
def test_a_blocked_ticket_says_why_and_what_the_person_can_do(kanban, reason, way):
    kanban("create", "A tool")
    kanban("block", 1, "--reason", reason, "--why", "which of the two?")
    shown = kanban("show", 1).out
    assert f"blocked ({reason})" in shown and "which of the two?" in shown and way in shown


def test_the_page_of_a_ticket_shows_what_came_of_it(kanban, app, claim, home):
    kanban("create", "A tool")
    run_id = claim(1)
    caller = Caller(Mover.RUNNER, "cody", run_id)
    app.store.board.note(1, "check_failed", "It runs: python3 tool.py", caller, app.clock())
    app.store.board.note(1, "check_passed", "It runs: python3 tool.py", caller, app.clock())
    app.store.board.note(1, "check_failed", "It is fast: time", caller, app.clock())
    app.store.records.add_artifact(run_id, 1, "tool.py", f"runs/{run_id}/workspace/tool.py", "file", 12, app.clock())
    app.store.records.add_artifact(run_id, 1, "x", "webb:/srv/x", "remote", 5, app.clock())
    shown = kanban("show", 1).out
    assert "passed  It runs: python3 tool.py" in shown and "failed  It is fast: time" in shown
    assert f"{home}/runs/{run_id}/workspace/tool.py  12 bytes" in shown
    assert "webb:/srv/x  5 bytes" in shown
    paths = [artifact["path"] for artifact in kanban("show", 1, "--json").data["artifacts"]]
    assert paths == [f"{home}/runs/{run_id}/workspace/tool.py", "webb:/srv/x"]


def test_stale_tickets_are_listed(kanban, app, claim):
    assert kanban("stale").err == "no tickets\n"
    kanban("create", "slow")
    app.store.runs.end(claim(1), Ending(Outcome.STALE, "no progress for 4 h"), THE_DISPATCHER, app.clock())
    assert "slow" in kanban("stale").out
    assert [ticket["status"] for ticket in kanban("stale", "--json").data] == ["stale"]
    assert "no progress for 4 h" in kanban("show", 1).out


# -- lists for programs, and tickets by the number that is printed ---------------------------------------------------


@pytest.fixture
def five(kanban):
    for number in range(5):
        kanban("create", f"Ticket {number}")


def test_a_list_for_programs_says_how_many_there_are_and_where_it_goes_on(kanban, five):
    first = kanban("list", "--json", "--limit", 2).envelope
    assert ([ticket["id"] for ticket in first["data"]], first["total"], first["next"]) == ([5, 4], 5, 2)
    last = kanban("list", "--json", "--limit", 2, "--offset", 4).envelope
    assert ([ticket["id"] for ticket in last["data"]], last["total"], last["next"]) == ([1], 5, None)
    assert len(kanban("list", "--json", "--limit", 0).data) == 5


def test_a_list_for_programs_holds_no_bodies_and_runs_unless_asked(kanban, five):
    ticket = kanban("list", "--json").data[0]
    assert not {"body", "brief", "runs", "comments", "artifacts"} & ticket.keys() and ticket["title"] == "Ticket 4"
    assert kanban("list", "--json", "--fields", "id,runs", "--limit", 1).data == [{"id": 5, "runs": []}]
    assert tuple(sorted(ticket)) == tuple(sorted(LINE_FIELDS))
    assert kanban("list", "--json", "--fields", "title,id", "--limit", 1).data == [{"title": "Ticket 4", "id": 5}]
    whole = kanban("list", "--json", "--fields", "all", "--limit", 1).data[0]
    assert tuple(sorted(whole)) == tuple(sorted(TICKET_FIELDS)) and whole == kanban("show", 5, "--json").data
    refused = kanban("list", "--json", "--fields", "id,colour")
    assert refused.status == 2 and "no field is called 'colour'" in refused.error["message"]


def test_an_assignee_that_nobody_knows_is_an_error(kanban, five):
    refused = kanban("list", "--assignee", "codi")
    assert refused.status == 2 and "no profile is called 'codi'" in refused.err
    assert kanban("list", "--assignee", "cody").status == 0


@pytest.mark.parametrize("written", ["#3", "3", " 3 "])
def test_a_ticket_is_named_as_it_is_printed(kanban, five, written):
    assert kanban("show", written, "--json").data["id"] == 3
    assert "#3" in kanban("why", written).out


@pytest.mark.parametrize("written", ["##3", "three", "-3", "3.0", "9" * 20, "٣"])
def test_what_is_no_number_of_a_ticket_is_told(kanban, five, written):
    refused = kanban("show", "--", written)
    assert refused.status == 2 and "is not the number of a ticket, such as 12 or #12" in refused.err
