"""Asks the model for the next reply, within its window; a failure becomes a word to the model or the run's end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kanban.domain.message import Message, Reply, ToolSpec
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import BlockReason
from kanban.errors import FailureClass, ModelError
from kanban.llm import Calls, Model, OnPiece
from kanban.llm.tokens import estimate_tools
from kanban.llm.window import Forms, KeepResult, Plan, drop_middle, plan_request

SHRUNK = 0.6  # of what did not fit, where the refusal names no window

_OUTCOMES = {
    FailureClass.RATE_LIMITED: Outcome.RATE_LIMITED,
    FailureClass.MODEL_DOWN: Outcome.MODEL_DOWN,
    FailureClass.BAD_REQUEST: Outcome.FAILED,
}


@dataclass(frozen=True)
class Unusable:
    """A reply that came and could not be used: what is wrong with it, and its beginning as it came."""

    problem: str
    body: str


@dataclass
class Asker:
    """Asks one model for one run.

    `share` is how much of the window a request may fill. `learn_window` is told what a refusal teaches.
    `keep_result` says where the whole of a result that is shortened can be read.
    """

    model: Model
    share: float
    max_output: int | None
    keep_result: KeepResult
    learn_window: Callable[[int], None]
    on_piece: OnPiece | None = None
    _window: int | None = None
    _undercount: float = 1.0  # how many tokens of the server an estimated one stands for, as far as a refusal told
    _fixed: dict[tuple[str, ...], int] = field(default_factory=dict)
    _forms: Forms = field(default_factory=Forms)

    def ask(
        self,
        transcript: Sequence[Message],
        tools: Mapping[str, ToolSpec],
        calls: Calls,
        plan: Plan | None = None,
    ) -> Reply | Unusable | Ending:
        """The model's reply. A request that it finds too long is shortened and sent once more.

        `plan` is what `plan` gave for the same transcript and tools, where it is at hand.
        """
        plan, refusal = plan or self.plan(transcript, tools), ""
        for is_last_try in (False, True):
            if not plan.fits:
                return self._does_not_fit(plan, refusal)
            try:
                return self.model.complete(plan.messages, list(tools.values()), self.on_piece, calls)
            except ModelError as error:
                if error.failure_class is FailureClass.BAD_REPLY:
                    return Unusable(error.tell(), error.body)
                if error.failure_class is not FailureClass.CONTEXT_OVERFLOW:
                    return Ending(_OUTCOMES[error.failure_class], error.tell(), retry_after=error.retry_after)
                if is_last_try:
                    return Ending(Outcome.BLOCKED, error.tell(), BlockReason.BUDGET)
                plan, refusal = self._plan_again(plan, error, transcript, tools), error.tell()
        raise AssertionError("a loop of two ended without a return")

    def plan(self, transcript: Sequence[Message], tools: Mapping[str, ToolSpec]) -> Plan:
        """What the next request sends."""
        room = self.room
        if room is None:
            return Plan(list(transcript), 0)
        return self._plan_for(room, transcript, tools)

    def ask_for_handover(
        self, plan: Plan, tools: Mapping[str, ToolSpec], question: Message
    ) -> Reply | Unusable | Ending:
        """The model's own notes on the work so far, written while it still sees the last of it."""
        messages = drop_middle(plan, int((self.room or 0) * SHRUNK), self._count_tools(tools))
        return self.ask([*messages, question], tools, Calls.FREE)

    @property
    def room(self) -> int | None:
        """How many tokens a request may have; None if no window is known."""
        window = self._window or self.model.window
        if window is None:
            return None
        room = window * self.share
        if self.max_output:
            room = max(min(room, window - self.max_output), window // 4)
        return int(room / self._undercount)

    def _plan_for(self, room: int, transcript: Sequence[Message], tools: Mapping[str, ToolSpec]) -> Plan:
        return plan_request(transcript, self._count_tools(tools), room, self.keep_result, self._forms)

    def _plan_again(
        self, plan: Plan, error: ModelError, transcript: Sequence[Message], tools: Mapping[str, ToolSpec]
    ) -> Plan:
        sent = plan.tokens or self._plan_for(1 << 62, transcript, tools).tokens
        window = min(error.window or sent, self._window or self.model.window or sent)
        self._window = window
        if error.window:
            self.learn_window(error.window)
            self._undercount = max(self._undercount, error.window / sent)
        # the count was too low by some share; where the refusal names no window, what was sent is the only measure
        room = min(int(window * self.share), int(sent * SHRUNK))
        return self._plan_for(room, transcript, tools)

    def _does_not_fit(self, plan: Plan, refusal: str) -> Ending:
        why = refusal or (
            f"{self.model.name} reads {self._window or self.model.window} tokens, of which a request may fill "
            f"{self.room}; instructions, ticket and the last turn alone have about {plan.tokens}. "
            "Split the ticket, or give the profile a model with a larger `window`."
        )
        return Ending(Outcome.BLOCKED, why, BlockReason.BUDGET)

    def _count_tools(self, tools: Mapping[str, ToolSpec]) -> int:
        names = tuple(tools)
        if names not in self._fixed:
            self._fixed[names] = estimate_tools(list(tools.values()))
        return self._fixed[names]
