"""Fixtures that every test may ask for, and the option that adds the long tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# what is not run unless it is asked for by the option of the same name
LEFT_OUT = {"slow": "takes long; --slow runs it", "real": "needs a real model; --real downloads and runs it"}

pytest_plugins = ["tests.support.sshd", "tests.support.openai_server", "tests.support.receiver"]

# what runs on every submission tries the same examples each time; everywhere else they are new
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


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
