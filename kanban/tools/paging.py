"""What a tool shows of a long text: as many lines as one limit holds, by source, and how to read on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pydantic import Field

from kanban.domain.tool import Section
from kanban.trust.fences import fence

FROM_LINE = Field(default=1, ge=1, description="Line to go on from.")
READ_ON = "read on with `from_line`"
NOTE_ROOM = 120  # characters that a note on how to read on may take


@dataclass(frozen=True)
class _Line:
    section: Section
    text: str


def show(
    sections: Sequence[Section], limit: int, from_line: int = 1, most: int | None = None, instead: str = ""
) -> list[Section]:
    """The lines from `from_line` on that `limit` characters hold, fences and note included; `most` lines at most.

    A line that is very long goes on in lines of its own, so that every part of a text can be reached. `instead` says
    what to do about the rest where a tool takes no `from_line`.
    """
    lines = [line for section in sections for line in _fold(section, limit // 3)]
    left = lines[from_line - 1 :]
    if not left:
        return [
            Section(f"(nothing from line {from_line} on: there are {len(lines)})" if from_line > 1 else "(nothing)")
        ]
    shown = left[: _count_fitting(left[:most], limit - NOTE_ROOM)]
    parts = [
        replace(section, text="\n".join(line.text for line in group))
        for section, group in groupby(shown, key=lambda line: line.section)
    ]
    if len(shown) < len(left):
        parts.append(Section(f"[more follows: {instead or f'{READ_ON} {from_line + len(shown)}'}]"))
    return parts


def cut(text: str, limit: int, note: str) -> str:
    """At most `limit` characters of a text; `note` says what became of the rest."""
    if len(text) <= limit:
        return text
    end = f"\n[{note}]"
    return text[: max(limit - len(end), 0)] + end


def _fold(section: Section, width: int) -> Iterator[_Line]:
    for line in section.text.split("\n"):
        for start in range(0, max(len(line), 1), width):
            yield _Line(section, line[start : start + width])


def _count_fitting(lines: Sequence[_Line], room: int) -> int:
    """How many of the lines fit; one always does."""
    section = None
    for number, line in enumerate(lines):
        room -= len(line.text) + 1
        if line.section is not section:
            section = line.section
            room -= len(fence(replace(section, text=""))) + 1
        if room < 0 and number:
            return number
    return len(lines)
