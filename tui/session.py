"""What all screens share: the board behind them, who sits in front, and what is known of the board right now."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from textual.css.query import NoMatches
from textual.screen import Screen

from kanban.app import App
from kanban.domain.profile import Profile
from kanban.domain.ticket import Caller
from kanban.errors import KanbanError
from tui.aside import Lane, Outcome, describe_error, explain
from tui.messages import Vitals
from tui.model import BoardModel
from tui.prompts import Written
from tui.steering import Act, Deed, Steering, carry_out

T = TypeVar("T")

END_SECONDS = 1.0  # that deeds get to end when the program does


@dataclass
class Session:
    """One sitting at the board."""

    kanban: App
    caller: Caller
    model: BoardModel = field(default_factory=BoardModel)
    vitals: Vitals = field(default_factory=Vitals)
    problem: str | None = None  # why the board cannot be read
    draft: Written | None = None  # a new ticket that was written and is not filed yet
    unsent: dict[tuple[str | int, ...], str] = field(default_factory=dict)  # words that failed, by prompt and tickets
    _reads: "WeakKeyDictionary[Screen[Any], Lane]" = field(default_factory=WeakKeyDictionary)
    _deeds: Lane | None = None

    @property
    def busy(self) -> bool:
        """Whether reads or deeds are under way."""
        return any(lane.working for lane in (*self._reads.values(), *([self._deeds] if self._deeds else [])))

    def read_aside(self, screen: Screen[Any], read: Callable[[], T], show: Callable[[T], object]) -> None:
        """Read in a thread, and show what was read unless the screen is gone; trouble is told by the screen.

        A screen has one read in flight. One that still waits gives way to a newer one with the same `show`.
        """

        def work() -> Outcome:
            try:
                outcome = partial(show, read())
            except Exception as error:
                outcome = partial(screen.tell, describe_error(explain(error)), failed=True)  # type: ignore[attr-defined]
            return partial(_show_if_there, screen, outcome)

        if not screen.is_attached:
            return
        if screen not in self._reads:
            self._reads[screen] = self._make_lane(screen)
        self._reads[screen].add(work, show)

    def act_aside(self, screen: Screen[Any], act: Act, numbers: list[int], show: Callable[[Deed], object]) -> None:
        """Do one thing to each ticket, after all that was done before, and show what came of it wherever one is."""

        def work() -> Outcome:
            return partial(show, carry_out(act, numbers))

        if self._deeds is None:
            self._deeds = self._make_lane(screen)
        self._deeds.add(work)

    def end(self) -> None:
        """Give the deeds that are under way a moment."""
        if self._deeds is not None:
            self._deeds.wait(END_SECONDS)

    def _make_lane(self, screen: Screen[Any]) -> Lane:
        return Lane(screen.app.call_later, self._leave_board)

    def _leave_board(self) -> None:
        with suppress(KanbanError):
            self.kanban.store.db.close()  # the connection of this thread

    @property
    def steering(self) -> Steering:
        return Steering(self.kanban, self.caller)

    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return self.kanban.clock()

    def profiles(self) -> Mapping[str, Profile]:
        """The agents; none while their files cannot be read."""
        try:
            return self.kanban.live.profiles
        except KanbanError:
            return {}

    def turn_limits(self) -> dict[str, int]:
        """The turn budget of each profile."""
        return {name: profile.max_turns for name, profile in self.profiles().items()}


def _show_if_there(screen: Screen[Any], outcome: Outcome) -> None:
    """Show what was read; a screen that is gone, or whose parts are just being removed, shows nothing any more."""
    if screen.is_attached:
        with suppress(NoMatches):
            outcome()
