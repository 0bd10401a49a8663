"""Files: read, list and search anywhere a run may look; write and edit where it may work."""

import re
from collections.abc import Iterator

from pydantic import Field

from kanban.agents.tool import AnyTool, Arguments, Tool, ToolResult
from kanban.agents.workshop import Workshop
from kanban.domain.brief import LOCAL
from kanban.domain.tool import Tier
from kanban.errors import ExecutionError, InvalidInput
from kanban.execution.base import Backend, walk

READ_LIMIT = 2_000_000  # bytes of a file that are ever looked at
LINES_AT_ONCE = 2_000
ENTRIES_AT_ONCE = 500
MATCHES_AT_ONCE = 100
FILES_PER_SEARCH = 2_000

HOST = Field(default=LOCAL, description="Name of the host from hosts.yaml; `local` is this machine.")
PATH = Field(
    min_length=1, description="Exact path. On `local`, relative paths are in the workspace; on hosts, absolute."
)


class ReadFile(Arguments):
    path: str = PATH
    host: str = HOST
    from_line: int = Field(default=1, ge=1, description="First line to show.")
    lines: int = Field(default=LINES_AT_ONCE, ge=1, le=LINES_AT_ONCE, description="How many lines to show.")


class WriteFile(Arguments):
    path: str = PATH
    content: str = Field(description="The whole new content of the file.")
    host: str = HOST


class EditFile(Arguments):
    path: str = PATH
    old: str = Field(min_length=1, description="The exact text to replace, with its white space.")
    new: str = Field(description="What to put in its place.")
    host: str = HOST
    every: bool = Field(default=False, description="Replace every occurrence; otherwise `old` must occur once.")


class ListDir(Arguments):
    path: str = Field(default=".", min_length=1, description="Folder to list.")
    host: str = HOST


class SearchFiles(Arguments):
    pattern: str = Field(min_length=1, description="Regular expression, searched line by line.")
    path: str = Field(default=".", min_length=1, description="File or folder to search in.")
    host: str = HOST


def make_looking_tools(workshop: Workshop) -> list[AnyTool]:
    """The tools that only look."""

    def read_file(asked: ReadFile) -> ToolResult:
        return ToolResult(_show_lines(_read_text(workshop.backend(asked.host), asked.path), asked))

    def list_dir(asked: ListDir) -> ToolResult:
        entries = workshop.backend(asked.host).list_dir(asked.path)
        shown = [f"{entry.name}/" if entry.kind == "dir" else f"{entry.name}  {entry.size}" for entry in entries]
        if len(shown) > ENTRIES_AT_ONCE:
            shown[ENTRIES_AT_ONCE:] = [f"[{len(shown) - ENTRIES_AT_ONCE} more entries are not shown]"]
        return ToolResult("\n".join(shown) or "(empty)")

    def search_files(asked: SearchFiles) -> ToolResult:
        matches = list(_search(workshop.backend(asked.host), asked))
        return ToolResult("\n".join(matches) or "(no line matches)")

    return [
        Tool("read_file", "Read a text file, by lines.", ReadFile, Tier.READ, read_file, True),
        Tool(
            "list_dir",
            "List a folder: names, folders with a slash, files with size.",
            ListDir,
            Tier.READ,
            list_dir,
            True,
        ),
        Tool("search_files", "Search a file or a folder tree.", SearchFiles, Tier.READ, search_files, True),
    ]


def make_changing_tools(workshop: Workshop) -> list[AnyTool]:
    """The tools that change files."""

    def write_file(asked: WriteFile) -> ToolResult:
        data = asked.content.encode()
        workshop.backend(asked.host).write_bytes(asked.path, data)
        return ToolResult(f"wrote {len(data)} bytes to {asked.path} on {asked.host}")

    def edit_file(asked: EditFile) -> ToolResult:
        backend = workshop.backend(asked.host)
        text = _read_text(backend, asked.path)
        found = text.count(asked.old)
        if found == 0:
            raise InvalidInput(f"{asked.path} does not hold the text in `old`", "read the file and copy it exactly")
        if found > 1 and not asked.every:
            raise InvalidInput(f"{asked.path} holds it {found} times", "take more of its surroundings, or set `every`")
        backend.write_bytes(asked.path, text.replace(asked.old, asked.new).encode())
        return ToolResult(f"replaced {found} in {asked.path} on {asked.host}")

    return [
        Tool("write_file", "Write a whole file, making the folders above it.", WriteFile, Tier.SAFE, write_file, True),
        Tool("edit_file", "Replace an exact piece of text in a file.", EditFile, Tier.SAFE, edit_file),
    ]


def _read_text(backend: Backend, path: str) -> str:
    size = backend.size(path)
    if size > READ_LIMIT:
        raise ExecutionError(
            f"{path} is {size} bytes, more than the {READ_LIMIT} that are read", "use the shell to look at a part of it"
        )
    data = backend.read_bytes(path, READ_LIMIT)
    if b"\0" in data[:8192]:
        raise ExecutionError(f"{path} is binary ({size} bytes)", "it can be looked at with commands, not as text")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ExecutionError(
            f"{path} is not UTF-8 (byte {error.start})", "convert it, or look at it with commands"
        ) from None


def _show_lines(text: str, asked: ReadFile) -> str:
    lines = text.splitlines(keepends=True)
    first = asked.from_line - 1
    shown = lines[first : first + asked.lines]
    left = len(lines) - first - len(shown)
    return ("".join(shown) or "(nothing there)") + (f"\n[{left} more lines]" if left > 0 else "")


def _search(backend: Backend, asked: SearchFiles) -> Iterator[str]:
    try:
        pattern = re.compile(asked.pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidInput(f"{asked.pattern!r} is not a regular expression: {error}") from None
    matches = 0
    for searched, path in enumerate(walk(backend, asked.path)):
        if searched >= FILES_PER_SEARCH:
            yield f"[stopped after {FILES_PER_SEARCH} files; search a smaller folder]"
            return
        for number, line in enumerate(_lines_or_none(backend, path), 1):
            if pattern.search(line):
                yield f"{path}:{number}: {line[:300]}"
                matches += 1
                if matches >= MATCHES_AT_ONCE:
                    yield f"[stopped after {MATCHES_AT_ONCE} matches]"
                    return


def _lines_or_none(backend: Backend, path: str) -> list[str]:
    """The lines of a text file; nothing for what is binary, too large or cannot be read."""
    try:
        return _read_text(backend, path).splitlines()
    except ExecutionError:
        return []
