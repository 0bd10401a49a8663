"""What a turn costs beside the model and the tool: a run of a worker against a bare loop over the model library."""

import gc
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from typing import Any

from benchmarks.farm import OPENING, WORKER, claim_run, loopback_app, play_run, set_worker
from benchmarks.loopback import Loopback, serve
from benchmarks.measure import Figure, compare
from kanban.agents.toolbox import make_toolbox
from kanban.app import App
from kanban.domain.outcome import Outcome
from kanban.llm import preload
from kanban.llm.library import load_litellm
from kanban.llm.litellm_model import LiteLLMModel
from kanban.llm.wire import to_openai, tools_to_openai
from kanban.tools.base import AnyTool, ToolResult

TURNS = 60
ROUNDS = 7
WINDOW = 200_000  # never reached; requests are planned all the same
GIVEN_BACK = {"role", "content", "tool_calls", "reasoning_content"}

Wire = dict[str, Any]


@dataclass
class Meter:
    """What one run took beside its tools; `tools` has the seconds of each call of one."""

    tools: list[float] = field(default_factory=list)
    _processor: float = field(default_factory=lambda: -time.process_time())

    def time_tool(self, act: Callable[[], Any]) -> Any:
        """Carry out a call, and note how long it took."""
        started, processor = time.monotonic(), time.process_time()
        result = act()
        self.tools.append(time.monotonic() - started)
        self._processor -= time.process_time() - processor
        return result

    def processor(self) -> float:
        """Processor seconds of this process so far, without the tools."""
        return self._processor + time.process_time()


@dataclass
class Sides:
    """Processor seconds per turn of each run of this program, and of each bare loop."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


def measure(turns: int = TURNS, rounds: int = ROUNDS) -> Iterator[Figure]:
    """The mean over a run's turns, from a reply's leaving to the next request's arrival, less the tool's time."""
    with serve("shell") as server, loopback_app(server.url) as app:
        set_worker(app, max_turns=turns, window=WINDOW)
        model = app.live.profile(WORKER).model
        preload([model])
        gc.collect()
        gc.freeze()  # as the process that runs are forked from does
        specs = tools_to_openai([tool.signature.spec() for tool in make_toolbox(claim_run(app)).values()])
        for words, streams in (("whole", False), ("streamed", True)):
            sides, ask = Sides(), partial(_ask_bare, model, specs, server.url, streams)
            pairs = compare(
                partial(_play_run, app, server, turns, streams, sides.ours),
                partial(_play_bare, ask, server, turns, sides.bare),
                rounds,
            )
            behind = f"{1e3 * pairs.subject:.1f} ms, the bare loop {1e3 * pairs.reference:.1f} ms; "
            behind += f"of processor time {1e3 * median(sides.ours):.1f} and {1e3 * median(sides.bare):.1f} ms"
            yield Figure(
                f"overhead per turn, {words} replies, against a bare loop", pairs.ratio, "x", 1.2, behind=behind
            )


def _play_run(app: App, server: Loopback, turns: int, streams: bool, processor: list[float]) -> float:
    """A run with all that it writes down; its overhead per turn in seconds."""
    context, meter = claim_run(app), Meter()
    context = replace(context, model=LiteLLMModel(context.profile, {}, streams=streams))
    tools = {name: _timed(tool, meter) for name, tool in make_toolbox(context).items()}
    ending = play_run(app, context, tools)
    processor.append(meter.processor() / turns)
    assert ending.outcome is Outcome.OUT_OF_TURNS, ending
    assert all(message.opaque for message in app.store.records.read_transcript(context.run_id) if message.calls)
    return _mean_overhead(server, meter, turns)


def _timed(tool: AnyTool, meter: Meter) -> AnyTool:
    def act(arguments: object) -> ToolResult:
        result: ToolResult = meter.time_tool(lambda: tool.act(arguments))
        return result

    return replace(tool, act=act)


def _play_bare(ask: Callable[[list[Wire]], Wire], server: Loopback, turns: int, processor: list[float]) -> float:
    """The least that an agent can do: ask, run what is called, ask again. Nothing is written down."""
    messages = to_openai(OPENING)
    meter = Meter()
    for _ in range(turns):
        messages.append(ask(messages))
        for call in messages[-1]["tool_calls"]:
            status = meter.time_tool(partial(_run_shell, call))
            messages.append(
                {"role": "tool", "tool_call_id": call["id"], "name": "shell", "content": f"exit status {status}"}
            )
    processor.append(meter.processor() / turns)
    return _mean_overhead(server, meter, turns)


def _ask_bare(model: str, specs: list[Wire], url: str, streams: bool, messages: list[Wire]) -> Wire:
    """The next reply as the next request holds it, its thoughts with it."""
    request = {"model": model, "messages": messages, "tools": specs, "api_base": url, "api_key": "none"}
    if streams:
        chunks = load_litellm().completion(**request, stream=True, stream_options={"include_usage": True})
        return _join(chunk.choices[0].delta for chunk in chunks if chunk.choices)
    message: Wire = load_litellm().completion(**request).choices[0].message.model_dump(include=GIVEN_BACK)
    return message


def _join(deltas: Iterator[Any]) -> Wire:
    words, thoughts, calls = "", "", dict[int, Wire]()
    for delta in deltas:
        words += delta.content or ""
        thoughts += getattr(delta, "reasoning_content", None) or ""
        for piece in delta.tool_calls or ():
            call = calls.setdefault(piece.index, {"id": piece.id, "type": "function", "function": {"arguments": ""}})
            call["function"]["name"] = piece.function.name or call["function"]["name"]
            call["function"]["arguments"] += piece.function.arguments or ""
    return {"role": "assistant", "content": words, "reasoning_content": thoughts, "tool_calls": [*calls.values()]}


def _run_shell(call: Mapping[str, Any]) -> int:
    command = json.loads(call["function"]["arguments"])["command"]
    return subprocess.run(command, shell=True, capture_output=True).returncode


def _mean_overhead(server: Loopback, meter: Meter, turns: int) -> float:
    """What lies between the replies and the next requests, without the tools; the last reply has none after it."""
    server.next_moment("arrived")
    between = 0.0
    for _ in range(turns - 1):
        left = server.next_moment("left")
        between += server.next_moment("arrived") - left
    server.next_moment("left")
    return (between - sum(meter.tools[:-1])) / (turns - 1)
