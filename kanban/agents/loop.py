"""The loop of every run: answer the calls that are open, else ask the model; write down everything as it happens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import takewhile

from kanban.agents.prompts import Prompts
from kanban.agents.tool import AnyTool, ToolResult
from kanban.domain.message import Message, Reply, Role, ToolCall, ToolSpec, unanswered_calls
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import BlockReason
from kanban.errors import FailureClass, InvalidInput, KanbanError, ModelError, did_you_mean
from kanban.llm import Model, OnText
from kanban.store.records import Records, Scribe
from kanban.trust.gate import Gate, Passed, Refused, Waiting
from kanban.trust.policy import Attempt

LONGEST_ANSWER = 100_000  # characters of a tool's answer that a model is ever shown
LONGEST_ARGUMENTS = 1_000_000

# The same call with the same result, so many times in a row, is warned of, and then ends the run.
WARN_AFTER = 3
END_AFTER = 6

# Names of messages that the loop itself adds; a resumed run knows by them what it has said already.
WARNING = "turns_warning"
LOOPING = "looping_warning"
REMINDER = "ending_reminder"
NEWS = "news"

_OUTCOMES = {
    FailureClass.RATE_LIMITED: Outcome.RATE_LIMITED,
    FailureClass.MODEL_DOWN: Outcome.MODEL_DOWN,
    FailureClass.CONTEXT_OVERFLOW: Outcome.FAILED,
    FailureClass.BAD_REQUEST: Outcome.FAILED,
}


class Listener:
    """Hears what happens in a run; this one does nothing with it."""

    def on_reply(self, text: str, calls: Sequence[ToolCall]) -> None:
        """The model has answered."""

    def on_answer(self, call: ToolCall, text: str) -> None:
        """A call was answered with `text`."""


@dataclass(frozen=True)
class Limits:
    """How many turns a run gets, after which share of them the model is warned, and what forbids to ask it at all.

    `find_overspend` is asked before every call; what it says ends the run.
    """

    max_turns: int
    nudge_at: float
    find_overspend: Callable[[], str]


@dataclass
class Loop:
    """One run. Without `ending_verbs` an answer that makes no call is the end (a chat); with them it is a slip."""

    model: Model
    tools: Mapping[str, AnyTool]
    gate: Gate
    records: Records
    scribe: Scribe
    prompts: Prompts
    limits: Limits
    clock: Callable[[], float]
    redact: Callable[[str], str]
    ending_verbs: Sequence[str] = ()
    listener: Listener = field(default_factory=Listener)
    on_text: OnText | None = None
    transcript: list[Message] = field(default_factory=list)

    def run(self, opening: Sequence[Message], news: Sequence[Message] = ()) -> Ending:
        """Play until an ending. `opening` starts a new transcript; `news` is told to one that goes on.

        Raises MovedOn when the run was ended from outside.
        """
        self.transcript = self.records.read_transcript(self.scribe.transcript_id)
        self._append_all(opening[len(self.transcript) :])  # a kill may have left a part of it
        ending = self._answer_open_calls()
        if ending is not None:
            return ending
        self._append_all(news)
        while True:
            ending = self._take_turn()
            if ending is not None:
                return ending

    @cached_property
    def _specs(self) -> list[ToolSpec]:
        return [tool.spec() for tool in self.tools.values()]

    def _take_turn(self) -> Ending | None:
        if self._last_was_prose():
            return self._answer_prose()
        if self._turns_used() >= self.limits.max_turns:
            return Ending(Outcome.OUT_OF_TURNS, f"all {self.limits.max_turns} turns were used")
        overspend = self.limits.find_overspend()
        if overspend:
            return Ending(Outcome.OVER_BUDGET, overspend)
        self._warn_when_turns_run_out()
        try:
            reply = self.model.complete(self.transcript, self._specs, self.on_text)
        except ModelError as error:
            return Ending(_OUTCOMES[error.failure_class], error.tell(), retry_after=error.retry_after)
        self._append_reply(reply)
        return self._answer_open_calls() or self._notice_loop()

    def _notice_loop(self) -> Ending | None:
        """The same calls with the same results again and again: a warning first, then the end."""
        repeats = count_repeats(self.transcript)
        if repeats >= END_AFTER:
            return Ending(Outcome.LOOPING, f"the same call gave the same result {repeats} times in a row")
        if repeats == WARN_AFTER:
            self._append(Message(Role.USER, self.prompts.render("looping", repeats=repeats), name=LOOPING))
        return None

    def _answer_open_calls(self) -> Ending | None:
        ending: Ending | None = None
        for call in unanswered_calls(self.transcript):
            if ending is not None:
                self._answer(call, ToolResult("not done: the call before it ended the run"))
                continue
            outcome = self._carry_out(call)
            if isinstance(outcome, Ending):
                return outcome  # parked: the call stays open and is carried out once it is approved
            self._answer(call, outcome)
            ending = outcome.ending
        return ending

    def _carry_out(self, call: ToolCall) -> ToolResult | Ending:
        tool = self.tools.get(call.name)
        if tool is None:
            return ToolResult(f"error: no tool is called {call.name!r}; {did_you_mean(call.name, self.tools)}")
        try:
            arguments = tool.parse(call.arguments)
        except InvalidInput as error:
            return ToolResult(f"error: {error.tell()}")
        if self.records.was_started(self.scribe, call.id):
            return self._tell_of_unknown_effect(call)
        host = str(getattr(arguments, "host", "local"))
        attempt = Attempt(tool.name, tool.tier, host, getattr(arguments, "command", None))
        match self.gate.pass_call(call, attempt):
            case Refused(why):
                return ToolResult(f"refused: {why}")
            case Waiting(approval_id, why):
                return Ending(Outcome.PARKED, f"approval {approval_id}: {call.name} ({why})")
            case Passed(approval_id):
                return self._act(call, tool, arguments, approval_id)

    def _tell_of_unknown_effect(self, call: ToolCall) -> ToolResult:
        """A call that a crash cut off may have acted. A risky one is the person's to look into, not the model's."""
        told = self.prompts.render("unknown_effect", tool=call.name, arguments=call.arguments)
        if not self.gate.was_approved(call):
            return ToolResult(told)
        question = (
            f"{call.name} {call.arguments[:500]} was approved and begun, and nobody knows whether it took effect."
        )
        asked = f"{question} Look, then let the ticket go on with a note."
        return ToolResult(told, Ending(Outcome.BLOCKED, asked, BlockReason.NEEDS_INPUT, asked))

    def _act(self, call: ToolCall, tool: AnyTool, arguments: object, approval_id: int | None) -> ToolResult:
        if approval_id is not None or not tool.repeatable:
            self.records.mark_started(self.scribe, call.id, self.clock(), approval_id)
        try:
            return tool.act(arguments)
        except KanbanError as error:
            return ToolResult(f"error: {error.tell()}")

    def _answer(self, call: ToolCall, result: ToolResult) -> None:
        text = self.redact(result.text)
        if len(text) > LONGEST_ANSWER:
            text = f"{text[:LONGEST_ANSWER]}\n[{len(text) - LONGEST_ANSWER} more characters are not shown]"
        self._append(Message(Role.TOOL, text, call_id=call.id, name=call.name))
        self.listener.on_answer(call, text)

    def _answer_prose(self) -> Ending | None:
        if not self.ending_verbs:
            return Ending(Outcome.DONE, self.transcript[-1].content)
        if self._said_since_last_call(REMINDER):
            return Ending(Outcome.BLOCKED, self._words_since_last_call(), BlockReason.OTHER)
        self._append(Message(Role.USER, self.prompts.render("ending_reminder", verbs=self.ending_verbs), name=REMINDER))
        return None

    def _last_was_prose(self) -> bool:
        last = self.transcript[-1]
        return last.role is Role.ASSISTANT and not last.calls

    def _said_since_last_call(self, name: str) -> bool:
        for message in reversed(self.transcript):
            if message.name == name and message.role is Role.USER:
                return True
            if message.calls or message.name == NEWS:
                return False
        return False

    def _words_since_last_call(self) -> str:
        """All prose of a model that would not end: what it found may stand before the reminder, not after it."""
        words: list[str] = []
        for message in reversed(self.transcript):
            if message.calls or message.name == NEWS:
                break
            if message.role is Role.ASSISTANT and message.content.strip():
                words.append(message.content)
        return "\n\n".join(reversed(words)) or "the model said nothing"

    def _turns_used(self) -> int:
        """Turns since the run began or was last told to go on: a person's answer brings a new budget."""
        used = 0
        for message in reversed(self.transcript):
            if message.name == NEWS:
                break
            used += message.role is Role.ASSISTANT
        return used

    def _warn_when_turns_run_out(self) -> None:
        used, limit = self._turns_used(), self.limits.max_turns
        if used < limit * self.limits.nudge_at or used == 0:
            return
        for message in reversed(self.transcript):
            if message.name == WARNING:
                return
            if message.name == NEWS:
                break
        self._append(Message(Role.USER, self.prompts.render("turns_warning", used=used, max_turns=limit), name=WARNING))

    def _append_all(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._append(message)

    def _append(self, message: Message) -> None:
        self.records.append_message(self.scribe, len(self.transcript), message, self.clock())
        self.transcript.append(message)

    def _append_reply(self, reply: Reply) -> None:
        calls = tuple(map(_cap_arguments, self._with_new_ids(reply.calls)))
        text = self.redact(reply.text)
        kept = Reply(text, calls, reply.usage, reply.model)
        self.records.append_reply(self.scribe, len(self.transcript), kept, self.clock())
        self.transcript.append(Message(Role.ASSISTANT, text, calls))
        self.listener.on_reply(text, calls)

    def _with_new_ids(self, calls: Sequence[ToolCall]) -> Iterator[ToolCall]:
        """Some servers count the calls of every reply afresh; here an id names one call of the whole transcript."""
        known = {call.id for message in self.transcript for call in message.calls}
        for call in calls:
            new_id = call.id
            while new_id in known:
                new_id = f"{new_id}-{len(self.transcript)}"
            known.add(new_id)
            yield replace(call, id=new_id)


def count_repeats(transcript: Sequence[Message]) -> int:
    """How many turns in a row, up to the last, made the same calls and got the same answers."""
    turns = _tell_turns(transcript)
    last = next(turns, None)
    return 0 if not last else 1 + sum(1 for _ in takewhile(lambda turn: turn == last, turns))


def _tell_turns(transcript: Sequence[Message]) -> Iterator[tuple[tuple[str, str, str], ...]]:
    """The calls of each turn with their answers, the last turn first."""
    answers: dict[str, str] = {}
    for message in reversed(transcript):
        if message.role is Role.TOOL:
            answers[message.call_id] = message.content
        elif message.calls:
            yield tuple((call.name, call.arguments, answers.get(call.id, "")) for call in message.calls)
        elif message.role is Role.ASSISTANT or message.name == NEWS:
            return


def _cap_arguments(call: ToolCall) -> ToolCall:
    """Arguments too long to keep become text that is no JSON, so that the model is told to send less."""
    if len(call.arguments) <= LONGEST_ARGUMENTS:
        return call
    return ToolCall(call.id, call.name, f"<{len(call.arguments)} characters, more than {LONGEST_ARGUMENTS}: too long>")
