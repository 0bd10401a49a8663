"""`kanban approvals`, `approve` and `deny`: the person's answer to one exact call."""

import shutil
from contextlib import suppress
from datetime import date
from typing import Any

import click
from rich.cells import chop_cells

from kanban.app import App
from kanban.domain.showing import show_span, spell_arguments
from kanban.errors import InvalidFile, InvalidInput
from kanban.interfaces.cli.arguments import Span
from kanban.interfaces.cli.corrections import print_effect
from kanban.interfaces.cli.output import is_terminal, json_option, print_data, say, show_age, show_safely
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service.approvals import PROPOSES_A_RULE, approve_call, deny_call, host_of_call, read_arguments
from kanban.service.corrections import weigh_proposal
from kanban.service.shapes import approval_as_json
from kanban.service.views import Approval

GUTTER = "      │ "


@click.command("approvals")
@json_option
@with_app
def approvals_command(app: App, as_json: bool) -> None:
    """List what waits for your yes: the exact call, where it would act, and why it is risky; and what you have granted.

    Example: kanban approvals
    """
    pending, granted = app.store.approvals.list_pending(), app.store.approvals.list_granted(app.clock())
    if as_json:
        print_data([approval_as_json(approval) for approval in [*pending, *granted]])
        return
    for approval in pending:
        _print_approval(app, approval)
    for approval in granted:
        left = show_span((approval.granted_until or 0.0) - app.clock())
        why = show_safely(approval.why)
        click.echo(f"granted for #{approval.ticket_id} on {show_safely(approval.place)}, {left} more: {why}")
        click.echo(f'    kanban deny {approval.id} --reason "…" ends it')
    if not pending:
        say("nothing waits for your yes")


@click.command("approve")
@click.argument("number", type=int, metavar="ID")
@click.option("--for", "span", type=Span(), metavar="1h", help="Also what this ticket asks for the same reason there.")
@json_option
@with_app
def approve_command(app: App, number: int, span: float | None, as_json: bool) -> None:
    """Let one exact call be carried out, once, within a day. A proposed rule is put first in rubric.yaml.

    Example: kanban approve 3 --for 1h
    """
    caller = the_person(app, "approving")
    approval, rule = approve_call(app.home, app.store.approvals, number, caller, app.clock(), span)
    if rule is not None:
        say(f"rule {rule} stands first in {app.home.rubric_file}")
    _print_decided(app, approval, as_json)


@click.command("deny")
@click.argument("number", type=int, metavar="ID")
@click.option("--reason", required=True, metavar="T", help="Why not; the worker is told.")
@json_option
@with_app
def deny_command(app: App, number: int, reason: str, as_json: bool) -> None:
    """Refuse a call, or take your yes back before it is used; the worker is told why and goes on without it.

    Example: kanban deny 3 --reason "not while the backup runs"
    """
    caller = the_person(app, "denying")
    _print_decided(app, deny_call(app.store.approvals, number, reason, caller, app.clock()), as_json)


def _print_decided(app: App, approval: Approval, as_json: bool) -> None:
    if as_json:
        print_data(approval_as_json(approval))
        return
    click.echo(f"approval {approval.id} {approval.status}: {show_safely(approval.tool)}")
    if approval.ticket_id is not None:
        ticket = app.store.queries.get_ticket(approval.ticket_id)
        click.echo(f"#{ticket.id} is {ticket.status}  {show_safely(ticket.title)}")


def _print_approval(app: App, approval: Approval) -> None:
    about = f" for #{approval.ticket_id}" if approval.ticket_id else ""
    host = host_of_call(approval)
    where = f" on {show_safely(host)}" if host else ""
    profile = app.store.queries.get_run(approval.run_id).profile
    age = show_age(approval.created_at, app.clock())
    click.secho(f"{approval.id}  {show_safely(approval.tool)}{where}{about}", bold=True, nl=False)
    click.echo(f"  asked by {profile} (run {approval.run_id}), {age} ago")
    _print_arguments(read_arguments(approval))
    click.echo(f"    why: {show_safely(approval.why)}")
    if approval.tool == PROPOSES_A_RULE:
        _print_effect(app, approval)
    click.echo(f'    kanban approve {approval.id}   or   kanban deny {approval.id} --reason "…"')


def _print_effect(app: App, approval: Approval) -> None:
    """What a proposed rule would have changed; nothing for what is no rule, which is told when it is approved."""
    today = date.fromtimestamp(app.clock())
    with suppress(InvalidInput, InvalidFile):
        effect = weigh_proposal(app.home, app.live.current(), app.store.queries, approval, today)
        print_effect(effect, "    ", "      ")


def _print_arguments(arguments: Any) -> None:
    """Each argument whole. The gutter keeps a value from looking like another argument, wherever a line is folded."""
    width = shutil.get_terminal_size().columns - len(GUTTER) if is_terminal() else None
    for name, lines in spell_arguments(arguments):
        click.echo(f"    {name}")
        for line in lines:
            for part in (chop_cells(line, width) or [""]) if width else [line]:
                click.echo(GUTTER + part)
