"""What a decision of the gate goes by besides the call and its profile."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from kanban.domain.scope import TicketScope
from kanban.domain.tool import GateRule, KnownCommand, Place
from kanban.files.inforce import InForce
from kanban.files.yamlfile import load_data

HARMLESS_FILE = Path(__file__).with_name("harmless.yaml")
NO_SCOPE = TicketScope()


@dataclass(frozen=True)
class Plan:
    """What is in force for one run.

    `harmless` are the commands that pass on every host, `scope` what the ticket is about; all else that a call does on
    a host asks, but for `open_hosts`. Without a cell every command on this machine is risky.
    """

    rules: Sequence[GateRule] = ()
    harmless: Sequence[KnownCommand] = ()
    scope: TicketScope = NO_SCOPE
    open_hosts: frozenset[str] = frozenset()
    has_cell: bool = True

    def asks_beyond_scope(self, place: Place) -> bool:
        """Whether a call that acts there asks when it is neither known to be harmless nor what the ticket is about."""
        return place.kind == "host" and place.name not in self.open_hosts


def make_plan(in_force: InForce, scope: TicketScope, has_cell: bool) -> Plan:
    """The plan of a run whose ticket has this scope."""
    settings = in_force.settings
    harmless = [*settings.harmless, *known_commands()]
    return Plan(settings.gate, harmless, scope, in_force.hosts.list_open(), has_cell)


@cache
def known_commands() -> tuple[KnownCommand, ...]:
    """The commands that are known to do no harm, as they are shipped."""
    return TypeAdapter(tuple[KnownCommand, ...]).validate_python(load_data(HARMLESS_FILE)["harmless"])
