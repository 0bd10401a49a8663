"""The person's own editor, for long texts."""

import shlex
import subprocess
import tempfile
from pathlib import Path

from kanban.config import find_editor
from kanban.errors import InvalidInput, KanbanError

_HINT = "set EDITOR to the editor you use, for example EDITOR=nano"


def edit_in_editor(text: str, ending: str) -> str | None:
    """What the person made of `text`, None when they left it as it was. The terminal must be free for the editor."""
    with tempfile.TemporaryDirectory(prefix="kanban-") as folder:
        file = Path(folder) / f"text{ending}"
        file.write_text(text, encoding="utf-8")
        _run([*_command(), str(file)])
        try:
            edited = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise InvalidInput("what you saved is not UTF-8 text", "save it as UTF-8 in your editor") from None
    return None if edited.rstrip() == text.rstrip() else edited


def _command() -> list[str]:
    editor = find_editor()
    if editor is None:
        raise KanbanError("no editor was found", _HINT)
    return shlex.split(editor)


def _run(command: list[str]) -> None:
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise KanbanError(f"the editor {command[0]!r} cannot be started: {error.strerror}", _HINT) from None
    if status != 0:
        raise KanbanError(f"the editor {command[0]!r} ended with status {status}", "nothing was changed")
