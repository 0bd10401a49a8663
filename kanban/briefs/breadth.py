"""How much work the words of a brief name, beside what it says of itself."""

import re
from collections.abc import Iterator

# Things of which each takes work of its own; lines, minutes and pixels do not.
_UNITS = (
    r"(?:manufacturers?|vendors?|brands?|products?|suppliers?|makers?|providers?|companies|competitors?|customers?|clients?"
    r"|hosts?|servers?|machines?|devices?|services?|applications?|apps?|repositories|repos?|projects?|librar(?:y|ies)"
    r"|packages?|modules?|components?|websites?|sites?|pages?|documents?|docs?|articles?|chapters?|papers?|books?|posts?"
    r"|countr(?:y|ies)|cit(?:y|ies)|states?|languages?|candidates?|models?|inverters?|dashboards?|playbooks?|roles?)"
)
_TEENS = "nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100, "dozens of": 24}
_WORDS = {word: number for number, word in enumerate(_TEENS.split(), 9)} | _TENS
_COUNTED = re.compile(rf"\b(\d{{1,4}}|{'|'.join(_WORDS)})(?:\s+[\w-]+){{0,2}}?\s+{_UNITS}\b(?!\s+per\b)", re.IGNORECASE)
_UNBOUNDED = re.compile(
    rf"\b(?:all|every|each|any)(?:\s+(?:of\s+)?(?:the|our|my|known|existing|other|major|supported|[\w-]+))?\s+{_UNITS}\b",
    re.IGNORECASE,
)
_LIST = re.compile(r"(?:[^,;.:\n()]{1,60},\s*){8,}[^,;.:\n()]{1,60}")


def find_counted(text: str, most: int) -> tuple[str, int] | None:
    """The words that name more than `most` things to work on, and how many they name; None where none do."""
    for match in _COUNTED.finditer(text):
        number = int(match[1]) if match[1].isdigit() else _WORDS[match[1].casefold()]
        if number > most and not 1900 <= number <= 2100:  # a year
            return match[0], number
    return None


def find_unbounded(text: str) -> str:
    """The words that name things to work on without saying which; empty where none do."""
    match = _UNBOUNDED.search(text)
    return match[0] if match else ""


def find_lists(text: str, most: int) -> Iterator[tuple[str, int]]:
    """Lists of more than `most` names, each with how many it holds."""
    for match in _LIST.finditer(text):
        if (count := match[0].count(",") + 1) > most:
            yield match[0], count
