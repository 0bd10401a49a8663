"""Carries out one run in this process: holds its lease, plays it, and makes its one move on the board."""

import ctypes
import errno
import os
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType

from kanban.agents.context import Context
from kanban.agents.purposes.diagnose import diagnose
from kanban.agents.purposes.orchestrate import decompose, synthesize, take_over
from kanban.agents.purposes.review import review
from kanban.agents.purposes.work import work
from kanban.dispatch.clock import ClockWatch
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, Kind
from kanban.errors import BoardError, BoardReplaced, HomeError, KanbanError, MovedOn
from kanban.execution.cell import leave_session_keyring
from kanban.execution.processes import end_process_tree, process_started
from kanban.files.halt import HALT_SECONDS, read_halt
from kanban.routing import Subject, classify, meets
from kanban.store.runs import Process, Runs

PLAYS: dict[str, Callable[[Context], Ending]] = {
    Purpose.WORK: work,
    Purpose.DECOMPOSE: decompose,
    Purpose.SYNTHESIZE: synthesize,
    Purpose.DIAGNOSE: diagnose,
    Purpose.REVIEW: review,
    Purpose.CHAT: take_over,
}

RUN_COMMANDS = (Purpose.WORK, Purpose.REVIEW)  # Ginger's runs have none to run on this machine

LEAST_ABSENCE = 1.0  # seconds; less is not worth a correction

ENDING_WAITS = (1.0, 2.0, 5.0, 10.0, 20.0, *[30.0] * 118)  # seconds between tries to write how a run ended

_OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN}
)

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


class HandedBack(BaseException):
    """The run was told to stop; its ticket goes back to ready. No tool may swallow it."""


def this_process() -> Process:
    """What tells this process from every other."""
    pid = os.getpid()
    return Process(pid, process_started(pid) or 0.0, socket.gethostname())


def carry_out(context: Context, runs: Runs) -> None:
    """Play a claimed run to its end. Nothing happens when it has ended meanwhile."""
    _adopt_orphans()
    leave_session_keyring()
    signal.signal(signal.SIGTERM, _hand_back)
    lease = context.in_force.settings.lease_seconds
    if context.run.purpose in RUN_COMMANDS:
        print(f"sandbox of commands here: {context.workshop.cell.make}", flush=True)
    try:
        runs.adopt(context.run_id, this_process(), str(context.workshop.workspace), context.clock() + lease)
        with (
            hold_lease(runs, context.run_id, lease, end_this_process, context.clock),
            heed_halt(lambda: read_halt(context.home) is not None),
        ):
            ending = play(context, PLAYS[context.run.purpose])
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the end is being written: too late to stop
            write_until_written(lambda: end_run(context, runs, ending))
            print(f"{context.run.purpose} ended: {ending.outcome}", flush=True)
    except MovedOn as moved:
        print(f"stopped: {moved}", flush=True)
    finally:
        context.workshop.close()


def play(context: Context, purpose: Callable[[Context], Ending]) -> Ending:
    """Play a run and say how it ended, whatever happens. Raises MovedOn when it was ended from outside."""
    try:
        return purpose(context)
    except HandedBack:
        return Ending(Outcome.CANCELLED, "handed back at a stop")
    except MovedOn:
        raise
    except HomeError as error:
        return Ending(Outcome.INFRASTRUCTURE, error.tell())
    except KanbanError as error:
        return Ending(Outcome.FAILED, error.tell())
    except Exception as error:
        traceback.print_exc()
        outcome = Outcome.INFRASTRUCTURE if is_of_the_machine(error) else Outcome.CRASHED
        return Ending(outcome, f"{type(error).__name__}: {error}")


def is_of_the_machine(error: BaseException) -> bool:
    """Whether an error says that this machine lacks room, memory or processes, and nothing of the work."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _OF_THE_MACHINE)


def end_unstarted(runs: Runs, run_id: int, error: Exception, now: float) -> None:
    """End a run whose process could not even prepare it. Nothing happens when it has ended meanwhile."""
    told = error.tell() if isinstance(error, KanbanError) else f"{type(error).__name__}: {error}"
    machine = isinstance(error, HomeError) or is_of_the_machine(error)
    ending = Ending(Outcome.INFRASTRUCTURE if machine else Outcome.CRASHED, f"it could not be prepared: {told}")
    with suppress(MovedOn):
        write_until_written(lambda: runs.end(run_id, ending, THE_DISPATCHER, now))


def write_until_written(write: Callable[[], None], sleep: Callable[[float], None] = time.sleep) -> None:
    """Write to the board, again and again while it is locked or its disk is full: for an hour, less and less often.

    Raises BoardReplaced at once: there is nothing to wait for.
    """
    for wait in ENDING_WAITS:
        try:
            return write()
        except BoardReplaced:
            raise
        except BoardError as error:
            print(f"not written yet, tried again in {wait:g} s: {error.tell()}", flush=True)
            sleep(wait)
    write()


def end_run(context: Context, runs: Runs, ending: Ending) -> None:
    """Write down how a run ended, without secrets."""
    told = context.redact(ending.explanation)
    kept = replace(ending, explanation=told, question=context.redact(ending.question))
    summary = told if ending.outcome is Outcome.DONE else ""
    runs.end(
        context.run_id,
        kept,
        context.caller,
        context.clock(),
        summary,
        to_review=_wants_review(context),
        has_fallback=bool(context.profile.fallback_models),
        longest_pause=60 * context.in_force.settings.longest_pause_minutes,
    )


def _wants_review(context: Context) -> bool:
    """Whether the rubric sends what this run delivers to the checker first."""
    wanted = context.in_force.rubric.review
    if wanted is None or context.run.purpose != Purpose.WORK or context.run.ticket_id is None:
        return False
    ticket = context.store.queries.get_ticket(context.run.ticket_id)
    brief, body = context.store.queries.read_brief(ticket.id)
    subject = Subject(ticket.title, brief, body, kind=Kind(ticket.kind))
    return meets(classify(subject, context.in_force.rubric), wanted)[0]


@contextmanager
def hold_lease(
    runs: Runs,
    run_id: int,
    seconds: float,
    on_lost: Callable[[], None],
    clock: Callable[[], float] = time.time,
    steady: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Renew a run's lease beside the work; `on_lost` is called once when the run was ended from outside.

    Time in which the machine slept or stood still is given back to the run.
    """

    def renew(done: threading.Event) -> None:
        watch = ClockWatch(clock(), steady())
        while not done.wait(seconds / 3):
            now = clock()
            absent = watch.measure_absence(now, steady(), seconds / 3)
            forgiven = absent if abs(absent) > LEAST_ABSENCE else 0.0
            if not _renew_once(runs, run_id, now, seconds, forgiven) and not done.is_set():
                on_lost()
                return

    with _beside("lease", renew):
        yield


@contextmanager
def heed_halt(is_halted: Callable[[], bool]) -> Iterator[None]:
    """Hand this run back as soon as everything is stopped, whatever it is doing and whether or not a daemon lives."""

    def watch(done: threading.Event) -> None:
        while not done.wait(HALT_SECONDS):
            if is_halted():
                os.kill(os.getpid(), signal.SIGTERM)
                return

    with _beside("halt", watch):
        yield


@contextmanager
def _beside(name: str, act: Callable[[threading.Event], None]) -> Iterator[None]:
    """Have a thread act beside the work until that is over, which sets the event."""
    done = threading.Event()
    thread = threading.Thread(target=act, args=(done,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def end_this_process() -> None:
    """End this process and all that it has started: what a run does after its end counts for nothing."""
    print("the run was ended from outside", flush=True)
    end_process_tree(os.getpid(), None)
    os._exit(1)


def _renew_once(runs: Runs, run_id: int, now: float, seconds: float, absent: float) -> bool:
    try:
        return runs.renew(run_id, now + seconds, absent=absent, now=now)
    except KanbanError as error:  # a full disk or a locked board may pass before the lease lapses
        print(f"the lease could not be renewed: {error}", flush=True)
        return True


def _hand_back(_signal: int, _frame: FrameType | None) -> None:
    raise HandedBack


def _adopt_orphans() -> None:
    """Have what this run's commands leave behind become its children, so that they can be found and ended."""
    if hasattr(ctypes.CDLL(None), "prctl"):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
