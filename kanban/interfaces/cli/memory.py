"""`kanban memory`: what agents keep for next time, and what you want them to know."""

import click

from kanban.app import App
from kanban.domain.showing import show_line, show_safely
from kanban.interfaces.cli.output import json_option, print_data, print_table, say, show_age
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service import memory
from kanban.service.shapes import memory_as_json
from kanban.service.views import Remembered

SHOWN = 100  # characters of a memory in a list


@click.group("memory")
def memory_command() -> None:
    """What agents keep for next time. What you said yourself counts as your wish, all else as their notes.

    Example: kanban memory list
    """


@memory_command.command("list")
@click.argument("words", nargs=-1)
@click.option("--limit", type=click.IntRange(min=0), default=50, show_default=True, help="0: as many as there are.")
@json_option
@with_app
def list_command(app: App, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List what is kept, newest first; with WORDS what holds any of them.

    Example: kanban memory list phone
    """
    found = app.store.queries.recall(" ".join(words), limit or -1)
    if as_json:
        print_data([memory_as_json(kept) for kept in found])
        return
    if not found:
        say("nothing is kept" + (" that holds these words" if words else ""))
        return
    now = app.clock()
    rows = [[str(kept.id), _whose(kept), show_age(kept.created_at, now), _cut(show_line(kept.text))] for kept in found]
    print_table(["number", "whose", "age", "text"], rows)


@memory_command.command("show")
@click.argument("number", type=int)
@json_option
@with_app
def show_command(app: App, number: int, as_json: bool) -> None:
    """Show one memory whole, with the run that it comes from.

    Example: kanban memory show 3
    """
    kept = app.store.queries.get_memory(number)
    if as_json:
        print_data(memory_as_json(kept))
        return
    run = f", run {kept.run_id}" if kept.run_id is not None else ""
    click.secho(f"{kept.id}  {_whose(kept)}{run}, {show_age(kept.created_at, app.clock())} ago", bold=True)
    click.echo(show_safely(kept.text))


@memory_command.command("add")
@click.argument("text")
@json_option
@with_app
def add_command(app: App, text: str, as_json: bool) -> None:
    """Have every run know something from now on: a preference of yours, or a fact.

    Example: kanban memory add "I read the dashboard on a phone."
    """
    the_person(app, "saying what the person wishes")
    kept = memory.add(app.store, text, app.clock())
    if as_json:
        print_data(memory_as_json(kept))
        return
    say("kept; the next runs read it")


@memory_command.command("edit")
@click.argument("number", type=int)
@click.argument("text")
@json_option
@with_app
def edit_command(app: App, number: int, text: str, as_json: bool) -> None:
    """Put other words in its place; whose it is stays.

    Example: kanban memory edit 3 "I read the dashboard on a tablet."
    """
    caller = the_person(app, "changing what is kept")
    changed = memory.change(app.store, number, text, caller, app.clock())
    if as_json:
        print_data(memory_as_json(changed))
        return
    say(f"memory {number} is changed")


@memory_command.command("forget")
@click.argument("numbers", type=int, nargs=-1, required=True)
@json_option
@with_app
def forget_command(app: App, numbers: tuple[int, ...], as_json: bool) -> None:
    """Remove what is wrong or no longer true; it is printed, so that it can be put back.

    Example: kanban memory forget 3
    """
    caller = the_person(app, "forgetting what is kept")
    forgotten = memory.forget(app.store, numbers, caller, app.clock())
    if as_json:
        print_data([memory_as_json(kept) for kept in forgotten])
        return
    for kept in forgotten:
        say(f"forgotten: {kept.id}  {_whose(kept)}: {kept.text}")


def _whose(kept: Remembered) -> str:
    return "yours" if kept.from_person else f"note of {show_safely(kept.author)}"


def _cut(line: str) -> str:
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
