"""Ends processes together with everything they started.

A process is named by its id and the time it started, so that an id used again names another process.
"""

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

SAME_START = 0.02  # seconds; the system counts starts in hundredths
KILL_ROUNDS = 10
KILL_WAIT = 0.5
LOOKS = 25
POLL = 0.02
KERNEL_THREADS = 2  # the process that all threads of Linux's kernel are children of


def process_started(pid: int) -> float | None:
    """When `pid` started, in seconds after the machine did; None when there is no such process.

    Counted from the machine's start, because setting the clock moves every other measure.
    """
    try:
        return psutil.Process(pid).create_time() - psutil.boot_time()
    except psutil.Error:
        return None


def is_alive(pid: int, started: float | None) -> bool:
    """Whether the process `pid` that started at `started` (None: any) still runs; a zombie does not."""
    return _is_same(pid, started) and bool(_living([_process(pid)]))


def end_process_tree(pid: int, started: float | None, grace: float = 2.0) -> bool:
    """End `pid`, all it started and its whole session: SIGTERM, then after `grace` seconds SIGKILL.

    Also works when `pid` itself is gone and others of its session live on. Nothing is touched when `pid` now belongs
    to a process with another start. Returns whether nothing of it is left.
    """
    return _end(lambda: _tree(pid, started), grace)


def end_marked_processes(variable: str, value: str, grace: float = 2.0) -> bool:
    """End all processes that were started with `variable=value` in their environment, whoever their parent is now.

    `value` must be unique to what is to be ended. The caller and the processes above it are spared.
    Returns whether none is left.
    """
    return _end(lambda: _marked(variable, value), grace)


def _end(find: Callable[[], set[psutil.Process]], grace: float) -> bool:
    known = find()
    _send(known, signal.SIGTERM)
    _wait_for_end(known, grace)
    for _ in range(KILL_ROUNDS):
        known = _living(known | find() | _descendants(known))
        if not known:
            return True
        _send(known, signal.SIGKILL)
        _wait_for_end(known, KILL_WAIT)
    return False


def _tree(pid: int, started: float | None) -> set[psutil.Process]:
    leader = _process(pid)
    if leader is None:
        return _session(pid)  # the system gives out no id that still names a session
    if not _is_same(pid, started):
        return set()
    return _spare_self({leader} | _descendants([leader]) | _session(pid))


def _session(pid: int) -> set[psutil.Process]:
    members = (_process(member) for member in psutil.pids() if _session_of(member) == pid)
    return _spare_self({member for member in members if member})


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _descendants(processes: Iterable[psutil.Process]) -> set[psutil.Process]:
    found: set[psutil.Process] = set()
    for process in processes:
        with suppress(psutil.Error):
            found.update(process.children(recursive=True))
    return _spare_self(found)


def _marked(variable: str, value: str) -> set[psutil.Process]:
    found: set[psutil.Process] = set()
    for process in map(_process, psutil.pids()):
        with suppress(psutil.Error):
            if process and _read_environment(process).get(variable) == value:
                found.add(process)
    return _spare_self(found) - set(psutil.Process().parents())


def _read_environment(process: psutil.Process) -> dict[str, str]:
    """The environment of a process; it looks empty while a program is being loaded, which is waited for."""
    for _ in range(LOOKS):
        if environment := process.environ():
            return environment
        if process.status() == psutil.STATUS_ZOMBIE or KERNEL_THREADS in (process.pid, process.ppid()):
            break
        if not process.cmdline():
            time.sleep(POLL)
    return {}


def _spare_self(processes: set[psutil.Process]) -> set[psutil.Process]:
    return {process for process in processes if process.pid != os.getpid()}


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


def _is_same(pid: int, started: float | None) -> bool:
    actual = process_started(pid)
    return actual is not None and (started is None or abs(actual - started) < SAME_START)


def _living(processes: Iterable[psutil.Process | None]) -> set[psutil.Process]:
    alive: set[psutil.Process] = set()
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                alive.add(process)
    return alive


def _send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    # parents first: a shell that sees its child end would go on with its next command
    for process in sorted(processes, key=_age_key):
        with suppress(psutil.Error):
            process.send_signal(number)


def _age_key(process: psutil.Process) -> tuple[float, int]:
    return process_started(process.pid) or 0, process.pid


def _wait_for_end(processes: Iterable[psutil.Process], seconds: float) -> None:
    # psutil.wait_procs would collect the exit status of children that are not ours to collect
    deadline = time.monotonic() + seconds
    while _living(processes) and time.monotonic() < deadline:
        time.sleep(POLL)


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal and waits to be continued."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False
