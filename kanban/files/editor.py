"""The person's own editor, for long texts."""

import shlex
import subprocess
import tempfile
from pathlib import Path
from shutil import rmtree

from kanban.errors import InvalidInput, KanbanError
from kanban.files.settings import find_editor

_HINT = "set EDITOR to the editor you use, for example EDITOR=nano"


def edit_in_editor(text: str, ending: str) -> str | None:
    """What the person made of `text`, None when they left it as it was. The terminal must be free for the editor.

    Raises KanbanError when it cannot be read; then it stays in its file, which the hint names.
    """
    command = _command()
    folder = Path(tempfile.mkdtemp(prefix="kanban-"))
    file = folder / f"text{ending}"
    file.write_text(text, encoding="utf-8")
    try:
        _run([*command, str(file)])
        edited = _read(file)
    except KanbanError as error:
        if file.exists() and file.read_bytes() != text.encode():
            error.hint = f"{error.hint}; what you wrote is in {file}"
        else:
            rmtree(folder)
        raise
    rmtree(folder)
    return None if edited.rstrip() == text.rstrip() else edited


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput("what you saved is not UTF-8 text", "save it as UTF-8 in your editor") from None
    except OSError as error:
        raise KanbanError(f"what you saved cannot be read: {error.strerror}", "nothing was changed") from None


def _command() -> list[str]:
    editor = find_editor()
    if editor is None:
        raise KanbanError("no editor was found", _HINT)
    try:
        return shlex.split(editor)
    except ValueError as error:
        raise KanbanError(f"the editor {editor!r} cannot be read: {error}", _HINT) from None


def _run(command: list[str]) -> None:
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise KanbanError(f"the editor {command[0]!r} cannot be started: {error.strerror}", _HINT) from None
    if status != 0:
        raise KanbanError(f"the editor {command[0]!r} ended with status {status}", "nothing was changed")
