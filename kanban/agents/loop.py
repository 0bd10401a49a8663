"""The loop of every run: answer the calls that are open, else ask the model; write down everything as it happens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from kanban.agents.asking import Asker, Unusable
from kanban.agents.calls import CallExecutor
from kanban.agents.prompts import Prompts
from kanban.domain import transcript as looks
from kanban.domain.message import MARKUP, Message, Reply, Role, Stop, ToolCall, ToolSpec, unanswered_calls
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import BlockReason
from kanban.domain.tool import Effect
from kanban.llm import Calls
from kanban.llm.markup import TOOL_PARSER, tell_problem
from kanban.llm.tokens import estimate_tokens
from kanban.llm.window import Plan
from kanban.store.records import Records, Scribe
from kanban.tools.base import ToolResult

LONGEST_ANSWER = 100_000  # characters of a tool's answer that a model is ever shown
LONGEST_ARGUMENTS = 1_000_000

# The same call with the same result, so many times in a row, is warned of, and then ends the run.
WARN_AFTER = 3
END_AFTER = 6
# Calls that could not be read, and claims that were sent back, are hopeless when they come again unchanged.
END_HOPELESS = 2
# The same of calls that look or run a command, where call and result differ only in numbers or times.
WARN_OF_IDLE = 12
END_IDLE = 20

MOST_UNUSABLE = 3  # replies in a row that could not be used, or were cut off in a call
TOLD_OF_MARKUP = 2  # calls that came as text until the person is told how to mend the server


class Listener:
    """Hears what happens in a run; this one does nothing with it."""

    def on_reply(self, text: str, calls: Sequence[ToolCall]) -> None:
        """The model has answered."""

    def on_answer(self, call: ToolCall, answer: Message) -> None:
        """A call was answered."""


@dataclass(frozen=True)
class Limits:
    """How many turns a run gets, after which share of them the model is warned, and what forbids to ask it at all.

    `find_overspend` is asked before every call; what it says ends the run.
    """

    max_turns: int
    nudge_at: float
    find_overspend: Callable[[], Ending | None]


@dataclass
class Loop:
    """One run. Where the `executor` has no ending verbs an answer that makes no call is the end (a chat), else a slip.

    `accept_words` is asked what becomes of a run whose model will only end in words; None of the words alone.
    `keep_reply` keeps a reply that could not be used and says where; `tell_person` tells something once by its key.
    """

    asker: Asker
    executor: CallExecutor
    records: Records
    scribe: Scribe
    prompts: Prompts
    limits: Limits
    clock: Callable[[], float]
    redact: Callable[[str], str]
    keep_reply: Callable[[str], str]
    tell_person: Callable[[str, str], None]
    accept_words: Callable[[str], Ending | None] = lambda words: None
    listener: Listener = field(default_factory=Listener)
    transcript: list[Message] = field(default_factory=list)

    def run(self, opening: Sequence[Message], news: Sequence[Message] = ()) -> Ending:
        """Play until an ending. `opening` starts a new transcript; `news` is told to one that goes on.

        Raises MovedOn when the run was ended from outside.
        """
        self.transcript = self.records.read_transcript(self.scribe.transcript_id)
        self._append_all(opening[len(self.transcript) :])  # a kill may have left a part of it
        ending = self._answer_open_calls(resumed=True)
        if ending is not None:
            return ending
        self._append_all(news)
        while True:
            ending = self._take_turn()
            if ending is not None:
                return ending

    @cached_property
    def _specs(self) -> dict[str, ToolSpec]:
        return {name: tool.signature.spec() for name, tool in self.executor.tools.items()}

    @cached_property
    def _looking(self) -> frozenset[str]:
        """The tools by which a run can wait or look again and again without getting anything done."""
        held = (tool.signature for tool in self.executor.tools.values())
        return frozenset(tool.name for tool in held if tool.effect is Effect.LOOK or tool.runs_command)

    @cached_property
    def _claiming(self) -> frozenset[str]:
        return frozenset(name for name, tool in self.executor.tools.items() if tool.signature.is_claim)

    @cached_property
    def _changing(self) -> frozenset[str]:
        """The tools by which a run gets something done."""
        return frozenset(name for name, tool in self.executor.tools.items() if tool.signature.effect is Effect.CHANGE)

    def _take_turn(self) -> Ending | None:
        if looks.ends_with_words(self.transcript):
            return self._answer_words()
        if looks.count_turns(self.transcript) >= self.limits.max_turns:
            return Ending(Outcome.OUT_OF_TURNS, f"all {self.limits.max_turns} turns were used")
        overspend = self.limits.find_overspend()
        if overspend:
            return overspend
        self._warn_when_turns_run_out()
        plan = self.asker.plan(self.transcript, self._specs)
        if plan.is_crowded:
            return self._hand_over(plan)
        tools, calls = self._offer()
        return self._take(self.asker.ask(self.transcript, tools, calls, plan if tools is self._specs else None))

    def _offer(self) -> tuple[Mapping[str, ToolSpec], Calls]:
        """The tools of the next reply; who was reminded to end is offered the ways to end and no others."""
        if not self.executor.ending_verbs:
            return self._specs, Calls.FREE
        if looks.was_said(self.transcript, looks.REMINDER):
            endings = {name: spec for name, spec in self._specs.items() if name in self.executor.ending_verbs}
            return endings, Calls.FORCED
        return self._specs, Calls.EXPECTED

    def _take(self, reply: Reply | Unusable | Ending) -> Ending | None:
        match reply:
            case Ending():
                return reply
            case Unusable():
                return self._answer_unusable(reply)
        thought = reply.thoughts + reply.opaque.data if reply.opaque is not None else ""
        if self.redact(thought) != thought:
            return Ending(
                Outcome.FAILED,
                "the model's thoughts hold a secret; they would have to be kept and sent back unchanged, so the run "
                "ends. Keep the secret out of what the run reads, or set `reasoning: none` in its profile",
            )
        self._append_reply(reply)
        if reply.parsed_markup:
            self._note_markup()
        return self._answer_open_calls() or self._notice_loop()

    def _answer_unusable(self, reply: Unusable) -> Ending | None:
        """A reply that came and is of no use counts against this run, and is told to the model first."""
        kept = f" It is kept in {self.keep_reply(reply.body)}." if reply.body else ""
        if looks.count_said(self.transcript, looks.UNUSABLE) + 1 >= MOST_UNUSABLE:
            why = f"{MOST_UNUSABLE} replies in a row could not be used; the last: {reply.problem}{kept}"
            return Ending(Outcome.FAILED, why)
        self._say(looks.UNUSABLE, "unusable_reply", problem=reply.problem)
        return None

    def _hand_over(self, plan: Plan) -> Ending | None:
        """Have the model write down what it needs, and go on from its notes; the transcript itself stays whole."""
        question = Message(Role.USER, self.prompts.render("handover"), name=looks.HANDOVER_ASKED)
        reply = self.asker.ask_for_handover(plan, self._specs, question)
        if not isinstance(reply, Reply):
            return self._take(reply)
        if not reply.text.strip():
            return self._answer_unusable(Unusable("it held no notes. Write them in plain words, and call no tool.", ""))
        self._append(question)
        self._append_reply(replace(reply, calls=(), opaque=None, stop=Stop.SAID_ALL))
        self._say(looks.HANDOVER, "handover_taken")
        return None

    def _notice_loop(self) -> Ending | None:
        """The same calls with the same results again and again: a warning first, then the end."""
        repeats = looks.count_repeats(self.transcript)
        if repeats >= END_AFTER or (repeats >= END_HOPELESS and looks.is_invalid(self.transcript)):
            return Ending(Outcome.LOOPING, f"the same call gave the same result {repeats} times in a row")
        claims = looks.count_claims(self.transcript, self._claiming, self._changing)
        if claims >= END_HOPELESS:
            return Ending(
                Outcome.LOOPING, f"the same claim met the same failures {claims} times, and nothing was changed"
            )
        idle = looks.count_idle(self.transcript, self._looking)
        if idle >= END_IDLE:
            return Ending(
                Outcome.LOOPING, f"{idle} calls in a row differed, with their results, only in a number or a time"
            )
        if repeats == WARN_AFTER or idle == WARN_OF_IDLE:
            self._say(looks.LOOPING, "looping", repeats=max(repeats, idle), idle=repeats != WARN_AFTER)
        return None

    def _answer_open_calls(self, resumed: bool = False) -> Ending | None:
        ending: Ending | None = None
        for call in unanswered_calls(self.transcript):
            if ending is not None:
                self._answer(call, ToolResult("not done: the call before it ended the run"))
                continue
            outcome = self.executor.carry_out(call, resumed)
            if isinstance(outcome, Ending):
                return outcome  # parked: the call stays open and is carried out once it is approved
            self._answer(call, outcome)
            ending = outcome.ending
        return ending

    def _answer(self, call: ToolCall, result: ToolResult) -> None:
        text = self.redact(result.text)
        if len(text) > LONGEST_ANSWER:
            text = f"{text[:LONGEST_ANSWER]}\n[{len(text) - LONGEST_ANSWER} more characters are not shown]"
        answer = Message(Role.TOOL, text, call_id=call.id, name=call.name, status=result.status)
        self._append(answer)
        self.listener.on_answer(call, answer)

    def _answer_words(self) -> Ending | None:
        """What follows a reply without a call that counts."""
        last = self.transcript[-1]
        if last.stop is Stop.FILTERED:
            return Ending(Outcome.FAILED, "the provider's filter cut the reply off")
        if last.stop is Stop.CUT_OFF:
            ending = self._answer_cut_off(last)
            if ending is not None or not looks.ends_with_words(self.transcript):
                return ending
        problem = tell_problem(last.content, list(self._specs.values()), expected=bool(self.executor.ending_verbs))
        if problem:
            return self._answer_markup(problem)
        if self.executor.ending_verbs:
            return self._remind()
        words = looks.join_words(self.transcript)
        if not words.strip():
            return self._answer_unusable(Unusable("it was empty.", ""))
        return Ending(Outcome.DONE, words)

    def _answer_cut_off(self, last: Message) -> Ending | None:
        """A call that was cut off is never carried out; words that were are continued once."""
        said = looks.count_said(self.transcript, looks.CUT_OFF)
        if last.calls and said + 1 >= MOST_UNUSABLE:
            why = f"{MOST_UNUSABLE} replies in a row were cut off within a call; set `max_output` higher in the profile"
            return Ending(Outcome.FAILED, why)
        if last.calls or not said:
            tokens = sum(estimate_tokens(call.arguments) for call in last.calls) + estimate_tokens(last.content)
            tools = [call.name for call in last.calls]
            self._say(looks.CUT_OFF, "cut_off", tokens=tokens, tools=tools)
        return None

    def _answer_markup(self, problem: str) -> Ending | None:
        """A call that came as text and could not be read: the model is told what is wrong with it, bounded."""
        if looks.count_said(self.transcript, MARKUP) + 1 >= MOST_UNUSABLE:
            return self._end_in_words() or Ending(Outcome.FAILED, f"its calls come as text: {problem}")
        self._say(MARKUP, "call_as_text", problem=problem)
        self._note_markup()
        return None

    def _note_markup(self) -> None:
        if looks.count_markup(self.transcript) == TOLD_OF_MARKUP:
            told = (
                f"model {self.asker.model.name}: this server hands tool calls through as text: start it with a tool "
                f"parser {TOOL_PARSER}"
            )
            self.tell_person(f"markup:{self.asker.model.name}", told)

    def _remind(self) -> Ending | None:
        if not looks.was_said(self.transcript, looks.REMINDER):
            self._say(looks.REMINDER, "ending_reminder", verbs=self.executor.ending_verbs)
            return None
        return self._end_in_words() or Ending(Outcome.BLOCKED, looks.gather_words(self.transcript), BlockReason.OTHER)

    def _end_in_words(self) -> Ending | None:
        return self.accept_words(looks.gather_words(self.transcript))

    def _warn_when_turns_run_out(self) -> None:
        used, limit = looks.count_turns(self.transcript), self.limits.max_turns
        if used >= limit * self.limits.nudge_at and used > 0 and not looks.was_warned(self.transcript):
            self._say(looks.WARNING, "turns_warning", used=used, max_turns=limit)

    def _say(self, name: str, prompt: str, **values: object) -> None:
        """Tell the model something in the board's own words."""
        self._append(Message(Role.USER, self.prompts.render(prompt, **values), name=name))

    def _append_all(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._append(message)

    def _append(self, message: Message) -> None:
        self.records.append_message(self.scribe, len(self.transcript), message, self.clock())
        self.transcript.append(message)

    def _append_reply(self, reply: Reply) -> None:
        calls = tuple(map(_cap_arguments, self._with_new_ids(reply.calls)))
        kept = replace(reply, text=self.redact(reply.text), calls=calls)
        self.records.append_reply(self.scribe, len(self.transcript), kept, self.clock())
        message = kept.as_message()
        self.transcript.append(message)
        self.listener.on_reply(message.content, message.valid_calls)

    def _with_new_ids(self, calls: Sequence[ToolCall]) -> Iterator[ToolCall]:
        """Some servers count the calls of every reply afresh; here an id names one call of the whole transcript."""
        known = {call.id for message in self.transcript for call in message.calls}
        for call in calls:
            new_id = call.id
            while new_id in known:
                new_id = f"{new_id}-{len(self.transcript)}"
            known.add(new_id)
            yield replace(call, id=new_id)


def _cap_arguments(call: ToolCall) -> ToolCall:
    """Arguments too long to keep become text that is no JSON, so that the model is told to send less."""
    if len(call.arguments) <= LONGEST_ARGUMENTS:
        return call
    return ToolCall(call.id, call.name, f"<{len(call.arguments)} characters, more than {LONGEST_ARGUMENTS}: too long>")
