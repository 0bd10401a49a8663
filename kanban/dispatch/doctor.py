"""Looks at everything that could keep a board from working, and says what to do about it."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kanban.dispatch.parts import Parts
from kanban.domain.host import Host
from kanban.domain.profile import Profile
from kanban.errors import KanbanError
from kanban.store.budget import DayBudget

LEAST_FREE = 200_000_000  # bytes


@dataclass(frozen=True)
class Finding:
    """What was looked at, whether it is well, what was found, and what to do if it is not."""

    subject: str
    ok: bool
    told: str
    hint: str = ""


def check_disk(home: Path) -> Finding:
    """Whether there is room for the board and the runs."""
    free = shutil.disk_usage(home).free
    told = f"{free / 1e9:.1f} GB free"
    return Finding("disk", free >= LEAST_FREE, told, "free some space: a full disk stops every run")


def check_files(subject: str, load: Callable[[], object]) -> Finding:
    """Whether a file that people edit can be read."""
    try:
        load()
    except KanbanError as error:
        return Finding(subject, False, str(error), error.hint)
    return Finding(subject, True, "in order")


def check_daemon(parts: Parts, now: float) -> Finding:
    """Whether somebody dispatches."""
    lease = parts.queries.dispatcher()
    if lease is None:
        return Finding("daemon", False, "none has run yet", "`kanban up` starts one")
    if lease.lease_until < now:
        return Finding("daemon", False, f"no heartbeat for {now - lease.heartbeat_at:.0f} s", "`kanban up` starts one")
    return Finding("daemon", True, f"process {lease.pid} on {lease.hostname}")


def check_models(parts: Parts, now: float) -> Iterator[Finding]:
    """Models that are paused, with the provider's own words."""
    for pause in parts.pauses.active(now).values():
        told = f"paused for {pause.until - now:.0f} s more ({pause.outcome}): {pause.why}"
        yield Finding(f"model {pause.model}", False, told, "check key, credit and address; it is tried again by itself")


def check_keys(profiles: Mapping[str, Profile], secrets: Mapping[str, str], env_file: Path) -> Iterator[Finding]:
    """Profiles whose key is missing."""
    for profile in profiles.values():
        for needed in [name for name in profile.key_names if name not in secrets]:
            yield Finding(f"profile {profile.name}", False, f"{needed} is not set", f"write it into {env_file}")


def check_hosts(hosts: Mapping[str, Host], log_in: Callable[[str, Host], tuple[str, str]]) -> Iterator[Finding]:
    """Whether each host lets us in; `log_in` returns what went wrong and what to do, both empty when all is well."""
    for name, host in hosts.items():
        if name == "local":
            continue
        problem, hint = log_in(name, host)
        yield Finding(f"host {name}", not problem, problem or "answers", hint)


def check_budget(budget: DayBudget, limit_usd: float | None, now: float) -> Iterator[Finding]:
    """Whether the models may be asked today."""
    overspend = budget.find_overspend(limit_usd, now)
    if overspend:
        yield Finding("budget", False, overspend, "raise budget_usd_per_day in kanban.yaml, or wait for tomorrow")


def check_tickets(parts: Parts) -> Iterator[Finding]:
    """Tickets that only the person can move."""
    yours = parts.queries.waiting_for_person()
    if yours:
        numbers = ", ".join(f"#{number}" for number in yours[:10])
        yield Finding("tickets", False, f"{len(yours)} wait for a decision: {numbers}", "`kanban why N` says which")


def check_notices(receipts: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    """Notices that could not be delivered; each receipt is a target and its last error."""
    for target, error in receipts:
        yield Finding(f"notices to {target}", False, error, "`kanban notify test` tries it")
