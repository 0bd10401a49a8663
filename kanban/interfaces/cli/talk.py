"""`kanban ask` and `kanban chat`: the person talks with Ginger."""

import select
import sys
from collections.abc import Iterable
from contextlib import nullcontext

import click

from kanban.app import App
from kanban.errors import InvalidInput, KanbanError
from kanban.interfaces.cli.follow import follow_request, say_who_dispatches
from kanban.interfaces.cli.narrator import ScreenNarrator, SilentNarrator
from kanban.interfaces.cli.output import colour_status, json_option, print_data, say, show_safely
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service.shapes import request_as_json
from kanban.service.talk import Exchange

LOOK_SECONDS = 0.3  # between two looks for an answer while the person types


@click.command("ask")
@click.argument("words", nargs=-1, required=True, metavar="TEXT")
@click.option("--wait", is_flag=True, help="Follow the tickets until the answer is there.")
@json_option
@with_app
def ask_command(app: App, words: tuple[str, ...], wait: bool, as_json: bool) -> None:
    """Ask Ginger for something. She answers, or files tickets and answers when they are done.

    Example: kanban ask --wait "Why is the crypto bot stuck?"
    """
    asked = " ".join(words)
    spoken = ask_and_wait(app, asked, quiet=as_json) if wait else _speak(app, asked, None, quiet=as_json)
    if as_json:
        print_data(request_as_json(app.store.queries.get_request(spoken.request_id), app.store.queries))


@click.command("chat")
@click.option("--new", is_flag=True, help="Begin a new conversation instead of going on with the last.")
@with_app
def chat_command(app: App, new: bool) -> None:
    """Talk with Ginger. The conversation is kept and goes on where it was; an empty line or Ctrl-D ends it.

    Example: kanban chat
    """
    conversation = None if new else app.store.queries.last_conversation()
    awaited = _begin_chat(app, conversation)
    while words := _listen(app, awaited):
        try:
            spoken = _speak(app, words, conversation, quiet=False)
        except KanbanError as error:
            say(f"error: {error}\n  {error.hint}")
            continue
        conversation = spoken.conversation_id
        if spoken.awaits:
            awaited.append(spoken.request_id)
    if awaited:
        numbers = ", ".join(map(str, awaited))
        say(f"still under way: request {numbers}. `kanban request show N` has the answer when it is there.")


def ask_and_wait(app: App, words: str, *, quiet: bool = False) -> Exchange:
    """Ask, follow the tickets that were filed, and print the answer."""
    since = app.store.queries.last_event_id()
    spoken = _speak(app, words, None, quiet=quiet)
    if spoken.awaits:
        follow_request(app, spoken.request_id, since, quiet=quiet)
        if not quiet:
            _print_answers(app, [spoken.request_id])
    return spoken


def _speak(app: App, words: str, conversation: int | None, *, quiet: bool) -> Exchange:
    """One exchange; prints Ginger's words as they come, and what she filed. Raises KanbanError when she failed."""
    caller = the_person(app, "asking")
    if not words.strip():
        raise InvalidInput("there is nothing to ask", 'write what you want: kanban ask "…"')
    ginger = app.live.orchestrator
    if not quiet:
        say(f"{ginger.name} ({ginger.model}) …")
    screen = None if quiet else ScreenNarrator()
    with screen.counting() if screen else nullcontext():
        spoken = app.talk(words, conversation, caller, screen or SilentNarrator(), screen.on_piece if screen else None)
    if not quiet:
        click.echo()
        if spoken.ending.question:
            click.echo(show_safely(spoken.ending.question))
            if conversation is None:
                say("answer with `kanban chat`, which goes on with this conversation")
        _print_filed(app, spoken.request_id)
        if spoken.awaits or spoken.is_due:
            say_who_dispatches(app)
    spoken.require_end(ginger)
    return spoken


def _begin_chat(app: App, conversation: int | None) -> list[int]:
    """Say where the conversation stands; returns the requests in it whose answer is still awaited."""
    if conversation is None:
        say("a new conversation; an empty line ends it")
        return []
    requests = app.store.queries.requests_of_conversation(conversation)
    say(f"going on with the conversation of request {requests[0].id}; --new begins another")
    last = requests[-1]
    click.secho(f"you: {show_safely(last.words)}", dim=True)
    if last.answer:
        click.secho(show_safely(last.answer), dim=True)
    _print_answers(app, [r.id for r in requests[:-1] if r.answered_at and r.answered_at > last.created_at])
    return [request.id for request in requests if request.status == "working"]


def _listen(app: App, awaited: list[int]) -> str:
    """The person's next line, empty at the end. Answers that come meanwhile are printed and leave `awaited`."""
    if sys.stdin.isatty():  # what is piped in may be buffered already, and nobody waits at a prompt
        _prompt()
        while not select.select([sys.stdin], [], [], LOOK_SECONDS)[0]:
            awaited[:], before = _print_answers(app, awaited), len(awaited)
            if len(awaited) < before:
                _prompt()
    line = sys.stdin.readline().strip()
    awaited[:] = _print_answers(app, awaited)
    return line


def _prompt() -> None:
    click.echo("\nyou: ", nl=False)


def _print_filed(app: App, request_id: int) -> None:
    for ticket in app.store.queries.tickets_of_request(request_id):
        who = ticket.assignee or "the rubric decides"
        click.echo(f"  #{ticket.id} {colour_status(f'{ticket.status:<8}')}  {show_safely(ticket.title)}  ({who})")


def _print_answers(app: App, awaited: Iterable[int]) -> list[int]:
    """Print the answers that have come; returns the requests that are still awaited."""
    still = []
    for request_id in awaited:
        request = app.store.queries.get_request(request_id)
        if request.answer is None or request.status != "answered":
            still.append(request_id)
            continue
        click.secho(f"\nThe answer to request {request_id}:\n", bold=True)
        click.echo(show_safely(request.answer))
    return still
