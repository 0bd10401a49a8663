"""Who may start beside what runs already: the one place where slots are counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kanban.domain.capacity import NOTHING, Capacity
from kanban.domain.host import Hosts
from kanban.domain.outcome import Purpose
from kanban.domain.profile import Profile
from kanban.store.due import LiveRun


@dataclass
class Slots:
    """Free places: over all, for each profile and for each host, and what is left of this machine.

    A chat takes none while the person waits for it.
    """

    total: int
    profiles: Mapping[str, Profile]
    hosts: Hosts
    machine: Capacity
    taken: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    asked: Capacity = NOTHING

    @classmethod
    def count(
        cls,
        total: int,
        profiles: Mapping[str, Profile],
        hosts: Hosts,
        machine: Capacity,
        live: Iterable[LiveRun],
    ) -> "Slots":
        """The slots as the live runs leave them on `machine`."""
        slots = cls(total, profiles, hosts, machine)
        for run in live:
            if run.purpose != Purpose.CHAT or run.is_takeover:
                slots.take(run.profile, run.hosts, run.asked)
        return slots

    def find_full(self, profile: str, hosts: Sequence[str] = (), asked: Capacity = NOTHING) -> str | None:
        """What a run of `profile` on `hosts` that asks for so much would have to wait for; None when it may start."""
        if len(self.taken) >= self.total:
            return f"all {self.total} slots are taken"
        limit = self.profiles[profile].max_parallel
        if sum(1 for name, _ in self.taken if name == profile) >= limit:
            return f"all {limit} slots of {profile} are taken"
        for host in hosts:
            known = self.hosts.hosts.get(host)
            if known and sum(1 for _, used in self.taken if host in used) >= known.max_parallel:
                return f"all {known.max_parallel} slots of host {host} are taken"
        if asked != NOTHING and (lack := self.machine.find_lack(self.asked + asked)):
            return f"with what runs already it would take {lack} on this machine"
        return None

    def take(self, profile: str, hosts: Sequence[str] = (), asked: Capacity = NOTHING) -> None:
        """Count a run that was just started."""
        self.taken.append((profile, tuple(hosts)))
        self.asked += asked

    @property
    def exhausted(self) -> bool:
        """Whether nothing at all can start any more."""
        return len(self.taken) >= self.total
