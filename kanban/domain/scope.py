"""What the work of a ticket is about: the paths and services that its brief names, by host."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import normpath

from kanban.domain.brief import LOCAL, Brief
from kanban.domain.host import Hosts

SCRATCH = ("/tmp", "/var/tmp")  # folders where anybody may write

STARTS = ("start", "restart", "reload", "try-restart", "reload-or-restart")  # verbs of systemctl

_VERBS = "|".join((*STARTS, "enable"))
_SERVICES = (
    re.compile(rf"\bsystemctl(?: -\S+)* (?:{_VERBS})(?: -\S+)* ([\w@.:-]*\w)"),
    re.compile(r"\b(?:rc-)?service ([\w@.-]*\w) (?:start|restart|reload)\b"),
    re.compile(r"\b(?:docker|podman) restart ([\w.-]*\w)"),
    re.compile(r"\b([\w@.-]+)\.(?:service|timer|socket)\b"),
)


@dataclass(frozen=True)
class TicketScope:
    """Paths by host, each a file or a folder with all under it, and the services that may be started again."""

    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    services: frozenset[str] = frozenset()

    def covers(self, host: str, path: str) -> bool:
        """Whether an absolute path is one of the ticket's, under one, a copy beside one, or in a scratch folder."""
        place = normpath(path)
        if any(place.startswith(f"{folder}/") for folder in SCRATCH):
            return True
        return any(_is_within(place, normpath(named)) for named in self.paths.get(host, ()))

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name.removesuffix(".service") for name in self.services)

    def has_service(self, name: str) -> bool:
        """Whether the ticket is about this service."""
        return name.removesuffix(".service") in self._names


def _is_within(place: str, named: str) -> bool:
    return named != "/" and (place == named or place.startswith((f"{named}/", f"{named}.", f"{named}~", f"{named}-")))


def find_scope(brief: Brief | None, hosts: Hosts) -> TicketScope:
    """The scope of a ticket: targets, deliverables, and the services that it or `hosts.yaml` tells to restart."""
    if brief is None:
        return TicketScope()
    named = {host for host in _hosts_of(brief) if host != LOCAL}
    paths: dict[str, list[str]] = {host: [] for host in named}
    for target in brief.targets:
        if target.host != LOCAL and target.path.startswith("/"):
            paths[target.host].append(target.path)
    for deliverable in brief.deliverables:
        host, separator, path = deliverable.partition(":")
        for name in [host] if separator and host in named else sorted(named):
            place = path if separator and host in named else deliverable
            if place.startswith("/") and " " not in place:
                paths[name].append(place)
    texts = [brief.goal, brief.context, *brief.steps, *(criterion.text for criterion in brief.criteria)]
    texts += [criterion.command for criterion in brief.criteria]
    texts += [about for host in named if host in hosts.hosts for about in hosts.hosts[host].paths.values()]
    services = {name for text in texts for pattern in _SERVICES for name in pattern.findall(text)}
    return TicketScope({host: tuple(dict.fromkeys(found)) for host, found in paths.items()}, frozenset(services))


def _hosts_of(brief: Brief) -> set[str]:
    return {target.host for target in brief.targets} | {criterion.host for criterion in brief.criteria}
