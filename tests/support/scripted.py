"""A real home whose models play what the test writes, and whose runs are played in the test's own process.

    def test_x(house):
        house.script("cody", call("shell", command="ls"), call("complete", summary="Listed."))
        run = house.work(house.ticket())
        assert run.outcome == "done"

Board, files, commands, prompts and the gate are real; the clock moves a hundredth of a second with every look at it.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from kanban.agents.context import Context
from kanban.agents.loop import Listener
from kanban.app import App, build
from kanban.briefs.render import render_brief
from kanban.dispatch.dispatcher import Dispatcher
from kanban.dispatch.launchers.base import LocalProcesses
from kanban.dispatch.parts import TickReport
from kanban.dispatch.runner import PLAYS, end_run, play, this_process
from kanban.domain.brief import Brief, Criterion
from kanban.domain.message import Message, Reply, Role, ToolSpec
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON
from kanban.errors import MovedOn
from kanban.files.home import init_home
from kanban.files.yamlfile import edit_yaml
from kanban.llm import Calls, Model, OnPiece, ScriptedModel, load_script
from kanban.service.talk import Exchange, exchange
from kanban.store.due import LiveRun
from kanban.store.filing import NewTicket
from kanban.store.runs import NewRun
from kanban.store.tables import Approval, Run, Ticket
from kanban.trust.fences import without_fences

START = 1_800_000_000.0
LOOK = 0.01  # seconds that pass between two looks at the clock

DONE = {"tool": "complete", "arguments": {"summary": "It is done."}}

Step = str | dict[str, Any] | Sequence[dict[str, Any]]


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """A reply that makes this call; a list of them makes several."""
    return {"tool": tool, "arguments": arguments}


def raw_call(tool: str, arguments: str) -> dict[str, Any]:
    """A call whose arguments are sent as they stand."""
    return {"tool": tool, "arguments": arguments}


def script_of(*steps: Step) -> dict[str, Any]:
    """One scene for whatever is asked: each step is words, a call or several calls."""
    return {"scenes": [{"name": "all", "when": "", "steps": [_step(step) for step in steps]}]}


def _step(step: Step) -> dict[str, Any]:
    if isinstance(step, str):
        return {"say": step}
    return {"calls": [step] if isinstance(step, dict) else list(step)}


def model_of(*steps: Step) -> Model:
    return ScriptedModel(load_script(script_of(*steps)))


def draft(title: str = "Write a.md", path: str = "/srv/docs/a.md", **brief: Any) -> dict[str, Any]:
    """A ticket as Ginger would file it; it passes the lint."""
    about = {
        "goal": f"{title}: the document says which ports are open.",
        "context": "The machine serves a dashboard on port 8080.",
        "targets": [{"path": path}],
        "steps": [f"Write the list of ports to `{path}`."],
        "output_format": "Markdown, one bullet for each port.",
        "criteria": [{"text": f"{title}: port 8080 is named.", "check": f"grep -q 8080 {path}"}],
        "deliverables": [f"`{path}`"],
        "category": "code",
        "est_turns": 5,
    }
    return {"title": title, "brief": {**about, **brief}}


class Collecting(LocalProcesses):
    """A launcher that starts and ends nothing and keeps the numbers of the runs."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.runs: list[int] = []
        self.stopped: list[int] = []
        self.probed: list[tuple[str, str]] = []

    def start(self) -> None:
        pass

    def launch(self, run_id: int) -> None:
        self.runs.append(run_id)

    def stop(self, run: LiveRun) -> None:
        if self.is_here(run) and run.pid is not None:
            self.stopped.append(run.id)

    def probe(self, profile: str, model: str) -> None:
        self.probed.append((profile, model))


class Spy:
    """Passes everything on to a model and keeps what it was asked."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.asked: list[list[Message]] = []
        self.tools: set[str] = set()

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def window(self) -> int | None:
        return self._model.window

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_piece: OnPiece | None = None,
        calls: Calls = Calls.FREE,
    ) -> Reply:
        self.asked.append(list(messages))
        self.tools = {tool.name for tool in tools}
        return self._model.complete(messages, tools, on_piece, calls)


def read_plain(answer: str) -> str:
    """A tool's answer without the marks of fences; an error with its remedy on one line."""
    plain = without_fences(answer)
    return " ".join(plain.split("\n")) if plain.startswith("error:") else plain


class House:
    """A home with everything that acts on it at hand, and short words for what tests do over and over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = START
        self.launcher = Collecting()

    def clock(self) -> float:
        self.now += LOOK
        return self.now

    # -- what a person writes ----------------------------------------------------------------------------------------

    def set(self, **settings: Any) -> None:
        """Change `kanban.yaml`."""
        edit_yaml(self.path / "kanban.yaml", lambda data: data.update(settings))
        self.restart()

    def profile(self, name: str, **changes: Any) -> None:
        """Change a profile; one that does not exist begins as a copy of cody."""
        file = self.path / "profiles" / f"{name}.yaml"
        if not file.exists():
            shutil.copy(file.with_name("cody.yaml"), file)
            changes = {"name": name, "model": f"scripted/{name}", **changes}
        edit_yaml(file, lambda data: data.update(changes))
        self.restart()

    def hosts(self, **hosts: dict[str, Any]) -> None:
        (self.path / "hosts.yaml").write_text(json.dumps({"hosts": hosts}))
        self.restart()

    def secret(self, name: str, value: str) -> None:
        with (self.path / ".env").open("a") as file:
            file.write(f"{name}={value}\n")
        self.restart()

    def script(self, profile: str, *steps: Step) -> None:
        """What the model of this profile answers, one step after the other."""
        file = self.path / "scripts" / f"{profile}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(script_of(*steps)))

    # -- the app ------------------------------------------------------------------------------------------------------

    @cached_property
    def app(self) -> App:
        app = build(self.path)
        app.clock = self.clock
        return app

    def restart(self) -> None:
        """What a new process would see."""
        if "app" in self.__dict__:
            self.close()
            del self.app

    def close(self) -> None:
        if "app" in self.__dict__:
            self.app.store.db.close()

    @property
    def dispatcher(self) -> Dispatcher:
        return Dispatcher(replace(self.app.parts, launcher=self.launcher))

    @property
    def stopped(self) -> list[int]:
        """The runs whose processes were to be ended."""
        return self.launcher.stopped

    # -- putting things on the board ----------------------------------------------------------------------------------

    def ticket(
        self,
        title: str = "Do the thing",
        *checks: str,
        brief: Brief | None = None,
        assignee: str | None = "cody",
        request_id: int | None = None,
        **draft: Any,
    ) -> int:
        """A ticket of the person; `checks` are its criteria."""
        criteria = [Criterion(text=f"{check} passes", check=check) for check in checks]
        brief = brief or Brief(goal=f"{title}.", criteria=criteria)
        new = NewTicket(title, render_brief(title, brief), brief, assignee, **draft)
        return self.app.store.board.create_ticket(new, THE_PERSON, self.clock(), request_id)

    def ask(self, words: str, *titles: str, **draft: Any) -> tuple[int, list[int]]:
        """A request whose talk with Ginger is over, and the tickets that were filed in it."""
        request_id = self.app.store.requests.open(words, THE_PERSON, self.clock())
        tickets = [self.ticket(title, request_id=request_id, **draft) for title in titles]
        self.lose(self.start(Purpose.CHAT, request_id=request_id), Outcome.DONE)
        return request_id, tickets

    # -- runs ---------------------------------------------------------------------------------------------------------

    def tick(self, seconds: float = 0.0) -> TickReport:
        """One tick, `seconds` later."""
        self.now += seconds
        return self.dispatcher.tick(self.clock())

    def start(self, purpose: Purpose, profile: str = "ginger", **more: Any) -> int:
        """Start a run that claims no ticket."""
        new = NewRun(purpose, profile, self.app.live.profile(profile).model, **more)
        run_id = self.app.store.runs.start(new, THE_DISPATCHER, self.clock(), 3600)
        assert run_id is not None
        return run_id

    def claim(self, ticket_id: int, profile: str = "cody", **more: Any) -> int:
        """Claim a ready ticket for a work run."""
        request_id = self.get(ticket_id).request_id
        new = NewRun(Purpose.WORK, profile, self.app.live.profile(profile).model, ticket_id, request_id, **more)
        run_id = self.app.store.runs.claim(new, self.clock(), 3600)
        assert run_id is not None
        return run_id

    def next_run(self) -> int:
        """Tick, and return the one run that this started."""
        report = self.tick()
        assert len(report.started) == 1, report
        return report.started[0]

    def context(self, run_id: int, model: Model | None = None, **changes: Any) -> Context:
        """What a run works with; what is given in place of a part of the store counts for this run only."""
        context = self.app.make_context(run_id, changes.pop("listener", None) or Listener())
        store = copy(context.store)
        for name in vars(store).keys() & changes.keys():
            setattr(store, name, changes.pop(name))
        return replace(context, model=model or context.model, store=store, **changes)

    def play(self, run_id: int, model: Model | None = None, **changes: Any) -> Run:
        """Carry a run out here, as its process would, and return it as it ended."""
        context = self.context(run_id, model, **changes)
        runs = self.app.store.runs
        try:
            runs.adopt(run_id, this_process(), str(context.workshop.workspace), self.clock() + 3600)
            end_run(context, runs, play(context, PLAYS[context.run.purpose]))
        except MovedOn:
            pass
        finally:
            context.workshop.close()
        return self.run(run_id)

    def work(self, ticket_id: int, *steps: Step, profile: str = "cody", **changes: Any) -> Run:
        """Claim a ticket and play its run, from `steps` if there are any, else from the profile's script."""
        return self.play(self.claim(ticket_id, profile), model_of(*steps) if steps else None, **changes)

    def play_all(self, ticks: int = 30) -> None:
        """Tick and play what was started, until nothing is left to do."""
        for _ in range(ticks):
            report = self.tick()
            for run_id in report.started:
                self.play(run_id)
            if not report.did_anything:
                return
        raise AssertionError(f"still at work after {ticks} ticks")

    def lose(self, run_id: int, outcome: Outcome = Outcome.CRASHED) -> None:
        """What the board does with a run whose process was killed."""
        self.app.store.runs.end(run_id, Ending(outcome, "killed"), THE_DISPATCHER, self.clock())

    def talk(
        self,
        words: str,
        *steps: Step,
        conversation_id: int | None = None,
        model: Model | None = None,
        lease_seconds: float = 3600,
    ) -> Exchange:
        """One exchange with Ginger."""
        return exchange(
            words,
            conversation_id,
            self.app.live.orchestrator,
            THE_PERSON,
            self.app.store.runs,
            lambda run_id: self.context(run_id, model or model_of(*steps)),
            self.clock(),
            lease_seconds,
        )

    def use(self, tool: str, *, purpose: Purpose = Purpose.WORK, **arguments: Any) -> str:
        """What a run is told when it makes this one call: a worker on a ticket of its own, or Ginger in a talk."""
        if purpose is Purpose.WORK:
            run = self.work(self.ticket(), call(tool, **arguments), DONE)
            return self.answers(run)[0]
        self.talk("Do it.", call(tool, **arguments), "Done.")
        return self.answers(self.app.store.queries.get_run(self.rows("SELECT max(id) FROM run")[0][0]))[0]

    def see(self, tool: str, *, purpose: Purpose = Purpose.WORK, **arguments: Any) -> str:
        """The same without the marks of fences."""
        return read_plain(self.use(tool, purpose=purpose, **arguments))

    # -- looking ------------------------------------------------------------------------------------------------------

    def get(self, ticket_id: int) -> Ticket:
        return self.app.store.queries.get_ticket(ticket_id)

    def status(self, ticket_id: int) -> str:
        """The status and, in a blocked ticket, the reason."""
        ticket = self.get(ticket_id)
        return f"{ticket.status} {ticket.block_reason}" if ticket.block_reason else ticket.status

    def run(self, run_id: int) -> Run:
        return self.app.store.queries.get_run(run_id)

    def transcript(self, run: Run) -> list[Message]:
        return self.app.store.queries.transcript(run)

    def answers(self, run: Run) -> list[str]:
        """What the tools answered, in order."""
        return [message.content for message in self.transcript(run) if message.role is Role.TOOL]

    def told(self, run: Run, role: Role = Role.USER) -> list[str]:
        return [message.content for message in self.transcript(run) if message.role is role]

    def comments(self, ticket_id: int) -> list[tuple[str, str]]:
        return [(comment.author, comment.text) for comment in self.app.store.queries.comments(ticket_id, 100)]

    def approval(self, approval_id: int = 1) -> Approval:
        return self.app.store.approvals.get(approval_id)

    def decide(self, approval_id: int, approved: bool, reason: str = "") -> None:
        self.app.store.approvals.decide(approval_id, approved, reason, THE_PERSON, self.clock())

    def verbs(self, ticket_id: int) -> list[str]:
        return [event.verb for event in self.app.store.queries.events_after(0, ticket_id)]

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.app.store.db.read(statement, values)]

    def workspace(self, run: Run) -> Path:
        return Path(run.workspace)

    def total_changes(self) -> int:
        """How many rows this connection has ever written."""
        return int(self.app.store.db.connection().connection.dbapi_connection.total_changes)  # type: ignore[union-attr]


def make_template(path: Path) -> Path:
    """A migrated home whose profiles are all scripted; making one costs a second, copying it nothing."""
    init_home(path)
    for file in (path / "profiles").glob("*.yaml"):
        edit_yaml(file, lambda data, name=file.stem: data.update(model=f"scripted/{name}"))
    house = House(path)
    house.set(sandbox="off")  # the same on every machine; what is about the sandbox switches it on
    for profile in house.app.live.profiles:
        house.script(profile)
    house.app.store.db.close()
    return path


@pytest.fixture(scope="session")
def template_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "home")


@pytest.fixture
def new_house(template_home: Path, tmp_path: Path) -> Iterator[Callable[[], House]]:
    """Makes as many houses as a test (or each example of a property) needs."""
    made: list[House] = []

    def make() -> House:
        path = tmp_path / f"home{len(made)}"
        shutil.copytree(template_home, path)
        made.append(House(path))
        return made[-1]

    yield make
    _close(made)


def _close(houses: Iterable[House]) -> None:
    for house in houses:
        house.close()


@pytest.fixture
def house(new_house: Callable[[], House]) -> House:
    return new_house()
