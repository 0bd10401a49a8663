"""What every story has: a model server with parts to play, and a home that reaches it."""

import pytest

from tests.support.home import make_home
from tests.support.stories import Stage


@pytest.fixture
def stage(openai_server):
    return Stage(openai_server)


@pytest.fixture
def home(tmp_path, openai_server):
    return make_home(tmp_path / "home", openai_server)
