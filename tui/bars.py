"""The lines above and below the board: which columns there are, how the board is doing, and what was told last."""

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

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


class VitalsBar(Static):
    """The dispatcher, the slots, today's spend, and what waits for the person."""

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
        told.append_text(self._describe_dispatcher())
        told.append(f"  {vitals.running}/{vitals.slots or '?'} running")
        told.append_text(self._describe_spend())
        if vitals.approvals:
            told.append(f"  {vitals.approvals} to approve (A)", self._style("waits"))
        waiting = session.model.count_needing_person()
        if waiting:
            told.append(f"  ● {waiting} wait{'s' if waiting == 1 else ''} for you", self._style("waits"))
        if vitals.unanswered:
            told.append(f"  {vitals.unanswered} without an answer", self._style("waits"))
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
        return Text("● dispatching", self._style("good"))

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"vitals--{name}")
