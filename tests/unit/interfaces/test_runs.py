"""`log`, `events`, `runs`: what happened."""

import json
import signal

import pytest

from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import Caller, Mover
from tests.unit.interfaces.terminal import finish, start_kanban


@pytest.fixture
def run_id(kanban, claim):
    """A live run of ticket 1."""
    kanban("create", "A tool")
    return claim(1)


@pytest.fixture
def log(app, run_id):
    file = app.log_file(run_id)
    file.parent.mkdir(parents=True)
    return file


def end(app, run_id):
    app.store.runs.end(run_id, Ending(Outcome.DONE), Caller(Mover.RUNNER, "cody", run_id), app.clock())


def test_the_log_of_the_newest_run_is_shown(kanban, app, run_id, log):
    log.write_text("12:00 calls shell\n")
    assert kanban("log", 1).out == "12:00 calls shell\n"
    shown = kanban("log", 1, "--json").data
    assert shown == {"run_id": run_id, "path": str(log), "text": "12:00 calls shell\n"}


def test_a_ticket_without_a_run_or_a_log_says_so(kanban, run_id):
    assert kanban("log", 1).err == f"run {run_id} of #1 has written no log yet\n"
    kanban("create", "another")
    assert kanban("log", 2).err == "#2 has had no run yet\n"
    assert kanban("runs", 2).err == "#2 has had no run yet\n"


def test_a_log_that_is_no_text_harms_no_terminal(kanban, log):
    log.write_bytes(b"ok \xff\xfe \x1b]0;owned\x07 \x00 end\n")
    assert kanban("log", 1).out == "ok \ufffd\ufffd \\x1b]0;owned\\x07 \\x00 end\n"


def test_of_a_huge_log_the_end_is_shown_from_the_start_of_a_line(kanban, log):
    lines = [f"line {number:08}" for number in range(100_000)]
    log.write_text("\n".join(lines) + "\n")
    shown = kanban("log", 1)
    assert shown.out.splitlines() == lines[-len(shown.out.splitlines()) :]
    assert 60_000 < len(shown.out) <= 64_000 and "--all" in shown.err
    assert kanban("log", 1, "--all").out.splitlines() == lines


def test_of_a_log_of_a_gigabyte_without_a_line_the_end_is_shown(kanban, log):
    with log.open("wb") as file:
        file.truncate(1_000_000_000)  # a file with a hole: it is as long as it says and takes no space
        file.seek(0, 2)
        file.write(b"the end")
    shown = kanban("log", 1)
    assert shown.out.endswith("\\x00the end") and len(shown.out) < 300_000
    assert "999936007 bytes are left out" in shown.err


def test_a_run_of_another_ticket_is_not_shown(kanban, log, run_id):
    kanban("create", "another")
    assert kanban("log", 2, "--run", run_id).status == 3
    assert kanban("log", 1, "--run", 77).status == 3


def test_a_followed_log_goes_on_until_the_run_has_ended(kanban, app, run_id, log, monkeypatch):
    log.write_bytes(b"one\n\xc3")
    looks = []

    def go_on(_seconds):
        """What happens between two looks."""
        looks.append(1)
        with log.open("ab") as file:
            file.write(b"\xa9 two\n" if len(looks) == 1 else b"three\n")
        if len(looks) == 2:
            end(app, run_id)

    monkeypatch.setattr("kanban.interfaces.cli.run.time.sleep", go_on)
    followed = kanban("log", 1, "--follow")
    assert (followed.status, followed.out, len(looks)) == (0, "one\né two\nthree\n", 2)


def test_following_a_run_that_has_ended_ends(kanban, app, run_id, log):
    log.write_text("all of it\n")
    end(app, run_id)
    streamed = [json.loads(line) for line in kanban("log", 1, "--follow", "--json").out.splitlines()]
    assert streamed == [{"run_id": run_id, "text": "all of it\n"}]


def test_the_runs_of_a_ticket_are_listed(kanban, app, run_id):
    end(app, run_id)
    (run,) = kanban("runs", 1, "--json").data
    assert (run["id"], run["profile"], run["outcome"]) == (run_id, "cody", "done")
    assert kanban("runs", 1).out.splitlines()[1].split()[:4] == [str(run_id), "work", "cody", "done"]


def test_events_are_one_json_object_a_line(kanban):
    kanban("create", "first")
    kanban("create", "second")
    kanban("comment", 2, "hello")
    told = [json.loads(line) for line in kanban("events", "--json").out.splitlines()]
    assert [(event["verb"], event["ticket_id"]) for event in told] == [("create", 1), ("create", 2), ("comment", 2)]
    assert set(told[0]) >= {"id", "at", "actor", "verb", "ticket_id", "old_status", "new_status", "why"}
    assert len(kanban("events", "--ticket", 2, "--json").out.splitlines()) == 2
    assert len(kanban("events", "--after", told[0]["id"], "--json").out.splitlines()) == 2
    assert "person comment #2" in kanban("events", "--limit", 1).out
    assert kanban("events", "--ticket", 9).status == 3


def test_followed_events_arrive_as_they_happen(kanban, home):
    kanban("create", "first")
    with start_kanban(home, "events", "--follow", "--json") as follower:
        assert json.loads(follower.stdout.readline())["ticket_id"] == 1
        kanban("create", "second")
        assert json.loads(follower.stdout.readline())["ticket_id"] == 2
        follower.send_signal(signal.SIGINT)
        ended = finish(follower)
    assert ended.status == 1 and "Traceback" not in ended.err
