"""What every story has: a model server with parts to play, and a home that reaches it."""

from dataclasses import dataclass

import pytest

from kanban.app import App
from tests.support.daemon import daemon
from tests.support.home import make_home
from tests.support.openai_server import OpenAIServer
from tests.support.stories import Stage


@dataclass(frozen=True)
class Shared:
    """A home with a running daemon that the tests of a module share; each files tickets of its own."""

    home: App
    stage: Stage


@pytest.fixture
def stage(openai_server):
    return Stage(openai_server)


@pytest.fixture
def home(tmp_path, openai_server):
    return make_home(tmp_path / "home", openai_server)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    server = OpenAIServer()
    home = make_home(tmp_path_factory.mktemp("shared") / "home", server)
    with daemon(home):
        yield Shared(home, Stage(server))
    server.stop()
