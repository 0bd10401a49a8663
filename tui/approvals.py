"""What waits for the person's yes: each call exactly as it would be carried out, and the answer to it."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import OptionList, Static

from kanban.domain.showing import show_line, show_span
from kanban.errors import InvalidFile, InvalidInput
from kanban.service.approvals import PROPOSES_A_RULE, host_of_call, read_arguments, read_proposed_rule
from kanban.service.corrections import Effect, weigh_proposal
from kanban.service.preview import FileChange, preview_change
from kanban.service.views import Approval
from tui.items import Items
from tui.lines import Line, LinesView, lines_of
from tui.messages import OpenTicket
from tui.prompts import Ask
from tui.screens import LOOK_SECONDS, BoardScreen
from tui.session import Session
from tui.steering import Deed
from tui.telling import tell_arguments


@dataclass(frozen=True)
class Waiting:
    """A call that waits, with who asks and for which ticket."""

    approval: Approval
    profile: str
    title: str = ""


@dataclass(frozen=True)
class _Call:
    """A call read in full."""

    waiting: Waiting
    change: FileChange | None
    effect: Effect | None = None  # of a proposed rule


class ApprovalsScreen(BoardScreen):
    """Approve or deny, one exact call at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back"),
        Binding("y", "approve", "Approve", tooltip="Exactly the call that is shown, once"),
        Binding("d", "deny", "Deny", tooltip="With a reason, which the worker is told"),
        Binding("t", "open_ticket", "Ticket", tooltip="Open the ticket that the call is for"),
        Binding("ctrl+d,pagedown,space", "scroll_call(1)", "Scroll down", show=False),
        Binding("ctrl+u,pageup", "scroll_call(-1)", "Scroll up", show=False),
    ]

    def __init__(self, session: Session, first: int | None = None) -> None:
        super().__init__(session)
        self._first = first  # the approval that is shown first
        self._waiting: dict[int, Waiting] = {}
        self._displayed: int | None = None  # the approval whose call is on the screen
        self._moved_at = 0.0  # when the list last moved by itself
        self._answered: int | None = None  # what the person has answered just now

    def compose_body(self) -> Iterable[Widget]:
        yield Static("", id="approvals-title", classes="page-title", markup=False)
        yield Items(id="approvals")
        yield LinesView(id="call")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(Items).focus()
        self.reload()

    def reload(self) -> None:
        """Read anew what waits."""
        self.session.read_aside(self, self._read, self._show)

    def board_changed(self, ticket_ids: set[int]) -> None:
        self.reload()

    def show_vitals(self) -> None:
        super().show_vitals()
        if self.session.vitals.approvals != len(self._waiting):
            self.reload()

    def action_back(self) -> None:
        self.dismiss()

    def action_approve(self) -> None:
        number = self._answerable()
        if number is not None:
            self._answered = number
            self.carry_out(self.session.steering.approve, [number])

    def action_deny(self) -> None:
        number = self._answerable()
        if number is None:
            return

        def deny(reason: str | None) -> None:
            if reason:
                self._answered = number
                self.carry_out(lambda number: self.session.steering.deny(number, reason), [number])

        waiting = self._waiting[number]
        self.app.push_screen(Ask(f"Deny approval {number}", _name(waiting), "why not", needed=True), deny)

    def action_open_ticket(self) -> None:
        waiting = self._waiting.get(self._displayed or 0)
        if waiting is None or waiting.approval.ticket_id is None:
            return self.tell("no ticket belongs to it", failed=True)
        self.post_message(OpenTicket(waiting.approval.ticket_id))

    def action_scroll_call(self, way: int) -> None:
        view = self.query_one("#call", LinesView)
        view.scroll_page_down(animate=False) if way > 0 else view.scroll_page_up(animate=False)

    def done_with(self, deed: Deed) -> None:
        super().done_with(deed)
        if deed.failed:
            self._answered = None
        self.reload()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        number = self.query_one(Items).chosen
        if number is not None and number != self._displayed and number in self._waiting:
            waiting = self._waiting[number]
            self._displayed = None
            self.session.read_aside(self, lambda: self._read_call(waiting), self._show_call)

    def _answerable(self) -> int | None:
        """The approval that an answer is meant for: the one that the person sees."""
        if not self._waiting:
            self.tell("nothing waits for your yes", failed=True)
        elif self._displayed is None:
            self.tell("it is not shown yet", failed=True)
        elif self._displayed == self._answered:
            self.tell("your answer is under way")
        elif monotonic() - self._moved_at < LOOK_SECONDS:
            self.tell("this is another call; look at it first", failed=True)
        else:
            return self._displayed
        return None

    def _read(self) -> list[Waiting]:
        queries = self.session.kanban.store.queries
        found = []
        for approval in self.session.kanban.store.approvals.list_pending():
            title = queries.get_ticket(approval.ticket_id).title if approval.ticket_id is not None else ""
            found.append(Waiting(approval, queries.get_run(approval.run_id).profile, title))
        return found

    def _read_call(self, waiting: Waiting) -> _Call:
        kanban, approval = self.session.kanban, waiting.approval
        effect = None
        if approval.tool == PROPOSES_A_RULE:
            today = date.fromtimestamp(self.session.now())
            with suppress(InvalidInput, InvalidFile):  # what is no rule is told as that
                effect = weigh_proposal(kanban.home, kanban.live.current(), kanban.store.queries, approval, today)
        return _Call(waiting, preview_change(approval, kanban.local_files(approval.run_id)), effect)

    def _show(self, found: Sequence[Waiting]) -> None:
        if not self.is_attached:
            return
        items, chosen = self.query_one(Items), self.query_one(Items).chosen
        self._waiting = {waiting.approval.id: waiting for waiting in found}
        items.show_items([(waiting.approval.id, self._make_row(waiting)) for waiting in found])
        items.display = bool(found)
        if self._first in self._waiting:
            items.choose(self._first)
        self._first = None
        self._show_title()
        if chosen is not None and chosen not in self._waiting:
            self._leave(chosen)

    def _leave(self, number: int) -> None:
        """What was chosen waits no more."""
        self._displayed, self._moved_at = None, monotonic()
        if number != self._answered:
            self.tell(f"approval {number} was answered elsewhere, or its ticket was given up", failed=True)
        if not self._waiting:
            self.query_one("#call", LinesView).show_lines([])

    def _show_title(self) -> None:
        count = len(self._waiting)
        calls = "1 call waits" if count == 1 else f"{count} calls wait"
        self.query_one("#approvals-title", Static).update(
            f"{calls} for your yes" if count else "nothing waits for your yes"
        )

    def _show_call(self, call: _Call) -> None:
        if self.is_attached and self.query_one(Items).chosen == call.waiting.approval.id:
            view = self.query_one("#call", LinesView)
            told = tell_call(call.waiting, call.change, self.session.now())
            view.show_lines([*told, *_tell_effect(call.effect)])
            view.scroll_home(animate=False)
            self._displayed = call.waiting.approval.id

    def _make_row(self, waiting: Waiting) -> Text:
        row = Text(f" {waiting.approval.id:>4}  ", "dim", no_wrap=True, overflow="ellipsis")
        return row.append(_name(waiting), "not dim")


def tell_call(waiting: Waiting, change: FileChange | None, now: float) -> list[Line]:
    """The call in full: who asks and why, what it would change, and every argument."""
    approval = waiting.approval
    host = host_of_call(approval)
    where = f" on {show_line(host)}" if host else ""
    asked = (
        f"asked by {show_line(waiting.profile)} in run {approval.run_id}, {show_span(now - approval.created_at)} ago"
    )
    about = f"for #{approval.ticket_id} {show_line(waiting.title)[:300]}" if approval.ticket_id else "for no ticket"
    lapses = "it waits until you answer" + (" or give the ticket up" if approval.ticket_id else "")
    told = [Line(f"{show_line(approval.tool)}{where}", "strong"), Line(about), Line(f"{asked}; {lapses}", "faint")]
    told += [Line(""), *_tell_why(approval)]
    told += _tell_change(change) if change else []
    return [*told, Line(""), Line("The exact call", "mine"), *tell_arguments(read_arguments(approval))]


def _tell_why(approval: Approval) -> list[Line]:
    if approval.tool == PROPOSES_A_RULE:
        return _tell_rule(approval)
    first, *rest = lines_of(approval.why or "nobody said")
    return [Line(f"why: {first.text}", "waits"), *(Line(f"     {line.text}", "waits") for line in rest)]


def _tell_rule(approval: Approval) -> list[Line]:
    try:
        rule, said = read_proposed_rule(approval)
    except InvalidInput as error:
        return lines_of(str(error), "bad")
    return [
        Line(f"rule {rule.name} would stand first in the rubric:", "waits"),
        Line(f"  when {show_line(rule.when.describe())}"),
        Line(f"  → {show_line(rule.assign)}", "good"),
        Line(f"  {show_line(rule.reason)}"),
        Line(f"  you said: “{show_line(said)}”", "faint"),
    ]


def _tell_effect(effect: Effect | None) -> list[Line]:
    if effect is None:
        return []
    moved = [
        Line(f"  #{one.ticket_id} {one.before} → {one.after}  {show_line(one.title)[:300]}", "faint")
        for one in effect.moved
    ]
    return [Line(""), Line(str(effect), "waits"), *moved]


def _tell_change(change: FileChange) -> list[Line]:
    told = [Line(""), Line(f"What changes in {show_line(change.path)}", "mine"), Line(change.note, "faint")]
    for line in change.lines:
        told += lines_of(line, {"+": "good", "-": "bad", "@": "mine"}.get(line[:1], "plain"))
    return told


def _name(waiting: Waiting) -> str:
    """A call on one line."""
    approval = waiting.approval
    host = host_of_call(approval)
    where = f" on {host}" if host else ""
    about = f" · #{approval.ticket_id} {waiting.title}" if approval.ticket_id is not None else f" · {approval.why}"
    return show_line(f"{approval.tool}{where} · {waiting.profile}{about}")[:300]
