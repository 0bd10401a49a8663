"""A correction of the rubric at the command line: how it may be read, what each reading changes, and the choice."""

import sys
from collections.abc import Sequence
from datetime import date
from typing import Any

import click

from kanban.app import App
from kanban.dispatch.starts import read_subject
from kanban.domain.rubric import Condition, Rule
from kanban.files.rubricfile import add_rule
from kanban.interfaces.cli.output import is_terminal, print_data, say, show_safely
from kanban.service.corrections import Effect, Reading, list_readings, make_rule, read_correction

MOST_SHOWN = 10  # tickets that would have gone elsewhere


def find_readings(app: App, ticket_id: int, assign: str, said: str) -> list[Reading]:
    """How "not you, `assign`" about a ticket may be read, the narrowest first."""
    subject = read_subject(app.store.queries.get_ticket(ticket_id), app.store.queries)
    return _weigh(app, read_correction(subject, app.live.rubric.current(), assign, said), said)


def make_reading(app: App, condition: Condition, assign: str, said: str) -> Reading:
    """A rule with just this condition, and its effect."""
    return _weigh(app, [make_rule(condition, assign, said, app.live.rubric.current())], said)[0]


def settle(app: App, readings: Sequence[Reading], said: str, chosen: int | None, as_json: bool) -> None:
    """Put the chosen reading in force; without one, show them all and ask at a terminal which it is."""
    if not as_json:
        for number, reading in enumerate(readings, 1):
            _print_reading(number, reading)
    if chosen is None and not as_json and sys.stdin.isatty() and is_terminal():
        wanted = click.prompt("Which one? (0: none)", type=click.IntRange(0, len(readings)), default=1, err=True)
        chosen = wanted or None
    rule = _take(app, readings, said, chosen) if chosen is not None else None
    if as_json:
        print_data({"in_force": rule and rule.name, "readings": [_as_json(reading) for reading in readings]})
    elif rule is None:
        say("nothing was changed; `--reading 1` puts the first in force")
    else:
        click.echo(f"rule {rule.name} stands first in {app.home.rubric_file}; `kanban rubric log` takes it back")


def _weigh(app: App, rules: Sequence[Rule], said: str) -> list[Reading]:
    today = date.fromtimestamp(app.clock())
    return list_readings(app.home, app.live.current(), app.store.queries, rules, said, today)


def _take(app: App, readings: Sequence[Reading], said: str, chosen: int) -> Rule:
    if not 1 <= chosen <= len(readings):
        raise click.UsageError(f"there is no reading {chosen}: name one from 1 to {len(readings)}")
    rule = readings[chosen - 1].rule
    add_rule(app.home, rule, said, app.clock())
    return rule


def _print_reading(number: int, reading: Reading) -> None:
    click.secho(f"{number}. when {show_safely(reading.rule.when.describe())} → {reading.rule.assign}", bold=True)
    print_effect(reading.effect, "   ", "   ", MOST_SHOWN)
    if len(reading.effect.moved) > MOST_SHOWN:
        click.echo(f"   and {len(reading.effect.moved) - MOST_SHOWN} more")


def print_effect(effect: Effect, indent: str, indent_of_tickets: str, most: int | None = None) -> None:
    """What a rule would have changed, and a line for each ticket that would have gone elsewhere, `most` of them."""
    click.echo(f"{indent}{effect}")
    for moved in effect.moved[:most]:
        told = f"#{moved.ticket_id} {moved.before} → {moved.after}  {show_safely(moved.title)}"
        click.echo(indent_of_tickets + told)


def _as_json(reading: Reading) -> dict[str, Any]:
    moved = [vars(moved) for moved in reading.effect.moved]
    rule = reading.rule.model_dump(mode="json", exclude_defaults=True)
    return {"rule": rule, "looked_at": reading.effect.looked_at, "moved": moved}
