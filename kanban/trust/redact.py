"""Keeps secrets out of prompts, logs, events and artifacts."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

PIECE = 1_000_000  # characters of a file that are looked at together
LONGEST_SECRET = 10_000  # characters of a piece that are looked at again with the next, in case it ends in a secret
SHORTEST_SECRET = 8  # shorter values occur by chance and would mangle ordinary text


def make_redactor(secrets: Mapping[str, str]) -> Callable[[str], str]:
    """A function that replaces the value of every secret by `[secret NAME]`."""
    names = {value: name for name, value in secrets.items() if len(value) >= SHORTEST_SECRET}
    if not names:
        return lambda text: text
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return lambda text: pattern.sub(lambda found: f"[secret {names[found[0]]}]", text)


def redact_file(file: Path, redact: Callable[[str], str]) -> None:
    """Replace the secrets in a text of any length, piece by piece. Bytes that are no UTF-8 stay as they are.

    Raises OSError when the file cannot be read or written; it is then as it was.
    """
    clean = file.with_name(f"{file.name}.clean")
    options = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}
    with file.open(**options) as old, clean.open("w", **options) as new:  # type: ignore[call-overload]
        held = ""
        while piece := old.read(PIECE):
            held = redact(held + piece)
            new.write(held[:-LONGEST_SECRET])
            held = held[-LONGEST_SECRET:]
        new.write(held)
    clean.replace(file)
