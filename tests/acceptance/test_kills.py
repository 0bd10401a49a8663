"""kill -9 at the moments that hurt: nothing is lost, no turn is paid for twice, no effect is silently repeated."""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from kanban.domain.outcome import Outcome
from kanban.domain.ticket import THE_PERSON, Status
from kanban.files.settings import TOKEN_VARIABLE
from kanban.files.yamlfile import edit_yaml
from tests.support.daemon import daemon, wait_for, wait_for_status
from tests.support.home import edit_profile, file_ticket, make_home
from tests.support.openai_server import call
from tests.support.stories import count_repeated, last_answers

LEASE = 2.0
UNKNOWN = "interrupted after the following call was started"


@pytest.fixture
def home(tmp_path, openai_server):
    return make_home(tmp_path / "home", openai_server, lease_seconds=LEASE, max_runs_per_ticket=40)


def live_run(home):
    (run,) = home.store.due.live_runs()
    return run


def outcomes(home, ticket_id):
    return [run.outcome for run in home.store.queries.runs_of_ticket(ticket_id)]


def cut_the_power(started):
    """The daemon, what runs are forked from, and every process of every run, all at once."""
    ours = psutil.Process(started.process.pid)
    for process in [ours, *ours.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    started.process.wait()


def processes_of_runs(home):
    """What the runs of this home have started and is still alive."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(TOKEN_VARIABLE, "").startswith(f"{home.home.path.resolve()}#"):
                found.append(process)
    return found


def count_promoted(home):
    return home.store.db.read("SELECT COUNT(*) FROM event WHERE old_status = 'todo' AND new_status = 'ready'")[0][0]


def all_done(home, tickets):
    return all(home.store.queries.get_ticket(number).status == Status.DONE for number in tickets)


def check_the_log_replays(home):
    """The log alone tells every ticket's status."""
    told = {}
    for event in home.store.queries.events_after(0, limit=100_000):
        if event.new_status is not None:
            assert told.get(event.ticket_id) == event.old_status, f"event {event.id} does not follow"
            told[event.ticket_id] = event.new_status
    assert told == {row.id: row.status for row in home.store.db.read("SELECT id, status FROM ticket")}


@pytest.mark.slow
def test_killed_between_act_and_record_the_effect_is_looked_for_and_not_repeated(home, stage, tmp_path):
    """The command has done what it does, and its process dies before anybody wrote that down."""
    ledger = tmp_path / "ledger"
    stage.part(
        "cody",
        "Pay the bill",
        call("shell", command=f"echo paid >> {ledger}; sleep 60"),
        call("shell", command=f"cat {ledger}"),
        call("complete", summary="It was paid already."),
    )
    ticket = file_ticket(home, "Pay the bill")
    with daemon(home):
        wait_for(home, ledger.exists)
        os.kill(live_run(home).pid, signal.SIGKILL)
        wait_for_status(home, ticket, Status.DONE)
    assert outcomes(home, ticket) == [Outcome.INFRASTRUCTURE, Outcome.DONE]
    assert ledger.read_text() == "paid\n"
    second = stage.requests_of("cody")[1]
    assert UNKNOWN in last_answers(second)[-1] and "echo paid" in last_answers(second)[-1]
    assert count_repeated(stage.requests_of("cody")) == 0


@pytest.mark.slow
def test_killed_between_claim_and_launch_the_ticket_is_found_and_done(home, stage):
    """The claim is on the board, the order to fork is on its way, and everything dies."""
    stage.part("cody", "Sweep the yard", call("complete", summary="Swept."))
    with daemon(home) as started:
        wait_for_status(home, file_ticket(home, "Sweep the yard first"), Status.DONE)
        (server,) = psutil.Process(started.process.pid).children()
        server.suspend()
        ticket = file_ticket(home, "Sweep the yard again")
        wait_for_status(home, ticket, Status.RUNNING)
        assert live_run(home).pid is None
        cut_the_power(started)
    with daemon(home):
        wait_for_status(home, ticket, Status.DONE)
    assert outcomes(home, ticket) == [Outcome.INFRASTRUCTURE, Outcome.DONE]
    assert count_repeated(stage.requests_of("cody", "again")) == 0
    check_the_log_replays(home)


@pytest.mark.slow
def test_killed_in_the_middle_of_complete_the_checks_run_again_and_nothing_is_asked_again(home, stage, tmp_path):
    """The worker said that it is done; the model need not say so twice."""
    door, count = tmp_path / "door", tmp_path / "count"
    stage.part(
        "cody",
        "Bake the bread",
        call("write_file", path="note.txt", content="bread\n"),
        call("complete", summary="Baked."),
    )
    edit_profile(home.home.path, "cody", failure_limit=3)
    slow = f"test -f note.txt || exit 1; echo x >> {count}; until [ -e {door} ]; do sleep 0.05; done"
    ticket = file_ticket(home, "Bake the bread", "grep -q bread note.txt", slow)
    with daemon(home):
        for times in (1, 2):
            wait_for(home, lambda times=times: count.exists() and len(count.read_text().split()) == times)
            os.kill(live_run(home).pid, signal.SIGKILL)
        wait_for(home, lambda: len(count.read_text().split()) == 3)
        door.touch()
        wait_for_status(home, ticket, Status.DONE)
    assert outcomes(home, ticket) == [Outcome.INFRASTRUCTURE, Outcome.INFRASTRUCTURE, Outcome.DONE]
    assert len(stage.requests_of("cody")) == 2
    assert processes_of_runs(home) == []


@pytest.mark.slow
def test_a_daemon_killed_during_a_tick_has_done_part_of_it_and_the_next_does_the_rest(home, stage):
    """A thousand tickets become ready in one tick; the daemon dies among them."""
    edit_yaml(home.home.path / "kanban.yaml", lambda data: data.update(slots=1))
    stage.part("cody", "Pull the weed", call("shell", command="sleep 60"))
    first = file_ticket(home, "Read the plan", assignee="human")
    tickets = [file_ticket(home, f"Pull the weed {number}", depends_on=[first]) for number in range(1000)]
    home.store.board.assign(first, "cody", THE_PERSON, time.time())
    stage.part("cody", "Read the plan", call("complete", summary="Read."))
    with daemon(home) as started:
        wait_for(home, lambda: count_promoted(home))
        started.stop(signal.SIGKILL)
    assert 0 < count_promoted(home) < len(tickets)
    with daemon(home):
        wait_for(home, lambda: count_promoted(home) == len(tickets))
    check_the_log_replays(home)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_power_cuts_at_random_moments_lose_nothing_and_repeat_nothing(home, stage, tmp_path):
    """Again and again everything dies at once; in the end each ticket is done and each effect is there exactly once."""
    edit_profile(home.home.path, "cody", failure_limit=40, max_parallel=4)

    def work(request, found):
        """As a careful worker does it: act, and where the outcome is unknown look before acting again."""
        ledger = tmp_path / f"ledger.{found[1]}"
        act = call("shell", command=f"sleep 0.3; echo paid >> {ledger}; sleep 0.3")
        answers = last_answers(request)
        if not answers or answers[-1] == "nothing there":
            return act
        if UNKNOWN in answers[-1] or "look again" in answers[-1]:
            return call("shell", command=f"if [ -e {ledger} ]; then echo it is there; else echo nothing there; fi")
        if answers[-1].endswith("nothing there"):
            return act
        return call("complete", summary="Paid.")

    stage.part("cody", r"Pay bill (\d+)", *[work] * 60)
    tickets = [
        file_ticket(home, f"Pay bill {number}", f"test $(grep -c paid {tmp_path}/ledger.{number}) -eq 1")
        for number in range(8)
    ]
    choose = random.Random(7)
    for _ in range(6):
        with daemon(home) as started:
            wait_for(home, lambda: home.store.due.live_runs() or all_done(home, tickets))
            time.sleep(choose.uniform(0.0, 2.0))
            cut_the_power(started)
    with daemon(home):
        wait_for(home, lambda: all_done(home, tickets), seconds=90)
        wait_for(home, lambda: not processes_of_runs(home))
    assert [Path(tmp_path / f"ledger.{number}").read_text() for number in range(8)] == ["paid\n"] * 8
    requests = stage.requests_of("cody")
    recorded = sum(run.turns for ticket in tickets for run in home.store.queries.runs_of_ticket(ticket))
    assert count_repeated(requests) <= len(requests) - recorded  # only what was on its way when the power went
    assert Outcome.INFRASTRUCTURE in {outcome for ticket in tickets for outcome in outcomes(home, ticket)}
    check_the_log_replays(home)
