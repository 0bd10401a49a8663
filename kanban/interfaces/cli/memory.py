"""`kanban memory`: what agents keep for next time, and what you want them to know."""

import click

from kanban.app import App
from kanban.domain.showing import as_time, show_safely
from kanban.domain.ticket import THE_PERSON
from kanban.errors import InvalidInput
from kanban.interfaces.cli.output import json_option, print_data, print_table, say, show_age
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service.views import Remembered

SHOWN = 100  # characters of a memory in a list
LONGEST = 2_000  # characters that one may have


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
        print_data([as_object(memory) for memory in found])
        return
    if not found:
        say("nothing is kept" + (" that holds these words" if words else ""))
        return
    now = app.clock()
    rows = [
        [str(memory.id), _whose(memory), show_age(memory.created_at, now), show_safely(_cut(memory.text))]
        for memory in found
    ]
    print_table(["number", "whose", "age", "text"], rows)


@memory_command.command("show")
@click.argument("number", type=int)
@json_option
@with_app
def show_command(app: App, number: int, as_json: bool) -> None:
    """Show one memory whole, with the run that it comes from.

    Example: kanban memory show 3
    """
    memory = app.store.queries.get_memory(number)
    if as_json:
        print_data(as_object(memory))
        return
    run = f", run {memory.run_id}" if memory.run_id is not None else ""
    click.secho(f"{memory.id}  {_whose(memory)}{run}, {show_age(memory.created_at, app.clock())} ago", bold=True)
    click.echo(show_safely(memory.text))


@memory_command.command("add")
@click.argument("text")
@json_option
@with_app
def add_command(app: App, text: str, as_json: bool) -> None:
    """Have every run know something from now on: a preference of yours, or a fact.

    Example: kanban memory add "I read the dashboard on a phone."
    """
    the_person(app, "saying what the person wishes")
    text = _check(text)
    app.store.records.remember(THE_PERSON.name, None, text, app.clock())
    if as_json:
        print_data(next(as_object(memory) for memory in app.store.queries.recall("", -1, True) if memory.text == text))
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
    the_person(app, "changing what is kept")
    app.store.records.change_memory(number, _check(text))
    if as_json:
        print_data(as_object(app.store.queries.get_memory(number)))
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
    the_person(app, "forgetting what is kept")
    forgotten = [app.store.queries.get_memory(number) for number in dict.fromkeys(numbers)]
    for memory in forgotten:
        app.store.records.forget(memory.id)
    if as_json:
        print_data([as_object(memory) for memory in forgotten])
        return
    for memory in forgotten:
        say(f"forgotten: {memory.id}  {_whose(memory)}: {memory.text}")


def as_object(memory: Remembered) -> dict[str, object]:
    """A memory for JSON."""
    return {
        "id": memory.id,
        "text": memory.text,
        "author": memory.author,
        "is_persons": memory.from_person,
        "run": memory.run_id,
        "created_at": as_time(memory.created_at),
    }


def _whose(memory: Remembered) -> str:
    return "yours" if memory.from_person else f"note of {show_safely(memory.author)}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _check(text: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidInput("the text is empty", "write what the runs should know")
    if len(text) > LONGEST:
        raise InvalidInput(f"{len(text)} characters are more than {LONGEST}", "keep one fact or preference at a time")
    return text
