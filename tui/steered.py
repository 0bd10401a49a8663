"""The keys by which a person steers tickets; the board and a ticket's own screen have the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from kanban.domain.ticket import BlockReason, Status
from kanban.errors import KanbanError
from kanban.service.edits import Edit
from kanban.service.views import Card
from tui.prompts import Ask, Choose, Confirm, WriteTicket, Written
from tui.screens import BoardScreen
from tui.steering import Act, Deed

NO_TICKET = 0  # what a deed is for that has no ticket yet

_STUCK = frozenset({"unblock", "assign", "retry", "cancel"})
_WAITING = frozenset({"assign", "edit", "cancel"})
_AT_WORK = frozenset({"comment", "cancel"})
# What is done most to a ticket in each status; every verb has its key all the time, and says why not where it cannot.
OFFERED: dict[str, frozenset[str]] = {
    Status.TRIAGE: _WAITING | {"split"},
    Status.TODO: _WAITING,
    Status.READY: _WAITING,
    Status.RUNNING: _AT_WORK,
    Status.REVIEW: _AT_WORK,
    Status.BLOCKED: _STUCK,
    Status.STALE: _STUCK,
    Status.DONE: frozenset({"reopen", "comment"}),
    Status.CANCELLED: frozenset({"comment"}),
}
_STEERING = frozenset[str]().union(*OFFERED.values())


class SteeredScreen(BoardScreen):
    """A screen that has tickets to steer: those that are picked, or the one that is pointed at."""

    KEYS_ABOUT = "The ticket"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "unblock", "Unblock", tooltip="Let a blocked or stale ticket go on, with a note for the worker"),
        Binding("a", "assign", "Assign", tooltip="Give it to a profile, to default or to human"),
        Binding("n", "new_ticket", "New", tooltip="Put a ticket on the board"),
        Binding("r", "retry", "Retry", tooltip="Try it again from the beginning"),
        Binding("s", "split", "Split", tooltip="Have Ginger split it"),
        Binding("x", "cancel", "Cancel", tooltip="Give it up and stop its run"),
        Binding("o", "reopen", "Reopen", tooltip="Start a done ticket again"),
        Binding("Z", "undo", "Undo", show=False, tooltip="Take back what you did last"),
        Binding("m", "comment", "Note", tooltip="Leave a note on it"),
        Binding("e", "edit", "Edit", tooltip="Edit its text in $EDITOR; earlier versions are kept"),
        Binding("plus,equals_sign", "priority(1)", "Priority +1", show=False, key_display="+"),
        Binding("minus", "priority(-1)", "Priority -1", show=False, key_display="-"),
    ]

    def targets(self) -> list[int]:
        """The tickets that a verb is meant for."""
        raise NotImplementedError

    def offers(self, action: str) -> bool:
        if action not in _STEERING:
            return super().offers(action)
        cards = map(self.session.model.cards.get, self.targets())
        return any(action in find_offered(card) for card in cards if card is not None)

    def target(self) -> int | None:
        """The one ticket that a verb is meant for which does not go over many."""
        found = self.targets()
        return found[0] if found else None

    def action_unblock(self) -> None:
        self._ask("Let {} go on", "What should the worker know or do differently?", self.session.steering.unblock)

    def action_retry(self) -> None:
        words = "New transcript, new workspace, failures forgiven. What should be done differently?"
        self._ask("Try {} again from the beginning", words, self.session.steering.retry)

    def action_split(self) -> None:
        self._ask("Have {} split", "How would you split it?", self.session.steering.split)

    def action_reopen(self) -> None:
        self._ask("Start {} again", "What is still missing?", self.session.steering.reopen)

    def action_comment(self) -> None:
        self._ask("A note on {}", "Whoever works on it next reads it.", self.session.steering.comment, needed=True)

    def action_priority(self, change: int) -> None:
        if self.looked_at():
            self._do(lambda ticket_id: self.session.steering.change_priority(ticket_id, change), self.targets())

    def action_undo(self) -> None:
        self.carry_out(lambda number: self.session.steering.undo(number or None), [self.undone()])

    def undone(self) -> int:
        """The ticket of which the last deed is taken back; NO_TICKET: of whichever it was done to."""
        return NO_TICKET

    def looked_at(self) -> bool:
        """Whether the person can have seen what a verb that acts at once is meant for; if not, it is told."""
        return True

    def action_assign(self) -> None:
        targets = self.targets()
        if not targets:
            return self._nothing_there()

        def assign(assignee: str | None) -> None:
            if assignee is not None:
                self._do(lambda ticket_id: self.session.steering.assign(ticket_id, assignee), targets)

        def fill(prompt: Choose) -> None:
            self.session.read_aside(prompt, self.session.steering.assignees, prompt.show_options)

        self.app.push_screen(Choose(f"Give {_name(targets)} to", fill=fill), assign)

    def action_cancel(self) -> None:
        targets = self.targets()
        if not targets:
            return self._nothing_there()

        def cancel(confirmed: bool | None) -> None:
            if confirmed:
                self._do(self.session.steering.cancel, targets)

        def fill(prompt: Confirm) -> None:
            self.session.read_aside(
                prompt, partial(self.session.steering.describe_cancel, targets), prompt.show_details
            )

        self.app.push_screen(Confirm(f"Give up {_name(targets)}?", fill=fill), cancel)

    def action_new_ticket(self) -> None:
        self._write_ticket()

    def action_edit(self) -> None:
        ticket_id = self.target()
        if ticket_id is None:
            return self._nothing_there()
        self.session.read_aside(self, partial(self.session.steering.begin_edit, ticket_id), self._edit)

    def _edit(self, edit: Edit) -> None:
        if not self.is_active:
            return  # the person has gone on meanwhile
        try:
            written = self.edit_outside(edit.text, edit.ending)
        except KanbanError as error:
            return self.fail(error)
        if written is None:
            return self.tell("nothing was changed")
        self._do(lambda _: self.session.steering.finish_edit(edit, written), [edit.ticket_id])

    def _write_ticket(self, problem: str = "") -> None:
        def fill(prompt: WriteTicket) -> None:
            self.session.read_aside(prompt, self.session.steering.assignees, prompt.show_assignees)

        self.app.push_screen(WriteTicket(self.session.draft, problem=problem, fill=fill), self._file)

    def _file(self, written: Written | None) -> None:
        self.session.draft = written
        if written is None or not written.wanted:
            return

        def create(_: int) -> str:
            number = self.session.steering.create(written.title, written.body, written.assignee)
            return f"#{number} is on the board"

        def show(deed: Deed) -> None:
            self.done_with(deed)
            if deed.failed:
                self._ask_again(self._write_ticket, deed)
            elif self.session.draft is written:
                self.session.draft = None

        self.carry_out(create, [NO_TICKET], show)

    def _ask(self, title: str, detail: str, act: Callable[[int, str], str], *, needed: bool = False) -> None:
        targets = self.targets()
        if targets:
            self._ask_about(_Question(title, detail, act, needed), targets)
        else:
            self._nothing_there()

    def _ask_about(self, asked: "_Question", targets: Sequence[int], problem: str = "") -> None:
        session = self.session

        def fill(prompt: Ask) -> None:
            if len(targets) == 1:
                session.read_aside(prompt, partial(session.steering.read_question, targets[0]), prompt.show_detail)

        def carry_on(words: str | None) -> None:
            if words is not None:
                self.carry_out(lambda ticket_id: asked.act(ticket_id, words), targets, partial(show, words))

        def show(words: str, deed: Deed) -> None:
            self.done_with(deed)
            if deed.failed and words:
                failed = list(deed.failed)
                session.unsent[asked.title, *failed] = words
                self._ask_again(partial(self._ask_about, asked, failed), deed)

        title, words = asked.title.format(_name(targets)), session.unsent.pop((asked.title, *targets), "")
        self.app.push_screen(
            Ask(title, asked.detail, asked.expects, needed=asked.needed, words=words, problem=problem, fill=fill),
            carry_on,
        )

    def _ask_again(self, ask: Callable[[str], None], deed: Deed) -> None:
        """Ask for better words, unless the person is at something else; then they stand there the next time."""
        if self.is_active:
            ask(deed.why)

    def _do(self, act: Act, targets: Sequence[int]) -> None:
        if not targets:
            return self._nothing_there()
        self.carry_out(act, targets)

    def _nothing_there(self) -> None:
        self.tell("there is no ticket here", failed=True)


@dataclass(frozen=True)
class _Question:
    """What is asked before a verb that takes words."""

    title: str  # with {} for the tickets
    detail: str
    act: Callable[[int, str], str]
    needed: bool

    @property
    def expects(self) -> str:
        return "a note" if self.needed else "a note, or nothing"


def find_offered(card: Card) -> frozenset[str]:
    """What is done most to a ticket as it stands."""
    if card.block_reason == BlockReason.NEEDS_APPROVAL:
        return frozenset({"cancel"})  # the call is answered first
    return OFFERED[card.status]


def _name(targets: Sequence[int]) -> str:
    return f"#{targets[0]}" if len(targets) == 1 else f"{len(targets)} tickets"
