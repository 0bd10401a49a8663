"""How a run ends, and where that leaves its ticket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.outcome import (
    COUNTED,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    TURNED_AWAY,
    Ending,
    Outcome,
    Settlement,
    measure_pause,
    settle,
)
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
    Outcome.RATE_LIMITED: Settlement(Status.READY),
    Outcome.MODEL_DOWN: Settlement(Status.READY),
    Outcome.OVER_BUDGET: Settlement(Status.BLOCKED, BlockReason.BUDGET),
    Outcome.STALE: Settlement(Status.STALE),
    Outcome.CANCELLED: Settlement(Status.READY),
    Outcome.INFRASTRUCTURE: Settlement(Status.READY),
}


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_place_to_go(outcome):
    assert settle(Ending(outcome)) == SETTLED_TO[outcome]


@given(st.sampled_from(Outcome), st.booleans())
def test_every_ending_leads_to_a_legal_move_and_a_reason_where_one_is_needed(outcome, to_review):
    settled = settle(Ending(outcome), to_review=to_review)
    assert MOVES[Status.RUNNING, settled.status] & {Mover.RUNNER, Mover.DISPATCHER}
    assert (settled.status is Status.BLOCKED) == (settled.block_reason is not None)


def test_only_what_is_done_goes_to_review():
    for outcome in Outcome:
        settled = settle(Ending(outcome), to_review=True)
        assert settled == (Settlement(Status.REVIEW) if outcome is Outcome.DONE else SETTLED_TO[outcome])


def test_a_worker_that_says_why_it_is_blocked_is_believed():
    assert (
        settle(Ending(Outcome.BLOCKED, "no key", BlockReason.MISSING_ACCESS)).block_reason is BlockReason.MISSING_ACCESS
    )


def test_f13_quota_and_a_model_that_is_down_never_count_towards_the_failure_limit():
    assert {str(outcome) for outcome in COUNTED} == {"failed", "crashed", "timed_out", "out_of_turns", "looping"}


def test_f13_what_says_that_the_model_is_in_trouble_is_never_counted():
    assert {str(outcome) for outcome in TURNED_AWAY} == {"rate_limited", "model_down"}
    assert not TURNED_AWAY & COUNTED


def test_f13_each_further_pause_is_twice_as_long_up_to_an_hour():
    pauses = [measure_pause(strikes, None) for strikes in range(1, 10)]
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


@pytest.mark.parametrize("strikes", [1, 2, 9])
def test_f13_a_pause_that_the_provider_asks_for_is_kept_as_it_said(strikes):
    assert measure_pause(strikes, 2.0) == 2.0
    assert measure_pause(strikes, 1800.0) == 1800.0


def test_f57_no_provider_can_pause_a_model_for_longer_than_the_person_allows():
    assert measure_pause(1, 999_999_999.0) == LONGEST_PAUSE
    assert measure_pause(9, None, longest=90.0) == measure_pause(1, 999_999_999.0, longest=90.0) == 90.0


@given(st.integers(1, 100_000), st.none() | st.floats(0, 1e9), st.floats(1, 1e6))
def test_f13_a_pause_is_as_long_as_asked_for_and_never_endless(strikes, retry_after, longest):
    wanted = FIRST_PAUSE if retry_after is None else retry_after
    assert min(wanted, longest) <= measure_pause(strikes, retry_after, longest) <= longest
