"""`kanban list` as a new process: on a full board, on an empty one, and beside the import of sqlmodel alone."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.boards import temporary_app
from benchmarks.measure import Figure, compare, time_once

TICKETS = 50_000
ROUNDS = 25


def measure(tickets: int = TICKETS, rounds: int = ROUNDS) -> Iterator[Figure]:
    """The first page against the empty board's, and against the library that it needs."""
    with temporary_app(tickets) as full, temporary_app() as empty:
        on_full, on_empty = _list_of(full.home.path), _list_of(empty.home.path)
        library = (sys.executable, "-c", "import sqlmodel")
        sizes = compare(lambda: _run(on_full), lambda: _run(on_empty), rounds)
        imports = compare(lambda: _run(on_full), lambda: _run(library), rounds)
    behind = f"{_milli(sizes.subject)}, empty {_milli(sizes.reference)}"
    yield Figure(f"kanban list at {tickets:,} tickets against an empty board", sizes.ratio, "x", 1.3, behind=behind)
    behind = f"{_milli(imports.subject)}, import {_milli(imports.reference)}"
    yield Figure(f"kanban list at {tickets:,} tickets against import sqlmodel", imports.ratio, "x", 1.25, behind=behind)


def _list_of(home: Path) -> Sequence[str]:
    return (str(Path(sys.executable).with_name("kanban")), "--home", str(home), "list")


def _run(command: Sequence[str]) -> float:
    return time_once(lambda: subprocess.run(command, check=True, capture_output=True))


def _milli(seconds: float) -> str:
    return f"{1e3 * seconds:.0f} ms"
