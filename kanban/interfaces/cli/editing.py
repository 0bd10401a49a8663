"""A file of the home in the person's editor, until it is right or they give it up."""

import sys

import click

from kanban.errors import InvalidFile
from kanban.files.editor import edit_in_editor
from kanban.interfaces.cli.output import is_terminal, print_error, say
from kanban.service.amendment import Amendment


def edit_until_right(amendment: Amendment, text: str | None = None) -> None:
    """Have a file edited and put in force; `text` is what the editor begins with, else the file as it is.

    Without a terminal a wrong text raises InvalidFile. Nothing that was typed is lost.
    """
    begun = amendment.before if text is None else text
    written = edit_in_editor(begun, ".yaml")
    if written is None and text is None:
        return say("nothing was changed")
    written = written or begun
    while True:
        try:
            click.echo(f"{amendment.put_in_force(written)} is in force")
            return
        except InvalidFile as problem:
            if not (sys.stdin.isatty() and is_terminal()):
                raise
            print_error(problem, as_json=False)
        click.confirm("Edit it again?", default=True, abort=True, err=True)
        written = edit_in_editor(written, ".yaml") or written
