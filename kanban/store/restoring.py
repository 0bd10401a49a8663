"""Puts a copy of the board in its place. What stood there before is kept beside the copies."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kanban.errors import BoardError, NotFound
from kanban.store.backups import REPLACED, Backups
from kanban.store.db import Database, copy_board
from kanban.store.presence import Presence, refuse_beside_the_living
from kanban.store.runs import Process
from kanban.store.schema import refuse_newer

_LOGS = ("-wal", "-shm")  # what SQLite keeps beside its file


@dataclass(frozen=True)
class Restored:
    """Where the old file went (None: there was none), and the folders of runs that the restored board knows not."""

    kept: Path | None
    set_aside: list[Path]


def restore_board(
    source: Path,
    board: Path,
    runs: Path,
    backups: Backups,
    presence: Presence,
    is_alive: Callable[[Process], bool],
    now: float,
) -> Restored:
    """Put the copy `source` in the board's place.

    Raises Refused beside a live daemon or run, BoardError when `source` is no sound board or of a newer program.
    """
    if not source.is_file():
        raise NotFound(f"there is no file {source}", "`kanban backup --list` shows the copies")
    incoming = board.with_name(f".{board.name}.restored")
    try:
        refuse_newer(source, copy_board(source, incoming))
        with presence.alone():
            _refuse_beside_the_living(board, is_alive, now)
            kept = _set_board_aside(board, backups.name(REPLACED, now))
            incoming.rename(board)
    except OSError as error:
        raise BoardError(f"{error.filename}: {error.strerror}", "make the home writable and check the disk") from error
    finally:
        incoming.unlink(missing_ok=True)
    return Restored(kept, _set_unknown_runs_aside(board, runs, now))


def _refuse_beside_the_living(board: Path, is_alive: Callable[[Process], bool], now: float) -> None:
    """Ask the old file, too: a daemon of an older version is known only there."""
    old = Database(board)
    with suppress(BoardError):  # gone or damaged: that is why a copy is put back
        refuse_beside_the_living(old, "a restore", is_alive, now)
        old.fold_log()
    old.close()


def _set_board_aside(board: Path, kept: Path) -> Path | None:
    existed = board.exists()
    if existed:
        board.rename(kept)
    for suffix in _LOGS:  # a log of the old file would be played into the new one
        log = board.with_name(board.name + suffix)
        if log.exists():
            log.rename(kept.with_name(kept.name + suffix))
    return kept if existed else None


def _set_unknown_runs_aside(board: Path, runs: Path, now: float) -> list[Path]:
    """Numbers of runs are given again from the restored board on; a folder of the same number is another run's."""
    restored = Database(board)
    last = restored.read("SELECT COALESCE(MAX(id), 0) FROM run")[0][0]
    restored.close()
    moved = []
    for folder in runs.glob("*"):
        if folder.name.isdigit() and int(folder.name) > last:
            aside = runs / f"replaced-{now:.0f}" / folder.name
            aside.parent.mkdir(exist_ok=True)
            folder.rename(aside)
            moved.append(aside)
    return moved
