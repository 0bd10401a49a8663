"""A home whose workers speak to the loopback, and its daemon."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout

from benchmarks.boards import temporary_app
from kanban.agents.context import Context
from kanban.app import App
from kanban.dispatch.runner import hold_lease
from kanban.domain.message import Message, Role
from kanban.domain.outcome import Ending, Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.files.yamlfile import edit_yaml
from kanban.interfaces.cli.narrator import LogNarrator
from kanban.store.filing import NewTicket
from kanban.store.runs import NewRun
from kanban.tools.base import AnyTool

WORKER = "cody"
LEASE = 30.0
NOWHERE = "http://127.0.0.1:9"  # no request is sent
OPENING = [Message(Role.SYSTEM, "You carry out tickets.\n" * 150), Message(Role.USER, "What is to be done.\n" * 60)]


@contextmanager
def loopback_app(url: str, parallel: int = 1) -> Iterator[App]:
    """The app of a new home; its models are reached at `url`, and so many runs of a profile fit in at once."""
    with temporary_app() as app:
        changes = {"api_base": url, "api_key_env": None, "max_parallel": parallel}
        for profile in app.home.profiles_folder.glob("*.yaml"):
            edit_yaml(profile, lambda data: data.update(changes))
        edit_yaml(app.home.settings_file, lambda data: data.update(slots=parallel))
        yield app


@contextmanager
def daemon(app: App) -> Iterator["subprocess.Popen[bytes]"]:
    """The real daemon of a home, stopped with its runs at the end."""
    command = [sys.executable, "-m", "kanban", "--home", str(app.home.path), "up", "--stop", "hand_back"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as up:
        try:
            yield up
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(timeout=30)


def file_ticket(app: App, title: str) -> int:
    """Put a ticket for the worker on the board; it is ready at once."""
    return app.store.board.create_ticket(
        NewTicket(title, "What is to be done.", assignee=WORKER), THE_PERSON, app.clock()
    )


def set_worker(app: App, **settings: object) -> None:
    """Change the worker's profile."""
    edit_yaml(app.home.profiles_folder / f"{WORKER}.yaml", lambda data: data.update(settings))


def claim_run(app: App) -> Context:
    """A claimed work run, ready to be played in this process."""
    ticket_id = file_ticket(app, "Sixty turns")
    run_id = app.store.runs.claim(
        NewRun(Purpose.WORK, WORKER, app.live.profile(WORKER).model, ticket_id), app.clock(), LEASE
    )
    assert run_id is not None
    return app.make_context(run_id, LogNarrator())


def play_run(app: App, context: Context, tools: Mapping[str, AnyTool]) -> Ending:
    """Play a run to its end with all that it writes down, its lease held."""
    lost = threading.Event()
    with (
        app.log_file(context.run_id).open("a") as file,
        redirect_stdout(file),
        hold_lease(app.store.runs, context.run_id, LEASE, lost.set),
    ):
        ending = context.make_loop(tools, "complete", "block").run(OPENING)
    context.workshop.close()
    assert not lost.is_set(), "the run lost its lease"
    return ending
