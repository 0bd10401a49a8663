"""A board with several dispatchers over it: what the state machine over the board moves in."""

import os
import socket
from collections.abc import Callable, Hashable
from functools import cache
from pathlib import Path
from typing import Any

from kanban.dispatch.dispatcher import Dispatcher
from kanban.dispatch.launchers.base import LocalProcesses
from kanban.dispatch.parts import Parts
from kanban.domain.host import Hosts
from kanban.domain.message import ToolCall
from kanban.domain.profile import Profile
from kanban.domain.rubric import Condition, Rubric, Rule
from kanban.domain.ticket import Caller, Mover
from kanban.execution.processes import process_started
from kanban.files.inforce import InForce
from kanban.files.settings import Settings
from kanban.store.due import LiveRun
from kanban.store.pauses import Pauses
from kanban.store.reviews import Verdicts
from kanban.store.runs import Process
from kanban.store.store import Store
from tests.unit.store.desk import PROFILES, Desk

CAREFUL = "careful"  # tickets with this word in their title are reviewed
NO_PROCESS = 2**22 + 1  # larger than any process id
STALE_AFTER = 4 * 3600.0
MOST_RUNS = 12


class Killed(BaseException):
    """The dispatcher's process is killed here."""


class Launcher(LocalProcesses):
    """Starts nothing. `on_start` happens once before the next claim, `on_launch` once after it."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.on_start: Callable[[], None] | None = None
        self.on_launch: Callable[[], None] | None = None

    def start(self) -> None:
        happens, self.on_start = self.on_start, None
        if happens:
            happens()

    def launch(self, run_id: int) -> None:
        happens, self.on_launch = self.on_launch, None
        if happens:
            happens()

    def stop(self, run: LiveRun) -> None:
        pass

    def probe(self, profile: str, model: str) -> None:
        pass


@cache
def people() -> InForce:
    """Ginger, two workers of whom one has a model to fall back on, and a checker."""

    def profile(name: str, role: str, **more: object) -> Profile:
        return Profile.model_validate({"name": name, "role": role, "model": name, "max_minutes": 600, **more})

    profiles = [
        profile("ginger", "orchestrator"),
        profile("cody", "worker", fallback_models=["spare"]),
        profile("scout", "worker", max_minutes=60),
        profile("checker", "checker"),
    ]
    rubric = Rubric(
        rules=[Rule(name="all", assign="cody", reason="Somebody must.")],
        ladder={"cody": ["scout"]},
        review=Condition(words=[CAREFUL]),
    )
    settings = Settings(slots=5, max_runs_per_ticket=MOST_RUNS, stale_after_hours=STALE_AFTER / 3600)
    return InForce(settings, {one.name: one for one in profiles}, Hosts(), rubric)


class Town(Desk):
    """The desk of a board on which `dispatchers` act, each by a connection of its own."""

    def __init__(self, path: str, dispatchers: int = 2) -> None:
        super().__init__(path)
        self._kept: dict[Hashable, Any] = {}
        self._kept_of: object = None
        self.verdicts = Verdicts(self.db)
        self.pauses = Pauses(self.db)
        self.launchers = [Launcher() for _ in range(dispatchers)]
        self._desks = [Desk(path) for _ in range(dispatchers)]
        self.dispatchers = [
            Dispatcher(_make_parts(desk, launcher)) for desk, launcher in zip(self._desks, self.launchers, strict=True)
        ]

    def close(self) -> None:
        for desk in (self, *self._desks):
            desk.db.close()

    def live(self, *purposes: str) -> list[LiveRun]:
        runs: list[LiveRun] = self._keep("live", self.due.live_runs)
        return [run for run in runs if not purposes or run.purpose in purposes]

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the desk gives, through sqlite3 itself."""
        raw = self.db.connection().connection.dbapi_connection
        found: list[tuple[Any, ...]] = self._keep(
            (statement, values), lambda: raw.execute(statement, values).fetchall()
        )
        return found

    def _keep(self, key: Hashable, read: Callable[[], Any]) -> Any:
        """Read once between two changes of the board: every rule's precondition asks before each step."""
        raw = self.db.connection().connection.dbapi_connection
        now = (raw.total_changes, raw.execute("PRAGMA data_version").fetchone())
        if now != self._kept_of:
            self._kept, self._kept_of = {}, now
        if key not in self._kept:
            self._kept[key] = read()
        return self._kept[key]


def _make_parts(desk: Desk, launcher: Launcher) -> Parts:
    return Parts(
        Store(desk.db, lambda: PROFILES),
        launcher,
        people,
    )


def process_that(state: str) -> Process:
    """A process that is `alive` here, `gone` from here, or `elsewhere`, where nobody here can look."""
    if state == "alive":
        return Process(os.getpid(), process_started(os.getpid()) or 0.0, socket.gethostname())
    return Process(NO_PROCESS, 1.0, socket.gethostname() if state == "gone" else "elsewhere")


def caller_of(run: LiveRun) -> Caller:
    """How a run names itself to the board."""
    movers = {"work": Mover.RUNNER, "review": Mover.CHECKER}
    return Caller(movers.get(run.purpose, Mover.ORCHESTRATOR), run.profile, run.id)


def call_of(run: LiveRun) -> ToolCall:
    """A call that needs the person's approval."""
    return ToolCall(f"call-{run.id}", "shell", '{"command": "reboot"}')
