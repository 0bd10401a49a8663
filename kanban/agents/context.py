"""What one run works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kanban.agents.loop import Limits, Listener, Loop
from kanban.agents.prompts import Prompts
from kanban.agents.tool import AnyTool
from kanban.agents.workshop import Workshop
from kanban.config import Settings
from kanban.domain.host import Hosts
from kanban.domain.profile import Profile
from kanban.domain.rubric import Rubric
from kanban.domain.ticket import Caller
from kanban.home import Home
from kanban.llm import Model, OnText
from kanban.store.approvals import Approvals
from kanban.store.board import Board
from kanban.store.budget import DayBudget
from kanban.store.queries import Queries
from kanban.store.records import Records, Scribe
from kanban.store.requests import Requests
from kanban.store.tables import Run
from kanban.store.verdicts import Verdicts
from kanban.trust.gate import Gate
from kanban.trust.policy import Attempt, Decision, decide


@dataclass(frozen=True)
class Context:
    """The parts of the board, the files and the model that one run of one profile has in its hands."""

    run: Run
    profile: Profile
    profiles: Mapping[str, Profile]
    model: Model
    home: Home
    settings: Settings
    hosts: Hosts
    rubric: Rubric
    prompts: Prompts
    board: Board
    records: Records
    requests: Requests
    approvals: Approvals
    queries: Queries
    verdicts: Verdicts
    budget: DayBudget
    workshop: Workshop
    scribe: Scribe
    caller: Caller
    clock: Callable[[], float]
    redact: Callable[[str], str]
    listener: Listener
    on_text: OnText | None = None

    @property
    def run_id(self) -> int:
        """The number of the run."""
        return self.scribe.run_id

    def find_overspend(self) -> str:
        """Why the model may not be asked any more today; empty while it may."""
        return self.budget.find_overspend(self.settings.budget_usd_per_day, self.clock())

    def decide(self, attempt: Attempt) -> Decision:
        """What the gate says of a command that the board itself runs for this run."""
        return decide(attempt, self.profile, self.settings.gate)

    def make_loop(self, tools: Mapping[str, AnyTool], *ending_verbs: str) -> Loop:
        """The loop of this run over these tools; without an ending verb, prose ends it."""
        gate = Gate(
            self.profile,
            self.settings.gate,
            self.approvals,
            self.scribe,
            self.caller,
            self.run.ticket_id,
            self.clock,
        )
        return Loop(
            model=self.model,
            tools=tools,
            gate=gate,
            records=self.records,
            scribe=self.scribe,
            prompts=self.prompts,
            limits=Limits(self.profile.max_turns, self.settings.nudge_at, self.find_overspend),
            clock=self.clock,
            redact=self.redact,
            ending_verbs=ending_verbs,
            listener=self.listener,
            on_text=self.on_text,
        )
