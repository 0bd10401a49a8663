"""`kanban init`."""

from pathlib import Path

import click

from kanban.app import build
from kanban.files.settings import find_home
from kanban.interfaces.cli.output import json_option, print_data, say


@click.command("init")
@click.argument("folder", required=False, metavar="[DIR]")
@json_option
@click.pass_context
def init_command(ctx: click.Context, folder: str | None, as_json: bool) -> None:
    """Make a home: the folder that holds one board. What exists is left as it is.

    Example: kanban init ~/.kanban
    """
    from kanban.files.home import init_home

    path = find_home(folder or ctx.find_root().obj)
    made = init_home(path)
    app = build(path)
    app.store.db.close()
    if as_json:
        print_data({"home": str(path), "made": [str(file) for file in made]})
        return
    say(f"{'made' if made else 'complete already:'} {path}")
    for file in made:
        click.echo(str(file))
    _say_what_next(path, bool(made))


def _say_what_next(path: Path, new: bool) -> None:
    if new:
        say(f"next: put a key into {path / '.env'}, then `kanban up` in one terminal and `kanban chat` in another")
