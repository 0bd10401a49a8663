"""`kanban rubric`: which profile takes what."""

import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from kanban.app import App
from kanban.domain.rubric import Condition, Rubric
from kanban.domain.showing import as_time
from kanban.errors import InvalidInput, NotFound
from kanban.interfaces.cli.arguments import TICKET, Since
from kanban.interfaces.cli.output import (
    json_option,
    print_data,
    print_table,
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
    edit_until_right(amend_rubric(app.home, app.clock))


@rubric_command.command("add")
@click.argument("assign", metavar="P")
@click.option("--said", required=True, metavar="T", help="Your words; they stay with the rule.")
@click.option("--ticket", type=TICKET, metavar="N", help="The ticket that went wrong: how it may be meant is offered.")
@click.option("--category", multiple=True, metavar="C", help="A category; more than once: any of them.")
@click.option("--word", multiple=True, metavar="W", help="A word of title or goal; more than once: any of them.")
@click.option("--need", multiple=True, metavar="C", help="A capability that it needs; more than once: any of them.")
@click.option("--host", multiple=True, metavar="H", help="A host of its targets; more than once: any of them.")
@click.option("--reading", type=int, metavar="K", help="Put this one in force without being asked.")
@json_option
@with_app
def add_rule_command(
    app: App,
    assign: str,
    said: str,
    ticket: int | None,
    category: tuple[str, ...],
    word: tuple[str, ...],
    need: tuple[str, ...],
    host: tuple[str, ...],
    reading: int | None,
    as_json: bool,
) -> None:
    """Say once who takes what: a rule, put first, with what it would have changed of your last 50 tickets.

    Example: kanban rubric add cody --said "Not you. Cody." --ticket 12
    """
    from kanban.interfaces.cli.corrections import find_readings, make_reading, settle

    the_person(app, "changing the rubric")
    if not said.strip():
        raise InvalidInput("the rule needs your words", 'kanban rubric add P --said "…"')
    condition = Condition(category=[*category], words=[*word], needs=[*need], hosts=[*host])
    if (ticket is None) == (condition == Condition()):
        raise InvalidInput("what is the rule for?", "either --ticket N, or any of --category, --word, --need, --host")
    if ticket is not None:
        readings = find_readings(app, ticket, assign, said)
    else:
        readings = [make_reading(app, condition, assign, said)]
    settle(app, readings, said, reading, as_json)


@rubric_command.command("stats")
@click.option("--since", type=Since(), default="all", show_default=True, help="24h, 7d, 2w, a date, or all.")
@json_option
@with_app
def show_stats(app: App, since: Callable[[float], float], as_json: bool) -> None:
    """Show how well each profile does in each category, as far as checks and checkers have proven it.

    Example: kanban rubric stats --since 30d
    """
    from kanban.service.learning import list_records

    records = list_records(app.store.numbers.evidence(since(app.clock())))
    if as_json:
        told = [{**asdict(one), "interval": one.interval, "says_something": one.says_something} for one in records]
        return print_data(told)
    if not records:
        return say("no ticket has been worked on in that time")
    rows = [
        (record.category or "-", record.profile, str(record), str(record.unproven), f"{record.turns:.1f}")
        for record in records
    ]
    print_table(("CATEGORY", "PROFILE", "PROVEN", "UNPROVEN", "TURNS"), rows)


@rubric_command.command("suggest")
@json_option
@with_app
def suggest_rules(app: App, as_json: bool) -> None:
    """Say which category would do better with another profile, where the evidence carries it; nothing is changed.

    Example: kanban rubric suggest
    """
    from kanban.interfaces.cli.corrections import make_reading
    from kanban.service.learning import list_records, suggest

    found = suggest(list_records(app.store.numbers.evidence(0.0)), app.live.current())
    if as_json:
        return print_data([{**asdict(one), "gain": one.gain} for one in found])
    for one in found:
        click.secho(show_safely(str(one)), bold=True)
        reading = make_reading(app, Condition(category=[one.category]), one.better.profile, str(one))
        click.echo(f"   {reading.effect}")
        command = f"kanban rubric add {one.better.profile} --category {shlex.quote(one.category)}"
        click.echo(show_safely(f'   {command} --said "…"'))
    if not found:
        say("nothing would surely do better; `kanban rubric stats` has what is known")


@rubric_command.command("log")
@click.argument("number", type=int, required=False, metavar="[K]")
@json_option
@with_app
def log_rubric(app: App, number: int | None, as_json: bool) -> None:
    """List how the rubric was changed, newest first; with a number, the lines that this version changed.

    Example: kanban rubric log 3
    """
    from kanban.files.rubricfile import list_changes

    changes = list_changes(app.home)
    shown = [change for change in reversed(changes) if number in (None, change.version.number)]
    if number is not None and not shown:
        raise NotFound(f"there is no version {number} of the rubric", "`kanban rubric log` lists those that are kept")
    if as_json:
        print_data([{**vars(one.version), "at": as_time(one.version.at), "changes": one.lines} for one in shown])
        return
    for change in shown:
        version, size = change.version, f"+{change.added} -{change.removed}"
        click.echo(f"{version.number:>4}  {as_time(version.at)}  {size:<9}  {show_safely(version.why)}")
        for line in change.lines if number is not None else ():
            click.secho(f"      {show_safely(line)}", fg="green" if line.startswith("+") else "red")
    if not changes:
        say("the program has not changed the rubric yet; `kanban rubric edit` and `add` keep every version")
    elif number is None:
        say("`kanban rubric revert K` puts an earlier one in force again")


@rubric_command.command("revert")
@click.argument("number", type=int, metavar="K")
@json_option
@with_app
def revert_rubric_command(app: App, number: int, as_json: bool) -> None:
    """Put an earlier version of the rubric in force again; the one in force now stays in the log.

    Example: kanban rubric revert 3
    """
    from kanban.files.rubricfile import revert_rubric

    the_person(app, "changing the rubric")
    version = revert_rubric(app.home, number, app.clock())
    if as_json:
        print_data({"in_force": version.number, "file": str(app.home.rubric_file)})
    else:
        click.echo(f"{app.home.rubric_file} is as in version {number}")


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
