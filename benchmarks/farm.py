"""A home whose workers speak to the loopback, and its daemon."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.boards import temporary_app
from kanban.app import App
from kanban.domain.ticket import THE_PERSON
from kanban.store.filing import NewTicket
from kanban.yamlfile import edit_yaml

WORKER = "cody"


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
    return app.board.create_ticket(NewTicket(title, "What is to be done.", assignee=WORKER), THE_PERSON, app.clock())
