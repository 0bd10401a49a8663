"""`kanban policy`: what the gate says of a command, and why."""

from pathlib import Path

import click

from kanban.app import App
from kanban.interfaces.cli.arguments import TICKET
from kanban.interfaces.cli.output import json_option, print_data, say, show_safely
from kanban.interfaces.cli.session import with_app


@click.group("policy")
def policy_command() -> None:
    """What agents' commands may do."""


@policy_command.command("explain")
@click.argument("command")
@click.option("--host", default="local", show_default=True, help="Where it would run.")
@click.option("--ticket", type=TICKET, help="The ticket that it would be for: what that is about passes.")
@click.option("--profile", default="cody", show_default=True, help="Who would run it.")
@json_option
@with_app
def explain_policy(app: App, command: str, host: str, ticket: int | None, profile: str, as_json: bool) -> None:
    """Say whether a command would pass, ask you or be refused, and why. Nothing is run.

    Example: kanban policy explain 'sudo systemctl restart nginx' --host webb
    """
    from kanban.service.doctor import check_sandbox
    from kanban.service.policy import explain_command
    from kanban.service.shapes import explained_as_json

    brief = app.store.queries.view_ticket(ticket).brief if ticket is not None else None
    has_cell = check_sandbox(app.live.settings).ok
    found = explain_command(app.live.current(), command, host, app.live.profile(profile), brief, has_cell)
    if as_json:
        print_data(explained_as_json(found))
        return
    click.secho(f"{found.decision.verdict}: {show_safely(found.decision.why)}", bold=True)
    for each in found.judged:
        click.echo(f"  {each.tier:9} {show_safely(each.about)}: {show_safely(each.why)}")
    if ticket is not None:
        paths = [f"{place}:{path}" for place, named in found.scope.paths.items() for path in named]
        about = ", ".join([*paths, *sorted(found.scope.services)]) or "nothing on a host"
        say(f"#{ticket} is about {about}")


@policy_command.command("test")
@click.argument("file", required=False)
@click.option("--profile", default="cody", show_default=True, help="Who would run the commands of the file.")
@json_option
@with_app
def test_policy(app: App, file: str | None, profile: str, as_json: bool) -> int:
    """Try the examples of the rows in force, or the commands of a file; exit 1 when one is judged otherwise.

    The file is YAML: `commands:`, a list of `command`, `host` and `verdict` (allow, ask or deny).

    Example: kanban policy test mine.yaml
    """
    from kanban.service.policy import count_examples, find_surprises, find_wrong_examples

    if file is None:
        tried, wrong = count_examples(app.live.settings), list(find_wrong_examples(app.live.settings))
    else:
        tried, wrong = find_surprises(app.live.current(), Path(file), app.live.profile(profile))
    if as_json:
        print_data({"tried": tried, "wrong": wrong})
    else:
        for each in wrong:
            click.echo(show_safely(each))
        say(f"{tried - len(wrong)} of {tried} are judged as expected")
    return 1 if wrong else 0
