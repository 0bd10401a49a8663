"""Text of unknown origin and spans of time, as people are shown them."""

import json
from collections.abc import Iterator


def show_safely(text: str) -> str:
    """Text of unknown origin with its control characters made visible, so that a terminal obeys none of them."""
    return "".join(mark if mark in "\n\t" or mark.isprintable() else f"\\x{ord(mark):02x}" for mark in text)


def show_line(text: str) -> str:
    """The same on one line, runs of white space as one blank."""
    return show_safely(" ".join(text.split()))


def spell_arguments(arguments: object) -> Iterator[tuple[str, list[str]]]:
    """The name of each argument of a call and the lines of its value, whole: what is approved is what is seen."""
    named = arguments.items() if isinstance(arguments, dict) else [("arguments", arguments)]
    for name, value in named:
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield show_line(str(name)), show_safely(shown).replace("\t", "\\t").split("\n")


def show_span(seconds: float) -> str:
    """A span of time in its largest unit: 12s, 5m, 3h, 4d."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(max(0.0, seconds))}s"
