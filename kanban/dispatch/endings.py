"""Ends runs that did not end themselves: lost, overdue, stale, or handed back at a stop."""

from collections.abc import Iterator

from kanban.dispatch.parts import Parts
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER
from kanban.errors import MovedOn
from kanban.store.due import LiveRun

HOUR = 3600.0


def end_what_is_over(parts: Parts, stale_after_hours: float, now: float, leases_from: float) -> list[int]:
    """End every live run that is lost, overdue or stale, and return their numbers.

    Before `leases_from` no clock ends a run: the machine slept, and the runs with it. They renew their leases
    meanwhile, and move their deadlines and their last progress by the time that they did not have.
    """
    ended = []
    for run in parts.store.due.live_runs():
        ending = _judge(parts, run, stale_after_hours, now, leases_from)
        if ending is not None:
            ended += end_run(parts, run, ending, now)
    return ended


def hand_back(parts: Parts, now: float) -> list[int]:
    """Stop every run of this machine that a dispatcher started; their tickets go back to ready."""
    ours = [run for run in parts.store.due.live_runs() if run.purpose != Purpose.CHAT or run.is_takeover]
    stopped = [run for run in ours if parts.launcher.is_alive(run) is not None or run.hostname is None]
    for run in stopped:
        end_run(parts, run, Ending(Outcome.CANCELLED, "handed back at a stop"), now)
    return [run.id for run in stopped]


def end_run(parts: Parts, run: LiveRun, ending: Ending, now: float) -> list[int]:
    """End a run on the board first, so that its process can write nothing more, then all of its processes."""
    try:
        parts.store.runs.end(run.id, ending, THE_DISPATCHER, now)
    except MovedOn:
        return []
    parts.launcher.stop(run)
    return [run.id]


def _judge(parts: Parts, run: LiveRun, stale_after_hours: float, now: float, leases_from: float) -> Ending | None:
    return next(_reasons_to_end(parts, run, stale_after_hours, now, leases_from), None)


def _reasons_to_end(
    parts: Parts, run: LiveRun, stale_after_hours: float, now: float, leases_from: float
) -> Iterator[Ending]:
    if parts.launcher.is_alive(run) is False:
        yield Ending(Outcome.INFRASTRUCTURE, "its process is gone")
    if now < leases_from:
        return
    if run.lease_until < now:
        lapsed = "its lease lapsed" if run.pid else "no process took it up"
        yield Ending(Outcome.INFRASTRUCTURE, lapsed)
    if run.deadline is not None and run.deadline < now:
        yield Ending(Outcome.TIMED_OUT, "its minutes were used up")
    if run.activity_at + stale_after_hours * HOUR < now:
        quiet = f"no progress for {(now - run.activity_at) / HOUR:.1f} hours, though its lease was renewed"
        # only a work run leaves a stale ticket behind; any other has simply failed
        yield Ending(Outcome.STALE if run.purpose == Purpose.WORK else Outcome.TIMED_OUT, quiet)
