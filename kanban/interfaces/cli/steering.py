"""What the person does to a ticket that is on the board."""

import sys

import click

from kanban.app import App
from kanban.briefs.written import lay_out_body
from kanban.domain.brief import Brief
from kanban.domain.ticket import RESERVED_ASSIGNEES, BlockReason, Caller
from kanban.errors import InvalidInput
from kanban.files.editor import edit_in_editor
from kanban.interfaces.cli.arguments import TICKET, change_each, ticket_argument, tickets_argument
from kanban.interfaces.cli.output import is_terminal, json_option, say, show_safely
from kanban.interfaces.cli.page import print_changed
from kanban.interfaces.cli.session import person_or_own_ticket, the_person, with_app
from kanban.interfaces.cli.writing import parse_brief, read_body
from kanban.service import tickets
from kanban.service.edits import begin_edit, find_warnings, finish_edit
from kanban.service.views import TicketView


@click.command("edit")
@ticket_argument
@click.option("--title", help="What it is called from now on.")
@click.option("--body", metavar="-|FILE", help="Its new text, or a brief as JSON: a file, or - for stdin.")
@click.option("--priority", type=int, help="Higher starts first.")
@json_option
@with_app
def edit_command(
    app: App, number: int, title: str | None, body: str | None, priority: int | None, as_json: bool
) -> None:
    """Change a ticket; without options its text is opened in $EDITOR. Earlier versions: kanban show N --history.

    Example: kanban edit 12 --body brief.json
    """
    caller = the_person(app, "editing a ticket")
    view = app.store.queries.view_ticket(number)
    if title is not None and not title.strip():
        raise InvalidInput("a ticket needs a title", "leave --title out to keep the one it has")
    if body is None and title is None and priority is None:
        if not _edit_in_editor(app, number, caller):
            return say("nothing was changed")
        return print_changed(app, number, as_json)
    written = _read_written(body)
    new_title = (title or view.ticket.title).strip()
    text, brief = _lay_out(view, new_title, written)
    for warning in find_warnings(app.live.current(), view, new_title, text, brief) if text is not None else ():
        say(f"warning: {warning}")
    tickets.edit(
        app.parts, number, caller, app.clock(), title=title and new_title, body=text, brief=brief, priority=priority
    )
    print_changed(app, number, as_json)


@click.command("comment")
@ticket_argument
@click.argument("text")
@json_option
@with_app
def comment_command(app: App, number: int, text: str, as_json: bool) -> None:
    """Leave a note on a ticket; whoever works on it next reads it.

    Example: kanban comment 12 "The dashboard moved to port 8081"
    """
    caller = person_or_own_ticket(app, number)
    tickets.comment(app.parts, number, text, caller, app.clock())
    print_changed(app, number, as_json)


@click.command("assign")
@tickets_argument
@click.argument("assignee", metavar="P")
@click.option("--because", metavar="T", help="Why, in your words: how it may become a rule is shown, and asked.")
@json_option
@with_app
def assign_command(app: App, numbers: tuple[int, ...], assignee: str, because: str | None, as_json: bool) -> int:
    """Give tickets to a profile, to default (Ginger splits or routes it) or to human (it waits for you).

    Example: kanban assign 12 cody --because "Not you. Cody."
    """
    caller = the_person(app, "assigning a ticket")
    if because is not None and (assignee in RESERVED_ASSIGNEES or as_json):
        raise InvalidInput("only a profile can become a rule of the rubric", "kanban rubric add P --said T --ticket N")
    status = change_each(app, numbers, lambda n: tickets.assign(app.parts, n, assignee, caller, app.clock()), as_json)
    if because and status == 0:
        from kanban.interfaces.cli.corrections import find_readings, settle

        readings = find_readings(app, numbers[0], assignee, because)
        if any(moved.ticket_id == numbers[0] for reading in readings for moved in reading.effect.moved):
            settle(app, readings, because, None, as_json)
        else:
            say(f"the rubric gives it to {assignee} as it is; there is nothing to correct")
    return status


@click.command("block")
@tickets_argument
@click.option("--reason", type=click.Choice([*map(str, BlockReason)]), required=True, help="Why it is held back.")
@click.option("--why", default="", metavar="T", help="The same in your words.")
@json_option
@with_app
def block_command(app: App, numbers: tuple[int, ...], reason: str, why: str, as_json: bool) -> int:
    """Hold tickets back; a run that works on one is stopped.

    Example: kanban block 12 --reason needs_input --why "which of the two hosts?"
    """
    caller = the_person(app, "blocking a ticket")
    return change_each(
        app, numbers, lambda n: tickets.block(app.parts, n, BlockReason(reason), caller, app.clock(), why), as_json
    )


@click.command("unblock")
@tickets_argument
@click.option("--note", default="", metavar="T", help="What the worker should know or do differently.")
@click.option("--assign", metavar="P", help="Give it to this profile as well.")
@json_option
@with_app
def unblock_command(app: App, numbers: tuple[int, ...], note: str, assign: str | None, as_json: bool) -> int:
    """Let blocked or stale tickets go on. Their failures so far no longer count.

    Example: kanban unblock 12 --note "use the host webb"
    """
    caller = the_person(app, "unblocking a ticket")
    return change_each(
        app, numbers, lambda n: tickets.unblock(app.parts, n, caller, app.clock(), note, assign), as_json
    )


@click.command("reopen")
@tickets_argument
@click.option("--why", default="", metavar="T", help="What is still missing.")
@json_option
@with_app
def reopen_command(app: App, numbers: tuple[int, ...], why: str, as_json: bool) -> int:
    """Start done tickets again.

    Example: kanban reopen 12 --why "the tile shows yesterday's weather"
    """
    caller = the_person(app, "reopening a ticket")
    return change_each(app, numbers, lambda n: tickets.reopen(app.parts, n, caller, app.clock(), why), as_json)


@click.command("cancel")
@tickets_argument
@click.option("--why", default="", metavar="T", help="Why it is given up.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_app
def cancel_command(app: App, numbers: tuple[int, ...], why: str, yes: bool, as_json: bool) -> int:
    """Give tickets up and stop their runs; what waits for them is blocked.

    Example: kanban cancel 12 --why "no longer needed"
    """
    caller = the_person(app, "cancelling a ticket")
    if not yes and not as_json and sys.stdin.isatty() and is_terminal():
        named = ", ".join(f"#{n} {show_safely(app.store.queries.get_ticket(n).title)}" for n in numbers)
        click.confirm(f"Give up {named}?", abort=True, err=True)
    return change_each(app, numbers, lambda n: tickets.cancel(app.parts, n, caller, app.clock(), why), as_json)


@click.command("undo")
@click.argument("numbers", type=TICKET, nargs=-1, metavar="[N...]")
@json_option
@with_app
def undo_command(app: App, numbers: tuple[int, ...], as_json: bool) -> int:
    """Take back what you did last: to these tickets, or to any. Say it again to take back what you did before.

    It reaches assign, block, unblock, cancel, reopen, retry, split, edit and wait-for, as long as nobody has gone on
    from there. What cannot be taken back is told.

    Example: kanban undo 12
    """
    caller = the_person(app, "undoing")

    def undo(number: int | None) -> int:
        undone = tickets.undo(app.parts, number, caller, app.clock())
        say(str(undone))
        for sentence in undone.stays:
            say(f"  {sentence}")
        return undone.ticket_id

    if not numbers:
        print_changed(app, undo(None), as_json)
        return 0
    return change_each(app, numbers, undo, as_json)


def _read_written(body: str | None) -> tuple[str, Brief | None] | None:
    if body is None:
        return None
    text = read_body(body)
    return text, parse_brief(text, body)


def _edit_in_editor(app: App, number: int, caller: Caller) -> bool:
    """Have the person write a new text; False when they left it as it was."""
    edit = begin_edit(app.store.queries, number)
    written = edit_in_editor(edit.text, edit.ending)
    if written is None:
        return False
    for warning in finish_edit(app.parts, app.home.path, edit, written, caller, app.clock()):
        say(f"warning: {warning}")
    return True


def _lay_out(view: TicketView, title: str, written: tuple[str, Brief | None] | None) -> tuple[str | None, Brief | None]:
    """The new text and brief; both None when the body stays as it is. A brief carries the title in its text."""
    if written is None and (view.brief is None or title == view.ticket.title):
        return None, None
    text, brief = written or ("", view.brief)
    return lay_out_body(title, text, brief), brief
