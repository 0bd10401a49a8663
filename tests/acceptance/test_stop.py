"""`kanban stop --all` holds within two seconds whatever runs, and lifted each ticket goes on where it was."""

import signal

import pytest

from kanban.domain.outcome import Outcome
from kanban.domain.ticket import Status
from tests.acceptance.test_kills import processes_of_runs
from tests.support.daemon import daemon, kanban, wait_for, wait_for_status
from tests.support.home import edit_profile, file_ticket, make_home
from tests.support.openai_server import call

BUSY = 4


@pytest.fixture
def home(tmp_path, openai_server):
    home = make_home(tmp_path / "home", openai_server, slots=BUSY)
    edit_profile(home.home.path, "cody", max_parallel=BUSY)
    return home


@pytest.fixture
def busy(home, stage, tmp_path):
    """Tickets whose runs are in the middle of a command that lasts."""
    begun = tmp_path / "begun"
    begun.mkdir()
    tickets = []
    for name in ["one", "two", "three", "four"]:
        command = f"touch {begun}/{name}; sleep 300"
        stage.part("cody", f"Dig hole {name}", call("shell", command=command), call("complete", summary="Dug."))
        tickets.append(file_ticket(home, f"Dig hole {name}"))
    return tickets, lambda: len(list(begun.iterdir())) == BUSY


def stop(home):
    ended = kanban(home, "stop", "--all", "--reason", "the router is on fire")
    assert ended.returncode == 0, ended.stderr


def test_everything_stops_and_goes_on_where_it_was(home, busy):
    tickets, all_busy = busy
    with daemon(home) as started:
        wait_for(home, all_busy)
        stop(home)
        assert processes_of_runs(home) == []  # the command comes back when everything is gone
        assert {home.store.queries.get_ticket(number).status for number in tickets} == {Status.READY}
        wait_for(home, lambda: started.has_said("everything is stopped: the router is on fire"))
        assert home.store.due.live_runs() == []
        assert "Everything is stopped (the router is on fire)" in kanban(home, "why", str(tickets[0])).stdout
        assert kanban(home, "stop", "--lift").returncode == 0
        wait_for_status(home, tickets[0], Status.DONE)
    assert [run.outcome for run in home.store.queries.runs_of_ticket(tickets[0])] == [Outcome.CANCELLED, Outcome.DONE]


@pytest.mark.slow
def test_the_file_alone_stops_runs_whose_daemon_is_gone(home, busy):
    _, all_busy = busy
    with daemon(home) as started:
        wait_for(home, all_busy)
        started.process.send_signal(signal.SIGKILL)
        started.process.wait()
        home.home.stop_file.touch()
        wait_for(home, lambda: not home.store.due.live_runs() and processes_of_runs(home) == [])
