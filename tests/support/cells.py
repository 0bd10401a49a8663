"""The cell that tests which are about cells run in."""

import pytest

from kanban.execution.cell import Cell, choose_cell
from tests.support.needs import need


def working_cell() -> Cell:
    """A cell that keeps something out. Where the machine forbids namespaces, the test says so and is left out."""
    need("bwrap")
    probed = choose_cell(is_wanted=True)
    if not probed.cell.is_closed:
        pytest.skip(probed.problem)
    return probed.cell


def sandbox_that_works() -> str:
    """What to write as `sandbox:` for a story that is to run in a cell wherever one works."""
    return "auto" if choose_cell(is_wanted=True).cell.is_closed else "off"
