"""Why a ticket or a request is where it is: what it waits for, what happens next, and what the person can do."""

from dataclasses import dataclass, field

from kanban.dispatch.leader import find_lease
from kanban.dispatch.parts import Parts
from kanban.dispatch.slots import Slots
from kanban.dispatch.starts import route_ticket
from kanban.domain.capacity import NOTHING, Capacity
from kanban.domain.outcome import Purpose
from kanban.domain.showing import tell_span
from kanban.domain.ticket import (
    DEFAULT_ASSIGNEE,
    MOST_DIAGNOSES,
    UNDER_WAY,
    WAITS_FOR_PERSON,
    BlockReason,
    Kind,
    Status,
)
from kanban.execution.machine import measure_machine
from kanban.files.halt import LIFT_HINT
from kanban.files.inforce import InForce
from kanban.store.tables import Request, Run, Ticket


@dataclass
class Explanation:
    """A state in sentences; `ways_on` are commands that the person may type."""

    state: str
    waits_for: str = ""
    happens_next: str = ""
    ways_on: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = " ".join(part for part in (self.state, self.waits_for, self.happens_next) if part)
        return told + (f" You can: {', '.join(f'`{way}`' for way in self.ways_on)}." if self.ways_on else "")


def explain_ticket(parts: Parts, ticket_id: int, now: float) -> Explanation:
    """Explain the state of a ticket at `now`. Raises NotFound."""
    ticket = parts.store.queries.get_ticket(ticket_id)
    people = parts.read_in_force()
    desk = _Desk(parts, people, ticket, now, _Forecast(parts, people, now))
    explanation = desk.explain()
    explanation.state = f"#{ticket.id} has been {ticket.status} for {tell_span(now - ticket.status_since)}."
    return explanation


def explain_request(parts: Parts, request_id: int, now: float) -> Explanation:
    """Explain where a request stands at `now`. Raises NotFound."""
    request = parts.store.queries.get_request(request_id)
    people = parts.read_in_force()
    forecast = _Forecast(parts, people, now)
    match request.status:
        case "answered":
            since = tell_span(now - (request.answered_at or now))
            explanation = Explanation(
                "", f"It was answered {since} ago.", ways_on=[f"kanban request show {request_id}"]
            )
        case "closed":
            explanation = Explanation("", "You closed it.")
        case "working":
            explanation = _explain_working(parts, request, forecast)
        case _:
            explanation = _explain_open(parts, request, forecast)
    explanation.state = (
        f"Request {request_id} is {request.status}; it was asked {tell_span(now - request.created_at)} ago."
    )
    return explanation


def _explain_working(parts: Parts, request: Request, forecast: "_Forecast") -> Explanation:
    tickets = parts.store.queries.tickets_of_request(request.id)
    open_ones = [ticket for ticket in tickets if ticket.status not in (Status.DONE, Status.CANCELLED)]
    if open_ones:
        named = ", ".join(f"#{ticket.id} ({ticket.status})" for ticket in open_ones[:10])
        return Explanation("", f"It waits for {named}.", ways_on=[f"kanban why {open_ones[0].id}"])
    return Explanation("", "Its tickets are settled.", forecast.tell_start(forecast.ginger, what="writes the answer"))


def _explain_open(parts: Parts, request: Request, forecast: "_Forecast") -> Explanation:
    last, ways = (
        parts.store.queries.last_talk(request.id),
        [f"kanban request {verb} {request.id}" for verb in ("retry", "close")],
    )
    if last is not None and last.ended_at is None:
        quiet = tell_span(forecast.now - last.activity_at)
        return Explanation(
            "", f"{last.profile} is asked in run {last.id}; last progress {quiet} ago.", ways_on=ways[1:]
        )
    ended = f"Run {last.id} ended {last.outcome}: {last.error or 'it said no more'}." if last else "Nobody was asked."
    if request.talk_due:
        return Explanation("", ended, forecast.tell_start(forecast.ginger, what="goes on with it"), ways[1:])
    return Explanation("", ended, "Nothing happens by itself: this is yours to decide.", ways)


@dataclass(frozen=True)
class _Forecast:
    """What happens next with what waits for a profile."""

    parts: Parts
    people: InForce
    now: float

    @property
    def ginger(self) -> str:
        """The orchestrator's name."""
        return self.people.orchestrator.name

    def tell_start(
        self,
        profile: str,
        hosts: list[str] | None = None,
        what: str = "starts",
        asked: Capacity = NOTHING,
    ) -> str:
        """When a run of a profile can start, and what keeps it from that."""
        overspend = self.parts.store.budget.find_overspend(self.people.settings.budget_usd_per_day, self.now)
        if overspend:
            return f"It waits for tomorrow: {overspend}."
        known = self.people.profiles[profile]
        pauses = self.parts.store.pauses.active(self.now)
        names = known.models
        if all(name in pauses for name in names):
            until = min(pauses[name].until for name in names)
            return f"It waits for model {known.model}, which is paused for {tell_span(until - self.now)}."
        live = self.parts.store.due.live_runs()
        slots = Slots.count(
            self.people.settings.slots, self.people.profiles, self.people.hosts, measure_machine(), live
        )
        full = slots.find_full(profile, hosts or [], asked)
        if full is not None:
            return f"It waits for a slot: {full}."
        return self.tell_tick(f"{profile} {what}")

    def tell_tick(self, what: str) -> str:
        """When the dispatcher does something that is due."""
        if halted := self.parts.read_halt():
            return f"Everything is stopped ({halted}); once you let it go on ({LIFT_HINT}), {what}."
        lease = find_lease(self.parts.store.queries, self.now)
        if lease is None or lease.lease_until < self.now:
            since = f" since {tell_span(self.now - lease.heartbeat_at)} ago" if lease else ""
            return f"No daemon dispatches{since}; once one does, {what}."
        return f"At the next tick, within {self.people.settings.interval_seconds:g} s, {what}."


@dataclass(frozen=True)
class _Desk:
    parts: Parts
    people: InForce
    ticket: Ticket
    now: float
    forecast: _Forecast

    def explain(self) -> Explanation:
        match Status(self.ticket.status):
            case Status.TRIAGE:
                return self._triage()
            case Status.TODO:
                return self._todo()
            case Status.READY:
                return self._ready()
            case Status.RUNNING:
                return self._running()
            case Status.REVIEW:
                return self._review()
            case Status.BLOCKED | Status.STALE:
                return self._stuck()
            case Status.DONE:
                return Explanation("", self.ticket.summary or "It is done.", ways_on=[self._say("reopen")])
            case Status.CANCELLED:
                return Explanation("", "It was given up.")

    def _triage(self) -> Explanation:
        if self.ticket.assignee != DEFAULT_ASSIGNEE:
            why = self.ticket.explanation or "it was put aside for you"
            ways = [self._say("edit"), self._say("assign", "PROFILE"), self._say("cancel")]
            return Explanation("", f"It waits for you: {why}.", "Nothing happens by itself.", ways)
        ginger = self.people.orchestrator
        live = self._live_run()
        if live is not None:
            return Explanation("", f"{ginger.name} is writing its brief in run {live.id}.")
        return Explanation(
            "", f"It waits for {ginger.name} to write or split it.", self.forecast.tell_start(ginger.name)
        )

    def _todo(self) -> Explanation:
        open_ones = [
            self.parts.store.queries.get_ticket(needed)
            for needed in self.parts.store.queries.dependencies(self.ticket.id)
            if self.parts.store.queries.get_ticket(needed).status != Status.DONE
        ]
        if open_ones:
            named = ", ".join(f"#{needed.id} ({needed.status})" for needed in open_ones[:10])
            then = "closes" if self.ticket.kind == Kind.PARENT else "becomes ready"
            return Explanation("", f"It waits for {named}.", f"It {then} by itself when they are done.")
        if self.ticket.not_before > self.now:
            return Explanation("", f"It starts in {tell_span(self.ticket.not_before - self.now)} at the earliest.")
        return Explanation("", "It waits for nothing any more.", self.forecast.tell_tick("it becomes ready"))

    def _ready(self) -> Explanation:
        subject, decided = route_ticket(self.ticket, self.people, self.parts.store.queries, self.parts.store.due)
        if decided.action != "assign" or decided.profile is None:
            what = "it is split" if decided.action == "split" else f"it is blocked ({decided.block_reason})"
            return Explanation("", decided.why + ".", self.forecast.tell_tick(what))
        if self.ticket.not_before > self.now:
            span = tell_span(self.ticket.not_before - self.now)
            wait = f"It starts in {span} at the earliest, because its model was paused."
            return Explanation("", wait, ways_on=[self._say("assign", "PROFILE")])
        hosts = [host for host in subject.hosts if host != "local"]
        return Explanation(
            "",
            f"It goes to {decided.profile}: {decided.why}.",
            self.forecast.tell_start(decided.profile, hosts, asked=Capacity.asked_by(subject.brief)),
            [self._say("assign", "PROFILE"), self._say("block", "--reason other")],
        )

    def _running(self) -> Explanation:
        run = self.parts.store.queries.get_run(self.ticket.run_id or 0)
        limit = self.people.profiles[run.profile].max_turns if run.profile in self.people.profiles else "?"
        quiet = tell_span(self.now - run.activity_at)
        stale_in = run.activity_at + self.people.settings.stale_after_hours * 3600 - self.now
        return Explanation(
            "",
            f"{run.profile} works on it in run {run.id}: turn {run.turns} of {limit}, last progress {quiet} ago.",
            f"Without progress it is flagged stale in {tell_span(stale_in)}.",
            [self._say("log", "--follow"), self._say("block", "--reason other"), self._say("cancel")],
        )

    def _review(self) -> Explanation:
        live = self._live_run()
        if live is not None:
            return Explanation("", f"{live.profile} tries to refute what was delivered, in run {live.id}.")
        worked = self.parts.store.queries.last_run(self.ticket.id, Purpose.WORK)
        is_private = self.parts.store.queries.is_private(self.ticket.id)
        checker = self.people.find_checker(worked.profile if worked else None, is_private)
        return Explanation("", "It waits for the checker.", self.forecast.tell_start(checker.name) if checker else "")

    def _stuck(self) -> Explanation:
        ticket = self.ticket
        reason = f" ({ticket.block_reason})" if ticket.block_reason else ""
        said = ticket.explanation or "nobody said"
        why = f"Why{reason}: {said}{'' if said.endswith(('.', '?', '!')) else '.'}"
        ways = [
            self._say("unblock", '--note "…"'),
            self._say("retry"),
            self._say("assign", "PROFILE"),
            self._say("cancel"),
        ]
        if ticket.block_reason == BlockReason.NEEDS_APPROVAL:
            ways = ["kanban approvals", "kanban approve ID", "kanban deny ID --reason TEXT"]
        return Explanation("", why, self._tell_diagnosis(), ways)

    def _tell_diagnosis(self) -> str:
        live = self._live_run()
        if live is not None and live.purpose == Purpose.DIAGNOSE:
            return f"{live.profile} is deciding how it goes on, in run {live.id}."
        open_ones = [
            worrell
            for worrell in self.parts.store.queries.investigations(self.ticket.id)
            if worrell.status in UNDER_WAY
        ]
        if open_ones:
            return f"#{open_ones[0].id} looks into it; then {self.people.orchestrator.name} decides."
        if self.ticket.diagnosis_due:
            return self.forecast.tell_start(self.people.orchestrator.name, what="decides how it goes on")
        if self.ticket.block_reason in WAITS_FOR_PERSON or self.ticket.diagnoses >= MOST_DIAGNOSES:
            return "Nothing happens by itself: this is yours to decide."
        return "Nothing happens by itself: you hold it."

    def _live_run(self) -> Run | None:
        live = [run for run in self.parts.store.queries.runs_of_ticket(self.ticket.id) if run.ended_at is None]
        return live[-1] if live else None

    def _say(self, verb: str, rest: str = "") -> str:
        return f"kanban {verb} {self.ticket.id} {rest}".strip()
