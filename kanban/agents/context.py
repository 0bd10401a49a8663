"""What one run works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from kanban.agents.asking import Asker
from kanban.agents.calls import CallExecutor
from kanban.agents.loop import Limits, Listener, Loop
from kanban.agents.named import hash_named_files
from kanban.agents.prompts import Prompts
from kanban.domain.brief import LOCAL
from kanban.domain.budget import Limit, find_excess, is_nearly_spent
from kanban.domain.message import Message
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.profile import Profile
from kanban.domain.scope import TicketScope, find_scope
from kanban.domain.ticket import Caller
from kanban.domain.tool import BOARD, Tier
from kanban.files.halt import read_halt, tell_halt
from kanban.files.home import Home
from kanban.files.inforce import InForce
from kanban.llm import Model, OnPiece
from kanban.store.records import Scribe
from kanban.store.store import Store
from kanban.store.tables import Run
from kanban.tools.base import AnyTool
from kanban.tools.places import Workshop
from kanban.trust.gate import Gate
from kanban.trust.plan import make_plan
from kanban.trust.policy import Attempt, Decision, Verdict, decide


@dataclass(frozen=True)
class Context:
    """The parts of the board, the files and the model that one run of one profile has in its hands."""

    run: Run
    profile: Profile
    model: Model
    home: Home
    in_force: InForce
    prompts: Prompts
    store: Store
    workshop: Workshop
    scribe: Scribe
    caller: Caller
    clock: Callable[[], float]
    redact: Callable[[str], str]
    listener: Listener
    on_piece: OnPiece | None = None

    @property
    def run_id(self) -> int:
        """The number of the run."""
        return self.scribe.run_id

    def find_overspend(self) -> Ending | None:
        """How the run ends when its model may not be asked any more; None while it may.

        The person is told once of what is nearly spent. Only work is held to the budgets of run, ticket and request.
        """
        if halted := read_halt(self.home):
            return Ending(Outcome.CANCELLED, tell_halt(halted))
        told = self.store.budget.find_overspend(self.in_force.settings.budget_usd_per_day, self.clock())
        if told:
            return Ending(Outcome.OVER_BUDGET, told)
        if self.run.purpose != Purpose.WORK:
            return None
        budgets = self.in_force.settings.budgets
        numbers = {"run": self.run_id, "ticket": self.run.ticket_id, "request": self.run.request_id}
        for name, number in numbers.items():
            limit: Limit = getattr(budgets, name)
            if number is not None and limit.is_set and (ending := self._check_budget(name, number, limit)):
                return ending
        return None

    def _check_budget(self, name: str, number: int, limit: Limit) -> Ending | None:
        spent, last = self.store.budget.spent_by(name, number), self.store.budget.last_call_by(name, number)
        if excess := find_excess(limit, spent, last):
            way_on = f"raise budgets.{name} in kanban.yaml, then unblock the ticket: it goes on where it stopped"
            told = f"the budget of {name} {number} is {excess}; {way_on}"
            return Ending(Outcome.OVER_BUDGET, told, for_person=True)
        if is_nearly_spent(limit, spent):
            key, now = f"budget:{name}:{number}:{limit.usd}:{limit.tokens}", self.clock()
            self.store.outbox.tell(key, f"four fifths of the budget of {name} {number} are spent", now)
        return None

    def decide(self, attempt: Attempt) -> Decision:
        """What the policy says of a call of this run; whether there is a cell is found out for a command only.

        While everything is stopped nothing passes.
        """
        if halted := read_halt(self.home):
            return Decision(Verdict.DENY, attempt.tier, tell_halt(halted))
        only_looks = self.in_force.settings.read_only and attempt.place != BOARD
        return self._decide_up_to(Tier.READ if only_looks else self.profile.tier, attempt)

    def decide_check(self, attempt: Attempt) -> Decision:
        """What the policy says of a check of the ticket: it is safe or does not run, whatever the profile may do."""
        return self._decide_up_to(Tier.SAFE, attempt)

    def _decide_up_to(self, tier: Tier, attempt: Attempt) -> Decision:
        has_cell = not attempt.runs_command or self._has_cell
        profile = self.profile.model_copy(update={"tier": tier})
        return decide(attempt, profile, make_plan(self.in_force, self._scope, has_cell))

    @cached_property
    def _scope(self) -> TicketScope:
        """What the ticket of this run is about; nothing for a run without one."""
        ticket_id = self.run.ticket_id
        brief = None if ticket_id is None else self.store.queries.read_brief(ticket_id)[0]
        return find_scope(brief, self.in_force.hosts)

    @property
    def _has_cell(self) -> bool:
        """Whether commands on this machine run in a cell, or the person wants none."""
        return self.workshop.cell.is_closed or not self.in_force.settings.has_sandbox

    def _hash_named(self, attempt: Attempt) -> Mapping[str, str]:
        """What an approval is bound to besides the call: the files that its command names."""
        host = attempt.place.name or LOCAL
        return hash_named_files(self.workshop, host, attempt.subject) if attempt.runs_command else {}

    def make_loop(
        self,
        tools: Mapping[str, AnyTool],
        *ending_verbs: str,
        accept_words: Callable[[str], Ending | None] = lambda words: None,
    ) -> Loop:
        """The loop of this run over these tools; without an ending verb, prose ends it.

        `accept_words` says what becomes of a run whose model ends in nothing but words.
        """
        approvals, ticket_id = self.store.approvals, self.run.ticket_id
        gate = Gate(self.decide, approvals, self.scribe, self.caller, ticket_id, self.clock, self._hash_named)
        executor = CallExecutor(tools, gate, self.store.records, self.scribe, self.prompts, self.clock, ending_verbs)
        return Loop(
            asker=self._make_asker(),
            executor=executor,
            records=self.store.records,
            scribe=self.scribe,
            prompts=self.prompts,
            limits=Limits(self.profile.max_turns, self.in_force.settings.nudge_at, self.find_overspend),
            clock=self.clock,
            redact=self.redact,
            keep_reply=self._keep_reply,
            tell_person=lambda key, told: self.store.outbox.tell(key, told, self.clock()),
            accept_words=accept_words,
            listener=self.listener,
        )

    def _make_asker(self) -> Asker:
        return Asker(
            self.model,
            self.in_force.settings.window_share,
            self.profile.max_output,
            self._keep_result,
            lambda tokens: self.store.windows.learn(self.model.name, tokens, self.clock()),
            self.on_piece,
        )

    def _keep_result(self, message: Message) -> str:
        """Keep the whole of a result in the workspace, where the run can read it again."""
        path = self.workshop.keep_text(message.call_id, message.content)
        return f"All of it is in `{path}` in the workspace: read_file shows it."

    def _keep_reply(self, body: str) -> str:
        """Keep a reply that could not be used with the run, without secrets; its path."""
        return self.workshop.keep_reply(self.redact(body))
