"""`kanban rubric`: which profile takes what."""

from pathlib import Path

import click

from kanban.app import App
from kanban.domain.rubric import Rubric
from kanban.interfaces.cli.output import (
    json_option,
    print_data,
    say,
    show_safely,
)
from kanban.interfaces.cli.session import the_person, with_app
from kanban.routing import Route


@click.group("rubric")
def rubric_command() -> None:
    """Which profile takes what."""


@rubric_command.command("show")
@json_option
@with_app
def show_rubric(app: App, as_json: bool) -> None:
    """Show the rubric in force: rules in the order they are tried, boundaries, ladder and corrections.

    Example: kanban rubric show
    """
    rubric = _current(app)
    if as_json:
        print_data({"problem": app.live.rubric.problem, "rubric": rubric.model_dump(mode="json")})
        return
    for number, rule in enumerate(rubric.rules, 1):
        click.secho(f"{number}. {show_safely(rule.name)} → {show_safely(rule.assign)}", bold=True)
        click.echo(f"   {show_safely(rule.reason)}")
        click.secho(f"   when {show_safely(rule.when.describe())}", dim=True)
    _print_rest(rubric)


@rubric_command.command("check")
@click.argument("file", required=False)
@json_option
@with_app
def check_rubric_file(app: App, file: str | None, as_json: bool) -> None:
    """Say whether rubric.yaml, or another file that might become it, is right, and what in it is probably not meant.

    Example: kanban rubric check draft.yaml
    """
    from kanban.files.home import check_rubric, load_profiles
    from kanban.files.yamlfile import read_document
    from kanban.service.rubric import list_doubts

    path, profiles = Path(file) if file else app.home.rubric_file, load_profiles(app.home)
    rubric = check_rubric(read_document(path), profiles)
    doubts, counts = list_doubts(rubric, profiles), {"rules": len(rubric.rules), "boundaries": len(rubric.boundaries)}
    if as_json:
        print_data({"file": str(path), **counts, "doubts": doubts})
        return
    click.echo(f"{path} is right: {counts['rules']} rules, {counts['boundaries']} boundaries")
    for doubt in doubts:
        say(f"warning: {doubt}")


@rubric_command.command("edit")
@with_app
def edit_rubric(app: App) -> None:
    """Edit rubric.yaml in $EDITOR. What is wrong is refused with the reason, and nothing you typed is lost.

    Example: kanban rubric edit
    """
    from kanban.interfaces.cli.editing import edit_until_right
    from kanban.service.amendment import amend_rubric

    the_person(app, "editing the rubric")
    edit_until_right(amend_rubric(app.home))


@rubric_command.command("explain")
@click.argument("subject", metavar='N|"TEXT"')
@json_option
@with_app
def explain_route(app: App, subject: str, as_json: bool) -> None:
    """Say who would take a ticket, or something you might ask: each rule tried, and why.

    Example: kanban rubric explain "fix the padding of the weather tile"
    """
    route = _explain(app, subject)
    if as_json:
        from kanban.service.shapes import route_as_json

        print_data(route_as_json(route))
        return
    for trial in route.trials:
        mark = click.style("fits", fg="green") if trial.matched else "    "
        click.echo(f"{mark}  {show_safely(f'{trial.rule}: {trial.why}')}")
    click.secho(f"→ {route.goal}", bold=True, nl=False)
    click.echo(f"  {show_safely(route.why)}")


def _current(app: App) -> Rubric:
    rubric = app.live.rubric.current()
    if app.live.rubric.problem:
        say(f"warning: {app.live.rubric.problem}")
    return rubric


def _explain(app: App, subject: str) -> Route:
    rubric = _current(app)
    if subject.isdecimal():
        from kanban.dispatch.starts import route_ticket

        return route_ticket(
            app.store.queries.get_ticket(int(subject)), app.live.current(), app.store.queries, app.store.due
        )[1]
    from kanban.routing import explain_text

    return explain_text(subject, rubric, app.live.profiles)


def _print_rest(rubric: Rubric) -> None:
    for boundary in rubric.boundaries:
        never = f"never {', '.join(boundary.profiles)} when {boundary.never.describe()} ({boundary.reason})"
        click.echo(show_safely(f"\nboundary {boundary.name}: {never}"))
    for row in rubric.classify:
        click.echo(show_safely(f"\nwithout a category it is {row.category} when it says: {', '.join(row.words)}"))
    for start, steps in rubric.ladder.items():
        click.echo(show_safely(f"\nladder: after {start} comes {', then '.join(steps)}"))
    breadth = rubric.decompose_over
    click.echo(f"\nsplit first: more than {breadth.targets} targets or {breadth.est_turns} estimated turns")
    for correction in rubric.corrections:
        click.echo(show_safely(f"\nyou said on {correction.date}: {correction.said!r} → {correction.rule}"))
