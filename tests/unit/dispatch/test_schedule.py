"""Jobs repeat beside the daemon's loop, and go on at once when the wall clock was set back."""

import threading
from datetime import UTC, datetime, timedelta

from kanban.dispatch.schedule import Schedule

LONG = 60.0  # seconds; an event comes long before


def test_a_job_repeats_while_the_schedule_runs_and_not_afterwards():
    schedule, calls, thrice = Schedule(), [], threading.Event()

    def act():
        calls.append(1)
        if len(calls) == 3:
            thrice.set()

    schedule.repeat("tick", 0.01, act)
    with schedule.running():
        assert thrice.wait(LONG)
    ended = len(calls)
    assert not threading.Event().wait(0.05) and len(calls) == ended


def test_a_clock_that_was_set_back_an_hour_stops_no_job():
    schedule, called = Schedule(), threading.Event()
    schedule.repeat("tick", 3600.0, called.set)
    with schedule.running():
        [job] = schedule._scheduler.get_jobs()
        job.modify(next_run_time=datetime.now(UTC) + timedelta(hours=1))  # as it stands once the clock was set back
        schedule.set_anew()
        assert called.wait(LONG)


def test_a_job_that_hangs_holds_up_no_other_and_is_not_begun_twice():
    schedule, release, other, begun = Schedule(), threading.Event(), threading.Event(), []

    def hang():
        begun.append(1)
        release.wait(LONG)

    schedule.repeat("hanging", 0.01, hang)
    schedule.repeat("other", 0.05, other.set)
    with schedule.running():
        assert other.wait(LONG)
        release.set()
    assert len(begun) >= 1
