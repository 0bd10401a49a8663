"""A real model on this machine, and a board whose every profile is played by it."""

from collections.abc import Iterator

import pytest

from tests.real.llama import WINDOW, LlamaServer, unpack_llama
from tests.real.play import Stage, make_real_home
from tests.real.weights import ALL, CODER_1_5B, Weights, cache_folder, fetch_weights
from tests.support.daemon import daemon

LONGEST_REPLY = 1_024  # tokens; a small model that rambles is cut off there


@pytest.fixture(scope="session")
def weights(pytestconfig: pytest.Config) -> Weights:
    return ALL[pytestconfig.getoption("--model") or CODER_1_5B.name]


@pytest.fixture(scope="session")
def model_server(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    cache = cache_folder()
    log = tmp_path_factory.mktemp("llama") / "server.log"
    server = LlamaServer(unpack_llama(cache), fetch_weights(weights, cache), log)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def stage(
    model_server: LlamaServer, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Stage]:
    """A board with a running daemon that the tests of a module share."""
    folder = tmp_path_factory.mktemp("real")
    limits = {"max_turns": 8, "max_minutes": 60, "max_output": LONGEST_REPLY, "window": WINDOW, "timeout": 1800}
    home = make_real_home(folder / "home", model_server.url, folder / "work", **limits)
    with daemon(home):
        yield Stage(home, folder / "work", pytestconfig.getoption("--record"))
