"""What all screens share: the board behind them, who sits in front, and what is known of the board right now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from textual.screen import Screen

from kanban.app import App
from kanban.domain.profile import Profile
from kanban.domain.ticket import Caller
from kanban.errors import KanbanError
from tui.messages import Vitals
from tui.model import BoardModel
from tui.steering import Steering

T = TypeVar("T")


@dataclass
class Session:
    """One sitting at the board."""

    kanban: App
    caller: Caller
    model: BoardModel = field(default_factory=BoardModel)
    vitals: Vitals = field(default_factory=Vitals)
    problem: str | None = None  # why the board cannot be read

    def read_aside(self, screen: Screen[Any], read: Callable[[], T], show: Callable[[T], object]) -> None:
        """Read in a thread of its own and show what was read; trouble is told by the screen."""

        def work() -> None:
            try:
                found = read()
            except KanbanError as error:
                told = f"{error} · {error.hint}" if error.hint else str(error)
                screen.app.call_from_thread(screen.tell, told, failed=True)  # type: ignore[attr-defined]
                return
            finally:
                self.kanban.db.close()  # this thread's own connection
            screen.app.call_from_thread(show, found)

        screen.run_worker(work, thread=True, group="reading")

    @property
    def steering(self) -> Steering:
        return Steering(self.kanban, self.caller)

    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return self.kanban.clock()

    def profiles(self) -> Mapping[str, Profile]:
        """The agents; none while their files cannot be read."""
        try:
            return self.kanban.profiles
        except KanbanError:
            return {}

    def turn_limits(self) -> dict[str, int]:
        """The turn budget of each profile."""
        return {name: profile.max_turns for name, profile in self.profiles().items()}
