"""Tools that a test needs: a newcomer's machine may lack them, the one that checks every submission may not."""

import os
import shutil

import pytest


def need(*tools: str) -> None:
    """Skip the test where a tool is missing; fail where all of them have to be there."""
    missing = [tool for tool in tools if not shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")]
    if missing:
        lack(", ".join(missing))


def lack(what: str) -> None:
    """Skip the test because something is missing on this machine, or fail it in CI."""
    words = f"{what} missing: .ci/run names the Debian packages that the tests of hosts need"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)
