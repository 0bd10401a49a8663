"""Who dispatches, as it really is: a lease counts only while the process that holds it can be alive."""

import socket

from kanban.store.leadership import is_from_the_future
from kanban.store.machinery import DispatcherLease
from kanban.store.queries import Queries
from kanban.store.runs import Process


def can_be_alive(process: Process) -> bool:
    """Whether a process still runs, as far as this machine can tell; one of another machine may."""
    from kanban.execution.processes import is_alive  # a command that finds no lease starts faster without it

    return process.hostname != socket.gethostname() or is_alive(process.pid, process.started)


def find_lease(queries: Queries, now: float) -> DispatcherLease | None:
    """The dispatcher lease; lapsed when its holder is gone, whatever it was good for. None: no daemon ever ran."""
    lease = queries.dispatcher()
    if lease is not None and not _counts(lease, now):
        lease.lease_until = min(lease.heartbeat_at, now - 1)
    return lease


def explain_absence(lease: DispatcherLease | None, now: float) -> str:
    """Why nobody dispatches; empty when somebody does. `lease` as `find_lease` gave it."""
    if lease is None:
        return "none has run yet"
    if lease.lease_until >= now:
        return ""
    from kanban.execution.processes import is_stopped

    quiet = f"no heartbeat for {max(0.0, now - lease.heartbeat_at):.0f} s"
    if not can_be_alive(_holder(lease)):
        return f"process {lease.pid} on {lease.hostname} is gone; {quiet}"
    if lease.hostname == socket.gethostname():
        state = "is stopped (SIGSTOP)" if is_stopped(lease.pid) else "is there"
        return f"process {lease.pid} {state}, but {quiet}"
    return quiet


def _counts(lease: DispatcherLease, now: float) -> bool:
    return can_be_alive(_holder(lease)) and not is_from_the_future(lease.heartbeat_at, lease.lease_until, now)


def _holder(lease: DispatcherLease) -> Process:
    return Process(lease.pid, lease.pid_started, lease.hostname)
