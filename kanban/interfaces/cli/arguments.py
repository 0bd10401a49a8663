"""What several commands take: numbers of tickets as people write them, one or many, and times in the past."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click

from kanban.app import App
from kanban.errors import KanbanError
from kanban.interfaces.cli.output import print_data, print_error
from kanban.interfaces.cli.page import print_changed
from kanban.service.shapes import ticket_as_json

F = TypeVar("F", bound=Callable[..., Any])


class TicketNumber(click.ParamType[int]):
    """The number of a ticket: 12, or #12 as it is printed everywhere."""

    name = "ticket"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Fails for anything else."""
        digits = str(value).strip().removeprefix("#")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
            self.fail(f"{value!r} is not the number of a ticket, such as 12 or #12", param, ctx)
        return int(digits)


TICKET = TicketNumber()


def ticket_argument(command: F) -> F:
    """Adds the argument `number`."""
    return click.argument("number", type=TICKET, metavar="N")(command)


def tickets_argument(command: F) -> F:
    """Adds the argument `numbers`: one ticket or more."""
    return click.argument("numbers", type=TICKET, nargs=-1, required=True, metavar="N...")(command)


def change_each(app: App, numbers: Sequence[int], change: Callable[[int], object], as_json: bool) -> int:
    """Change each ticket and print what became of it; one that is refused does not keep the others from it.

    Returns the exit status: that of the first that failed. A single ticket that fails raises its error.
    """
    if len(set(numbers)) == 1:
        change(numbers[0])
        print_changed(app, numbers[0], as_json)
        return 0
    changed, failed = [], {}
    for number in dict.fromkeys(numbers):
        try:
            change(number)
        except KanbanError as error:
            failed[number] = error
            if not as_json:
                print_error(error, as_json=False)
            continue
        changed.append(number)
        if not as_json:
            print_changed(app, number, as_json=False)
    if as_json:
        shown = [ticket_as_json(app.store.queries.view_ticket(number), app.locate) for number in changed]
        errors = [
            {"ticket": number, "code": error.code, "message": str(error), "hint": error.hint}
            for number, error in failed.items()
        ]
        print_data(shown, errors=errors)
    return next((error.exit_code for error in failed.values()), 0)


SPAN = re.compile(r"(\d{1,5})([mhdw])")
UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}  # seconds


def read_span(text: str) -> float | None:
    """The seconds of a span of time such as `24h`; None for what is none."""
    match = SPAN.fullmatch(text)
    return float(int(match[1]) * UNITS[match[2]]) if match else None


class Span(click.ParamType[float]):
    """A span of time in seconds: `15m`, `1h`, `1d`."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if seconds := read_span(value):
            return seconds
        self.fail(f"{value!r} is no span of time: write 15m, 1h or 1d", param, ctx)


class Since(click.ParamType[Callable[[float], float]]):
    """A time in the past: `24h`, `7d`, `2w`, a date, or `all`."""

    name = "since"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Callable[[float], float]:
        if value == "all":
            return lambda now: 0.0
        if (seconds := read_span(value)) is not None:
            return lambda now: max(0.0, now - seconds)
        try:
            begin = datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is no span of time: write 24h, 7d, 2w, a date like 2026-11-01, or all", param, ctx)
        return lambda now: begin
