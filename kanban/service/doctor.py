"""Looks at everything that could keep a board from working, and says what to do about it."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kanban.dispatch.housekeeping import measure_folder
from kanban.dispatch.launchers.fork import require_room
from kanban.dispatch.leader import explain_absence, find_lease
from kanban.dispatch.parts import Parts
from kanban.domain.host import Host
from kanban.domain.profile import Profile
from kanban.domain.showing import tell_span
from kanban.errors import CannotStart, KanbanError
from kanban.execution.cell import choose_cell
from kanban.execution.processes import is_stopped
from kanban.files.halt import LIFT_HINT, tell_halt
from kanban.files.home import Home
from kanban.files.settings import Settings
from kanban.store.backups import DAY, Backups
from kanban.store.budget import DayBudget
from kanban.store.faults import NETWORK_FILE_SYSTEMS, USE_OWN_DISK, find_file_system

LEAST_FREE = 200_000_000  # bytes
LEAST_FILES = 1000
OLDEST_BACKUP = 3 * DAY


@dataclass(frozen=True)
class Finding:
    """What was looked at, whether it is well, what was found, and what to do if it is not."""

    subject: str
    ok: bool
    told: str
    hint: str = ""


def check_disks(home: Home) -> Iterator[Finding]:
    """Whether there is room for the board and the runs, on each file system that they are on."""
    seen = set()
    for name, folder in (("disk", home.path), ("disk of runs/", home.runs), ("disk of backups/", home.backups)):
        if folder.is_dir() and folder.stat().st_dev not in seen:
            seen.add(folder.stat().st_dev)
            yield _check_disk(name, folder)


def _check_disk(name: str, folder: Path) -> Finding:
    usage, inodes = shutil.disk_usage(folder), os.statvfs(folder)
    kind = find_file_system(folder)
    told = f"{usage.free / 1e9:.1f} GB free on {kind}"
    if inodes.f_files and inodes.f_favail < LEAST_FILES:
        return Finding(name, False, f"{inodes.f_favail} more files fit on {kind}", "remove files: `kanban gc` does")
    if kind in NETWORK_FILE_SYSTEMS:
        return Finding(name, False, f"{folder} is on a network file system ({kind})", USE_OWN_DISK)
    hint = "free some space (`kanban gc` removes what old runs have left): a full disk stops every run"
    return Finding(name, usage.free >= LEAST_FREE, told, hint)


def check_room(runs: Path) -> Iterator[Finding]:
    """Whether a run could write into its folder; found by writing."""
    try:
        require_room(runs)
    except CannotStart as error:
        yield Finding("runs", False, f"runs cannot start: {error}", error.hint)


def check_sizes(home: Home) -> Finding:
    """How much room everything takes."""
    parts = [f"board {_tell_size(home.board.stat().st_size if home.board.exists() else 0)}"]
    for folder in (home.runs, home.backups, home.logs):
        size, all_counted = measure_folder(folder)
        parts.append(f"{folder.name}/ {'' if all_counted else 'more than '}{_tell_size(size)}")
    return Finding("sizes", True, ", ".join(parts))


def _tell_size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def check_backups(backups: Backups, board_since: float, now: float) -> Finding:
    """Whether there is a copy to put back when the board, which is there since `board_since`, is lost."""
    newest = next(iter(backups.list()), None)
    age = now - (newest.made_at if newest else board_since)
    told = f"the newest is {tell_span(max(0.0, age))} old: {newest.path.name}" if newest else "there is no copy yet"
    hint = "`kanban backup` makes one; the daemon does every day, unless `backups: 0` stands in kanban.yaml"
    return Finding("backups", age < OLDEST_BACKUP, told, hint)


def check_runs(parts: Parts) -> Iterator[Finding]:
    """Live runs of this machine whose process is gone or stands still."""
    for run in parts.store.due.live_runs():
        alive = parts.launcher.is_alive(run)
        if alive is None or run.pid is None:
            continue
        if not alive:
            hint = "the daemon ends it and starts its ticket again"
            yield Finding(f"run {run.id}", False, f"its process {run.pid} is gone", hint)
        elif is_stopped(run.pid):
            told = f"its process {run.pid} is stopped (SIGSTOP)"
            yield Finding(f"run {run.id}", False, told, f"`kill -CONT {run.pid}` lets it go on")


def check_mishaps(parts: Parts, now: float) -> Iterator[Finding]:
    """Runs of the last day that this machine ended, with what was said of the last one."""
    number, last = parts.store.queries.mishaps_since(now - DAY)
    if number:
        hint = "the findings above say what is wrong now; `dmesg` may tell of killed processes"
        yield Finding("machine", False, f"{number} runs of the last day were ended by it; the last: {last}", hint)


def check_files(subject: str, load: Callable[[], object]) -> Finding:
    """Whether a file that people edit can be read."""
    try:
        load()
    except KanbanError as error:
        return Finding(subject, False, str(error), error.hint)
    return Finding(subject, True, "in order")


def check_sandbox(settings: Settings) -> Finding:
    """What is round commands on this machine, and what would improve it."""
    probed = choose_cell(settings.has_sandbox)
    if probed.cell.is_closed:
        return Finding(
            "sandbox", True, f"{probed.cell.make}: commands here see their workspace and what is named for them"
        )
    if not settings.has_sandbox:
        return Finding("sandbox", True, "off, as kanban.yaml says: commands here can do all that your account can")
    hint = "repair it, or write `sandbox: off` into kanban.yaml: commands here then do what your account may"
    told = f"none: {probed.problem}; commands here wait for your approval, and their checks are not run"
    return Finding("sandbox", False, told, hint)


def check_gate(settings: Settings) -> Iterator[Finding]:
    """Rows of the gate that do not mean what their examples say."""
    from kanban.service.policy import find_wrong_examples  # the daemon starts faster without it

    for wrong in find_wrong_examples(settings):
        yield Finding(
            "gate", False, wrong, "mend the row or its example in kanban.yaml; `kanban policy test` tries them"
        )


def check_daemon(parts: Parts, now: float) -> Finding:
    """Whether somebody dispatches."""
    if halted := parts.read_halt():
        return Finding("daemon", False, tell_halt(halted), LIFT_HINT)
    lease = find_lease(parts.store.queries, now)
    absence = explain_absence(lease, now)
    if lease is None or absence:
        return Finding("daemon", False, absence, "`kanban up` starts one")
    return Finding("daemon", True, f"process {lease.pid} on {lease.hostname}")


def check_models(parts: Parts, now: float) -> Iterator[Finding]:
    """Models that are paused, with the provider's own words."""
    for pause in parts.store.pauses.active(now).values():
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
    yours = parts.store.queries.waiting_for_person()
    if yours:
        numbers = ", ".join(f"#{number}" for number in yours[:10])
        yield Finding("tickets", False, f"{len(yours)} wait for a decision: {numbers}", "`kanban why N` says which")


def check_requests(parts: Parts) -> Iterator[Finding]:
    """Requests that nobody answers any more unless the person says so."""
    unanswered = parts.store.queries.requests_without_answer()
    if unanswered:
        numbers = ", ".join(map(str, unanswered[:10]))
        hint = "`kanban request why N` says why; `kanban request retry N` or `close N` decides"
        yield Finding("requests", False, f"{len(unanswered)} without an answer: {numbers}", hint)


def check_notices(receipts: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    """Notices that could not be delivered; each receipt is a target and its last error."""
    for target, error in receipts:
        yield Finding(f"notices to {target}", False, error, "`kanban notify test` tries it")
