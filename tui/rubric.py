"""The rubric: rule by rule with what each came to, and the route of one ticket."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widget import Widget
from textual.widgets import Static

from kanban.dispatch.starts import route_ticket
from kanban.domain.rubric import Rubric
from kanban.domain.showing import show_line
from kanban.errors import InvalidFile, KanbanError
from kanban.routing import Route
from kanban.service.amendment import Amendment, amend_rubric
from kanban.service.views import RuleRecord
from tui.lines import Line, LinesView, lines_of
from tui.prompts import Confirm
from tui.screens import SMALLEST, BoardScreen
from tui.session import Session

RECORD_DAYS = 90
DAY = 86_400  # seconds
BESIDE = 110  # columns from which rules and route have room beside each other


@dataclass(frozen=True)
class _Read:
    """The rubric in force, each rule's record, and the route of the ticket asked about."""

    rubric: Rubric
    problem: str | None
    records: Mapping[str, RuleRecord]
    title: str = ""
    route: Route | None = None
    by_rules: Route | None = None  # where it would go, had nobody been named


class RubricScreen(BoardScreen):
    """Who takes what, and why; `about` is the ticket whose route is explained."""

    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-wide"), (BESIDE, "-beside")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back"),
        Binding("e", "edit", "Edit", tooltip="Edit rubric.yaml in $EDITOR; it is checked before it is in force"),
    ]

    def __init__(self, session: Session, about: int | None = None) -> None:
        super().__init__(session)
        self.about = about

    def compose_body(self) -> Iterable[Widget]:
        with Container(id="rubric"):
            with Vertical(id="rules-side"):
                yield Static("Rules, tried in this order; the first that fits decides", classes="page-title")
                yield LinesView(id="rules")
            with Vertical(id="route-side"):
                yield Static("Route", id="route-title", classes="page-title", markup=False)
                yield LinesView(id="route")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#rules").focus()
        self.reload()

    def reload(self) -> None:
        """Read rubric, records and route anew."""
        self.session.read_aside(self, self._read, self._show)

    def board_changed(self, ticket_ids: set[int]) -> None:
        if self.about in ticket_ids:
            self.reload()

    def action_back(self) -> None:
        self.dismiss()

    def action_edit(self) -> None:
        try:
            amendment = amend_rubric(self.session.kanban.home, self.session.kanban.clock)
            written = self.edit_outside(amendment.before, ".yaml")
        except KanbanError as error:
            return self.fail(error)
        if written is None:
            return self.tell("nothing was changed")
        self._put_in_force(amendment, written)

    def _put_in_force(self, amendment: Amendment, written: str) -> None:
        try:
            file = amendment.put_in_force(written)
        except InvalidFile as error:
            self.fail(error)
            return self._offer_again(amendment, written, error)
        except KanbanError as error:
            return self.fail(error)
        self.tell(f"{file} is in force")
        self.reload()

    def _offer_again(self, amendment: Amendment, written: str, error: InvalidFile) -> None:
        def go_on(confirmed: bool | None) -> None:
            if confirmed:
                self._edit_again(amendment, written)

        self.app.push_screen(Confirm("The rubric is wrong. Edit it again?", [str(error), "", error.hint]), go_on)

    def _edit_again(self, amendment: Amendment, written: str) -> None:
        try:
            again = self.edit_outside(written, ".yaml")
        except KanbanError as error:
            return self.fail(error)
        self._put_in_force(amendment, again or written)

    def _read(self) -> _Read:
        kanban = self.session.kanban
        people, problem = kanban.live.current(), kanban.live.rubric.problem
        records = kanban.store.numbers.rule_records(self.session.now() - RECORD_DAYS * DAY)
        if self.about is None:
            return _Read(people.rubric, problem, records)
        ticket = kanban.store.queries.get_ticket(self.about)
        route = route_ticket(ticket, people, kanban.store.queries, kanban.store.due)[1]
        by_rules = route_ticket(ticket, people, kanban.store.queries, kanban.store.due, as_assigned=False)[1]
        return _Read(people.rubric, problem, records, ticket.title, route, by_rules)

    def _show(self, read: _Read) -> None:
        told = lines_of(read.problem, "bad") if read.problem else []
        self.query_one("#rules", LinesView).show_lines([*told, *tell_rules(read.rubric, read.records)])
        about = f"Route of #{self.about} {show_line(read.title)[:300]}" if read.route else "Route"
        self.query_one("#route-title", Static).update(about)
        self.query_one("#route", LinesView).show_lines(tell_route(read.route, read.by_rules))


def tell_rules(rubric: Rubric, records: Mapping[str, RuleRecord]) -> list[Line]:
    """Each rule: when it fits, who then takes the ticket and why, and what came of it; then what stands beside them."""
    told: list[Line] = []
    for number, rule in enumerate(rubric.rules, 1):
        told.append(Line(f"{number:>2}. {show_line(rule.name)} → {show_line(rule.assign)}", "strong"))
        told.append(Line(f"    {show_line(rule.reason)}"))
        told.append(Line(f"    when {show_line(rule.when.describe())}", "faint"))
        told += [_tell_record(records.get(rule.name)), Line("")]
    return [*told, *_tell_rest(rubric)]


def tell_route(route: Route | None, by_rules: Route | None) -> list[Line]:
    """Where a ticket would go now, and each rule that was tried; for a named assignee, what the rules would say."""
    if route is None or by_rules is None:
        return [Line("Point at a ticket on the board and press R to see who would take it.", "faint")]
    told = _tell_goal(route)
    if not route.trials and route.why != by_rules.why:
        told += [Line(""), Line("Had nobody been named:", "strong"), *_tell_goal(by_rules)]
    told.append(Line(""))
    for trial in by_rules.trials:
        mark, ink = ("✓", "good") if trial.matched else ("·", "plain")
        told += [Line(f"{mark} {show_line(trial.rule)}", ink), Line(f"    {show_line(trial.why)}", "faint")]
    return told


def _tell_goal(route: Route) -> list[Line]:
    return [Line(f"→ {route.goal}", "bad" if route.action == "block" else "good"), *lines_of(route.why)]


def _tell_record(record: RuleRecord | None) -> Line:
    if record is None:
        return Line(f"    no ticket in {RECORD_DAYS} days", "faint")
    told = [f"{record.done} of {record.runs - record.live} runs done"] if record.runs > record.live else []
    told += [f"{record.live} running"] if record.live else []
    told += [f"{record.splits} split"] if record.splits else []
    told += [f"${record.cost_usd:,.2f}{' + unknown' if record.unknown else ''}"] if record.runs else []
    ended = record.runs - record.live
    return Line(f"    {' · '.join(told)}", "waits" if ended and record.done * 2 < ended else "good")


def _tell_rest(rubric: Rubric) -> list[Line]:
    told: list[Line] = []
    for boundary in rubric.boundaries:
        told.append(Line(f"boundary {boundary.name}: never {show_line(', '.join(boundary.profiles))}", "strong"))
        told.append(Line(f"    {show_line(boundary.reason)}"))
        told += [Line(f"    when {show_line(boundary.never.describe())}", "faint"), Line("")]
    for row in rubric.classify:
        told.append(Line(show_line(f"without a category it is {row.category} when it says:"), "strong"))
        told += [Line(f"    {show_line(', '.join(row.words))}", "faint")]
    if rubric.classify:
        told.append(Line(""))
    for start, steps in rubric.ladder.items():
        told.append(Line(show_line(f"ladder: after {start} comes {', then '.join(steps)}")))
    breadth = rubric.decompose_over
    told.append(Line(f"split first: more than {breadth.targets} targets or {breadth.est_turns} estimated turns"))
    if rubric.review is not None:
        told.append(Line(f"reviewed: {show_line(rubric.review.describe())}"))
    for correction in rubric.corrections:
        told.append(Line(show_line(f"you said on {correction.date}: “{correction.said}” → {correction.rule}"), "faint"))
    return told
