"""Processors and memory: what a machine has, and what work asks of it."""

from dataclasses import dataclass

from kanban.domain.brief import LOCAL, Brief


@dataclass(frozen=True)
class Capacity:
    """So many processors, so many MB of memory."""

    cpu: int = 0
    memory_mb: int = 0

    @classmethod
    def asked_by(cls, brief: Brief | None) -> "Capacity":
        """What the work of a brief asks of this machine; nothing where all of its targets are on hosts."""
        if brief is None or (brief.targets and all(target.host != LOCAL for target in brief.targets)):
            return NOTHING
        return cls(brief.resources.cpu or 0, brief.resources.memory_mb or 0)

    def __add__(self, other: "Capacity") -> "Capacity":
        return Capacity(self.cpu + other.cpu, self.memory_mb + other.memory_mb)

    def find_lack(self, asked: "Capacity") -> str:
        """What there is too little of for so much; empty when there is enough."""
        if asked.cpu > self.cpu:
            return f"{asked.cpu} processors, and there are {self.cpu}"
        if asked.memory_mb > self.memory_mb:
            return f"{asked.memory_mb} MB of memory, and there are {self.memory_mb}"
        return ""


NOTHING = Capacity()
