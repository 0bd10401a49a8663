"""The lines below the board: what was told last, what waits and how the board is doing, and the keys."""

from collections.abc import Callable

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Footer, Static
from textual.widgets._footer import FooterKey

from kanban.domain.showing import show_line, show_span
from tui.session import Session


class Told(Static):
    """What came of the last thing the person did; a failure stays until the next."""

    def __init__(self) -> None:
        super().__init__("", id="told", markup=False)
        self.display = False

    def tell(self, words: str, *, failed: bool = False) -> None:
        """Show a sentence."""
        self.set_class(failed, "failed")
        self.update(Text(f"{'✗' if failed else '✓'} {show_line(words)}"))
        self.display = True

    def clear(self) -> None:
        """Show nothing."""
        self.display = False


class Keys(Footer):
    """The keys that do something with what is pointed at now. `offers` says so of an action; every key works."""

    def __init__(self, offers: Callable[[str], bool]) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._offers = offers

    def compose(self) -> ComposeResult:
        for widget in super().compose():
            if isinstance(widget, FooterKey):
                widget.display = self._offers(widget.action)
            yield widget

    def show_offered(self) -> None:
        """Show the keys that are offered now."""
        for key in self.query(FooterKey):
            key.display = self._offers(key.action)


class VitalsBar(Static):
    """What waits for the person, the dispatcher, the slots, and today's spend."""

    COMPONENT_CLASSES = {"vitals--good", "vitals--bad", "vitals--waits", "vitals--faint"}

    def __init__(self, session: Session) -> None:
        super().__init__("", id="vitals", markup=False)
        self._session = session

    def show_vitals(self) -> None:
        """Tell how the board is doing now."""
        self.update(self._describe())

    def _describe(self) -> Text:
        session, vitals = self._session, self._session.vitals
        told = Text(no_wrap=True, overflow="ellipsis")
        if session.problem:
            return told.append(f"✗ {show_line(session.problem)}", self._style("bad"))
        waiting = session.model.count_needing_person()
        if waiting:
            told.append(f"● {waiting} wait{'s' if waiting == 1 else ''} for you (i)  ", self._style("waits"))
        if vitals.approvals:
            told.append(f"{vitals.approvals} to approve (A)  ", self._style("waits"))
        if vitals.unanswered:
            told.append(f"{vitals.unanswered} without an answer  ", self._style("waits"))
        told.append_text(self._describe_dispatcher())
        told.append(f"  {vitals.running}/{vitals.slots or '?'} running")
        told.append_text(self._describe_spend())
        if session.model.picked:
            told.append(f"  ✓ {len(session.model.picked)} picked")
        return told

    def _describe_spend(self) -> Text:
        vitals = self._session.vitals
        told = f"  ${vitals.spent_usd:.2f}{'+?' if vitals.spend_unknown else ''}"
        if vitals.budget_usd is None:
            return Text(f"{told} today")
        spent = vitals.spent_usd >= vitals.budget_usd
        return Text(f"{told}/${vitals.budget_usd:.2f} today", self._style("bad") if spent else "")

    def _describe_dispatcher(self) -> Text:
        lease, now = self._session.vitals.lease, self._session.now()
        if self._session.vitals.halted:
            return Text("■ stopped: kanban stop --lift", self._style("bad"))
        if lease is None:
            return Text("✗ no dispatcher has run yet: kanban up", self._style("bad"))
        if lease.lease_until < now:
            return Text(f"✗ no dispatcher since {show_span(now - lease.heartbeat_at)}", self._style("bad"))
        return Text("dispatching", self._style("good"))

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"vitals--{name}")
