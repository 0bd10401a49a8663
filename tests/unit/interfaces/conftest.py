"""A real home for every test: made once, then copied."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from kanban.app import App, build
from kanban.domain.outcome import Purpose
from kanban.files.home import init_home
from kanban.store.runs import NewRun
from tests.unit.interfaces.terminal import run_kanban


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "home"
    init_home(path)
    db = build(path).store.db
    db.close()
    return path


@pytest.fixture
def home(template, tmp_path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "home"))


@pytest.fixture
def kanban(home):
    """Types a command: `kanban("show", 1)`."""
    return partial(run_kanban, home)


@pytest.fixture
def app(home):
    """The board behind the commands, for what no command does."""
    app = build(home)
    yield app
    app.store.db.close()


@pytest.fixture
def claim(app: App):
    """Starts a work run of a ready ticket and returns its number."""

    def claim(ticket_id: int, profile: str = "cody") -> int:
        run = NewRun(Purpose.WORK, profile, "m", ticket_id, app.store.queries.get_ticket(ticket_id).request_id)
        run_id = app.store.runs.claim(run, app.clock(), 60)
        assert run_id is not None
        return run_id

    return claim
