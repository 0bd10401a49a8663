"""One tick: end what is lost, promote what may go on, route what is ready, start what has a slot."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kanban.agents.receipts import render_receipts
from kanban.config import Settings
from kanban.dispatch.launcher import Launcher
from kanban.dispatch.slots import Slots
from kanban.domain.host import Hosts
from kanban.domain.outcome import CONTINUED, Ending, Outcome, Purpose
from kanban.domain.profile import Profile
from kanban.domain.rubric import Rubric
from kanban.domain.ticket import THE_DISPATCHER, BlockReason, Kind
from kanban.domain.tool import AgentRole
from kanban.errors import MovedOn
from kanban.execution.processes import is_alive
from kanban.routing import History, Route, Subject, route
from kanban.store.board import Board
from kanban.store.due import DueWork, LiveRun
from kanban.store.queries import Queries, transcript_id
from kanban.store.requests import Requests
from kanban.store.runs import NewRun, Runs
from kanban.store.tables import Run, Ticket

CONSIDERED = 200  # ready tickets looked at in one tick; the rest wait for the next
PAUSE = 60.0  # seconds before Ginger is asked again after her model turned a run away


@dataclass
class TickReport:
    """What one tick did, by ticket, run or request number."""

    ended: list[int] = field(default_factory=list)
    promoted: list[int] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    blocked: list[int] = field(default_factory=list)
    to_split: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    @property
    def did_anything(self) -> bool:
        """Whether the board is another than before."""
        return any(vars(self).values())


@dataclass(frozen=True)
class People:
    """What people edit, as it is in force for one tick."""

    settings: Settings
    profiles: Mapping[str, Profile]
    hosts: Hosts
    rubric: Rubric

    @property
    def orchestrator(self) -> Profile:
        """Ginger."""
        return next(profile for profile in self.profiles.values() if profile.role is AgentRole.ORCHESTRATOR)


class Dispatcher:
    """Moves the board along. Safe beside others: whatever it decides, a guarded statement does or refuses."""

    def __init__(
        self,
        board: Board,
        runs: Runs,
        requests: Requests,
        due: DueWork,
        queries: Queries,
        launcher: Launcher,
        read_people: Callable[[], People],
        end_processes: Callable[[LiveRun], None],
    ) -> None:
        self._board = board
        self._runs = runs
        self._requests = requests
        self._due = due
        self._queries = queries
        self._launcher = launcher
        self._read_people = read_people
        self._end_processes = end_processes

    def tick(self, now: float) -> TickReport:
        """Do everything that is due at `now` (seconds since the epoch). An idle tick is one read."""
        report = TickReport()
        if not self._due.is_anything_due(now):
            return report
        people = self._read_people()
        self._end_lost(now, report)
        self._end_overdue(now, report)
        self._promote(now, report)
        slots = Slots.count(people.settings.slots, people.profiles, people.hosts, self._due.live_runs())
        self._start_decompositions(people, slots, now, report)
        self._start_work(people, slots, now, report)
        self._start_answers(people, slots, now, report)
        return report

    def hand_back(self, now: float) -> list[int]:
        """Stop every run of this machine that the dispatcher started; their tickets go back to ready."""
        ours = [run for run in self._due.live_runs() if run.purpose != Purpose.CHAT]
        stopped = [run for run in ours if _is_here(run) or run.hostname is None]  # None: no process has it yet
        for run in stopped:
            self._end(run, Ending(Outcome.CANCELLED, "handed back at a stop"), now)
        return [run.id for run in stopped]

    def _end_lost(self, now: float, report: TickReport) -> None:
        for run in self._due.live_runs():
            dead = _is_here(run) and run.pid is not None and not is_alive(run.pid, run.pid_started)
            if dead or run.lease_until < now:
                why = "its process is gone" if dead else "its lease lapsed"
                report.ended += self._end(run, Ending(Outcome.CRASHED, why), now)

    def _end_overdue(self, now: float, report: TickReport) -> None:
        for run in self._due.live_runs():
            if run.deadline is not None and run.deadline < now:
                report.ended += self._end(run, Ending(Outcome.TIMED_OUT, "its minutes were used up"), now)

    def _end(self, run: LiveRun, ending: Ending, now: float) -> list[int]:
        """End a run on the board first, so that its process can write nothing more, then all of its processes."""
        try:
            self._runs.end(run.id, ending, THE_DISPATCHER, now)
        except MovedOn:
            return []
        if _is_here(run):
            self._end_processes(run)
        return [run.id]

    def _promote(self, now: float, report: TickReport) -> None:
        for ticket_id in self._due.promotable(now):
            try:
                self._board.promote(ticket_id, now)
            except MovedOn:
                continue
            report.promoted.append(ticket_id)

    def _start_decompositions(self, people: People, slots: Slots, now: float, report: TickReport) -> None:
        ginger = people.orchestrator
        for ticket_id in self._due.to_decompose():
            failures = self._due.failures_by_profile(ticket_id, Purpose.DECOMPOSE).get(ginger.name, 0)
            if failures >= ginger.failure_limit:
                why = f"{ginger.name} could not write its brief in {failures} runs"
                self._board.take_from_orchestrator(ticket_id, why, now)
                report.blocked.append(ticket_id)
                continue
            last = self._queries.last_run(ticket_id, Purpose.DECOMPOSE)
            if slots.find_full(ginger.name) or _is_paused(last, now):
                continue
            ticket = self._queries.get_ticket(ticket_id)
            run = _plan(Purpose.DECOMPOSE, ginger, ticket, last, "assigned to default")
            self._start_run(run, people, now, report)
            slots.take(ginger.name)

    def _start_work(self, people: People, slots: Slots, now: float, report: TickReport) -> None:
        if slots.exhausted:
            return
        for ticket_id in self._due.ready_tickets(now, CONSIDERED):
            if slots.exhausted:
                return
            self._consider(self._queries.get_ticket(ticket_id), people, slots, now, report)

    def _consider(self, ticket: Ticket, people: People, slots: Slots, now: float, report: TickReport) -> None:
        runs = self._due.count_runs(ticket.id)
        if runs >= people.settings.max_runs_per_ticket:
            self._board.hold_back(ticket.id, BlockReason.FAILURE_LIMIT, f"it has had {runs} runs", now)
            report.blocked.append(ticket.id)
            return
        subject, decided = self.route(ticket, people)
        match decided.action:
            case "block":
                reason = decided.block_reason or BlockReason.UNROUTABLE
                self._board.hold_back(ticket.id, reason, decided.why, now)
                report.blocked.append(ticket.id)
            case "split":
                self._board.send_to_split(ticket.id, decided.why, now)
                report.to_split.append(ticket.id)
            case "assign":
                assert decided.profile is not None
                self._claim(ticket, subject, people, people.profiles[decided.profile], decided.why, slots, now, report)

    def route(self, ticket: Ticket, people: People) -> tuple[Subject, Route]:
        """What the rubric says of a ticket now, with what it was asked about."""
        brief, body = self._queries.read_brief(ticket.id)
        subject = Subject(
            title=ticket.title,
            brief=brief,
            body=body,
            assignee=ticket.assignee if ticket.pinned else None,
            kind=Kind(ticket.kind),
            may_split=ticket.parent_id is None,
        )
        history = History(self._due.failures_by_profile(ticket.id, Purpose.WORK))
        return subject, route(subject, people.rubric, people.profiles, history)

    def _claim(
        self,
        ticket: Ticket,
        subject: Subject,
        people: People,
        profile: Profile,
        why: str,
        slots: Slots,
        now: float,
        report: TickReport,
    ) -> None:
        hosts = [host for host in subject.hosts if host != "local"]
        if slots.find_full(profile.name, hosts):
            return
        last = self._queries.last_run(ticket.id, Purpose.WORK)
        run = _plan(Purpose.WORK, profile, ticket, last, why, tuple(hosts))
        self._start_run(run, people, now, report)
        slots.take(profile.name, hosts)

    def _start_answers(self, people: People, slots: Slots, now: float, report: TickReport) -> None:
        ginger = people.orchestrator
        for request_id in self._due.to_synthesize():
            if self._due.count_synthesize_failures(request_id) >= ginger.failure_limit:
                self._answer_plainly(request_id, now)
                report.answered.append(request_id)
                continue
            if slots.find_full(ginger.name) or _is_paused(self._last_synthesis(request_id), now):
                continue
            run = NewRun(
                Purpose.SYNTHESIZE,
                ginger.name,
                ginger.model,
                request_id=request_id,
                route_reason="all tickets are settled",
                max_minutes=ginger.max_minutes,
            )
            self._start_run(run, people, now, report)
            slots.take(ginger.name)

    def _answer_plainly(self, request_id: int, now: float) -> None:
        """No answer could be written; the person gets the receipts rather than silence."""
        tickets = self._queries.tickets_of_request(request_id)
        views = [self._queries.view_ticket(ticket.id) for ticket in tickets]
        summaries = {view.ticket.id: [view.ticket.summary or view.ticket.explanation or "no summary"] for view in views}
        receipts = render_receipts(views, summaries, self._queries.runs_of_request(request_id))
        text = f"The orchestrator could not write an answer. This is what the tickets came to.\n\n{receipts}"
        self._requests.answer(request_id, text, THE_DISPATCHER, now)

    def _last_synthesis(self, request_id: int) -> Run | None:
        runs = [run for run in self._queries.runs_of_request(request_id) if run.purpose == Purpose.SYNTHESIZE]
        return runs[-1] if runs else None

    def _start_run(self, run: NewRun, people: People, now: float, report: TickReport) -> None:
        self._launcher.start()  # before the claim: what cannot be carried out is not claimed
        lease = people.settings.lease_seconds
        if run.purpose is Purpose.WORK:
            run_id = self._runs.claim(run, now, lease)
        else:
            run_id = self._runs.start(run, THE_DISPATCHER, now, lease)
        if run_id is not None:
            self._launcher.launch(run_id)
            report.started.append(run_id)


def _plan(
    purpose: Purpose, profile: Profile, ticket: Ticket, last: Run | None, why: str, hosts: tuple[str, ...] = ()
) -> NewRun:
    """The next run of a ticket: it goes on from the last one's transcript and workspace where that makes sense."""
    goes_on = last is not None and last.profile == profile.name and last.outcome in CONTINUED
    return NewRun(
        purpose=purpose,
        profile=profile.name,
        model=profile.model,
        ticket_id=ticket.id,
        request_id=ticket.request_id,
        transcript_of=transcript_id(last) if last is not None and goes_on else None,
        route_reason=why,
        hosts=hosts,
        workspace=last.workspace if last is not None and goes_on else "",
        max_minutes=profile.max_minutes,
    )


def _is_here(run: LiveRun) -> bool:
    return run.hostname == socket.gethostname()


def _is_paused(last: Run | None, now: float) -> bool:
    """Whether the model turned the last run away a moment ago."""
    if last is None or last.ended_at is None or last.outcome not in (Outcome.RATE_LIMITED, Outcome.MODEL_DOWN):
        return False
    return now < last.ended_at + PAUSE
