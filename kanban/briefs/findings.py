"""Small words that all rules of the lint share."""

import difflib
from collections.abc import Collection, Iterable

from kanban.domain.brief import Finding, Severity

LIKENESS = 0.6  # from which on one name may be meant by another
SHOWN = 80  # characters of the offending words that a message repeats


def finding(code: str, place: str, message: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(code=code, place=place, message=message, severity=severity)


def shorten(words: str) -> str:
    """`words` on one line, cut to what a message can carry."""
    line = " ".join(words[: 4 * SHOWN].split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


def suggest(word: str, known: Collection[str], likeness: float = LIKENESS) -> str:
    """A question to put into a message when a known name is as close to `word` as that, or an empty string."""
    close = difflib.get_close_matches(word[:SHOWN], sorted(known), n=1, cutoff=likeness)
    return f"did you mean {close[0]}? " if close else ""


def list_names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def plain(text: str) -> str:
    """`text` for comparing: case, spacing and a last full stop do not count."""
    return " ".join(text.casefold().split()).rstrip(".")
