"""Progress counts, not pulse: a run that gets nothing done is stopped, however well its lease is renewed."""

import os
import socket

import pytest

from kanban.domain.outcome import Purpose
from kanban.execution.processes import process_started
from kanban.store.runs import Process
from tests.support.scripted import DONE, call, model_of

HOUR = 3600


def adopt(house, run_id):
    """This process carries it out, and will renew its lease for days."""
    here = Process(os.getpid(), process_started(os.getpid()) or 0.0, socket.gethostname())
    house.app.store.runs.adopt(run_id, here, "", house.now + 999_999)


def stale(house):
    """A ticket whose run showed no progress for four hours, and the run."""
    ticket = house.ticket()
    run_id = house.next_run()
    adopt(house, run_id)
    report = house.tick(4 * HOUR + 1)
    assert report.ended == [run_id]
    return ticket, run_id


@pytest.fixture
def house(new_house):
    house = new_house()
    house.profile("cody", max_minutes=9999)
    return house


def test_f07_f30_a_run_that_renews_and_does_nothing_is_stopped_with_all_it_started(house):
    ticket, run_id = stale(house)
    assert (house.run(run_id).outcome, house.status(ticket), house.stopped) == ("stale", "stale", [run_id])
    assert "no progress for 4.0 hours, though its lease was renewed" in house.get(ticket).explanation


def test_f30_whatever_gets_done_keeps_it_alive(house):
    house.ticket()
    run_id = house.next_run()
    adopt(house, run_id)
    for _ in range(5):
        assert house.tick(3.9 * HOUR).ended == []
        house.app.store.records.mark_progress(run_id, house.now)


def test_the_hours_are_a_setting(house):
    house.set(stale_after_hours=0.5)
    house.ticket()
    run_id = house.next_run()
    adopt(house, run_id)
    assert house.tick(0.4 * HOUR).ended == []
    assert house.tick(0.2 * HOUR).ended == [run_id]


def test_a_stale_ticket_is_diagnosed_and_started_by_nothing_else(house):
    ticket, _ = stale(house)
    purposes = {run.purpose for run in house.app.store.queries.runs_of_ticket(ticket) if run.ended_at is None}
    assert purposes == {"diagnose"}
    assert house.tick(10).started == [] and house.status(ticket) == "stale"


def test_f16_stale_is_no_failure_and_yet_bounded(house):
    ticket = house.ticket()
    for number in range(3):
        run_id = house.next_run()
        adopt(house, run_id)
        [diagnosis] = house.tick(4 * HOUR + 1).started
        assert house.get(ticket).diagnoses == number + 1
        house.play(diagnosis, model_of(call("unblock", ticket=ticket, note="It was only slow.")))
    assert house.app.store.due.failures_by_profile(ticket, Purpose.WORK) == {}
    adopt(house, house.next_run())
    house.tick(4 * HOUR + 1)
    assert house.status(ticket) == "stale" and not house.tick(9 * HOUR).did_anything
    assert house.rows("SELECT count(*) FROM notice") == [(1,)]


def test_what_was_stale_goes_on_in_its_transcript(house):
    ticket, run_id = stale(house)
    diagnosis = house.app.store.queries.last_run(ticket, Purpose.DIAGNOSE)
    house.play(diagnosis.id, model_of(call("unblock", ticket=ticket, note="Go on.")))
    run = house.run(house.next_run())
    assert run.transcript_of == run_id
    assert house.play(run.id, model_of(DONE)).outcome == "done"


@pytest.mark.parametrize("purpose", ["decompose", "diagnose", "review", "synthesize"])
def test_a_run_of_any_other_purpose_that_gets_nothing_done_has_timed_out(house, purpose):
    for profile in ("ginger", "checker"):
        house.profile(profile, max_minutes=9999)
    match purpose:
        case "decompose":
            house.ticket(assignee="default")
        case "diagnose":
            house.work(house.ticket(), call("block", reason="other", explanation="x"))
        case "review":
            with (house.path / "rubric.yaml").open("a") as file:
                file.write("review: {}\n")
            house.work(house.ticket(), DONE)
        case "synthesize":
            _, [only] = house.ask("One thing.", "Only")
            house.work(only, DONE)
    run_id = house.next_run()
    adopt(house, run_id)
    assert house.run(run_id).purpose == purpose
    report = house.tick(4 * HOUR + 1)
    assert (report.ended, house.run(run_id).outcome) == ([run_id], "timed_out")
    assert [house.run(again).purpose for again in report.started] == [purpose]


# -- a clock that jumps -----------------------------------------------------------------------------------------------


def test_after_a_sleep_leases_that_lapsed_meanwhile_are_forgiven_for_a_while(house):
    house.ticket()
    run_id = house.next_run()
    here = Process(os.getpid(), process_started(os.getpid()) or 0.0, socket.gethostname())
    house.app.store.runs.adopt(run_id, here, "", house.now + 30)
    dispatcher = house.dispatcher
    house.now += 600
    dispatcher.forgive_leases(house.now + 30)
    assert dispatcher.tick(house.now).ended == []
    assert house.app.store.runs.renew(run_id, house.now + 30)
    assert dispatcher.tick(house.now + 29).ended == []


def test_who_does_not_renew_after_a_sleep_is_lost_all_the_same(house):
    house.ticket()
    run_id = house.next_run()
    dispatcher = house.dispatcher
    house.now += 600
    dispatcher.forgive_leases(house.now + 30)
    assert dispatcher.tick(house.now + 29).ended == []
    assert dispatcher.tick(house.now + 30).ended == [run_id]


@pytest.mark.parametrize("seconds", [3 * HOUR, -3 * HOUR])
def test_f53_a_run_loses_neither_minutes_nor_progress_by_a_sleep_or_a_clock_that_is_set(house, seconds):
    house.profile("cody", max_minutes=60)
    house.set(stale_after_hours=1)
    house.ticket()
    run_id = house.next_run()
    here = Process(os.getpid(), process_started(os.getpid()) or 0.0, socket.gethostname())
    house.app.store.runs.adopt(run_id, here, "", house.now + 30)
    before, begun = house.run(run_id), house.now
    dispatcher = house.dispatcher
    house.now += 600 + seconds
    dispatcher.forgive_leases(house.now + 30)
    assert dispatcher.tick(house.now).ended == []  # woken before the run
    house.now += 10
    assert house.app.store.runs.renew(run_id, house.now + 30, absent=seconds, now=house.now)
    run = house.run(run_id)
    assert run.deadline - house.now == before.deadline - begun - 610
    assert 0 <= house.now - run.activity_at <= 610
    house.now += 20.5
    house.app.store.runs.renew(run_id, house.now + 30)
    assert dispatcher.tick(house.now).ended == []
    house.now += HOUR
    house.app.store.runs.renew(run_id, house.now + 30)
    assert dispatcher.tick(house.now).ended == [run_id]  # what it really used up still counts


def test_f53_no_lease_outlives_a_clock_that_was_set_back(house):
    house.ticket()
    run_id = house.next_run()
    house.app.store.runs.adopt(run_id, Process(7, 1.0, "elsewhere"), "", house.now + 30)
    dispatcher = house.dispatcher
    house.now -= 3600
    dispatcher.bound_leases(house.now + 30)
    house.now += 31
    assert dispatcher.tick(house.now).ended == [run_id]


def test_a_process_that_is_gone_is_forgiven_nothing(house):
    house.ticket()
    run_id = house.next_run()
    house.app.store.runs.adopt(run_id, Process(2**22 + 1, 1.0, socket.gethostname()), "", house.now + 30)
    dispatcher = house.dispatcher
    dispatcher.forgive_leases(house.now + 9999)
    assert dispatcher.tick(house.now).ended == [run_id]
