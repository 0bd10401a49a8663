"""Fixtures that every test may ask for, and the option that adds the long tests."""

import gc
import os
import signal
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import settings

MANY_FILES = 200

# what is not run unless it is asked for by the option of the same name
LEFT_OUT = {"slow": "takes long; --slow runs it", "real": "needs a real model; --real downloads and runs it"}

pytest_plugins = [
    "tests.support.sshd",
    "tests.support.small_host",
    "tests.support.openai_server",
    "tests.support.receiver",
]

# A job in the background ignores Ctrl-C, and what it starts inherits that: tests that send it would wait in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Looking for cycles after every 700 objects takes a quarter of a terminal test's processor time.
gc.set_threshold(50_000, 20, 50)

# what runs on every submission tries the same examples each time; everywhere else they are new
# (and nowhere is an example timed: a loaded machine is no fault)
settings.register_profile("everywhere", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "everywhere")


@pytest.fixture(scope="session", autouse=True)
def _each_text_is_parsed_once() -> Iterator[None]:
    """Every home of a test holds the same files, and parsing them was half of what such a test took."""
    from ruamel.yaml import YAML

    compose = YAML.compose
    compose_once = lru_cache(maxsize=64)(lambda text: compose(YAML(typ="safe", pure=True), text))
    YAML.compose = lambda _self, text: compose_once(text)
    yield
    YAML.compose = compose


class _Files:
    """How many files may be open before cycles are looked for, which takes a second: so many more than were left."""

    allowed = MANY_FILES

    @classmethod
    def look(cls) -> None:
        if _count_open_files() > cls.allowed:
            gc.unfreeze()  # a command freezes what it has loaded, and with it what an earlier test has left
            gc.collect()
            cls.allowed = _count_open_files() + MANY_FILES


def _count_open_files() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


@pytest.fixture(autouse=True)
def _few_files_are_open() -> Iterator[None]:
    """An app is a cycle of parts, and holds its board open until cycles are looked for."""
    yield
    _Files.look()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="Run the long tests too.")
    parser.addoption("--real", action="store_true", help="Run the tests with a real model too; downloads 1.2 GB once.")
    parser.addoption("--model", help="Which real model: the name of one in tests/real/weights.py.")
    parser.addoption("--record", type=Path, help="A folder for the transcripts and figures of runs with a real model.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    skips = {
        mark: pytest.mark.skip(reason=reason) for mark, reason in LEFT_OUT.items() if not config.getoption(f"--{mark}")
    }
    for item in items:
        for mark in skips.keys() & {marker.name for marker in item.iter_markers()}:
            item.add_marker(skips[mark])
