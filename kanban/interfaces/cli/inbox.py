"""`kanban inbox`, and `kanban` alone: everything that waits for the person."""

from dataclasses import asdict

import click

from kanban.app import App
from kanban.domain.showing import as_time
from kanban.interfaces.cli.output import json_option, print_data, say, show_age, show_safely
from kanban.interfaces.cli.session import with_app
from kanban.service.inbox import Waiting, list_waiting

LONGEST = 400  # characters of what is told of one thing


@click.command("inbox")
@json_option
@with_app
def inbox_command(app: App, as_json: bool) -> None:
    """List everything that waits for you, what holds up most first, with the commands that answer it.

    Example: kanban inbox
    """
    waiting = list_waiting(app.parts, app.store.approvals, app.store.outbox, app.home, app.clock())
    if as_json:
        print_data([{**asdict(one), "since": as_time(one.since)} for one in waiting])
        return
    for one in waiting:
        _print_one(one, app.clock())
    if not waiting:
        say("nothing waits for you; `kanban list` shows what is under way")


def _print_one(one: Waiting, now: float) -> None:
    age = f", {show_age(one.since, now)} ago" if one.since is not None else ""
    held = f", holds up {one.holds_up - 1} more" if one.holds_up > 1 else ""
    number = f"  #{one.ticket_id}" if one.ticket_id is not None else ""
    title = f"  {show_safely(' '.join(one.title.split()))}" if one.title else ""
    click.echo(click.style(one.kind, bold=True) + f"{number}{title}{age}{held}")
    told = " ".join(one.told.split())
    click.echo(f"    {show_safely(told[:LONGEST])}{' …' if len(told) > LONGEST else ''}")
    click.echo(f"    {'   or   '.join(one.answers)}")
