"""The keys by which a person steers tickets; the board and a ticket's own screen have the same."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from kanban.domain.showing import show_line
from kanban.errors import KanbanError
from tui.prompts import Ask, Choose, Confirm, WriteTicket, Written
from tui.screens import BoardScreen
from tui.steering import Act


class SteeredScreen(BoardScreen):
    """A screen that has tickets to steer: those that are picked, or the one that is pointed at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "unblock", "Unblock", tooltip="Let a blocked or stale ticket go on, with a note for the worker"),
        Binding("a", "assign", "Assign", tooltip="Give it to a profile, to default or to human"),
        Binding("n", "new_ticket", "New", tooltip="Put a ticket on the board"),
        Binding("r", "retry", "Retry", show=False, tooltip="Try it again from the beginning"),
        Binding("s", "split", "Split", show=False, tooltip="Have Ginger split it"),
        Binding("x", "cancel", "Cancel", show=False, tooltip="Give it up and stop its run"),
        Binding("o", "reopen", "Reopen", show=False, tooltip="Start a done ticket again"),
        Binding("m", "comment", "Note", show=False, tooltip="Leave a note on it"),
        Binding("e", "edit", "Edit", show=False, tooltip="Edit its text in $EDITOR; earlier versions are kept"),
        Binding("plus,equals_sign", "priority(1)", "Priority +1", show=False, key_display="+"),
        Binding("minus", "priority(-1)", "Priority -1", show=False, key_display="-"),
    ]

    def targets(self) -> list[int]:
        """The tickets that a verb is meant for."""
        raise NotImplementedError

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
        self._do(lambda ticket_id: self.session.steering.change_priority(ticket_id, change), self.targets())

    def action_assign(self) -> None:
        targets = self.targets()
        if not targets:
            return self._nothing_there()

        def assign(assignee: str | None) -> None:
            if assignee is not None:
                self._do(lambda ticket_id: self.session.steering.assign(ticket_id, assignee), targets)

        self.app.push_screen(Choose(f"Give {_name(targets)} to", self.session.steering.assignees()), assign)

    def action_cancel(self) -> None:
        targets = self.targets()
        if not targets:
            return self._nothing_there()

        def cancel(confirmed: bool | None) -> None:
            if confirmed:
                self._do(self.session.steering.cancel, targets)

        try:
            details = [line for number in targets[:5] for line in self._describe_cancel(number)]
        except KanbanError as error:
            return self.fail(error)
        self.app.push_screen(Confirm(f"Give up {_name(targets)}?", details), cancel)

    def action_new_ticket(self) -> None:
        def create(written: Written | None) -> None:
            if written is not None:
                act = partial(self._create, written)
                self._do(lambda _: act(), [0])

        self.app.push_screen(WriteTicket(self.session.steering.assignees()), create)

    def action_edit(self) -> None:
        ticket_id = self.target()
        if ticket_id is None:
            return self._nothing_there()
        steering = self.session.steering
        try:
            written = self.edit_outside(*steering.read_for_editor(ticket_id))
        except KanbanError as error:
            return self.fail(error)
        if written is None:
            return self.tell("nothing was changed")
        self._do(lambda number: steering.rewrite(number, written), [ticket_id])

    def _create(self, written: Written) -> str:
        number = self.session.steering.create(written.title, written.body, written.assignee)
        return f"#{number} is on the board"

    def _describe_cancel(self, ticket_id: int) -> list[str]:
        title = self.session.kanban.queries.get_ticket(ticket_id).title
        return [f"#{ticket_id} {show_line(title)[:200]}", *self.session.steering.describe_cancel(ticket_id)]

    def _ask(self, title: str, detail: str, act: Callable[[int, str], str], *, needed: bool = False) -> None:
        targets = self.targets()
        if not targets:
            return self._nothing_there()

        def carry_on(words: str | None) -> None:
            if words is not None:
                self._do(lambda ticket_id: act(ticket_id, words), targets)

        question = self._question(targets)
        asked = f"{question}\n\n{detail}" if question else detail
        self.app.push_screen(Ask(title.format(_name(targets)), asked, "a note, or nothing", needed=needed), carry_on)

    def _question(self, targets: Sequence[int]) -> str:
        """What a single blocked ticket says, so that it can be answered in place."""
        card = self.session.model.cards.get(targets[0]) if len(targets) == 1 else None
        return show_line(card.explanation) if card else ""

    def _do(self, act: Act, targets: Sequence[int]) -> None:
        if not targets:
            return self._nothing_there()
        self.carry_out(act, targets)

    def _nothing_there(self) -> None:
        self.tell("there is no ticket here", failed=True)


def _name(targets: Sequence[int]) -> str:
    return f"#{targets[0]}" if len(targets) == 1 else f"{len(targets)} tickets"
