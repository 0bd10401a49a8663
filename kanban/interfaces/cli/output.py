"""What commands print: data on stdout, as words or as one JSON envelope; messages on stderr."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from kanban.domain.showing import show_safely as show_safely
from kanban.domain.showing import show_span
from kanban.errors import KanbanError

SCHEMA_VERSION = 1
F = TypeVar("F", bound=Callable[..., Any])

COLOURS = {
    "triage": "magenta",
    "todo": "white",
    "ready": "cyan",
    "running": "blue",
    "review": "blue",
    "blocked": "red",
    "stale": "yellow",
    "done": "green",
    "cancelled": "bright_black",
}


def json_option(command: F) -> F:
    """Adds `--json` to a command, as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON envelope.")(command)


def print_data(data: Any, **beside: Any) -> None:
    """Print one envelope; what is `beside` the data tells about it."""
    print(json.dumps({"schema_version": SCHEMA_VERSION, "data": data, **beside}, ensure_ascii=False))


def print_line(data: Any) -> None:
    """Print one object of a stream, at once."""
    print(json.dumps(data, ensure_ascii=False), flush=True)


def print_error(error: KanbanError, as_json: bool) -> None:
    """Say what went wrong and what to do: on stderr, or for JSON readers as an envelope on stdout."""
    if as_json:
        told = {"code": error.code, "message": str(error), "hint": error.hint}
        print(json.dumps({"schema_version": SCHEMA_VERSION, "error": told}, ensure_ascii=False))
        return
    click.secho(f"error: {show_safely(str(error))}", fg="red", err=True)
    if error.hint:
        click.echo(f"  {show_safely(error.hint)}", err=True)


def say(message: str) -> None:
    """A message about what is going on, on stderr."""
    click.echo(show_safely(message), err=True)


def colour_status(status: str) -> str:
    """A status in its colour; plain where there is no terminal or NO_COLOR is set."""
    return click.style(status, fg=COLOURS.get(status.strip()))


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns as wide as they need, the last one unbounded. Widths are counted without colours."""
    table = [list(map(_one_line, row)) for row in rows]
    widths = [
        max([len(header), *(len(click.unstyle(row[column])) for row in table)]) for column, header in enumerate(headers)
    ]
    click.secho(_join(headers, widths), bold=True)
    for row in table:
        click.echo(_join(row, widths))


def _join(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()


def _one_line(cell: str) -> str:
    return " ".join(cell.split())


def show_age(since: float, now: float | None = None) -> str:
    """How long ago, as people say it: 12s, 5m, 3h, 4d."""
    return show_span((time.time() if now is None else now) - since)


def is_terminal() -> bool:
    """Whether a person sees stdout."""
    return sys.stdout.isatty()
