"""Starts what is due: decompositions, work, reviews, diagnoses and answers, while slots and models last."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from kanban.agents.receipts import render_receipts
from kanban.dispatch.parts import Parts, TickReport
from kanban.dispatch.slots import Slots
from kanban.domain.capacity import NOTHING, Capacity
from kanban.domain.outcome import CONTINUED, Ending, Outcome, Purpose
from kanban.domain.profile import Profile
from kanban.domain.ticket import THE_DISPATCHER, BlockReason, Kind
from kanban.errors import CannotStart
from kanban.files.inforce import InForce
from kanban.routing import History, Route, Subject, route
from kanban.store.due import DueWork
from kanban.store.pauses import Pause
from kanban.store.queries import Queries, TicketView, transcript_id
from kanban.store.runs import NewRun
from kanban.store.tables import Run, Ticket

LONG_START = 0.5  # seconds; the model library takes longer to load

PAGE = 200  # ready tickets; a tick looks at the first page and at one behind it


@dataclass
class Starter:
    """The starts of one tick."""

    parts: Parts
    people: InForce
    slots: Slots
    pauses: Mapping[str, Pause]
    now: float
    report: TickReport

    def start_decompositions(self) -> None:
        """Have Ginger write or split what was put to her; after her failure limit it waits for the person."""
        ginger = self.people.orchestrator
        for ticket_id in self.parts.store.due.to_decompose():
            if self._is_kept_from(ginger, ticket_id):
                self._leave_to_person(ticket_id, ginger)
                continue
            failures = self.parts.store.due.failures_by_profile(ticket_id, Purpose.DECOMPOSE).get(ginger.name, 0)
            if failures >= ginger.failure_limit:
                why = f"{ginger.name} could not write its brief in {failures} runs"
                self.parts.store.board.take_from_orchestrator(ticket_id, why, THE_DISPATCHER, self.now)
                self.report.blocked.append(ticket_id)
            else:
                self._start_for(ticket_id, Purpose.DECOMPOSE, ginger, "assigned to default")

    def start_work(self, behind: int) -> int:
        """Route what is ready, highest priority and oldest first, and claim it.

        Where the first page waits for full slots, the page that begins at `behind` gets its turn. Returns where the
        next tick begins that page, so that nothing waits for ever behind what cannot start.
        """
        for start in (0, behind):
            page = self.parts.store.due.ready_tickets(self.now, PAGE, start)
            for ticket_id in page:
                if self.slots.exhausted:
                    return behind
                self._consider(self.parts.store.queries.get_ticket(ticket_id))
            if len(page) < PAGE:
                return PAGE
        return behind + PAGE

    def start_reviews(self) -> None:
        """Have the checker look at what was delivered; somebody else than who did the work."""
        for ticket_id in self.parts.store.due.to_review():
            worked = self.parts.store.queries.last_run(ticket_id, Purpose.WORK)
            is_private = self.parts.store.queries.is_private(ticket_id)
            checker = self.people.find_checker(worked.profile if worked else None, is_private)
            if checker is None or worked is None:
                why = f"no {'local_only ' if is_private else ''}checker but the worker itself is known"
                self._hold_review(ticket_id, BlockReason.UNROUTABLE, why)
                continue
            failures = self.parts.store.due.failures_by_profile(ticket_id, Purpose.REVIEW).get(checker.name, 0)
            if failures >= checker.failure_limit:
                why = f"{checker.name} could not review it in {failures} runs"
                self._hold_review(ticket_id, BlockReason.FAILURE_LIMIT, why)
            else:
                self._start_for(
                    ticket_id,
                    Purpose.REVIEW,
                    checker,
                    "the rubric wants it reviewed",
                    reviewed=worked.profile,
                    workspace=worked.workspace,
                )

    def start_diagnoses(self) -> None:
        """Have Ginger decide how stuck tickets go on."""
        for ticket_id in self.parts.store.due.to_diagnose():
            ticket, ginger = self.parts.store.queries.get_ticket(ticket_id), self.people.orchestrator
            if self._is_kept_from(ginger, ticket_id):
                self._leave_to_person(ticket_id, ginger)
                continue
            why = f"it is {ticket.status}" + (f" ({ticket.block_reason})" if ticket.block_reason else "")
            self._start_for(ticket_id, Purpose.DIAGNOSE, ginger, why)

    def start_talks(self) -> None:
        """Take over exchanges that broke off; after Ginger's failure limit the person is told."""
        ginger = self.people.orchestrator
        for request_id in self.parts.store.due.to_talk():
            failures = self.parts.store.due.count_talk_failures(request_id)
            if failures >= ginger.failure_limit:
                last = self.parts.store.queries.last_talk(request_id)
                why = f"{ginger.name} could not finish in {failures} runs" + (
                    f"; the last: {last.error}" if last else ""
                )
                self.parts.store.requests.give_up_talk(request_id, why, self.now)
                continue
            conversation = self.parts.store.queries.get_request(request_id).conversation_id
            self._start_for_request(request_id, Purpose.CHAT, "the exchange broke off", conversation)

    def start_answers(self) -> None:
        """Have Ginger answer requests whose tickets are all settled; failing that, the board itself answers."""
        ginger = self.people.orchestrator
        for request_id in self.parts.store.due.to_synthesize():
            if self.parts.store.due.count_synthesize_failures(request_id) >= ginger.failure_limit:
                self._answer_plainly(request_id)
                continue
            self._start_for_request(request_id, Purpose.SYNTHESIZE, "all tickets are settled")

    def _is_kept_from(self, profile: Profile, ticket_id: int) -> bool:
        """Whether a ticket is private and this profile's model is not one of the person's own."""
        return not profile.local_only and self.parts.store.queries.is_private(ticket_id)

    def _leave_to_person(self, ticket_id: int, ginger: Profile) -> None:
        why = f"it is private and {ginger.name} is not local_only: decide yourself how it goes on"
        self.parts.store.board.take_from_orchestrator(ticket_id, why, THE_DISPATCHER, self.now)
        self.report.blocked.append(ticket_id)

    def _consider(self, ticket: Ticket) -> None:
        runs = self.parts.store.due.count_runs(ticket.id)
        if runs >= self.people.settings.max_runs_per_ticket:
            self._hold_back(ticket.id, BlockReason.FAILURE_LIMIT, f"it has had {runs} runs")
            return
        subject, decided = route_ticket(ticket, self.people, self.parts.store.queries, self.parts.store.due)
        match decided.action:
            case "block":
                self._hold_back(ticket.id, decided.block_reason or BlockReason.UNROUTABLE, decided.why)
            case "split":
                self.parts.store.board.send_to_split(ticket.id, decided.why, self.now, decided.rule)
                self.report.to_split.append(ticket.id)
            case "assign":
                assert decided.profile is not None
                profile = self.people.profiles[decided.profile]
                hosts = tuple(host for host in subject.hosts if host != "local")
                minutes = subject.brief.resources.minutes if subject.brief else None
                asked = Capacity.asked_by(subject.brief)
                if lack := self.slots.machine.find_lack(asked):
                    why = f"its brief asks for {lack} on this machine"
                    self._hold_back(ticket.id, BlockReason.UNROUTABLE, why)
                    return
                self._start_for(
                    ticket.id,
                    Purpose.WORK,
                    profile,
                    decided.why,
                    rule=decided.rule,
                    hosts=hosts,
                    minutes=minutes,
                    asked=asked,
                )

    def _start_for_request(self, request_id: int, purpose: Purpose, why: str, transcript_of: int | None = None) -> None:
        """Start a run of Ginger's about a whole request, if a slot and a model are free."""
        ginger = self.people.orchestrator
        model = ginger.find_model(self.pauses)
        if model is None or self.slots.find_full(ginger.name):
            return
        run = NewRun(
            purpose,
            ginger.name,
            model,
            request_id=request_id,
            transcript_of=transcript_of,
            route_reason=why,
            max_minutes=ginger.max_minutes,
        )
        self._start(run)

    def _start_for(
        self,
        ticket_id: int,
        purpose: Purpose,
        profile: Profile,
        why: str,
        *,
        rule: str = "",
        minutes: int | None = None,
        hosts: tuple[str, ...] = (),
        asked: Capacity = NOTHING,
        reviewed: str | None = None,
        workspace: str = "",
    ) -> None:
        """Start the next run of a ticket, if a slot and a model are free. It goes on where the last one stopped."""
        model = profile.find_model(self.pauses)
        if model is None or self.slots.find_full(profile.name, hosts, asked):
            return
        ticket = self.parts.store.queries.get_ticket(ticket_id)
        last = self.parts.store.queries.last_run(ticket_id, purpose)
        before = last if last is not None and _goes_on(last, ticket, profile) else None
        run = NewRun(
            purpose,
            profile.name,
            model,
            ticket_id=ticket_id,
            request_id=ticket.request_id,
            transcript_of=transcript_id(before) if before else None,
            route_reason=why,
            rule=rule,
            hosts=hosts,
            workspace=before.workspace if before else workspace,
            max_minutes=minutes or profile.max_minutes,
            reviewed=reviewed,
        )
        self._start(run, asked)

    def _start(self, run: NewRun, asked: Capacity = NOTHING) -> None:
        parts, lease = self.parts, self.people.settings.lease_seconds
        begun = time.monotonic()
        parts.launcher.start()  # before the claim: what cannot be carried out is not claimed
        waited = time.monotonic() - begun
        if waited > LONG_START:
            self.now += waited  # a lease that began before the wait would have lapsed by now
        if run.purpose is Purpose.WORK:
            run_id = parts.store.runs.claim(run, self.now, lease)
        else:
            run_id = parts.store.runs.start(run, THE_DISPATCHER, self.now, lease)
        if run_id is None:
            return
        self.slots.take(run.profile, run.hosts, asked)
        try:
            parts.launcher.launch(run_id)
        except CannotStart as error:
            parts.store.runs.end(run_id, Ending(Outcome.INFRASTRUCTURE, error.tell()), THE_DISPATCHER, self.now)
            raise
        self.report.started.append(run_id)

    def _hold_back(self, ticket_id: int, reason: BlockReason, why: str) -> None:
        self.parts.store.board.hold_back(ticket_id, reason, why, self.now)
        self.report.blocked.append(ticket_id)

    def _hold_review(self, ticket_id: int, reason: BlockReason, why: str) -> None:
        self.parts.store.verdicts.hold_review(ticket_id, reason, why, self.now)
        self.report.blocked.append(ticket_id)

    def _answer_plainly(self, request_id: int) -> None:
        """No answer could be written; the person gets the receipts rather than silence."""
        queries = self.parts.store.queries
        views = [queries.view_ticket(ticket.id) for ticket in queries.tickets_of_request(request_id)]
        summaries = {view.ticket.id: [_summarize(view)] for view in views}
        receipts = render_receipts(views, summaries, queries.runs_of_request(request_id))
        text = f"The orchestrator could not write an answer. This is what the tickets came to.\n\n{receipts}"
        self.parts.store.requests.answer(request_id, text, THE_DISPATCHER, self.now)
        self.report.answered.append(request_id)


def _summarize(view: TicketView) -> str:
    """What a ticket came to; of a private one nothing that a model might be told later."""
    if view.brief is not None and view.brief.is_private:
        return f"private: `kanban show {view.ticket.id}` tells"
    return view.ticket.summary or view.ticket.explanation or "no summary"


def route_ticket(
    ticket: Ticket, people: InForce, queries: Queries, due: DueWork, *, as_assigned: bool = True
) -> tuple[Subject, Route]:
    """What the rubric says of a ticket now, with what it was asked about; `as_assigned`: a named assignee is kept."""
    subject = read_subject(ticket, queries, as_assigned=as_assigned)
    history = History(due.failures_by_profile(ticket.id, Purpose.WORK))
    return subject, route(subject, people.rubric, people.profiles, history)


def read_subject(ticket: Ticket, queries: Queries, *, as_assigned: bool = True) -> Subject:
    """What routing knows of a ticket."""
    brief, body = queries.read_brief(ticket.id)
    assignee = ticket.assignee if ticket.pinned and as_assigned else None
    return Subject(ticket.title, brief, body, assignee, Kind(ticket.kind), may_split=ticket.parent_id is None)


def _goes_on(last: Run, ticket: Ticket, profile: Profile) -> bool:
    """Whether the next run takes up the last one's transcript. A verdict is made afresh, from what is known by then."""
    if last.purpose in (Purpose.DIAGNOSE, Purpose.REVIEW) or ticket.restart:
        return False
    if last.purpose != Purpose.WORK and last.outcome == Outcome.DONE:
        return False  # a brief was written and now another is wanted; only work is mended where it is
    return last.profile == profile.name and last.outcome in CONTINUED
