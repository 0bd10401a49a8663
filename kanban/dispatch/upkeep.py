"""What a home needs beside its work: its board opened, copied and put back, and what old runs have left removed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kanban.dispatch.leader import can_be_alive
from kanban.files.home import Home, had_board
from kanban.files.settings import Settings
from kanban.store.backups import DAY, Backups
from kanban.store.db import Database
from kanban.store.presence import Presence, refuse_beside_the_living
from kanban.store.schema import open_board

if TYPE_CHECKING:
    from kanban.dispatch.housekeeping import Removal
    from kanban.store.restoring import Restored


@dataclass
class Upkeep:
    """Keeps one home in order."""

    home: Home
    read_settings: Callable[[], Settings]
    clock: Callable[[], float]
    steady: Callable[[], float] = time.monotonic
    _garbage_due: float = field(default=0.0, init=False)

    @cached_property
    def presence(self) -> Presence:
        return Presence(self.home.presence_file)

    @cached_property
    def backups(self) -> Backups:
        return Backups(self.home.board, self.home.backups)

    def open_board(self, busy_seconds: float) -> Database:
        """The board's file, brought up to date. Raises BoardError or Refused as `schema.open_board` does."""
        db = Database(self.home.board, busy_seconds=busy_seconds)
        open_board(
            db,
            self.home.board_marker,
            self.presence,
            lambda revision: self._prepare_migration(db, revision),
            lambda: had_board(self.home),
        )
        return db

    def restore(self, source: Path) -> "Restored":
        """Put a copy in the board's place. Raises Refused beside a live daemon or run."""
        from kanban.store.restoring import restore_board

        return restore_board(
            source, self.home.board, self.home.runs, self.backups, self.presence, can_be_alive, self.clock()
        )

    def collect_garbage(self, db: Database, *, dry_run: bool = False) -> "Removal":
        """Remove what old runs have left, as the settings say."""
        from kanban.dispatch.housekeeping import collect_garbage
        from kanban.store.retention import Retention

        return collect_garbage(self.home, Retention(db), self.read_settings(), self.clock(), dry_run=dry_run)

    def care(self, db: Database, say: Callable[[str], None]) -> None:
        """Do what is due every day."""
        copy = self.backups.make_daily(self.read_settings().backups, self.clock())
        if copy is not None:
            say(f"copied the board to {copy}")
        if self.steady() >= self._garbage_due:
            self._garbage_due = self.steady() + DAY
            removal = self.collect_garbage(db)
            if removal.freed:
                say(f"removed {removal.freed / 1e6:.0f} MB that {len(removal.runs)} old runs have left")

    def _prepare_migration(self, db: Database, revision: str) -> None:
        what = f"the migration of {db.path} to this version's schema"
        refuse_beside_the_living(db, what, can_be_alive, self.clock())
        self.backups.make_before_migration(revision, self.clock())
