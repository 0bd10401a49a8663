"""Fixtures that every test may ask for, and the option that adds the long tests."""

import pytest

pytest_plugins = ["tests.support.sshd", "tests.support.openai_server"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="Run the long tests too.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="takes long; --slow runs it")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)
