"""What these tests cannot do without."""

import shutil
from typing import NoReturn

import pytest


def give_up(problem: str, remedy: str) -> NoReturn:
    """Fail: whoever asks for these tests is told why they cannot be had, and is never shown a pass in their place."""
    pytest.fail(f"{problem} ({remedy})", pytrace=False)


def require_program(name: str, package: str) -> str:
    """The path of a program of this machine."""
    return shutil.which(name) or give_up(f"{name} is missing", f"install the package {package}")
