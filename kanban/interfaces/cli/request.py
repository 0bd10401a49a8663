"""`kanban request`: what was asked, and the answers."""

from dataclasses import asdict

import click

from kanban.app import App
from kanban.interfaces.cli.follow import say_who_dispatches
from kanban.interfaces.cli.output import colour_status, json_option, print_data, print_table, say, show_age, show_safely
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service import requests
from kanban.service.shapes import request_as_json
from kanban.service.views import Request


@click.group("request")
def request_command() -> None:
    """What was asked, and the answers."""


@request_command.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most.")
@json_option
@with_app
def list_requests(app: App, limit: int, as_json: bool) -> None:
    """List what was asked, newest first.

    Example: kanban request list
    """
    requests = app.store.queries.list_requests(limit)
    if as_json:
        print_data([request_as_json(request, app.store.queries) for request in requests])
        return
    if not requests:
        say('nothing was asked yet: kanban ask "…"')
        return
    now = app.clock()
    rows = [
        (
            str(request.id),
            request.status,
            show_age(request.created_at, now),
            str(request.open_tickets),
            show_safely(request.words),
        )
        for request in requests
    ]
    print_table(("#", "STATUS", "ASKED", "OPEN", "WORDS"), rows)


@request_command.command("why")
@click.argument("number", type=int, metavar="N")
@json_option
@with_app
def why_request(app: App, number: int, as_json: bool) -> None:
    """Say where a request stands, what happens next, and what you can do.

    Example: kanban request why 3
    """
    from kanban.service.explain import explain_request

    explanation = explain_request(app.parts, number, app.clock())
    if as_json:
        print_data(asdict(explanation))
    else:
        click.echo(show_safely(str(explanation)))


@request_command.command("retry")
@click.argument("number", type=int, metavar="N")
@json_option
@with_app
def retry_request(app: App, number: int, as_json: bool) -> None:
    """Have Ginger asked again, by the daemon, when she could not finish; the answer comes as a notice.

    Example: kanban request retry 3
    """
    request = requests.retry(app.store, number, the_person(app, "retrying a request"), app.clock())
    _print_changed(app, request, as_json)
    if not as_json:
        say_who_dispatches(app)


@request_command.command("close")
@click.argument("number", type=int, metavar="N")
@click.option("--why", default="", metavar="T", help="Why no answer is wanted any more.")
@json_option
@with_app
def close_request(app: App, number: int, why: str, as_json: bool) -> None:
    """Give a request up that has no answer and no tickets.

    Example: kanban request close 3 --why "asked again in other words"
    """
    request = requests.close(app.store, number, the_person(app, "closing a request"), app.clock(), why)
    _print_changed(app, request, as_json)


def _print_changed(app: App, request: Request, as_json: bool) -> None:
    if as_json:
        print_data(request_as_json(request, app.store.queries))
    else:
        click.echo(f"request {request.id} is {'asked again' if request.talk_due else request.status}")


@request_command.command("show")
@click.argument("number", type=int, metavar="N")
@json_option
@with_app
def show_request(app: App, number: int, as_json: bool) -> None:
    """Show one request: your words, where its tickets stand, and the answer with its receipts.

    Example: kanban request show 3
    """
    request = app.store.queries.get_request(number)
    if as_json:
        print_data(request_as_json(request, app.store.queries))
        return
    from kanban.interfaces.cli.page import print_markdown

    click.secho(
        f"request {request.id}: {request.status}, asked {show_age(request.created_at, app.clock())} ago", bold=True
    )
    click.echo(show_safely(request.words))
    tickets = app.store.queries.tickets_of_request(number)
    if tickets:
        click.echo()
        rows = [
            (str(ticket.id), colour_status(ticket.status), ticket.assignee or "-", show_safely(ticket.title))
            for ticket in tickets
        ]
        print_table(("#", "STATUS", "ASSIGNEE", "TITLE"), rows)
    if request.answer:
        click.secho("\nAnswer", bold=True)
        print_markdown(request.answer)
    elif request.status == "open":
        say(f"\nno answer; `kanban request why {number}` says why and what you can do")
    elif request.status == "working":
        say(f"\nno answer yet; {request.open_tickets} tickets are open")
