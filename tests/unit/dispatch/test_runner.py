"""One run in one process: it holds its lease, ends once, and stops when it is told to."""

import multiprocessing
import os
import signal
import sqlite3
import sys
import threading
import time

import pytest

from kanban.dispatch.runner import (
    carry_out,
    end_run,
    end_unstarted,
    hold_lease,
    play,
    this_process,
    write_until_written,
)
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import THE_PERSON, BlockReason
from kanban.errors import BoardError, BoardReplaced, ExecutionError, MovedOn
from kanban.execution.processes import is_alive
from tests.support.scripted import DONE, House, call, model_of
from tests.support.waiting import PATIENCE, wait_until

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def context(house):
    return house.context(house.claim(house.ticket()), model_of(DONE))


def start(house, run_id, *steps):
    """A process that carries the run out, as one forked by the server would."""
    house.script("cody", *steps)
    house.close()

    def child():
        os.setsid()
        sys.stdout = (house.path / "child.log").open("w")
        own = House(house.path)
        own.app.clock = time.time
        carry_out(own.context(run_id), own.app.store.runs)

    process = FORK.Process(target=child)
    process.start()
    return process


def live_claim(house):
    """A ticket claimed at the present time, as processes see it."""
    house.now = time.time()
    ticket = house.ticket()
    return ticket, house.claim(ticket)


# -- how a run ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "outcome", "explanation"),
    [
        (ExecutionError("the disk is full", "free some space"), "failed", "the disk is full (free some space)"),
        (RuntimeError("a bug"), "crashed", "RuntimeError: a bug"),
        (BoardError("the board is damaged", "restore it"), "infrastructure", "the board is damaged (restore it)"),
        (OSError(28, "No space left"), "infrastructure", "OSError: [Errno 28] No space left"),
        (OSError(2, "No such file"), "crashed", "FileNotFoundError: [Errno 2] No such file"),
        (MemoryError("too much"), "infrastructure", "MemoryError: too much"),
    ],
)
def test_whatever_goes_wrong_is_an_end_with_an_explanation(context, error, outcome, explanation):
    def purpose(_):
        raise error

    ending = play(context, purpose)
    assert (ending.outcome, ending.explanation) == (outcome, explanation)


def test_a_run_that_was_ended_from_outside_is_not_ended_again(house, context):
    house.lose(context.run_id)
    with pytest.raises(MovedOn):
        end_run(context, house.app.store.runs, Ending(Outcome.DONE, "late"))
    assert house.run(context.run_id).outcome == "crashed"


def test_no_secret_is_written_down_with_the_end_of_a_run(house):
    house.secret("SOME_KEY", "sk-very-secret-1")
    ticket = house.ticket()
    context = house.context(house.claim(ticket))
    said = Ending(Outcome.BLOCKED, "sk-very-secret-1", BlockReason.NEEDS_INPUT, "is it sk-very-secret-1?")
    end_run(context, house.app.store.runs, said)
    assert house.get(ticket).explanation == house.run(context.run_id).error == "[secret SOME_KEY]"


def test_a_summary_is_kept_of_a_success_only(house, context):
    end_run(context, house.app.store.runs, Ending(Outcome.FAILED, "it broke"))
    assert house.get(context.run.ticket_id).summary == ""


def test_f59_an_end_is_written_once_the_board_is_free_again(house, context, capsys):
    """Another process holds the board for longer than anybody waits for a lock."""
    ticket = context.run.ticket_id
    house.app.store.db.read("PRAGMA busy_timeout = 10")
    holder = sqlite3.connect(house.app.home.board, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if sum(slept) > 120:
            holder.execute("ROLLBACK")

    write_until_written(lambda: end_run(context, house.app.store.runs, Ending(Outcome.DONE, "done")), sleep)
    assert house.status(ticket) == "done" and sum(slept) > 120
    assert "another process holds it" in capsys.readouterr().out
    holder.close()


def test_what_is_over_or_replaced_is_not_written_again(house, context):
    for error in (BoardReplaced("gone"), MovedOn("ended")):

        def write(error=error):
            raise error

        with pytest.raises(type(error)):
            write_until_written(write, lambda _: pytest.fail("waited"))


def test_f59_a_run_that_could_not_be_prepared_costs_its_ticket_nothing(house):
    for error, outcome in ((OSError(28, "No space left"), "infrastructure"), (KeyError("a bug"), "crashed")):
        run_id = house.claim(house.ticket())
        end_unstarted(house.app.store.runs, run_id, error, house.now)
        end_unstarted(house.app.store.runs, run_id, error, house.now)
        assert house.run(run_id).outcome == outcome and "could not be prepared" in house.run(run_id).error


def test_f59_no_command_waits_or_ends_because_its_progress_cannot_be_noted(house, context):
    holder = sqlite3.connect(house.app.home.board, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    house.app._mark_progress(context.run_id)
    holder.execute("ROLLBACK")
    holder.close()
    house.now += 60
    house.app._mark_progress(context.run_id)
    assert house.run(context.run_id).activity_at == house.now
    house.lose(context.run_id)
    with pytest.raises(MovedOn):
        house.app._mark_progress(context.run_id)


# -- the lease --------------------------------------------------------------------------------------------------------


def test_a_lease_is_renewed_beside_the_work(house, context):
    before = house.run(context.run_id).lease_until
    lost = []
    with hold_lease(house.app.store.runs, context.run_id, 0.1, lambda: lost.append(1), lambda: house.now + 9999):
        assert wait_until(lambda: house.run(context.run_id).lease_until > before)
    assert not any(thread.name == "lease" for thread in threading.enumerate())
    assert lost == []


def test_a_lease_that_is_lost_is_told_once(house, context):
    lost = []
    with hold_lease(house.app.store.runs, context.run_id, 0.03, lambda: lost.append(1), lambda: house.now):
        house.lose(context.run_id)
        assert wait_until(lambda: bool(lost))
        assert not wait_until(lambda: len(lost) > 1, 0.1)


def test_f53_a_run_is_given_back_the_time_in_which_the_machine_slept(house):
    house.ticket()
    run_id = house.next_run()
    before = house.run(run_id).deadline
    slept = [0.0]
    begun = time.monotonic()

    def clock():
        return house.now + time.monotonic() - begun + slept[0]

    with hold_lease(house.app.store.runs, run_id, 0.1, lambda: None, clock):
        assert wait_until(lambda: house.run(run_id).lease_until > house.now)
        slept[0] = 10_800
        assert wait_until(lambda: house.run(run_id).deadline > before)
    assert house.run(run_id).deadline == pytest.approx(before + 10_800, abs=1)


# -- as a process -----------------------------------------------------------------------------------------------------


def test_a_process_adopts_its_run_carries_it_out_and_is_gone(house):
    ticket, run_id = live_claim(house)
    process = start(house, run_id, call("write_file", path="a", content="x"), DONE)
    process.join(PATIENCE)
    run = house.run(run_id)
    assert (process.exitcode, run.pid, run.outcome) == (0, process.pid, "done")
    assert house.status(ticket) == "done"
    assert (house.path / "child.log").read_text() == "sandbox of commands here: off\nwork ended: done\n"


def test_a_run_is_carried_out_by_one_process_only(house):
    _, run_id = live_claim(house)
    house.app.store.runs.adopt(run_id, this_process(), "", house.now + 60)
    process = start(house, run_id, DONE)
    process.join(PATIENCE)
    assert house.run(run_id).turns == 0
    assert "is carried out by another process" in (house.path / "child.log").read_text()


def test_a_process_that_is_told_to_stop_hands_its_ticket_back(house):
    ticket, run_id = live_claim(house)
    process = start(house, run_id, call("shell", command="echo $$ > pid; sleep 60"), DONE)
    pid_file = house.app.run_folder(run_id) / "workspace" / "pid"
    assert wait_until(lambda: pid_file.exists() and pid_file.read_text().strip())
    os.kill(process.pid, signal.SIGTERM)
    process.join(PATIENCE)
    assert (house.run(run_id).outcome, house.status(ticket)) == ("cancelled", "ready")
    assert not is_alive(int(pid_file.read_text()), None)


def test_f10_a_run_that_is_ended_from_outside_ends_with_all_it_started(house):
    house.set(lease_seconds=0.3)
    ticket, run_id = live_claim(house)
    process = start(house, run_id, call("shell", command="sleep 60 & echo $! > pid; wait"), DONE)
    pid_file = house.app.run_folder(run_id) / "workspace" / "pid"
    assert wait_until(lambda: pid_file.exists() and pid_file.read_text().strip())
    house.app.store.board.cancel(ticket, THE_PERSON, house.clock(), "not wanted")
    process.join(PATIENCE)
    assert process.exitcode is not None
    assert wait_until(lambda: not is_alive(int(pid_file.read_text()), None))
    assert house.run(run_id).outcome == "cancelled"
