"""A board with something in every column, at a time that stands still."""

from pathlib import Path

from kanban.app import App
from kanban.briefs.render import render_brief
from kanban.domain.brief import Brief, Criterion, Target
from kanban.domain.message import Message, Reply, Role, ToolCall, Usage
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, BlockReason, Caller, Mover
from kanban.store.approvals import Asked
from kanban.store.filing import NewTicket
from kanban.store.leadership import Leadership
from kanban.store.records import Scribe
from kanban.store.runs import NewRun, Process

NOW = 1_790_000_000.0  # a Monday afternoon in UTC
MINUTE, HOUR = 60.0, 3600.0
GINGER = Caller(Mover.ORCHESTRATOR, "ginger")

BRIEF = Brief(
    goal="The weather tile of the dashboard shows today's forecast.",
    context="The tile shows yesterday's forecast since the provider changed the name of a field.",
    targets=[Target(path="/srv/dashboard/tiles/weather.py"), Target(path="/srv/dashboard/tests/test_weather.py")],
    steps=["Read the field `daily` instead of `days`.", "Add a test with an answer of the provider from today."],
    criteria=[Criterion(text="The tests of the tile pass.", check="python3 -m pytest -q tests/test_weather.py")],
    deliverables=["tiles/weather.py", "tests/test_weather.py"],
    category="code",
    est_turns=12,
)


class Sample:
    """Fills a board, and knows the numbers of its tickets."""

    def __init__(self, app: App) -> None:
        self.app = app
        app.clock = lambda: NOW
        solar = app.store.requests.open(
            "Why does the solar tile show nothing since Friday? Mend it.", THE_PERSON, NOW - HOUR
        )
        tiles = app.store.requests.open("Make the weather tile show today.", THE_PERSON, NOW - 2 * HOUR)
        self.triage = self._create("Tidy the photos", 26 * HOUR, assignee="human")
        self.split = self._create("Move everything to the new server", 3 * MINUTE, assignee="default")
        self.ready = self._create("Read the log of the inverter", 40 * MINUTE, solar, assignee="cody", priority=2)
        self.other_ready = self._create("Compare three heat pumps", 20 * MINUTE, assignee=None)
        self.todo = self._create("Mend the solar tile", 39 * MINUTE, solar, assignee="scout", depends_on=(self.ready,))
        self.running = self._create("Show today's forecast on the weather tile", 2 * HOUR, tiles, "cody", brief=BRIEF)
        self.run = self._work(self.running, "cody", 18 * MINUTE, turns=14)
        self.stale = self._create("Copy the old backups to the attic disk", 9 * HOUR, assignee="cody")
        self._end(self._work(self.stale, "cody", 8 * HOUR, 3), Outcome.STALE, "no progress for 4 hours", 4 * HOUR)
        self.asking = self._create("Book the chimney sweep", 5 * HOUR, assignee="scout")
        question = "Which week suits you: the 12th or the 19th of October?"
        ending = Ending(Outcome.BLOCKED, question, BlockReason.NEEDS_INPUT, question)
        self._end(self._work(self.asking, "scout", 4 * HOUR, 5), ending.outcome, "", 3 * HOUR, ending)
        self.parked = self._create("Restart the router", 50 * MINUTE, assignee="cody")
        self.approval = self._park(self.parked)
        self.failing = self._create("Update the firmware of the switch", 3 * HOUR, assignee="cody")
        failed = Ending(Outcome.BLOCKED, "the switch refuses the key", BlockReason.MISSING_ACCESS)
        self._end(self._work(self.failing, "cody", 2 * HOUR, 9), failed.outcome, "", 2 * HOUR - 60, failed)
        self.reviewed = self._create("Rename the sensors", 3 * HOUR, tiles, assignee="scout")
        run = self._work(self.reviewed, "scout", 40 * MINUTE, 7)
        app.store.runs.end(
            run, Ending(Outcome.DONE), _runner(run, "scout"), NOW - 6 * MINUTE, "Renamed.", to_review=True
        )
        self.done = self._create("Find the manual of the boiler", 5 * HOUR, tiles, assignee="scout")
        self._finish(self.done)
        Leadership(app.store.db, Process(1, 1.0, "here")).take(NOW - 2, 30)

    def _create(
        self,
        title: str,
        ago: float,
        request_id: int | None = None,
        assignee: str | None = None,
        brief: Brief | None = None,
        **more: object,
    ) -> int:
        body = render_brief(title, brief) if brief else f"{title}, please."
        new = NewTicket(title, body, brief, assignee, **more)  # type: ignore[arg-type]
        return self.app.store.board.create_ticket(new, GINGER if request_id else THE_PERSON, NOW - ago, request_id)

    def _work(self, ticket_id: int, profile: str, ago: float, turns: int) -> int:
        ticket = self.app.store.queries.get_ticket(ticket_id)
        new = NewRun(Purpose.WORK, profile, "a/model", ticket_id, ticket.request_id, route_reason="code goes to cody")
        run_id = self.app.store.runs.claim(new, NOW - ago, 60)
        assert run_id is not None
        scribe = Scribe(run_id, run_id)
        self.app.store.records.append_message(scribe, 0, Message(Role.USER, "Do it."), NOW - ago)
        for turn in range(turns):
            call = ToolCall(f"c{turn}", "shell", f'{{"command": "ls /srv/{turn}"}}')
            reply = Reply(f"I look at part {turn}.", (call,), Usage(1000, 100, 0.0125), "a/model")
            self.app.store.records.append_reply(scribe, 2 * turn + 1, reply, NOW - ago + turn)
            answer = Message(Role.TOOL, f"file {turn}\n", call_id=call.id, name="shell")
            self.app.store.records.append_message(scribe, 2 * turn + 2, answer, NOW - ago + turn)
        return run_id

    def _end(self, run_id: int, outcome: Outcome, why: str, ago: float, ending: Ending | None = None) -> None:
        by = THE_DISPATCHER if outcome is Outcome.STALE else _runner(run_id, "cody")
        self.app.store.runs.end(run_id, ending or Ending(outcome, why), by, NOW - ago)

    def _park(self, ticket_id: int) -> int:
        run_id = self._work(ticket_id, "cody", 45 * MINUTE, 2)
        call = ToolCall("c9", "ssh", '{"host": "router", "command": "reboot"}')
        asked = Asked(call, "hash", "it restarts a host that others use", ticket_id)
        approval = self.app.store.approvals.ask(
            Scribe(run_id, run_id), asked, _runner(run_id, "cody"), NOW - 44 * MINUTE
        )
        self._end(run_id, Outcome.PARKED, "waits for approval", 44 * MINUTE)
        return approval

    def _finish(self, ticket_id: int) -> None:
        run_id = self._work(ticket_id, "scout", 4 * HOUR, 4)
        caller = _runner(run_id, "scout")
        file = Path("runs") / str(run_id) / "manual.txt"
        (self.app.home.path / file).parent.mkdir(parents=True, exist_ok=True)
        (self.app.home.path / file).write_text("Turn the red knob to the left.\n")
        self.app.store.records.add_artifact(run_id, ticket_id, "manual.txt", str(file), "file", 31, NOW - 4 * HOUR)
        self.app.store.board.note(ticket_id, "check_passed", "test -s manual.txt", caller, NOW - 4 * HOUR)
        self.app.store.board.comment(ticket_id, caller, "The manual is from 1998.", NOW - 4 * HOUR)
        self.app.store.runs.end(run_id, Ending(Outcome.DONE), caller, NOW - 4 * HOUR, "The manual is found.")


def _runner(run_id: int, profile: str) -> Caller:
    return Caller(Mover.RUNNER, profile, run_id)
