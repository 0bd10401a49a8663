"""Likeness of texts: those that differ only in numbers, times and repetitions are alike."""

import re

_TOKENS = re.compile(r"\w+|[^\w\s]")
_DIGIT = re.compile(r"\d")

NUMBER = "#"


def shape_of_text(text: str) -> str:
    """The distinct words and signs of a text in their first order; every word with a digit counts as a number."""
    tokens = (NUMBER if _DIGIT.search(token) else token for token in _TOKENS.findall(text))
    return " ".join(dict.fromkeys(tokens))
