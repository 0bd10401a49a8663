"""Commands as agents write them on hosts: those that do harm or might, and those that only look or do what was asked.

`\\n` in a command with a here-document is a new line.
"""

from pathlib import Path


def _read(name: str) -> list[str]:
    lines = Path(__file__).with_name(name).read_text().splitlines()
    return [line.replace("\\n", "\n") if "<<" in line else line for line in lines]


HARMFUL = _read("harmful.txt")
HARMLESS = _read("harmless.txt")
