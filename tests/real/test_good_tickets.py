"""A complete small ticket is done by a small model, with the prompts and tools that every model gets."""

import pytest

from kanban.domain.outcome import Outcome
from tests.real.tickets import GOOD

pytestmark = [pytest.mark.real, pytest.mark.timeout(6 * 3600)]

RUNS = 5


@pytest.mark.parametrize("piece", GOOD, ids=lambda piece: piece.name)
def test_a_good_small_ticket_is_done_in_most_of_five_runs(stage, weights, piece):
    played = [stage.play(piece) for _ in range(RUNS)]
    done = [run for run in played if run.outcome == Outcome.DONE]
    assert len(done) >= weights.good_of_five, "\n".join(map(str, played))
