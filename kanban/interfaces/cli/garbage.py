"""`kanban gc`."""

from dataclasses import asdict

import click

from kanban.app import App
from kanban.interfaces.cli.output import json_option, print_data
from kanban.interfaces.cli.session import the_person, with_app


@click.command("gc")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@json_option
@with_app
def gc_command(app: App, dry_run: bool, as_json: bool) -> None:
    """Remove what old runs have left, as keep_runs_days, keep_runs_mb and keep_logs_mb in kanban.yaml say.

    What an open ticket needs, artifacts, and files that an answer names stay. The daemon does this every day.

    Example: kanban gc --dry-run
    """
    the_person(app, "removing what old runs have left")
    removal = app.upkeep.collect_garbage(app.store.db, dry_run=dry_run)
    if as_json:
        print_data(asdict(removal))
        return
    verb = "would go" if dry_run else "removed"
    numbers = ", ".join(map(str, removal.runs[:20])) + (" …" if len(removal.runs) > 20 else "")
    click.echo(f"{verb}: {removal.freed / 1e6:.1f} MB of {len(removal.runs)} runs{f' ({numbers})' if numbers else ''}")
    if removal.logs:
        click.echo(f"{'would be cut' if dry_run else 'cut'}: {', '.join(removal.logs)}")
