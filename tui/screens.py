"""What every screen of the board has: the notice of a terminal that is too small, the told line, the vitals."""

from collections.abc import Callable, Iterable, Sequence

from textual.app import ComposeResult, SuspendNotSupported
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from kanban.errors import KanbanError
from kanban.files.editor import edit_in_editor
from tui.aside import describe_error
from tui.bars import Keys, Told, VitalsBar
from tui.session import Session
from tui.steering import Act, Deed

LOOK_SECONDS = 0.5  # a key that comes sooner after something moved by itself was meant for what was there before
SMALLEST = (50, 14)  # columns and lines


class BoardScreen(Screen[None]):
    """A full screen of the board."""

    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (SMALLEST[1], "-high")]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def compose(self) -> ComposeResult:
        width, height = SMALLEST
        yield Static(f"This terminal is too small.\nThe board needs {width}×{height}.", id="too-small")
        yield from self.compose_body()
        yield Told()
        yield VitalsBar(self.session)
        yield Keys(self.offers)

    def offers(self, action: str) -> bool:
        """Whether a key is shown below: that of an action which does something with what is pointed at now."""
        return True

    def compose_body(self) -> Iterable[Widget]:
        """What is between the edges of the screen."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.show_vitals()

    def tell(self, words: str, *, failed: bool = False) -> None:
        """Say what came of something."""
        self.query_one(Told).tell(words, failed=failed)

    def fail(self, error: KanbanError) -> None:
        """Say why something cannot be done, and what to do."""
        self.tell(describe_error(error), failed=True)

    def carry_out(self, act: Act, numbers: Sequence[int], show: Callable[[Deed], object] | None = None) -> None:
        """Do one thing to each, in a thread; then `show`, or else `done_with`, says what came of it."""
        self.session.act_aside(self, act, list(numbers), show or self.done_with)

    def done_with(self, deed: Deed) -> None:
        """A verb has been carried out: the screen that is current now says so. This one may be gone."""
        stack = self.app.screen_stack
        current = next(screen for screen in reversed(stack) if isinstance(screen, BoardScreen))
        current.tell(str(deed), failed=bool(deed.failed))

    def edit_outside(self, text: str, ending: str) -> str | None:
        """Lend the terminal to the person's editor. Raises KanbanError when that cannot be done."""
        try:
            with self.app.suspend():
                written = edit_in_editor(text, ending)
        except SuspendNotSupported:
            raise KanbanError("this terminal cannot be lent to an editor", "use `kanban edit` in another") from None
        self.app.refresh(layout=True)
        return written

    def show_vitals(self) -> None:
        """Say how the board is doing now."""
        self.query_one(VitalsBar).show_vitals()
        self.query_one(Keys).show_offered()

    def board_changed(self, ticket_ids: set[int]) -> None:
        """These tickets are not what they were."""
