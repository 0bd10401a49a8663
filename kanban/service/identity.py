"""Who is at the other end of a command: the person, or a run that started it from its shell."""

from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_PERSON, Caller, Mover
from kanban.errors import Refused
from kanban.execution.processes import is_alive
from kanban.files.settings import caller_run_id
from kanban.store.due import DueWork, LiveRun


def identify_caller(due: DueWork) -> Caller:
    """The person, or the run in whose environment or below whose process this program was started.

    A process that cleans its environment is still found by its ancestors. Raises HomeError for a broken mark.
    """
    marked = caller_run_id()
    live = {run.id: run for run in due.live_runs()}
    if marked is not None:
        profile = live[marked].profile if marked in live else "an ended run"
        return Caller(Mover.RUNNER, profile, marked)
    # a talk runs in the person's own process, and its tools start none
    above = _find_run_above([run for run in live.values() if run.purpose != Purpose.CHAT])
    return Caller(Mover.RUNNER, above.profile, above.id) if above else THE_PERSON


def require_person(caller: Caller, what: str) -> None:
    """Raise Refused unless a person is acting: no agent may do this, least of all for its own calls."""
    if caller != THE_PERSON:
        raise Refused(
            f"{what} is for the person only; this was started by run {caller.run_id} ({caller.name})",
            "run it from your own terminal",
        )


def _find_run_above(live: list[LiveRun]) -> LiveRun | None:
    if not any(run.pid for run in live):
        return None
    import psutil

    by_pid = {run.pid: run for run in live if run.pid is not None}
    for ancestor in psutil.Process().parents():
        run = by_pid.get(ancestor.pid)
        if run is not None and is_alive(ancestor.pid, run.pid_started):
            return run
    return None
