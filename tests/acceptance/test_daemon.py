"""Stops, restarts, kills and take-overs: work goes on, once, from where it was."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from kanban.domain.outcome import Outcome
from kanban.domain.ticket import Status
from kanban.execution.processes import is_alive
from tests.support.daemon import Daemon, daemon, wait_for, wait_for_status
from tests.support.home import edit_profile, file_ticket, make_home
from tests.support.openai_server import call
from tests.support.stories import count_repeated, last_answers

LEASE = 2.0
TITLE = "Write the note"
NOTE = "test -s note.txt"


@pytest.fixture
def home(tmp_path, openai_server):
    """The minute's tick never comes: whatever happens, the board's own change has woken the daemon."""
    return make_home(tmp_path / "home", openai_server, interval_seconds=3600, lease_seconds=LEASE)


@pytest.fixture
def door(tmp_path):
    """What the worker's command waits for."""
    return Path(tmp_path / "door")


def wait_at(door):
    """A command that says when it is there, waits for the door, and leaves a line behind it."""
    return f"touch {door}.reached; until [ -e {door} ]; do sleep 0.05; done; echo through >> {door}.passed"


def is_reached(door):
    return Path(f"{door}.reached").exists()


def count_passed(door):
    passed = Path(f"{door}.passed")
    return len(passed.read_text().split()) if passed.exists() else 0


def play_cody(stage, *doors):
    """Cody writes the note, goes through the doors one after the other, looks whether he got through, and is done."""
    stage.part(
        "cody",
        TITLE,
        call("write_file", path="note.txt", content="A note.\n"),
        *(call("shell", command=wait_at(door)) for door in doors),
        call("shell", command=f"ls {doors[-1]}.passed"),
        call("complete", summary="The note is written."),
    )


def live_run(home):
    (run,) = home.store.due.live_runs()
    return run


def kill_everything(started):
    """The daemon, what runs are forked from, and every run with its commands, all at once."""
    processes = psutil.Process(started.process.pid).children(recursive=True)
    for process in [psutil.Process(started.process.pid), *processes]:
        with suppress(psutil.NoSuchProcess):  # some end by themselves once the daemon is gone
            process.send_signal(signal.SIGKILL)
    started.process.wait()


def kill_fork_server(home, started):
    """The process that runs are forked from; the daemon finds another when it needs one."""
    (server,) = psutil.Process(started.process.pid).children()
    server.kill()
    wait_for(home, lambda: server.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.slow
def test_a_change_on_the_board_wakes_the_daemon(home, stage):
    stage.part("cody", TITLE, call("complete", summary="Done."))
    with daemon(home) as started:
        wait_for(home, lambda: started.has_said("dispatching"))
        first = file_ticket(home, TITLE)
        second = file_ticket(home, f"{TITLE} again", depends_on=[first])
        wait_for_status(home, second, Status.DONE)
        kill_fork_server(home, started)
        wait_for_status(home, file_ticket(home, f"{TITLE} once more"), Status.DONE)
    ready = [event.at for event in home.store.queries.events_after(0, first) if event.new_status == Status.READY]
    assert home.store.queries.view_ticket(first).runs[0].started_at >= ready[0]
    assert (
        home.store.queries.view_ticket(second).runs[0].started_at
        >= home.store.queries.view_ticket(first).runs[0].ended_at
    )


@pytest.mark.slow
def test_f07_a_second_daemon_takes_over_from_one_that_stops_and_from_one_that_is_killed(home, stage, door):
    """A stop leaves running work running; whoever dispatches next takes it up, and it is done once."""
    play_cody(stage, door)
    ticket = file_ticket(home, TITLE, NOTE)
    with daemon(home) as first:
        wait_for(home, lambda: is_reached(door))
        run = live_run(home)
        with daemon(home) as second:
            wait_for(home, lambda: second.has_said("another daemon dispatches"))
            assert first.stop() == 0
            assert first.has_said(f"runs [{run.id}] go on by themselves")
            wait_for(home, lambda: second.has_said(" dispatching\n"))
            with daemon(home) as third:
                wait_for(home, lambda: third.has_said("another daemon dispatches"))
                second.stop(signal.SIGKILL)
                wait_for(home, lambda: third.has_said(" dispatching\n"))
                assert is_alive(run.pid, run.pid_started)
                door.touch()
                wait_for_status(home, ticket, Status.DONE)
    assert [done.outcome for done in home.store.queries.runs_of_ticket(ticket)] == [Outcome.DONE]
    assert count_passed(door) == 1


@pytest.mark.slow
def test_a_stop_that_hands_back_ends_the_run_and_the_next_one_goes_on_from_its_transcript(home, stage, door):
    play_cody(stage, door)
    ticket = file_ticket(home, TITLE, NOTE)
    with daemon(home, "--stop", "hand_back") as first:
        wait_for(home, lambda: is_reached(door))
        run = live_run(home)
        assert first.stop() == 0
        assert home.store.queries.get_ticket(ticket).status == Status.READY
        assert not is_alive(run.pid, run.pid_started)
        door.touch()
        with daemon(home):
            wait_for_status(home, ticket, Status.DONE)
    assert [done.outcome for done in home.store.queries.runs_of_ticket(ticket)] == [Outcome.CANCELLED, Outcome.DONE]
    check_that_it_went_on(stage, door)


@pytest.mark.slow
def test_killed_work_loses_nothing_and_its_started_call_is_never_silently_repeated(home, stage, door):
    """First the worker alone is killed in the middle of a call, then it, the daemon and everything else at once."""
    second_door = door.with_name("second_door")
    play_cody(stage, door, second_door)
    edit_profile(home.home.path, "cody", failure_limit=3)
    ticket = file_ticket(home, TITLE, NOTE)
    first = Daemon(home, "--interval", "0.3")
    wait_for(home, lambda: is_reached(door))
    os.kill(live_run(home).pid, signal.SIGKILL)
    wait_for(home, lambda: is_reached(second_door))
    kill_everything(first)
    assert home.store.queries.get_ticket(ticket).status == Status.RUNNING
    with daemon(home):
        wait_for(home, lambda: len(home.store.queries.runs_of_ticket(ticket)) == 3)
        door.touch()
        second_door.touch()
        wait_for_status(home, ticket, Status.DONE)
    assert [done.outcome for done in home.store.queries.runs_of_ticket(ticket)] == [Outcome.INFRASTRUCTURE] * 2 + [
        Outcome.DONE
    ]
    check_that_it_went_on(stage, door, second_door)


def check_that_it_went_on(stage, *doors):
    """No recorded turn was paid for again; no cut-off call acted, and the model was told of each that it may have."""
    requests = stage.requests_of("cody")
    assert count_repeated(requests) == 0
    assert [count_passed(door) for door in doors] == [0] * len(doors)
    for request in requests[2 : 2 + len(doors)]:
        assert "interrupted after the following call was started" in last_answers(request)[-1]
