"""What the first turn of a run of each purpose costs in tokens, with the shipped profiles, rubric and prompts."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.farm import NOWHERE, loopback_app
from benchmarks.measure import Figure
from kanban.agents.loop import Listener
from kanban.agents.purposes.orchestrate import talk
from kanban.app import App
from kanban.briefs.render import render_brief
from kanban.dispatch.runner import PLAYS
from kanban.domain.brief import Brief, Criterion, Target
from kanban.domain.message import Message, Reply, ToolSpec
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, BlockReason
from kanban.errors import FailureClass, ModelError
from kanban.llm import Calls, OnPiece
from kanban.llm.library import load_litellm
from kanban.llm.wire import to_openai, tools_to_openai
from kanban.store.filing import NewTicket
from kanban.store.runs import NewRun

LEASE = 600.0
WORDS = "Put the feels-like of the weather tile on the right."
TITLE = "Right-justify the feels-like on the weather tile"
BRIEF = Brief(
    goal="The weather tile shows the temperature at the left and feels-like as two lines at the right.",
    context='Static HTML. Now: <span id="temp">92.2°F</span> <span id="feels">feels like 102°</span>.',
    targets=[Target(path="/srv/panel/index.html")],
    steps=[
        "In `/srv/panel/index.html` wrap both spans in `<div class=temp-row>`, flex, space-between.",
        "Make `#feels` two lines, right-justified: `like` above, the number below.",
        "Hide `#feels` when |feels − actual| < 2 °F.",
        "Run `systemctl restart panel`.",
    ],
    output_format="HTML and CSS inside the page; no new file, no library.",
    criteria=[
        Criterion(text="The tile has the row.", check="grep -q temp-row /srv/panel/index.html"),
        Criterion(text="The row is spread.", check="grep -q space-between /srv/panel/index.html"),
        Criterion(text="The server runs.", check="systemctl is-active --quiet panel"),
    ],
    deliverables=["The changed tile in `/srv/panel/index.html`"],
    pitfalls=["The other tiles share the class `tile`; leave its rules alone."],
    category="ui",
)
# What each may cost; the first two are what most of a day's runs are.
TARGETS = {
    Purpose.CHAT: 5500,
    Purpose.WORK: 3000,
    Purpose.DECOMPOSE: 4200,
    Purpose.DIAGNOSE: 4800,
    Purpose.REVIEW: 1500,
    Purpose.SYNTHESIZE: 2000,
}
PROFILES = {Purpose.WORK: "cody", Purpose.REVIEW: "checker"}
REVIEWED = {Purpose.REVIEW: "cody"}


@dataclass
class Recorder:
    """A model that keeps what it is asked first and answers nothing."""

    name: str = "recorder"
    messages: list[Message] = field(default_factory=list)
    tools: list[ToolSpec] = field(default_factory=list)

    @property
    def window(self) -> None:
        """It reads whatever it is given."""
        return None

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_piece: OnPiece | None = None,
        calls: Calls = Calls.FREE,
    ) -> Reply:
        """Keep the request and end the run."""
        self.messages, self.tools = list(messages), list(tools)
        raise ModelError(FailureClass.BAD_REQUEST, "the first request is all that is looked at", "")


def measure() -> Iterator[Figure]:
    """Prompt, ticket and tools as they are sent: the messages as a chat counts them, the tools as JSON."""
    with loopback_app(NOWHERE) as app:
        for purpose, target in TARGETS.items():
            recorder = _play(app, purpose)
            messages = _count(messages=to_openai(recorder.messages))
            tools = _count(text=json.dumps(tools_to_openai(recorder.tools)))
            behind = f"{messages} of them messages, {tools} the {len(recorder.tools)} tools"
            yield Figure(f"first turn of a {purpose} run", messages + tools, "tok", target, behind=behind)


def _play(app: App, purpose: Purpose) -> Recorder:
    context = app.make_context(_start(app, purpose), Listener())
    recorder = Recorder()
    played = replace(context, model=recorder)
    if purpose is Purpose.CHAT:
        talk(played, WORDS)
    else:
        PLAYS[purpose](played)
    context.workshop.close()
    return recorder


def _start(app: App, purpose: Purpose) -> int:
    request_id = app.store.requests.open(WORDS, THE_PERSON, app.clock())
    new = NewTicket(TITLE, render_brief(TITLE, BRIEF), BRIEF, "cody")
    ticket_id = app.store.board.create_ticket(new, THE_PERSON, app.clock(), request_id)
    if purpose is Purpose.DIAGNOSE:
        app.store.board.hold_back(ticket_id, BlockReason.OTHER, "the tile is not where it should be", app.clock())
    profile = app.live.profile(PROFILES.get(purpose, "ginger"))
    of_ticket = None if purpose in (Purpose.CHAT, Purpose.SYNTHESIZE) else ticket_id
    run = NewRun(purpose, profile.name, profile.model, of_ticket, request_id, reviewed=REVIEWED.get(purpose))
    if purpose is Purpose.WORK:
        run_id = app.store.runs.claim(run, app.clock(), LEASE)
    else:
        run_id = app.store.runs.start(run, THE_DISPATCHER, app.clock(), LEASE)
    assert run_id is not None
    return run_id


def _count(**what: object) -> int:
    return int(load_litellm().token_counter(model="", **what))
