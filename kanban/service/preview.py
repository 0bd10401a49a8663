"""What a call that waits for the person would change in a file, before it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff

from kanban.domain.brief import LOCAL
from kanban.errors import KanbanError
from kanban.execution.base import Backend
from kanban.service.approvals import host_of_call, read_arguments
from kanban.store.tables import Approval

COMPARED_BYTES = 256_000  # of a file or a new text; longer ones are not compared


@dataclass(frozen=True)
class FileChange:
    """A unified diff, and in `note` what it was made from. No lines: there is nothing to compare."""

    path: str
    lines: Sequence[str]
    note: str


def preview_change(approval: Approval, files: Backend) -> FileChange | None:
    """What the call would change in its file; None for a call that writes none. `files` are those of this machine.

    Only a file of this machine is compared; on another host the diff shows what the call says.
    """
    arguments = read_arguments(approval)
    if approval.tool not in ("write_file", "edit_file") or not isinstance(arguments, dict):
        return None
    path, host = str(arguments.get("path", "")), host_of_call(approval)
    taken, put = _texts(approval.tool, arguments)
    if max(len(taken), len(put)) > COMPARED_BYTES:
        return FileChange(path, [], "too long to compare")
    if host != LOCAL:
        return FileChange(path, _compare(taken, put), f"not compared with the file, which is on {host}")
    if approval.tool == "write_file":
        return _preview_write(path, put, files)
    return _preview_edit(path, taken, put, bool(arguments.get("every")), files)


def _texts(tool: str, arguments: dict[str, object]) -> tuple[str, str]:
    """The text that goes and the one that comes."""
    if tool == "write_file":
        return "", str(arguments.get("content", ""))
    return str(arguments.get("old", "")), str(arguments.get("new", ""))


def _preview_write(path: str, content: str, files: Backend) -> FileChange:
    before, problem = _read(path, files)
    if before is None:
        return FileChange(path, _compare("", content), f"not compared: {problem}")
    same = "; it says exactly that already" if before == content else ""
    return FileChange(path, _compare(before, content), f"compared with the file as it is now{same}")


def _preview_edit(path: str, old: str, new: str, every: bool, files: Backend) -> FileChange:
    before, problem = _read(path, files)
    if before is None:
        return FileChange(path, _compare(old, new), f"not compared: {problem}")
    found = before.count(old) if old else 0
    if found == 0 or (found > 1 and not every):
        why = f"the file holds `old` {found} times" if found else "the file does not hold `old`"
        return FileChange(path, _compare(old, new), f"it would fail as it stands: {why}")
    return FileChange(path, _compare(before, before.replace(old, new)), "compared with the file as it is now")


def _read(path: str, files: Backend) -> tuple[str | None, str]:
    """The text of a file, or why it is not had."""
    try:
        raw = files.read_bytes(path, COMPARED_BYTES + 1)
    except KanbanError as error:
        return None, str(error)
    if len(raw) > COMPARED_BYTES:
        return None, f"it is longer than {COMPARED_BYTES // 1000} kB"
    try:
        return raw.decode(), ""
    except UnicodeDecodeError:
        return None, "it is not UTF-8 text"


def _compare(before: str, after: str) -> list[str]:
    return list(unified_diff(_lines(before), _lines(after), lineterm=""))[2:]  # without the two lines of file names


def _lines(text: str) -> list[str]:
    *whole, rest = text.split("\n")
    return [*whole, *([f"{rest}\n\\ no newline at the end"] if rest else [])]
