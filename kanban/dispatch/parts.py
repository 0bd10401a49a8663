"""What a tick works with, and what it did."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kanban.dispatch.launchers.base import Launcher
from kanban.files.inforce import InForce
from kanban.store.store import Store


@dataclass(frozen=True)
class Parts:
    """The store, the launcher and the person's files, for a dispatcher.

    `read_halt` says why everything is stopped, None while it is not.
    """

    store: Store
    launcher: Launcher
    read_in_force: Callable[[], InForce]
    read_halt: Callable[[], str | None] = lambda: None


@dataclass
class TickReport:
    """What one tick did, by run, ticket or request number."""

    ended: list[int] = field(default_factory=list)
    promoted: list[int] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    blocked: list[int] = field(default_factory=list)
    to_split: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    @property
    def did_anything(self) -> bool:
        """Whether the board is another than before."""
        return any(vars(self).values())
