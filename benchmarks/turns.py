"""What a turn costs beside the model and the tool: a run of a worker against a bare loop over the model library."""

import gc
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from benchmarks.farm import WORKER, file_ticket, loopback_app
from benchmarks.loopback import Loopback, serve
from benchmarks.measure import Figure, compare
from kanban.agents.context import Context
from kanban.agents.tool import AnyTool, ToolResult
from kanban.agents.toolbox import make_worker_toolbox
from kanban.app import App
from kanban.dispatch.runner import hold_lease
from kanban.domain.message import Message, Role
from kanban.domain.outcome import Outcome, Purpose
from kanban.interfaces.cli.narrator import LogNarrator
from kanban.llm import preload
from kanban.llm.library import load_litellm
from kanban.llm.litellm_model import LiteLLMModel
from kanban.llm.wire import to_openai, tools_to_openai
from kanban.store.runs import NewRun
from kanban.yamlfile import edit_yaml

TURNS = 60
ROUNDS = 7
LEASE = 30.0
WINDOW = 200_000  # never reached; requests are planned all the same
GIVEN_BACK = {"role", "content", "tool_calls", "reasoning_content"}
OPENING = [Message(Role.SYSTEM, "You carry out tickets.\n" * 150), Message(Role.USER, "What is to be done.\n" * 60)]

Wire = dict[str, Any]


@dataclass
class ToolTimes:
    """How long each call of a tool took, in seconds."""

    seconds: list[float] = field(default_factory=list)

    def take(self, act: Callable[[], Any]) -> Any:
        """Do it, and note how long it took."""
        started = time.monotonic()
        result = act()
        self.seconds.append(time.monotonic() - started)
        return result


def measure(turns: int = TURNS, rounds: int = ROUNDS) -> Iterator[Figure]:
    """The mean over a run's turns, from a reply's leaving to the next request's arrival, less the tool's time."""
    with serve("shell") as server, loopback_app(server.url) as app:
        edit_yaml(app.home.profiles_folder / f"{WORKER}.yaml", lambda data: data.update(max_turns=turns, window=WINDOW))
        model = app.profile(WORKER).model
        preload([model])
        gc.collect()
        gc.freeze()  # as the process that runs are forked from does
        specs = tools_to_openai([tool.spec() for tool in make_worker_toolbox(_claim(app)).values()])
        for words, streams in (("whole", False), ("streamed", True)):
            ask = partial(_ask_bare, model, specs, server.url, streams)
            pairs = compare(
                partial(_play_run, app, server, turns, streams), partial(_play_bare, ask, server, turns), rounds
            )
            behind = f"{1e3 * pairs.subject:.1f} ms, the bare loop {1e3 * pairs.reference:.1f} ms"
            yield Figure(f"overhead per turn, {words} replies, against a bare loop", pairs.ratio, "x", 1.2, behind=behind)


def _claim(app: App) -> Context:
    """A claimed work run, ready to be played in this process."""
    ticket_id = file_ticket(app, "Sixty turns")
    run_id = app.runs.claim(NewRun(Purpose.WORK, WORKER, app.profile(WORKER).model, ticket_id), app.clock(), LEASE)
    assert run_id is not None
    return app.make_context(run_id, LogNarrator())


def _play_run(app: App, server: Loopback, turns: int, streams: bool) -> float:
    """A run with all that it writes down; its overhead per turn in seconds."""
    context, times, lost = _claim(app), ToolTimes(), threading.Event()
    context = replace(context, model=LiteLLMModel(context.profile, {}, streams=streams))
    tools = {name: _timed(tool, times) for name, tool in make_worker_toolbox(context).items()}
    with (
        app.log_file(context.run_id).open("a") as file,
        redirect_stdout(file),
        hold_lease(app.runs, context.run_id, LEASE, lost.set),
    ):
        ending = context.make_loop(tools, "complete", "block").run(OPENING)
    assert all(message.opaque for message in app.records.read_transcript(context.run_id) if message.calls)
    assert ending.outcome is Outcome.OUT_OF_TURNS and not lost.is_set(), ending
    context.workshop.close()
    return _mean_overhead(server, times, turns)


def _timed(tool: AnyTool, times: ToolTimes) -> AnyTool:
    def act(arguments: object) -> ToolResult:
        result: ToolResult = times.take(lambda: tool.act(arguments))
        return result

    return replace(tool, act=act)


def _play_bare(ask: Callable[[list[Wire]], Wire], server: Loopback, turns: int) -> float:
    """The least that an agent can do: ask, run what is called, ask again. Nothing is written down."""
    messages = to_openai(OPENING)
    times = ToolTimes()
    for _ in range(turns):
        messages.append(ask(messages))
        for call in messages[-1]["tool_calls"]:
            status = times.take(partial(_run_shell, call))
            messages.append(
                {"role": "tool", "tool_call_id": call["id"], "name": "shell", "content": f"exit status {status}"}
            )
    return _mean_overhead(server, times, turns)


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


def _mean_overhead(server: Loopback, times: ToolTimes, turns: int) -> float:
    """What lies between the replies and the next requests, without the tools; the last reply has none after it."""
    server.next_moment("arrived")
    between = 0.0
    for _ in range(turns - 1):
        left = server.next_moment("left")
        between += server.next_moment("arrived") - left
    server.next_moment("left")
    return (between - sum(times.seconds[:-1])) / (turns - 1)
