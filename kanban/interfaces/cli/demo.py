"""`kanban demo`: a whole request in a home of its own. Only the model is scripted, and that is said."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

import kanban
from kanban.app import App, build
from kanban.interfaces.cli.output import say
from kanban.interfaces.cli.talk import ask_and_wait

QUESTION = "What are the biggest folders in /usr? Make me a small tested tool for it, and note which machine it ran on."
MODEL = "scripted/demo"


@click.command("demo")
def demo_command() -> None:
    """See a whole request run, without any key: Ginger files tickets, workers carry them out, one answer comes back.

    Example: kanban demo
    """
    home = Path(tempfile.mkdtemp(prefix="kanban-demo-"))
    app = make_demo_home(home)
    click.secho("The model in this demo is scripted: it says the same words every time.", bold=True)
    say("Everything else is real: the board, the daemon, the processes, the files, and the checks that decide.")
    if not app.live.settings.has_sandbox:
        say("No sandbox works on this machine (`kanban doctor` says why), so the demo's few commands run without one.")
    click.echo()
    with _daemon(app):
        click.secho(f"you: {QUESTION}", fg="cyan")
        ask_and_wait(app, QUESTION)
    _say_how_to_go_on(home)


def make_demo_home(path: Path) -> App:
    """A home whose profiles all speak the demo's script."""
    from kanban.execution.cell import choose_cell
    from kanban.files.home import init_home
    from kanban.files.yamlfile import edit_yaml

    init_home(path)
    script = path / "scripts" / "demo.yaml"
    script.parent.mkdir()
    script.write_text((Path(kanban.__file__).parent / "demo" / "script.yaml").read_text())
    for profile in (path / "profiles").glob("*.yaml"):
        edit_yaml(profile, lambda data: data.update(model=MODEL))
    if not choose_cell(is_wanted=True).cell.is_closed:
        edit_yaml(path / "kanban.yaml", lambda data: data.update(sandbox="off"))
    return build(path)


@contextmanager
def _daemon(app: App) -> Iterator[None]:
    """The real daemon, in a process of its own, while the demo runs."""
    command = [sys.executable, "-m", "kanban", "--home", str(app.home.path), "up"]
    with (app.home.logs / "daemon.log").open("ab") as log:
        daemon = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()


def _say_how_to_go_on(home: Path) -> None:
    program = _name_program()
    click.secho("\nThat was the demo. Look around in what it made:", bold=True)
    for command in ("list --all", "show 1", "log 1", "events", "rubric show"):
        click.echo(f"  {program} --home {home} {command}")
    click.secho("\nWith a real model:", bold=True)
    click.echo(f"  {program} init          makes ~/.kanban; put a key into ~/.kanban/.env,")
    click.echo(f"  {' ' * len(program)}               or a local model's api_base into ~/.kanban/profiles/*.yaml")
    click.echo(f"  {program} up            in one terminal")
    click.echo(f'  {program} ask --wait "…"   in another')


def _name_program() -> str:
    """This program as the person can type it from here."""
    return min(sys.argv[0], os.path.relpath(sys.argv[0]), key=len)
