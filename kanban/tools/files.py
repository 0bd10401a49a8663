"""Files: read, list and search anywhere a run may look; write and edit where it may work."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import Field

from kanban.domain.brief import LOCAL
from kanban.domain.tool import Effect, Section, Tier, check_pattern, drop_empty
from kanban.errors import ExecutionError, InvalidInput
from kanban.execution.base import Backend, walk
from kanban.tools.base import AnyTool, Arguments, Signature, ToolResult, at_host
from kanban.tools.kinds import name_kind
from kanban.tools.paging import FROM_LINE, NOTE_ROOM, show
from kanban.tools.toolset import Scope, Toolset
from kanban.trust.fences import FENCE_ROOM
from kanban.trust.patterns import Searcher, TooSlow

READ_LIMIT = 2_000_000  # bytes of a file that are ever looked at
LINES_AT_ONCE = 2_000
ENTRIES_AT_ONCE = 500
MATCHES_AT_ONCE = 100
FILES_PER_SEARCH = 2_000
SHOWN_OF_LINE = 300  # characters of a line that matches

SEARCH_SECONDS = 10.0  # of processor time that one search gets
_LINE_NUMBER = re.compile(r"(?m)^ *\d+\t")  # as read_file writes it

HOST = Field(default=LOCAL, description="A host; this machine if left out.")
PATH = Field(min_length=1, description="Exact path, on a host from `/`; a relative one is in the workspace.")


class ReadFile(Arguments):
    path: str = PATH
    host: str = HOST
    from_line: int = Field(default=1, ge=1, description="First line to show.")
    lines: int = Field(default=LINES_AT_ONCE, ge=1, le=LINES_AT_ONCE, description="How many lines.")
    from_byte: int | None = Field(default=None, ge=0, description="Start here instead, to go on inside a long line.")


class WriteFile(Arguments):
    path: str = PATH
    content: str = Field(description="The whole new content of the file.")
    host: str = HOST


class EditFile(Arguments):
    path: str = PATH
    old: str = Field(min_length=1, description="Exact text to replace, with its white space, without line numbers.")
    new: str = Field(description="What to put in its place.")
    host: str = HOST
    every: bool = Field(default=False, description="Replace every occurrence; otherwise `old` must occur once.")


class ListDir(Arguments):
    path: str = Field(default=".", min_length=1, description="Folder to list; the workspace if left out.")
    host: str = HOST
    from_line: int = FROM_LINE


class SearchFiles(Arguments):
    pattern: str = Field(min_length=1, description="Regular expression, searched line by line.")
    path: str = Field(default=".", min_length=1, description="File or folder; the workspace if left out.")
    host: str = HOST
    from_line: int = FROM_LINE


def _at_path(asked: Any) -> str:
    return str(asked.path)


READ_FILE = Signature(
    "read_file",
    "Read a text file; its lines are numbered.",
    ReadFile,
    Effect.LOOK,
    Tier.READ,
    at_host,
    _at_path,
    repeatable=True,
)
LIST_DIR = Signature(
    "list_dir",
    "List a folder: folders with a slash, files with size.",
    ListDir,
    Effect.LOOK,
    Tier.READ,
    at_host,
    _at_path,
    repeatable=True,
)
SEARCH_FILES = Signature(
    "search_files",
    "Search a file or a folder tree.",
    SearchFiles,
    Effect.LOOK,
    Tier.READ,
    at_host,
    _at_path,
    repeatable=True,
)
WRITE_FILE = Signature(
    "write_file",
    "Write a whole file, making the folders above it.",
    WriteFile,
    Effect.CHANGE,
    Tier.SAFE,
    at_host,
    _at_path,
    repeatable=True,
    writes_file=True,
)
EDIT_FILE = Signature(
    "edit_file",
    "Replace an exact piece of text in a file.",
    EditFile,
    Effect.CHANGE,
    Tier.SAFE,
    at_host,
    _at_path,
    writes_file=True,
)


def make_file_tools(scope: Scope) -> list[AnyTool]:
    """The file tools of one run; each shows at most as much at once as the settings say."""
    workshop, limit = scope.workshop, scope.settings.output_limit_chars

    def read_file(asked: ReadFile) -> ToolResult:
        shown, note = _show_lines(_read_text(workshop.backend(asked.host), asked.path), asked, limit - FENCE_ROOM)
        return ToolResult(drop_empty(Section(shown, _source_of(asked)), Section(note)))

    def list_dir(asked: ListDir) -> ToolResult:
        entries = workshop.backend(asked.host).list_dir(asked.path)
        shown = [f"{entry.name}/" if entry.kind == "dir" else f"{entry.name}  {entry.size}" for entry in entries]
        listed = [Section("\n".join(shown), _source_of(asked))] if shown else []
        return ToolResult(show(listed, limit, asked.from_line, ENTRIES_AT_ONCE))

    def search_files(asked: SearchFiles) -> ToolResult:
        wanted = asked.from_line + MATCHES_AT_ONCE  # one more than is shown says that there are more
        matches = list(islice(_search(workshop.backend(asked.host), asked), wanted))
        if not matches:
            return ToolResult("(no line matches)")
        found = Section("\n".join(matches), _source_of(asked))
        return ToolResult(show([found], limit, asked.from_line, MATCHES_AT_ONCE))

    def write_file(asked: WriteFile) -> ToolResult:
        data = asked.content.encode()
        workshop.backend(asked.host).write_bytes(asked.path, data)
        return ToolResult(f"wrote {len(data)} bytes to {asked.path} on {asked.host}")

    def edit_file(asked: EditFile) -> ToolResult:
        backend = workshop.backend(asked.host)
        text = _read_text(backend, asked.path)
        found = text.count(asked.old)
        if found == 0:
            raise InvalidInput(f"{asked.path} does not hold the text in `old`", _say_what_to_copy(asked.old, text))
        if found > 1 and not asked.every:
            raise InvalidInput(f"{asked.path} holds it {found} times", "take more of its surroundings, or set `every`")
        backend.write_bytes(asked.path, text.replace(asked.old, asked.new).encode())
        return ToolResult(f"replaced {found} in {asked.path} on {asked.host}")

    return [
        READ_FILE.bind(read_file),
        LIST_DIR.bind(list_dir),
        SEARCH_FILES.bind(search_files),
        WRITE_FILE.bind(write_file),
        EDIT_FILE.bind(edit_file),
    ]


FILE_TOOLS: Toolset[Scope] = Toolset(
    "files", [READ_FILE, LIST_DIR, SEARCH_FILES, WRITE_FILE, EDIT_FILE], make_file_tools
)


def name_host(host: str) -> str:
    """A host in words for a model."""
    return "this machine" if host == LOCAL else f"host {host}"


def _source_of(asked: ReadFile | ListDir | SearchFiles) -> str:
    return f"{asked.path} on {name_host(asked.host)}"


def _read_text(backend: Backend, path: str) -> str:
    size = backend.size(path)
    if size > READ_LIMIT:
        raise ExecutionError(
            f"{path} is {size} bytes, more than the {READ_LIMIT} that are read", "use the shell to look at a part of it"
        )
    data = backend.read_bytes(path, READ_LIMIT)
    kind = name_kind(data)
    if kind:
        raise ExecutionError(f"{path} is not text: {kind}, {size} bytes", "commands made for it can look at it")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ExecutionError(
            f"{path} is not UTF-8 (byte {error.start} of {size})", "convert it, or look at it with commands"
        ) from None


def _say_what_to_copy(old: str, text: str) -> str:
    """Why `old` was not found, where that can be seen."""
    bare = _LINE_NUMBER.sub("", old)
    if bare != old and bare in text:
        return "`old` was copied with line numbers: leave out each number and the tab after it, in `new` too"
    return "read the file and copy it exactly"


def _show_lines(text: str, asked: ReadFile, limit: int) -> tuple[str, str]:
    """Numbered lines, as many as the limit holds, and a note on how to read on; a line too long for it in parts."""
    start, number = _find_start(text, asked)
    lines = text[start:].removesuffix("\n").split("\n") if start < len(text) else []
    shown: list[str] = []
    room = limit - NOTE_ROOM - len(_source_of(asked))
    for line in lines[: asked.lines]:
        numbered = f"{number + len(shown)}\t{line}"
        room -= len(numbered) + 1
        if room < 0:
            break
        shown.append(numbered)
    left = len(lines) - len(shown)
    if not left:
        return "\n".join(shown), "" if shown else "(nothing there)"
    if not shown:
        part = f"{number}\t{lines[0]}"[: limit - NOTE_ROOM - len(_source_of(asked))]
        read = len(text[: start + len(part) - len(f"{number}\t")].encode())
        return part, f"[line {number} goes on: read on with `from_byte` {read}]"
    what = f"{left} more {'line' if left == 1 else 'lines'}"
    return "\n".join(shown), f"[{what}: read on with `from_line` {number + len(shown)}]"


def _find_start(text: str, asked: ReadFile) -> tuple[int, int]:
    """The place in the text from which on it is shown, and the number of the line there."""
    if asked.from_byte is not None:
        before = text.encode()[: asked.from_byte].decode(errors="ignore")  # a character cut in two is shown whole
        return len(before), before.count("\n") + 1
    above = text.split("\n", asked.from_line - 1)[:-1]
    if len(above) < asked.from_line - 1:
        return len(text), asked.from_line
    return sum(len(line) + 1 for line in above), asked.from_line


def _search(backend: Backend, asked: SearchFiles) -> Iterator[str]:
    try:
        pattern = check_pattern(asked.pattern)
    except ValueError as error:
        raise InvalidInput(str(error)) from None
    searcher = Searcher(SEARCH_SECONDS)
    for searched, path in enumerate(walk(backend, asked.path)):
        if searched >= FILES_PER_SEARCH:
            yield f"[stopped after {FILES_PER_SEARCH} files: search a smaller folder]"
            return
        for number, line in enumerate(_lines_or_none(backend, path), 1):
            if _finds(searcher, pattern, line, f"{path}:{number}"):
                yield f"{path}:{number}: {line[:SHOWN_OF_LINE]}"


def _finds(searcher: Searcher, pattern: str, line: str, place: str) -> bool:
    try:
        return searcher.finds(pattern, line)
    except TooSlow:
        raise InvalidInput(
            f"the search took {SEARCH_SECONDS:g} s of processor time and came as far as {place}",
            "write a simpler pattern, or search a smaller folder or a single file",
        ) from None


def _lines_or_none(backend: Backend, path: str) -> list[str]:
    """The lines of a text file; nothing for what is binary, too large or cannot be read."""
    try:
        return _read_text(backend, path).splitlines()
    except ExecutionError:
        return []
