"""Copies of the board: by hand, every day and before each migration; the oldest automatic ones make room."""

import re
import time
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kanban.errors import HomeError, InvalidInput
from kanban.store.db import copy_board

DAY = 86_400.0
BY_HAND, DAILY, REPLACED = "by-hand", "daily", "replaced"
MIGRATION_COPIES = 3

_NAME = re.compile(r"board-(\d{8}T\d{6}Z)-(.+)\.db")
_STAMP = "%Y%m%dT%H%M%SZ"  # UTC


@dataclass(frozen=True)
class Backup:
    """One copy: where it is, what it was made for, and when (seconds since the epoch)."""

    path: Path
    label: str
    made_at: float
    size: int


class Backups:
    """The folder of a board's copies."""

    def __init__(self, board: Path, folder: Path) -> None:
        self._board = board
        self._folder = folder

    def list(self) -> list[Backup]:
        """All copies in the folder, newest first."""
        named = ((path, _NAME.fullmatch(path.name)) for path in self._folder.glob("board-*.db"))
        found = [
            Backup(path, match[2], timegm(time.strptime(match[1], _STAMP)), path.stat().st_size)
            for path, match in named
            if match
        ]
        return sorted(found, key=lambda backup: (backup.made_at, backup.path.name), reverse=True)

    def make(self, label: str, now: float) -> Path:
        """Copy the board into the folder. Raises BoardError when it is damaged or the disk is full."""
        target = self.name(label, now)
        copy_board(self._board, target)
        return target

    def name(self, label: str, now: float) -> Path:
        """Where a copy made now would be; makes the folder."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise HomeError(f"{self._folder}: {error.strerror}", "make the home writable and check the disk") from error
        stamp = time.strftime(_STAMP, time.gmtime(now))
        return self._folder / f"board-{stamp}-{label}.db"

    def copy_to(self, target: Path) -> None:
        """Copy the board to a file that the person named. Raises InvalidInput when there is one already."""
        if target.exists():
            raise InvalidInput(f"{target} exists already", "name a file that does not exist")
        copy_board(self._board, target)

    def make_by_hand(self, now: float) -> Path:
        """Copy the board because the person wants it; none of these is ever dropped."""
        return self.make(BY_HAND, now)

    def make_before_migration(self, revision: str, now: float) -> Path:
        """Copy the board as it is before it gets another schema."""
        made = self.make(f"before-{revision}", now)
        self._rotate(lambda label: label.startswith("before-"), MIGRATION_COPIES)
        return made

    def make_daily(self, keep: int, now: float) -> Path | None:
        """Make the day's copy if it is due and drop the oldest beyond `keep`; None when there was nothing to do."""
        last = next((backup for backup in self.list() if backup.label == DAILY), None)
        # a copy from the future was made before the clock was set back
        if not keep or (last is not None and abs(now - last.made_at) < DAY):
            return None
        made = self.make(DAILY, now)
        self._rotate(lambda label: label == DAILY, keep)
        return made

    def _rotate(self, is_meant: Callable[[str], bool], keep: int) -> None:
        for old in [backup for backup in self.list() if is_meant(backup.label)][keep:]:
            old.path.unlink(missing_ok=True)
