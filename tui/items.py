"""A list of things to choose from, one highlighted."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class Items(OptionList, inherit_bindings=False):
    """Options by number. Enter is left to the screen, so that a click does no more than choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "cursor_down", "Next", show=False),
        Binding("k,up", "cursor_up", "Before", show=False),
        Binding("home", "first", "First", show=False),
        Binding("G,end", "last", "Last", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="item-list", markup=False)
        self._shown: list[tuple[int, Text]] = []

    @property
    def chosen(self) -> int | None:
        """The number of the item that is highlighted."""
        place = self.highlighted
        return self._shown[place][0] if place is not None and place < len(self._shown) else None

    def choose(self, number: int) -> None:
        """Highlight an item that is shown."""
        self.highlighted = [shown for shown, _ in self._shown].index(number)

    def show_items(self, items: Sequence[tuple[int, Text]]) -> None:
        """Show these; the highlight stays on its item, or near where that was."""
        if list(items) == self._shown:
            return
        chosen, place = self.chosen, self.highlighted or 0
        self._shown = list(items)
        self.clear_options()
        self.add_options([Option(text, id=str(number)) for number, text in items])
        numbers = [number for number, _ in items]
        if numbers:
            self.highlighted = numbers.index(chosen) if chosen in numbers else min(place, len(numbers) - 1)
