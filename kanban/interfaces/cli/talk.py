"""`kanban ask` and `kanban chat`: the person talks with Ginger."""

import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext

import click

from kanban.app import App
from kanban.errors import InvalidInput, KanbanError
from kanban.interfaces.cli.follow import follow_request, say_who_dispatches
from kanban.interfaces.cli.narrator import ScreenNarrator, SilentNarrator
from kanban.interfaces.cli.output import colour_status, is_terminal, json_option, print_data, say, show_safely
from kanban.interfaces.cli.page import print_markdown
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service.shapes import request_as_json
from kanban.service.talk import Exchange

MOST_ASKED = 200  # earlier words of the person that the arrows bring back


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
    """Talk with Ginger. The conversation is kept and goes on where it was.

    Enter sends, Alt-Enter begins another line, the arrows bring back what you asked before. Ctrl-C stops her, or drops
    what you typed; Ctrl-D ends the talk. What is piped in is a question a line, to an empty one.

    Example: kanban chat
    """
    conversation = None if new else app.store.queries.last_conversation()
    awaited = _begin_chat(app, conversation)
    listen = _make_listener(app, awaited)
    while words := listen():
        try:
            spoken = _speak(app, words, conversation, quiet=False)
        except KanbanError as error:
            say(f"error: {error}\n  {error.hint}")
            continue
        except KeyboardInterrupt:
            say("\nstopped; what she filed stays. Ctrl-D ends the talk")
            conversation = app.store.queries.last_conversation()
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
        say("a new conversation; Ctrl-D ends it")
        return []
    requests = app.store.queries.requests_of_conversation(conversation)
    say(f"going on with the conversation of request {requests[0].id}; --new begins another")
    last = requests[-1]
    click.secho(f"you: {show_safely(last.words)}", dim=True)
    if last.answer:
        print_markdown(last.answer)
    _print_answers(app, [r.id for r in requests[:-1] if r.answered_at and r.answered_at > last.created_at])
    return [request.id for request in requests if request.status == "working"]


def _make_listener(app: App, awaited: list[int]) -> Callable[[], str | None]:
    """The person's next words, nothing at the end. Answers that come meanwhile are printed and leave `awaited`."""

    def look() -> None:
        awaited[:] = _print_answers(app, awaited)

    def read_line() -> str:
        line = sys.stdin.readline().strip()
        look()
        return line

    if not (sys.stdin.isatty() and is_terminal()):
        return read_line
    from kanban.interfaces.cli.prompt import Prompt

    asked = [request.words for request in reversed(app.store.queries.list_requests(MOST_ASKED))]
    return Prompt(asked, look, app.store.db.close).read


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
        print_markdown(request.answer)
    return still
