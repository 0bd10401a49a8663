"""Types `kanban …` the way a person does: the real `main`, in this process or in one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kanban.app import App, build
from kanban.interfaces.cli import main, session


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The data of a JSON envelope."""
        return self.envelope["data"]

    @property
    def envelope(self) -> dict[str, Any]:
        """A JSON envelope, with what lists and many changes at once tell beside their data."""
        envelope: dict[str, Any] = json.loads(self.out)
        assert set(envelope) - {"total", "next", "errors"} == {"schema_version", "data"}
        assert envelope["schema_version"] == 1
        return envelope

    @property
    def error(self) -> dict[str, str]:
        """The error of a JSON envelope."""
        envelope = json.loads(self.out)
        assert set(envelope) == {"schema_version", "error"} and envelope["schema_version"] == 1
        return envelope["error"]


def run_kanban(home: Path, *words: object, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Result:
    """One command in this process, with `env` as all that it sees of kanban's variables."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    argv = ["kanban", "--home", str(home), *map(str, words)]
    with (
        patch.object(sys, "argv", argv),
        patch.object(sys, "stdin", TextIOWrapper(BytesIO(stdin))),
        patch.dict(os.environ, clean_environment() | dict(env or {}), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
        _boards_are_closed(),
    ):
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
    return Result(status, _text(out), _text(err))


@contextmanager
def _boards_are_closed() -> Iterator[None]:
    """A command's board is closed with its process, and here by hand: nothing else would ever do so."""
    made: list[App] = []

    def build_and_note(*args: Any, **kwargs: Any) -> App:
        made.append(build(*args, **kwargs))
        return made[-1]

    with patch.object(session, "build", build_and_note):
        yield
    for app in made:
        if "store" in vars(app):
            app.store.db.close()


def start_kanban(
    home: Path, *words: object, env: Mapping[str, str] | None = None, **more: Any
) -> subprocess.Popen[str]:
    """One command in a process of its own."""
    command = [sys.executable, "-m", "kanban", "--home", str(home), *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | more
    return subprocess.Popen(command, text=True, env=clean_environment() | dict(env or {}), **pipes)


def finish(process: subprocess.Popen[str]) -> Result:
    out, err = process.communicate(timeout=90)
    return Result(process.returncode, out, err)


def clean_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KANBAN_", "NO_COLOR", "EDITOR", "VISUAL"))
    }


def _text(stream: TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined]
