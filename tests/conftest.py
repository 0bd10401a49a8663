"""Fixtures that every test may ask for, and the option that adds the long tests."""

import os

import pytest
from hypothesis import settings

pytest_plugins = [
    "tests.support.sshd",
    "tests.support.small_host",
    "tests.support.openai_server",
    "tests.support.receiver",
]


# what runs on every submission tries the same examples each time; everywhere else they are new
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="Run the long tests too.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="takes long; --slow runs it")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)
