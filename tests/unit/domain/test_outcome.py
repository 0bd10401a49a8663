"""How a run ends, and where that leaves its ticket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.outcome import COUNTED, LONGEST_PAUSE, Ending, Outcome, Settlement, settle
from kanban.domain.ticket import MOVES, BlockReason, Mover, Status

SETTLED_TO = {
    Outcome.DONE: Settlement(Status.DONE),
    Outcome.BLOCKED: Settlement(Status.BLOCKED, BlockReason.OTHER),
    Outcome.PARKED: Settlement(Status.BLOCKED, BlockReason.NEEDS_APPROVAL),
    Outcome.FAILED: Settlement(Status.READY),
    Outcome.CRASHED: Settlement(Status.READY),
    Outcome.TIMED_OUT: Settlement(Status.READY),
    Outcome.OUT_OF_TURNS: Settlement(Status.READY),
    Outcome.LOOPING: Settlement(Status.READY),
    Outcome.RATE_LIMITED: Settlement(Status.READY, delay=30.0),
    Outcome.MODEL_DOWN: Settlement(Status.READY, delay=30.0),
    Outcome.OVER_BUDGET: Settlement(Status.BLOCKED, BlockReason.BUDGET),
    Outcome.STALE: Settlement(Status.STALE),
    Outcome.CANCELLED: Settlement(Status.READY),
}


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_place_to_go(outcome):
    assert settle(Ending(outcome)) == SETTLED_TO[outcome]


@given(st.sampled_from(Outcome), st.integers(0, 5000), st.none() | st.floats(0, 1e6))
def test_every_ending_leads_to_a_legal_move_and_a_finite_pause(outcome, pauses, retry_after):
    settled = settle(Ending(outcome, retry_after=retry_after), pauses)
    assert MOVES[Status.RUNNING, settled.status] & {Mover.RUNNER, Mover.DISPATCHER}
    assert (settled.status is Status.BLOCKED) == (settled.block_reason is not None)
    assert 0 <= settled.delay <= max(LONGEST_PAUSE, retry_after or 0)


def test_a_worker_that_says_why_it_is_blocked_is_believed():
    assert (
        settle(Ending(Outcome.BLOCKED, "no key", BlockReason.MISSING_ACCESS)).block_reason is BlockReason.MISSING_ACCESS
    )


def test_f13_quota_and_a_model_that_is_down_never_count_towards_the_failure_limit():
    assert {str(outcome) for outcome in COUNTED} == {"failed", "crashed", "timed_out", "out_of_turns", "looping"}


def test_f13_each_further_pause_is_twice_as_long_up_to_an_hour():
    delays = [settle(Ending(Outcome.RATE_LIMITED), pauses).delay for pauses in range(9)]
    assert delays == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_f13_a_longer_pause_that_the_provider_asks_for_is_kept():
    assert settle(Ending(Outcome.RATE_LIMITED, retry_after=7200.0)).delay == 7200.0
    assert settle(Ending(Outcome.RATE_LIMITED, retry_after=1.0)).delay == 30.0
