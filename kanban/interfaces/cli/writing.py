"""What a person writes for a ticket: read from a file, stdin or their editor, as a brief or as plain text."""

import sys
from pathlib import Path

from kanban.briefs.written import parse_brief as parse_brief
from kanban.errors import InvalidFile, InvalidInput

MAX_BYTES = 1_000_000
STDIN = "-"


def read_body(source: str) -> str:
    """The text of a file, or of stdin for `-`. Raises InvalidInput when it cannot be read as UTF-8 text."""
    try:
        if source == STDIN:
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(source).open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise InvalidInput(f"{source} cannot be read: {problem}", "name a file, or `-` to read stdin") from None
    name = _name(source)
    if len(raw) > MAX_BYTES:
        raise InvalidFile(name, None, f"is larger than {MAX_BYTES // 1000} kB", "put long material in files of its own")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidFile(name, line, "is not UTF-8 text", "save it as UTF-8") from None


def _name(source: str) -> Path:
    return Path("stdin" if source == STDIN else source)
