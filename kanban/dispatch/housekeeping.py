"""Removes what old runs have left on this machine, and cuts logs that have grown too long."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from kanban.files.home import Home
from kanban.files.settings import Settings
from kanban.store.backups import DAY
from kanban.store.retention import Retention

MB = 1_000_000
PATIENCE = 2.0  # seconds for measuring a folder


@dataclass
class Removal:
    """What goes, or with `dry_run` would go: folders of runs, logs that are cut, and how many bytes that frees."""

    runs: list[int] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    freed: int = 0
    dry_run: bool = False


def collect_garbage(
    home: Home, retention: Retention, settings: Settings, now: float, *, dry_run: bool = False
) -> Removal:
    """Remove the folders of runs that are over and old, or too many; artifacts and what answers name stay."""
    removal = Removal(dry_run=dry_run)
    kept = {home.path / path for path in retention.files_to_keep()}
    size = _sum_sizes(home.runs, set())
    for run in retention.runs_that_are_over():
        old = now - run.ended_at > settings.keep_runs_days * DAY
        too_much = size - removal.freed > settings.keep_runs_mb * MB
        folder = home.runs / str(run.id)
        freed = _sum_sizes(folder, kept) if (old or too_much) and folder.is_dir() else 0
        if freed:
            removal.runs.append(run.id)
            removal.freed += freed
            if not dry_run:
                _remove_all_but(folder, kept)
    for log in sorted(home.logs.glob("*")):
        _cut_log(log, int(settings.keep_logs_mb * MB), removal)
    return removal


def measure_folder(folder: Path, clock: Callable[[], float] = time.monotonic) -> tuple[int, bool]:
    """How many bytes the files of a folder have, and whether there was time to count them all."""
    total, deadline = 0, clock() + PATIENCE
    for file in _files(folder):
        total += _size(file)
        if clock() > deadline:
            return total, False
    return total, True


def _sum_sizes(folder: Path, kept: set[Path]) -> int:
    return sum(_size(file) for file in _files(folder) if file not in kept)


def _files(folder: Path) -> Iterator[Path]:
    for parent, _folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in files)


def _size(file: Path) -> int:
    try:
        status = file.lstat()
    except OSError:
        return 0
    return status.st_blocks * 512 if stat.S_ISREG(status.st_mode) else 0


def _remove_all_but(folder: Path, kept: set[Path]) -> None:
    """Remove every file that is not kept and every folder that is empty then; links are removed, never followed."""
    for parent, folders, _files in os.walk(folder):
        for name in (".", *folders):
            with suppress(OSError):  # a run may have made its folders read-only
                if not Path(parent, name).is_symlink():
                    Path(parent, name).chmod(0o700)
    for parent, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            path = Path(parent, name)
            with suppress(OSError):  # a folder that still holds something kept
                if path.is_dir() and not path.is_symlink():
                    path.rmdir()
                elif path not in kept:
                    path.unlink()
    with suppress(OSError):
        folder.rmdir()


def _cut_log(log: Path, limit: int, removal: Removal) -> None:
    """Keep the last half of what a log may be; who writes to it appends, and goes on at its new end."""
    if not log.is_file() or log.is_symlink() or log.stat().st_size <= limit:
        return
    removal.logs.append(log.name)
    removal.freed += log.stat().st_size - limit // 2
    if removal.dry_run:
        return
    with log.open("rb+") as file:
        file.seek(-(limit // 2), os.SEEK_END)
        file.readline()
        rest = file.read()
        file.seek(0)
        file.truncate()
        file.write(rest)
