"""What a tick works with, and what it did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kanban.dispatch.launchers.fork import Launcher
from kanban.domain.host import Hosts
from kanban.domain.profile import Profile
from kanban.domain.rubric import Rubric
from kanban.domain.tool import AgentRole
from kanban.files.settings import Settings
from kanban.store.board import Board
from kanban.store.budget import DayBudget
from kanban.store.due import DueWork, LiveRun
from kanban.store.pauses import Pauses
from kanban.store.queries import Queries
from kanban.store.requests import Requests
from kanban.store.reviews import Verdicts
from kanban.store.runs import Runs


@dataclass(frozen=True)
class People:
    """What people edit, as it is in force for one tick."""

    settings: Settings
    profiles: Mapping[str, Profile]
    hosts: Hosts
    rubric: Rubric

    @property
    def orchestrator(self) -> Profile:
        """Ginger."""
        return next(profile for profile in self.profiles.values() if profile.role is AgentRole.ORCHESTRATOR)

    def find_checker(self, worker: str | None) -> Profile | None:
        """A checker that may look at the work of `worker`: never that profile itself."""
        checkers = (profile for profile in self.profiles.values() if profile.role is AgentRole.CHECKER)
        return next((checker for checker in checkers if checker.name != worker), None)


@dataclass(frozen=True)
class Parts:
    """The store, the launcher and the person's files, for a dispatcher."""

    board: Board
    runs: Runs
    requests: Requests
    verdicts: Verdicts
    pauses: Pauses
    budget: DayBudget
    due: DueWork
    queries: Queries
    launcher: Launcher
    read_people: Callable[[], People]
    end_processes: Callable[[LiveRun], None]


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
