"""Keeps secrets out of prompts, logs, events and artifacts."""

import re
from collections.abc import Callable, Mapping

SHORTEST_SECRET = 8  # shorter values occur by chance and would mangle ordinary text


def make_redactor(secrets: Mapping[str, str]) -> Callable[[str], str]:
    """A function that replaces the value of every secret by `[secret NAME]`."""
    names = {value: name for name, value in secrets.items() if len(value) >= SHORTEST_SECRET}
    if not names:
        return lambda text: text
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return lambda text: pattern.sub(lambda found: f"[secret {names[found[0]]}]", text)
