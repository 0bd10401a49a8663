"""The board in numbers: cost by day, profile and request, how tickets settle, and where their time goes."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Static
from textual_plotext import PlotextPlot

from kanban.domain.showing import show_line, show_span
from kanban.service.views import Completion, DaySpend, Dimension, Line
from tui.screens import BoardScreen
from tui.session import Session

SPANS = (1, 7, 30)  # days that one may look back
SHOWN_DAYS = 14  # at least, of the cost by day
RELOAD_SECONDS = 2.0  # between two looks at a board that changes
MOST_BARS = 30


def last_midnights(now: float, days: int) -> list[float]:
    """When each of the last `days` days began, here, oldest first; not all days have 24 hours."""
    today = datetime.combine(date.fromtimestamp(now), clock.min)
    return [(today - timedelta(days=ago)).timestamp() for ago in reversed(range(days))]


@dataclass(frozen=True)
class Bar:
    """A name, its share of the longest, and what is said of it."""

    name: str
    amount: float
    told: str


@dataclass(frozen=True)
class _Read:
    """The numbers of one span."""

    by_day: Sequence[DaySpend]
    by_profile: Sequence[Bar]
    by_request: Sequence[Bar]
    by_status: Sequence[Bar]
    completion: Completion


class DayPlot(PlotextPlot):
    """Cost of each day."""

    def __init__(self) -> None:
        super().__init__(id="by-day")
        self._days: Sequence[DaySpend] = []
        self.border_title = "Cost by day"

    def on_mount(self) -> None:
        super().on_mount()
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.call_after_refresh(self._plot_days))

    def show_days(self, days: Sequence[DaySpend]) -> None:
        """Plot these days."""
        self._days = days
        self._plot_days()

    def on_resize(self) -> None:
        self._plot_days()

    def _plot_days(self) -> None:
        if not self._days:
            return
        costs = [day.cost_usd for day in self._days]
        cells = self._room() / len(costs)  # of a day; a bar is drawn one cell wider than it is told to be
        plot, width = self.plt, max(0.01, min(0.6, 1 - 2.25 / cells))
        plot.clear_figure()
        plot.bar(range(len(costs)), costs, width=width, color=Color.parse(self.app.theme_variables["primary"]).rgb)
        plot.frame(False)
        plot.ylim(0, max(costs) or 1.0)
        ticks = [0.0, (max(costs) or 1.0) / 2, max(costs) or 1.0]
        plot.yticks(ticks, [f"${tick:,.2f} " for tick in ticks])
        self._name_days()
        self.refresh()

    def _room(self) -> int:
        return max(1, self.size.width - 9)

    def _name_days(self) -> None:
        """A name under as many days as have room, the last among them."""
        last, room = len(self._days) - 1, self._room()
        pattern, width = ("%b %d", 8) if room >= 8 * len(self._days) else ("%d", 4)
        shown = range(last, -1, -max(1, -(-width * len(self._days) // room)))
        self.plt.xticks(list(shown), [_name_day(self._days[place], pattern) for place in shown])
        first, today = (_name_day(self._days[place], "%b %d") for place in (0, last))
        self.border_title = f"Cost by day, {first} to {today}"


class Bars(Static):
    """Named amounts, a line each."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"bars--bar", "bars--faint"}

    def __init__(self, title: str, subtitle: str = "", *, id: str) -> None:
        super().__init__("", id=id, markup=False)
        self.border_title, self.border_subtitle = title, subtitle
        self._bars: Sequence[Bar] = []

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Draw these."""
        self._bars = bars
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def draw(self) -> None:
        """Draw anew, with the colours and the room of now."""
        if not self._bars:
            return self.update(Text("nothing yet", self._style("faint")))
        width = self.size.width
        name_width = min(max(cell_len(bar.name) for bar in self._bars), max(8, width * 2 // 5))
        told_width = max(cell_len(bar.told) for bar in self._bars)
        room, longest = max(1, width - name_width - told_width - 2), max(bar.amount for bar in self._bars) or 1.0
        drawn, end = Text(no_wrap=True), "\n\n" if 2 * len(self._bars) <= self.size.height else "\n"
        for bar in self._bars[: max(1, self.size.height)]:
            drawn.append(_fit(bar.name, name_width) + " ")
            length = round(room * bar.amount / longest)
            drawn.append("━" * length, self._style("bar")).append(" " * (room - length + 1))
            drawn.append(f"{bar.told:>{told_width}}{end}", self._style("faint"))
        drawn.rstrip()
        self.update(drawn)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"bars--{name}")


class NumbersScreen(BoardScreen):
    """What the board amounts to, over a span of days."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back"),
        Binding("d", "span(0)", "Day"),
        Binding("w", "span(1)", "Week"),
        Binding("m", "span(2)", "Month"),
        Binding("left,h", "shift_span(-1)", "Shorter span", show=False),
        Binding("right,l", "shift_span(1)", "Longer span", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._span = 1  # place in SPANS
        self._changed = False

    @property
    def days(self) -> int:
        """How many days are looked at, today among them."""
        return SPANS[self._span]

    def compose_body(self) -> Iterable[Widget]:
        yield Static("", id="numbers-title", classes="page-title", markup=False)
        yield Static("", id="numbers-facts", markup=False)
        with Container(id="numbers"):
            yield DayPlot()
            yield Bars("Cost by profile", id="by-profile")
            yield Bars("Cost by request", id="by-request")
            yield Bars("Time in status", "on average", id="by-status")

    def on_mount(self) -> None:
        super().on_mount()
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.call_after_refresh(self._redraw))
        self.set_interval(RELOAD_SECONDS, self._reload_what_changed)
        self.reload()

    def reload(self) -> None:
        """Read the numbers anew."""
        self._changed = False
        days = self.days
        self.session.read_aside(self, lambda: self._read(days), self._show)

    def board_changed(self, ticket_ids: set[int]) -> None:
        self._changed = True

    def action_back(self) -> None:
        self.dismiss()

    def action_span(self, place: int) -> None:
        self._span = place
        self.reload()

    def action_shift_span(self, step: int) -> None:
        self.action_span(max(0, min(self._span + step, len(SPANS) - 1)))

    def _reload_what_changed(self) -> None:
        if self._changed and self.is_current:
            self.reload()

    def _redraw(self) -> None:
        for bars in self.query(Bars):
            bars.draw()

    def _read(self, days: int) -> _Read:
        numbers, ledger = self.session.kanban.store.numbers, self.session.kanban.store.ledger
        midnights = last_midnights(self.session.now(), max(days, SHOWN_DAYS))
        since = midnights[-days]
        return _Read(
            numbers.spend_by_day(midnights),
            [_as_bar(show_line(line.name), line) for line in ledger.roll_up(Dimension.PROFILE, since)],
            self._name_requests(ledger.roll_up(Dimension.REQUEST, since)[:MOST_BARS]),
            [Bar(status, seconds, show_span(seconds)) for status, seconds in numbers.time_in_status(since)],
            numbers.completion(since),
        )

    def _name_requests(self, lines: Sequence[Line]) -> list[Bar]:
        numbers = {int(line.name) for line in lines if line.name}
        words = self.session.kanban.store.cards.words_of_requests(numbers)
        named = {str(number): f"r{number} {show_line(words.get(number, ''))[:100]}" for number in numbers}
        return [_as_bar(named.get(line.name, "no request"), line) for line in lines]

    def _show(self, read: _Read) -> None:
        span = "Today" if self.days == 1 else f"The last {self.days} days"
        self.query_one("#numbers-title", Static).update(span)
        self.query_one("#numbers-facts", Static).update(_describe(read))
        self.query_one(DayPlot).show_days(read.by_day)
        self.query_one("#by-profile", Bars).show_bars(read.by_profile)
        self.query_one("#by-request", Bars).show_bars(read.by_request)
        self.query_one("#by-status", Bars).show_bars(read.by_status)


def _describe(read: _Read) -> Text:
    completion = read.completion
    if not (read.by_profile or read.by_status or completion.settled or completion.questions):
        return Text("Nothing has happened in this time.")
    if completion.rate is None:
        told = "no ticket settled"
    else:
        told = f"{completion.rate:.0%} completed ({completion.done} done, {completion.cancelled} cancelled)"
    asked = f"{completion.questions} question{'' if completion.questions == 1 else 's'}"
    loops = "" if completion.loops is None else f", {completion.loops:.1f} per settled ticket"
    return Text(f"{told} · {asked}{loops}")


def _fit(name: str, width: int) -> str:
    return set_cell_size(name, width) if cell_len(name) <= width else f"{set_cell_size(name, width - 1)}…"


def _as_bar(name: str, line: Line) -> Bar:
    cached = f", {line.cached_share:.0%} cached" if line.cached_share else ""
    return Bar(name, line.cost_usd, f"${line.cost_usd:,.2f}{' + unknown' if line.unpriced else ''}{cached}")


def _name_day(day: DaySpend, pattern: str) -> str:
    return time.strftime(pattern, time.localtime(day.begin))
