"""A command in the sandbox, against the same command without it."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Figure, compare, note, time_once
from kanban.execution.cell import choose_cell
from kanban.execution.local import LocalBackend

ROUNDS = 60
PATH = {"PATH": "/usr/bin:/bin"}


def measure(rounds: int = ROUNDS) -> Iterator[Figure]:
    """`true` by the backend of a run in its cell, and by `bash -c true` started from here."""
    probed = choose_cell(is_wanted=True)
    if not probed.cell.is_closed:
        note(f"no sandbox to measure: {probed.problem}")
        return
    with tempfile.TemporaryDirectory(prefix="kanban-bench-") as folder:
        workspace, tmp = Path(folder, "workspace"), Path(folder, "tmp")
        workspace.mkdir()
        backend = LocalBackend(workspace, environment=PATH, cell=probed.cell, tmp=tmp)
        pairs = compare(
            lambda: time_once(lambda: backend.run("true", timeout=60)),
            lambda: time_once(lambda: subprocess.run(["/bin/bash", "-c", "true"], env=PATH, check=True)),
            rounds,
        )
        backend.close()
    behind = f"{pairs.subject * 1000:.1f} ms, bash alone {pairs.reference * 1000:.1f} ms"
    yield Figure("a command in the sandbox against `bash -c true`", pairs.ratio, "x", 5, behind=behind)
