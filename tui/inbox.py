"""All that waits for the person, what holds up most first, with the answer under it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from kanban.domain.showing import show_line, show_span
from kanban.service.inbox import Waiting, list_waiting
from tui.items import Items
from tui.lines import Line, LinesView, lines_of
from tui.messages import OpenTicket
from tui.screens import LOOK_SECONDS
from tui.session import Session
from tui.steered import NO_TICKET, SteeredScreen
from tui.steering import Deed

ANSWERED_BY_WORDS = ("question", "blocked", "stale")  # kinds that go on with a note


@dataclass(frozen=True)
class _Read:
    """One thing that waits, with what its ticket says."""

    number: int
    waiting: Waiting
    body: str


class AnswerLeft(Message):
    """The person has gone back to the list."""


class AnswerLine(Horizontal):
    """Where an answer is typed. What is typed for one ticket is never sent to another."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back to the list")]

    def __init__(self) -> None:
        super().__init__(id="answer")
        self.display = False
        self.ticket_id: int | None = None
        self._typed: dict[int, str] = {}

    def compose(self) -> ComposeResult:
        yield Static("", markup=False)
        yield Input(placeholder="enter: answer here, and enter sends it", compact=True)

    @property
    def typed(self) -> Input:
        """The field."""
        return self.query_one(Input)

    def show_for(self, ticket_id: int | None) -> None:
        """Take answers for this ticket, unless one to another is being typed; what was typed is kept for its own."""
        if ticket_id == self.ticket_id or self.typed.has_focus:
            return
        if self.ticket_id is not None:
            self._typed[self.ticket_id] = self.typed.value
        self.ticket_id = ticket_id
        self.typed.value = self._typed.pop(ticket_id, "") if ticket_id is not None else ""
        self.query_one(Static).update(f"to #{ticket_id} ›")
        self.display = ticket_id is not None

    def forget(self, ticket_id: int) -> None:
        """What was typed for this ticket was sent."""
        self._typed.pop(ticket_id, None)
        if self.ticket_id == ticket_id:
            self.typed.value = ""

    def action_leave(self) -> None:
        self.screen.query_one(Items).focus()
        self.post_message(AnswerLeft())


class InboxScreen(SteeredScreen):
    """Answer what waits, one after the other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "answer", "Answer", tooltip="In the line below, or on the page where it is answered"),
        Binding("n", "next", "Next", tooltip="Pass over this one"),
        Binding("t", "open_ticket", "Ticket", tooltip="Open the ticket that it is about"),
        Binding("escape,q", "back", "Back"),
        Binding("ctrl+d,pagedown,space", "scroll_told(1)", "Scroll down", show=False),
        Binding("ctrl+u,pageup", "scroll_told(-1)", "Scroll up", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._waiting: dict[int, Waiting] = {}
        self._numbers: dict[tuple[str, str | int], int] = {}  # of what has waited since the screen was opened
        self._displayed: int | None = None  # the one that is on the screen
        self._moved_at = 0.0  # when the list last moved by itself

    def compose_body(self) -> Iterable[Widget]:
        yield Static("", id="inbox-title", classes="page-title", markup=False)
        yield Items(id="inbox")
        yield LinesView(id="inbox-told")
        yield AnswerLine()

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(Items).focus()
        self.reload()

    def reload(self) -> None:
        """Read anew what waits."""
        self.session.read_aside(self, self._read_all, self._show_all)

    def board_changed(self, ticket_ids: set[int]) -> None:
        self.reload()

    @property
    def _seen(self) -> Waiting | None:
        """The one that is on the screen, while it still waits."""
        return self._waiting.get(self._displayed or 0)

    def targets(self) -> list[int]:
        waiting = self._seen
        return [waiting.ticket_id] if waiting is not None and waiting.ticket_id is not None else []

    def offers(self, action: str) -> bool:
        waiting = self._seen
        if waiting is not None and waiting.kind == "request" and action in ("retry", "cancel"):
            return True
        if action == "open_ticket":
            return bool(self.targets())
        return action != "unblock" and super().offers(action)  # enter is the same, in place

    def looked_at(self) -> bool:
        if monotonic() - self._moved_at < LOOK_SECONDS:
            self.tell("this is another one; look at it first", failed=True)
            return False
        return self._displayed is not None

    def action_back(self) -> None:
        self.dismiss()

    def action_next(self) -> None:
        self.query_one(Items).action_cursor_down()

    def action_open_ticket(self) -> None:
        for ticket_id in self.targets():
            self.post_message(OpenTicket(ticket_id))

    def action_scroll_told(self, way: int) -> None:
        view = self.query_one(LinesView)
        view.scroll_page_down(animate=False) if way > 0 else view.scroll_page_up(animate=False)

    def action_answer(self) -> None:
        waiting = self._seen
        if waiting is None or not self.looked_at():
            return
        if waiting.kind in ANSWERED_BY_WORDS:
            self.query_one(AnswerLine).typed.focus()
        elif waiting.approval_id is not None:
            self._open_approval(waiting.approval_id)
        elif waiting.kind == "request":
            self.action_retry()
        elif waiting.ticket_id is not None:
            self.action_open_ticket()
        else:
            self.tell(f"this is answered in a shell: {waiting.answers[0]}")

    def action_retry(self) -> None:
        """Have Ginger asked again where a request waits; a ticket is tried again."""
        if (request_id := self._find_request()) is None:
            return super().action_retry()
        if self.looked_at():
            self.carry_out(lambda _: self.session.steering.retry_request(request_id), [NO_TICKET])

    def action_cancel(self) -> None:
        """Give up a request, or a ticket."""
        if (request_id := self._find_request()) is None:
            return super().action_cancel()
        if self.looked_at():
            self.carry_out(lambda _: self.session.steering.close_request(request_id), [NO_TICKET])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        line = self.query_one(AnswerLine)
        event.stop()
        ticket_id, words = line.ticket_id, event.value.strip()
        if ticket_id is None:
            return
        if not words:
            return self.tell("write an answer first; escape, then u lets it go on without one", failed=True)

        def show(deed: Deed) -> None:
            self.done_with(deed)
            if not deed.failed:
                line.forget(ticket_id)

        self.carry_out(lambda number: self.session.steering.unblock(number, words), [ticket_id], show)
        line.action_leave()

    def on_answer_left(self) -> None:
        self._show_answer_line()

    def done_with(self, deed: Deed) -> None:
        super().done_with(deed)
        self.reload()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        number = self.query_one(Items).chosen
        if number is not None and number != self._displayed and number in self._waiting:
            self._read_one(number)

    def _open_approval(self, approval_id: int) -> None:
        from tui.approvals import ApprovalsScreen

        self.app.push_screen(ApprovalsScreen(self.session, approval_id))

    def _find_request(self) -> int | None:
        waiting = self._seen
        return waiting.request_id if waiting is not None and waiting.kind == "request" else None

    def _read_all(self) -> list[Waiting]:
        app = self.session.kanban
        return list_waiting(app.parts, app.store.approvals, app.store.outbox, app.home, self.session.now())

    def _show_all(self, found: Sequence[Waiting]) -> None:
        items, chosen = self.query_one(Items), self.query_one(Items).chosen
        self._waiting = {self._number(waiting): waiting for waiting in found}
        items.show_items([(number, self._make_row(waiting)) for number, waiting in self._waiting.items()])
        items.display = bool(found)
        count = len(found)
        told = "1 thing waits for you" if count == 1 else f"{count} things wait for you"
        self.query_one("#inbox-title", Static).update(told if count else "nothing waits for you")
        if chosen is not None and chosen not in self._waiting:
            self._displayed, self._moved_at = None, monotonic()
        if not found:
            self._show_answer_line()
            self.query_one(LinesView).show_lines([])
        elif items.chosen is not None:
            self._read_one(items.chosen)
        self.show_vitals()

    def _number(self, waiting: Waiting) -> int:
        """A number that stays with a thing as long as the screen is open."""
        about = waiting.approval_id or waiting.ticket_id or waiting.request_id or waiting.told
        return self._numbers.setdefault((waiting.kind, about), len(self._numbers) + 1)

    def _read_one(self, number: int) -> None:
        waiting = self._waiting[number]

        def read() -> _Read:
            queries, ticket_id = self.session.kanban.store.queries, waiting.ticket_id
            return _Read(number, waiting, queries.view_ticket(ticket_id).body if ticket_id is not None else "")

        self.session.read_aside(self, read, self._show_one)

    def _show_one(self, read: _Read) -> None:
        if self.query_one(Items).chosen != read.number:
            return
        view, waiting = self.query_one(LinesView), read.waiting
        view.show_lines(tell_waiting(waiting, read.body, self.session.now()))
        if read.number != self._displayed:
            view.scroll_home(animate=False)
        self._displayed = read.number
        self._show_answer_line()
        self.show_vitals()

    def _show_answer_line(self) -> None:
        waiting = self._seen
        by_words = waiting is not None and waiting.kind in ANSWERED_BY_WORDS
        self.query_one(AnswerLine).show_for(waiting.ticket_id if waiting is not None and by_words else None)

    def _make_row(self, waiting: Waiting) -> Text:
        row = Text(f" {waiting.kind:<9}", "bold", no_wrap=True, overflow="ellipsis")
        number = f"#{waiting.ticket_id} " if waiting.ticket_id is not None else ""
        row.append(f"{number}{show_line(waiting.title or waiting.told)[:300]}", "not bold")
        held = f" · holds up {waiting.holds_up - 1} more" if waiting.holds_up > 1 else ""
        age = f" · {show_span(self.session.now() - waiting.since)}" if waiting.since is not None else ""
        return row.append(f"{age}{held}", "dim not bold")


def tell_waiting(waiting: Waiting, body: str, now: float) -> list[Line]:
    """What waits, in full: what is asked, how it is answered in a shell, and what its ticket says."""
    number = f" #{waiting.ticket_id}" if waiting.ticket_id is not None else ""
    told = [Line(f"{waiting.kind}{number} {show_line(waiting.title)}".rstrip(), "strong")]
    if waiting.since is not None:
        held = f", and holds up {waiting.holds_up - 1} more" if waiting.holds_up > 1 else ""
        told.append(Line(f"it waits for {show_span(now - waiting.since)}{held}", "faint"))
    told += [Line(""), *lines_of(waiting.told, "waits"), Line("")]
    told += [Line(answer, "faint", "  ") for answer in waiting.answers]
    return [*told, Line(""), Line("What the ticket says", "mine"), *lines_of(body)] if body.strip() else told
