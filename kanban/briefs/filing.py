"""What can only be seen when all drafts of a filing lie side by side: duplicates, and waits that cannot be."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from kanban.briefs.findings import finding, plain, shorten, suggest
from kanban.domain.brief import Finding, TicketDraft


def content_hash(draft: TicketDraft) -> str:
    """The same for two drafts that ask for the same thing, whatever their case, spacing and order of targets."""
    brief = draft.brief
    content = [
        plain(draft.title),
        plain(brief.goal),
        sorted((target.host, target.path) for target in brief.targets),
        sorted(map(plain, brief.deliverables)),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class Filing:
    """The drafts of one filing."""

    def __init__(self, drafts: Sequence[TicketDraft]) -> None:
        self._drafts = drafts
        self._titles = [draft.title for draft in drafts]
        self._hashes = [content_hash(draft) for draft in drafts]
        self._first = {digest: position for position, digest in reversed(list(enumerate(self._hashes)))}
        self._cycle = _find_cycle(drafts)

    def check(self, position: int) -> Iterator[Finding]:
        """Findings of the draft at `position` among the others."""
        yield from self._duplicates(position)
        yield from self._waits(self._drafts[position])

    def _duplicates(self, position: int) -> Iterator[Finding]:
        digest = self._hashes[position]
        if (first := self._first[digest]) != position:
            message = f"the same title, goal and targets as draft {first + 1} of this filing: leave it out"
            yield finding("duplicate", "title", message)

    def _waits(self, draft: TicketDraft) -> Iterator[Finding]:
        for position, title in enumerate(draft.after):
            place = f"after[{position}]"
            if title not in self._titles:
                hint = suggest(title, set(self._titles) - {draft.title})
                message = f"no draft of this filing is called “{shorten(title)}”; {hint}"
                yield finding("unknown-after", place, message + "a ticket on the board goes in depends_on, by number")
            elif self._titles.count(title) > 1:
                message = f"several drafts are called “{shorten(title)}”: give each its own title"
                yield finding("unknown-after", place, message)
        if draft.title in self._cycle:
            ring = " → ".join(f"“{shorten(title)}”" for title in self._cycle)
            yield finding("after-cycle", "after", f"these wait for each other: {ring}; drop one of the waits")


def _find_cycle(drafts: Sequence[TicketDraft]) -> list[str]:
    """The titles of one ring of waits, each waiting for the next; empty when there is none."""
    waits: TopologicalSorter[str] = TopologicalSorter()
    for draft in drafts:
        waits.add(draft.title, *draft.after)
    try:
        waits.prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        return ring[::-1]
    return []
