"""Planning a request of 200,000 tokens, against writing its messages as JSON, which any client must do each time."""

import json
from collections.abc import Iterator, Mapping

from benchmarks.farm import NOWHERE, OPENING, claim_run, loopback_app, set_worker
from benchmarks.measure import Figure, Pairs, compare, time_processor
from kanban.agents.context import Context
from kanban.agents.toolbox import make_toolbox
from kanban.domain.message import Message, Opaque, Role, ToolCall, ToolSpec
from kanban.llm.tokens import estimate_message
from kanban.llm.wire import to_openai

TOKENS = 200_000
ROUNDS = 15
FIRST, NEXT = 6, 2  # times the JSON, which takes some 3 ms
THOUGHTS = json.dumps({"message": {"reasoning_content": "One step is left, and then the next. " * 10}, "calls": [None]})
# What workers read: logs, source, JSON.
RESULTS = (
    "2026-11-20 12:00:00 panel sshd[4711]: Accepted publickey for root from 10.0.0.7 port 50122\n" * 40,
    "    def refresh(self, now: float) -> None:\n        self._tiles = [t for t in self._tiles if t.age(now) < 60]\n"
    * 30,
    '{"id": 4711, "name": "feels-like", "unit": "°F", "value": 102.5, "tags": ["weather", "tile"]},\n' * 35,
)

Specs = Mapping[str, ToolSpec]


def measure(tokens: int = TOKENS, rounds: int = ROUNDS) -> Iterator[Figure]:
    """A transcript that the window holds, and one that is shortened for it: a run's first plan, and its next turns'."""
    transcript = list(OPENING)
    while sum(map(estimate_message, transcript)) < tokens:
        transcript += _make_turn(len(transcript))
    for how, window in (("whole", 4 * tokens), ("shortened", tokens)):
        with loopback_app(NOWHERE) as app:
            set_worker(app, window=window)
            context = claim_run(app)
            specs = {tool.name: tool.signature.spec() for tool in make_toolbox(context).values()}
            first = _compare_first(context, specs, transcript, rounds)
            yield _make_figure(f"first plan of {tokens:,} tokens, {how}, against JSON", first, FIRST)
            later = _compare_next(context, specs, list(transcript), rounds)
            yield _make_figure(f"next plan of {tokens:,} tokens, {how}, against JSON", later, NEXT)
            context.workshop.close()


def _make_figure(name: str, pairs: Pairs, target: float) -> Figure:
    behind = f"{1e3 * pairs.subject:.2f} ms of processor time, JSON {1e3 * pairs.reference:.2f} ms"
    return Figure(name, pairs.ratio, "x", target, behind=behind)


def _compare_first(context: Context, specs: Specs, transcript: list[Message], rounds: int) -> Pairs:
    """Runs that go on from a transcript; the files of what is shortened are there from the run before."""

    def plan() -> float:
        asker = context.make_loop({}).asker
        return time_processor(lambda: asker.plan(transcript, specs))

    plan()
    return compare(plan, lambda: _time_json(transcript), rounds)


def _compare_next(context: Context, specs: Specs, transcript: list[Message], rounds: int) -> Pairs:
    """A run that takes turn after turn."""
    asker = context.make_loop({}).asker
    asker.plan(transcript, specs)

    def plan() -> float:
        transcript.extend(_make_turn(len(transcript)))
        return time_processor(lambda: asker.plan(transcript, specs))

    return compare(plan, lambda: _time_json(transcript), rounds)


def _time_json(transcript: list[Message]) -> float:
    wire = to_openai(transcript)
    return time_processor(lambda: json.dumps(wire))


def _make_turn(number: int) -> list[Message]:
    """A reply with its thoughts and one call, and what the call gave."""
    call = ToolCall(f"call_{number}", "shell", json.dumps({"command": f"cat /srv/panel/{number}.txt"}))
    result = f"{number}\n{RESULTS[number % len(RESULTS)]}"
    return [
        Message(Role.ASSISTANT, "On with it.", (call,), opaque=Opaque("bench", THOUGHTS)),
        Message(Role.TOOL, result, call_id=call.id, name=call.name),
    ]
