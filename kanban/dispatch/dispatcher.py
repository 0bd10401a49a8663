"""One tick: end what is over, promote what may go on, start what is due."""

from collections.abc import Mapping

from kanban.dispatch.endings import end_what_is_over, hand_back
from kanban.dispatch.parts import Parts, TickReport
from kanban.dispatch.slots import Slots
from kanban.dispatch.starts import PAGE, Starter
from kanban.errors import CannotStart, MovedOn
from kanban.execution.machine import measure_machine
from kanban.files.inforce import InForce
from kanban.store.pauses import Pause


class Dispatcher:
    """Moves the board along. Safe beside others: whatever it decides, a guarded statement does or refuses."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._leases_from = 0.0
        self._behind = PAGE

    def tick(self, now: float) -> TickReport:
        """Do everything that is due at `now` (seconds since the epoch). An idle tick is one read.

        While everything is stopped, nothing is done but to stop what runs; a tick without anything to do does not look.
        Raises CannotStart, and the person is told, when this machine can start no run.
        """
        report = TickReport()
        if not self._parts.store.due.is_anything_due(now):
            return report
        if self._parts.read_halt() is not None:
            report.ended += hand_back(self._parts, now)
            return report
        people = self._parts.read_in_force()
        report.ended += end_what_is_over(self._parts, people.settings.stale_after_hours, now, self._leases_from)
        self._promote(now, report)
        overspend = self._parts.store.budget.find_overspend(people.settings.budget_usd_per_day, now)
        if overspend:
            self._parts.store.budget.tell(overspend, now)
            return report
        pauses = self._parts.store.pauses.active(now)
        self._probe(people, pauses, now)
        live = self._parts.store.due.live_runs()
        slots = Slots.count(people.settings.slots, people.profiles, people.hosts, measure_machine(), live)
        starter = Starter(self._parts, people, slots, pauses, now, report)
        try:
            self._start_all(starter)
        except CannotStart as error:
            self._parts.store.runs.tell_obstacle(error.tell(), now)
            raise
        return report

    def _start_all(self, starter: Starter) -> None:
        starter.start_decompositions()
        self._behind = starter.start_work(self._behind)
        starter.start_reviews()
        starter.start_diagnoses()
        starter.start_answers()
        starter.start_talks()

    def forgive_leases(self, until: float) -> None:
        """No run could renew for a while, as after a sleep: until then they have time to, and no clock ends them."""
        self._leases_from = until

    def bound_leases(self, latest: float) -> None:
        """Let no run's lease last beyond `latest`, which it would after the clock was set back."""
        self._parts.store.runs.bound_leases(latest)

    def read_halt(self) -> str | None:
        """Why everything is stopped, None while it is not."""
        return self._parts.read_halt()

    def hand_back(self, now: float) -> list[int]:
        """Stop every run of this machine that a dispatcher started; their tickets go back to ready."""
        return hand_back(self._parts, now)

    def _probe(self, people: InForce, pauses: Mapping[str, Pause], now: float) -> None:
        """Have paused models tried for which tickets wait, where no provider said when to come back."""
        for model, pause in pauses.items():
            if pause.probe_at is None or pause.probe_at > now:
                continue
            profile = next((name for name, known in people.profiles.items() if model in known.models), None)
            if profile is not None and self._parts.store.pauses.take_probe(model, now):
                self._parts.launcher.probe(profile, model)

    def _promote(self, now: float, report: TickReport) -> None:
        for ticket_id in self._parts.store.due.promotable(now):
            try:
                self._parts.store.board.promote(ticket_id, now)
            except MovedOn:
                continue
            report.promoted.append(ticket_id)
