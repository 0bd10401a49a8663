"""A home with a sample board, at a path and a time that are the same everywhere."""

import shutil
import time
from pathlib import Path

import pytest

from kanban.app import App, build
from kanban.files.home import init_home
from tests.tui.sample import NOW, Sample


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory):
    """The home of the sample, made once."""
    path = tmp_path_factory.mktemp("sample") / "home"
    init_home(path)
    made = Sample(build(path))
    made.app.store.db.close()
    return made, path


@pytest.fixture(autouse=True)
def _everywhere_the_same(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("EDITOR", "true")
    for name in ("VISUAL", "NO_COLOR", "KANBAN_HOME", "KANBAN_RUN"):
        monkeypatch.delenv(name, raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def sample(sample_home, tmp_path, monkeypatch):
    """The numbers of the sample's tickets."""
    return sample_home[0]


@pytest.fixture
def board(sample_home, tmp_path, monkeypatch) -> App:
    """A board of its own that holds the sample. Its home is `home`, whatever the folder it is in."""
    shutil.copytree(sample_home[1], tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    app = build(Path("home"))
    app.clock = lambda: NOW
    yield app
    app.store.db.close()


@pytest.fixture
def empty_board(tmp_path, monkeypatch) -> App:
    """A board without any ticket."""
    init_home(tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    app = build(Path("home"))
    app.clock = lambda: NOW
    yield app
    app.store.db.close()
