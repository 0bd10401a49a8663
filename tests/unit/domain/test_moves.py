"""The table of moves: who may take a ticket from which status to which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.ticket import MOVES, SETTLED, Mover, Status, check_move
from kanban.errors import IllegalMove

# from, to, who: written out here a second time on purpose, so that a change of the table is a change of two places
TABLE = """
triage   todo       person orchestrator
triage   ready      person orchestrator
triage   blocked    person
triage   cancelled  person orchestrator
todo     ready      dispatcher
todo     done       dispatcher
todo     blocked    dispatcher person
todo     triage     person orchestrator
todo     cancelled  person orchestrator
ready    running    dispatcher
ready    blocked    dispatcher person
ready    todo       person orchestrator dispatcher
ready    triage     person orchestrator dispatcher
ready    cancelled  person orchestrator
running  review     runner
running  done       runner
running  blocked    runner dispatcher person
running  ready      runner dispatcher
running  stale      dispatcher
running  cancelled  person orchestrator
review   done       checker
review   ready      checker
review   blocked    checker dispatcher
review   cancelled  person
blocked  ready      person orchestrator
blocked  todo       person orchestrator
blocked  triage     person orchestrator
blocked  cancelled  person orchestrator
stale    blocked    person orchestrator
stale    ready      person orchestrator
stale    todo       person orchestrator
stale    triage     person orchestrator
stale    cancelled  person orchestrator
done     ready      person
done     todo       person
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]

statuses, movers = st.sampled_from(Status), st.sampled_from(Mover)


def test_the_table_is_the_one_that_is_documented():
    assert {(str(old), str(new)): {str(m) for m in who} for (old, new), who in MOVES.items()} == {
        (old, new): set(who) for old, new, *who in ROWS
    }


@given(statuses, statuses, movers)
def test_a_move_passes_exactly_when_the_table_has_it_for_that_mover(old, new, mover):
    allowed = [str(old), str(new)] in [row[:2] for row in ROWS if mover in row[2:]]
    if allowed:
        check_move(1, old, new, mover)
    else:
        with pytest.raises(IllegalMove) as refused:
            check_move(1, old, new, mover)
        assert refused.value.hint


def test_only_the_dispatcher_claims():
    assert {old: who for (old, new), who in MOVES.items() if new is Status.RUNNING} == {
        Status.READY: frozenset({Mover.DISPATCHER})
    }


@pytest.mark.parametrize("held", [Status.BLOCKED, Status.STALE])
def test_f03_what_is_held_back_goes_on_by_a_verdict_or_a_person_only(held):
    movers = {mover for (old, _), who in MOVES.items() if old is held for mover in who}
    assert movers == {Mover.PERSON, Mover.ORCHESTRATOR}


def test_cancelled_is_the_end_and_only_a_person_reopens_what_is_done():
    ways_back = {(old, new): who for (old, new), who in MOVES.items() if old in SETTLED}
    assert {old for old, _ in ways_back} == {Status.DONE}
    assert set(ways_back.values()) == {frozenset({Mover.PERSON})}


def test_no_worker_says_that_its_own_work_passed_review():
    assert MOVES[Status.REVIEW, Status.DONE] == {Mover.CHECKER}


def test_the_refusal_names_the_ways_that_there_are():
    with pytest.raises(IllegalMove, match="ticket 7 is cancelled and cannot become ready") as refused:
        check_move(7, Status.CANCELLED, Status.READY, Mover.PERSON)
    assert "nowhere" in refused.value.hint
    with pytest.raises(IllegalMove, match="done to ready is not for orchestrator") as refused:
        check_move(7, Status.DONE, Status.READY, Mover.ORCHESTRATOR)
    assert "person" in refused.value.hint
