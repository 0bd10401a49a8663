"""Looking at tickets, and putting one on the board."""

from collections.abc import Sequence
from typing import Any

import click

from kanban.app import App
from kanban.dispatch.leader import find_lease
from kanban.domain.ticket import Status
from kanban.errors import InvalidInput
from kanban.files.halt import LIFT_HINT, read_halt, tell_halt
from kanban.interfaces.cli.arguments import TICKET, ticket_argument
from kanban.interfaces.cli.output import colour_status, json_option, print_data, print_table, say, show_age, show_safely
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service.views import Ticket, TicketFilter

NO_LIMIT = -1  # as SQLite spells it


@click.command("list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([*map(str, Status)]),
    help="Only this status; may be given often.",
)
@click.option("--assignee", metavar="P", help="Only tickets of this profile.")
@click.option("--request", "request_id", type=int, metavar="N", help="Only tickets of this request.")
@click.option("--text", help="Only tickets whose title holds this text.")
@click.option("--all", "everything", is_flag=True, help="Settled and archived tickets too.")
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="How many at once; 0: all.")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="How many to pass over.")
@click.option("--fields", metavar="A,B", help="With --json: these fields of each ticket; `all` for everything.")
@json_option
@with_app
def list_command(
    app: App,
    statuses: tuple[str, ...],
    assignee: str | None,
    request_id: int | None,
    text: str | None,
    everything: bool,
    limit: int,
    offset: int,
    fields: str | None,
    as_json: bool,
) -> None:
    """List tickets, newest first; without --status those that are not settled.

    Example: kanban list --status blocked --status stale
    """
    if request_id is not None:
        app.store.queries.get_request(request_id)
    wanted = TicketFilter(statuses, assignee, request_id, text, everything, limit or NO_LIMIT, offset)
    tickets = app.store.queries.list_tickets(wanted)
    if assignee is not None and not tickets:
        app.store.board.check_assignee(assignee)  # a profile that is gone may still have tickets
    total = app.store.queries.count_tickets(wanted)
    following = offset + len(tickets) if tickets and offset + len(tickets) < total else None
    if as_json:
        print_data(_as_json(app, tickets, fields), total=total, next=following)
        return
    _print_tickets(app, tickets, everything or bool(statuses))
    if following is not None:
        say(f"{total - following} more; --offset {following} goes on")
    _say_what_waits(app)


@click.command("stale")
@json_option
@with_app
def stale_command(app: App, as_json: bool) -> None:
    """List tickets whose run made no progress and was stopped.

    Example: kanban stale
    """
    tickets = app.store.queries.list_tickets(TicketFilter([Status.STALE], limit=1000))
    if as_json:
        print_data(_as_json(app, tickets, None), total=len(tickets), next=None)
        return
    _print_tickets(app, tickets)
    if tickets:
        say("`kanban log N` shows what the run did last; `kanban unblock N --note TEXT` lets it go on")


@click.command("show")
@ticket_argument
@click.option("--history", is_flag=True, help="Every version of its body instead.")
@json_option
@with_app
def show_command(app: App, number: int, history: bool, as_json: bool) -> None:
    """Show one ticket: its brief, its runs, what came of it, why it is blocked and what you can do.

    Example: kanban show 12
    """
    from kanban.interfaces.cli import page
    from kanban.service import shapes

    view = app.store.queries.view_ticket(number)
    if history:
        versions = app.store.queries.brief_versions(number)
        if as_json:
            print_data([shapes.version_as_json(version) for version in versions])
        else:
            page.print_history(versions)
    elif as_json:
        print_data(shapes.ticket_as_json(view, app.locate))
    else:
        page.print_ticket(app, view)


@click.command("lint")
@ticket_argument
@json_option
@with_app
def lint_command(app: App, number: int, as_json: bool) -> None:
    """Say what is vague or missing in a ticket, and what to write instead.

    Example: kanban lint 12
    """
    from kanban.service.edits import find_findings
    from kanban.service.shapes import findings_as_json

    view = app.store.queries.view_ticket(number)
    findings = find_findings(app.live.current(), view.ticket.title, view.brief, view.body, view.ticket.assignee)
    if as_json:
        print_data(findings_as_json(findings))
        return
    for found in findings:
        click.echo(show_safely(f"{found.severity} {found.code} in {found.place}: {found.message}"))
    if not findings:
        say(f"#{number} is clear")


@click.command("create")
@click.argument("title")
@click.option("--body", metavar="-|FILE", help="Its text, or a brief as JSON: a file, or - for stdin.")
@click.option("--assign", metavar="P", help="A profile, default (Ginger) or human (you); else the rubric decides.")
@click.option("--depends-on", type=TICKET, multiple=True, metavar="N", help="Wait for this ticket; may be given often.")
@click.option("--priority", type=int, default=0, help="Higher starts first.")
@click.option("--request", "request_id", type=int, metavar="N", help="The request it belongs to.")
@click.option("--idempotency-key", metavar="KEY", help="Create it once: the same key gives the same ticket.")
@json_option
@with_app
def create_command(
    app: App,
    title: str,
    body: str | None,
    assign: str | None,
    depends_on: tuple[int, ...],
    priority: int,
    request_id: int | None,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Put a ticket on the board yourself. What is vague in it is said, and it is taken all the same.

    Example: kanban create "Fix the solar tile" --body brief.json --assign scout
    """
    from kanban.briefs.written import parse_brief
    from kanban.interfaces.cli import page
    from kanban.interfaces.cli.writing import STDIN, read_body
    from kanban.service import tickets
    from kanban.service.edits import find_findings

    caller = the_person(app, "creating a ticket")
    app.store.board.check_assignee(assign)
    text = read_body(body) if body else ""
    brief = parse_brief(text, body or STDIN)
    for found in find_findings(app.live.current(), title.strip(), brief, text, assign):
        say(f"warning: {found.place}: {found.message}")
    number = tickets.create(
        app.parts,
        title,
        text,
        caller,
        app.clock(),
        brief=brief,
        assignee=assign,
        priority=priority,
        depends_on=depends_on,
        idempotency_key=idempotency_key,
        request_id=request_id,
    )
    page.print_changed(app, number, as_json)


def _as_json(app: App, tickets: Sequence[Ticket], fields: str | None) -> list[dict[str, Any]]:
    """The line of each ticket, or the fields that were asked for. Raises InvalidInput for one that no ticket has."""
    from kanban.service.shapes import LINE_FIELDS, TICKET_FIELDS, ticket_as_json, ticket_as_line

    if fields is None:
        return [ticket_as_line(ticket) for ticket in tickets]
    named = [name.strip() for name in fields.split(",") if name.strip()]
    unknown = [name for name in named if name not in (*TICKET_FIELDS, "all")]
    if unknown or not named:
        raise InvalidInput(f"no field is called {', '.join(unknown) or 'so'!r}", f"fields: {', '.join(TICKET_FIELDS)}")
    if set(named) <= set(LINE_FIELDS):
        shown = [ticket_as_line(ticket) for ticket in tickets]
    else:
        shown = [ticket_as_json(app.store.queries.view_ticket(ticket.id), app.locate) for ticket in tickets]
    return shown if "all" in named else [{name: ticket[name] for name in named} for ticket in shown]


def _print_tickets(app: App, tickets: Sequence[Ticket], everything: bool = True) -> None:
    if not tickets:
        say("no tickets" if everything else "no open tickets; --all lists those that are settled too")
        return
    now = app.clock()
    print_table(("#", "STATUS", "ASSIGNEE", "SINCE", "TITLE"), [_row(ticket, now) for ticket in tickets])


def _row(ticket: Ticket, now: float) -> tuple[str, ...]:
    status = colour_status(ticket.status) + (f" {ticket.block_reason}" if ticket.block_reason else "")
    return str(ticket.id), status, ticket.assignee or "-", show_age(ticket.status_since, now), show_safely(ticket.title)


def _say_what_waits(app: App) -> None:
    lease, now = find_lease(app.store.queries, app.clock()), app.clock()
    if halted := read_halt(app.home):
        say(f"{show_safely(tell_halt(halted))} ({LIFT_HINT})")
    elif lease is None:
        say("no dispatcher has run yet: `kanban up` starts one")
    elif lease.lease_until < now:
        say(f"no dispatcher since {show_age(lease.heartbeat_at, now)}: `kanban up` starts one")
    waiting = len(app.store.queries.waiting_for_person())
    if waiting:
        verb = "ticket waits" if waiting == 1 else "tickets wait"
        say(f"{waiting} {verb} for you: `kanban why N` says why and what you can do")
    unanswered = app.store.queries.requests_without_answer()
    if unanswered:
        what = "request has" if len(unanswered) == 1 else "requests have"
        say(f"{len(unanswered)} {what} no answer: `kanban request why {unanswered[0]}` says why and what you can do")
