"""`kanban backup` and `kanban restore`."""

from pathlib import Path

import click

from kanban.app import App
from kanban.domain.showing import as_time
from kanban.errors import InvalidInput, Refused
from kanban.files.settings import caller_run_id
from kanban.interfaces.cli.output import json_option, print_data, print_table, say, show_age
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service.views import Backup


@click.command("backup")
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@click.option("--list", "listing", is_flag=True, help="List the copies in the home's backups folder instead.")
@json_option
@with_app
def backup_command(app: App, file: Path | None, listing: bool, as_json: bool) -> None:
    """Copy the board while it is in use, to FILE or into the home's backups folder.

    Example: kanban backup ~/board-before-the-trip.db
    """
    if listing and file is not None:
        raise InvalidInput("--list takes no FILE", "leave one of them out")
    if listing:
        _print_list(app.upkeep.backups.list(), app.clock(), as_json)
        return
    the_person(app, "a backup")
    if file is None:
        file = app.upkeep.backups.make_by_hand(app.clock())
    else:
        app.upkeep.backups.copy_to(file)
    size = file.stat().st_size
    if as_json:
        print_data({"path": str(file), "size": size})
    else:
        click.echo(f"{file} ({size / 1e6:.1f} MB)")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@json_option
@with_app
def restore_command(app: App, file: Path, as_json: bool) -> None:
    """Put a copy in the board's place; the old file and the folders of runs are kept. Refused under a live daemon.

    Example: kanban restore ~/board-before-the-trip.db
    """
    if caller_run_id() is not None:  # the board itself may be too damaged to ask it who this is
        raise Refused("a restore is for the person only", "run it from your own terminal")
    restored = app.upkeep.restore(file)
    if as_json:
        kept = str(restored.kept) if restored.kept else None
        print_data({"restored": str(file), "kept": kept, "set_aside": list(map(str, restored.set_aside))})
        return
    click.echo(f"the board is {file} now")
    if restored.kept:
        say(f"what it was before is kept as {restored.kept}")
    if restored.set_aside:
        say(f"{len(restored.set_aside)} folders of later runs are kept in {restored.set_aside[0].parent}")


def _print_list(backups: list[Backup], now: float, as_json: bool) -> None:
    if as_json:
        print_data([_as_json(backup) for backup in backups])
    elif backups:
        rows = [
            (show_age(backup.made_at, now), f"{backup.size / 1e6:.1f} MB", backup.label, str(backup.path))
            for backup in backups
        ]
        print_table(("made", "size", "why", "file"), rows)
    else:
        say("there are no copies yet; `kanban backup` makes one")


def _as_json(backup: Backup) -> dict[str, object]:
    return {
        "path": str(backup.path),
        "why": backup.label,
        "made_at": as_time(backup.made_at),
        "size": backup.size,
    }
