"""`kanban why`, `retry`, `split` and `wait-for`: what a ticket waits for, and how the person changes that."""

import click

from kanban.app import App
from kanban.interfaces.cli.arguments import TICKET, change_each, ticket_argument, tickets_argument
from kanban.interfaces.cli.output import json_option, print_data, show_safely
from kanban.interfaces.cli.page import print_changed
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service import tickets


@click.command("why")
@ticket_argument
@json_option
@with_app
def why_command(app: App, number: int, as_json: bool) -> None:
    """Say why a ticket is where it is, what happens next and when, and what you can do.

    Example: kanban why 12
    """
    from kanban.service.explain import explain_ticket

    explanation = explain_ticket(app.parts, number, app.clock())
    if as_json:
        print_data({"ticket": number, **vars(explanation)})
        return
    click.echo(show_safely(" ".join(str(explanation).split())))


@click.command("retry")
@tickets_argument
@click.option("--note", default="", metavar="T", help="What the worker should do differently.")
@click.option("--yes", is_flag=True, help="A done ticket, too.")
@json_option
@with_app
def retry_command(app: App, numbers: tuple[int, ...], note: str, yes: bool, as_json: bool) -> int:
    """Try tickets again from the beginning: new transcript, new workspace, failures forgiven.

    Example: kanban retry 12 --note "the disk is no longer full"
    """
    caller = the_person(app, "trying a ticket again")
    return change_each(
        app, numbers, lambda n: tickets.retry(app.parts, n, caller, app.clock(), note, though_done=yes), as_json
    )


@click.command("split")
@ticket_argument
@click.option("--note", default="", metavar="T", help="How you would split it.")
@json_option
@with_app
def split_command(app: App, number: int, note: str, as_json: bool) -> None:
    """Have Ginger split a ticket, or write its brief anew; you file the parts yourself with `kanban create`.

    Example: kanban split 12 --note "one ticket for each manufacturer"
    """
    caller = the_person(app, "splitting a ticket")
    tickets.split(app.parts, number, caller, app.clock(), note)
    print_changed(app, number, as_json)


@click.command("wait-for")
@ticket_argument
@click.argument("needed", type=TICKET, metavar="M")
@click.option("--no-longer", is_flag=True, help="Take it back.")
@json_option
@with_app
def wait_for_command(app: App, number: int, needed: int, no_longer: bool, as_json: bool) -> None:
    """Have ticket N wait until ticket M is done.

    Example: kanban wait-for 12 9
    """
    caller = the_person(app, "making tickets wait")
    if no_longer:
        tickets.stop_waiting(app.parts, number, needed, caller, app.clock())
    else:
        tickets.wait_for(app.parts, number, needed, caller, app.clock())
    print_changed(app, number, as_json)
