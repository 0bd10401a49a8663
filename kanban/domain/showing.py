"""Text of unknown origin and spans of time, as people are shown them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime


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


def show_tokens(prompt: int, cached: int, completion: int) -> str:
    """Tokens in and out, and the share of what went in that the provider read from its cache."""
    share = f" ({cached / prompt:.0%} cached)" if cached and prompt else ""
    return f"{prompt:,}{share} + {completion:,} tokens"


def as_time(seconds: float | None) -> str | None:
    """ISO 8601 in UTC, for JSON."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def show_span(seconds: float) -> str:
    """A span of time in its largest unit: 12s, 5m, 3h, 4d."""
    count, unit = _measure(seconds)
    return f"{count}{unit[0]}"


def tell_span(seconds: float) -> str:
    """A span of time as people say it: 12 seconds, 1 minute, 3 hours."""
    count, unit = _measure(seconds)
    return f"{count} {unit}{'' if count == 1 and unit != 'second' else 's'}"


def _measure(seconds: float) -> tuple[int, str]:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return int(seconds // length), unit
    return max(0, int(seconds)), "second"
