"""Who may do what: a closed table, and whatever is not named in it is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.authority import MAY, Verb, check_own, check_own_run, check_verb
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, Caller, Mover
from kanban.errors import Refused

WORKER = Caller(Mover.RUNNER, "cody", 1)
AGENTS = [Caller(mover, "somebody", 1) for mover in (Mover.RUNNER, Mover.CHECKER, Mover.ORCHESTRATOR)]


@given(st.sampled_from(list(Verb)), st.sampled_from(list(Mover)))
def test_only_who_is_named_may(verb, mover):
    caller = Caller(mover, "somebody", None if mover in (Mover.PERSON, Mover.DISPATCHER) else 1)
    if mover in MAY.get(verb, ()):
        check_verb(caller, verb)
    else:
        with pytest.raises(Refused):
            check_verb(caller, verb)


@pytest.mark.parametrize("verb", [Verb.APPROVED, Verb.DENIED, Verb.RETRY, Verb.EDIT, Verb.REOPEN, Verb.CLOSE, Verb.ASK])
@pytest.mark.parametrize("caller", [*AGENTS, THE_DISPATCHER])
def test_what_is_the_persons_is_nobody_elses(verb, caller):
    with pytest.raises(Refused):
        check_verb(caller, verb)


def test_nothing_that_comes_out_of_a_run_is_the_persons():
    with pytest.raises(Refused):
        check_verb(Caller(Mover.PERSON, "person", 1), Verb.COMMENT)
    check_verb(THE_PERSON, Verb.COMMENT)


def test_a_worker_without_a_run_may_nothing():
    with pytest.raises(Refused, match="acts in no run"):
        check_verb(Caller(Mover.RUNNER, "cody"), Verb.COMMENT)


def test_a_worker_acts_on_its_own_ticket_and_run():
    check_own(WORKER, Verb.COMMENT, 7, 7)
    check_own_run(WORKER, Verb.END, 1)
    with pytest.raises(Refused, match="run 1 of cody may not comment on ticket 8"):
        check_own(WORKER, Verb.COMMENT, 8, 7)
    with pytest.raises(Refused):
        check_own(WORKER, Verb.COMMENT, 8, None)
    with pytest.raises(Refused):
        check_own_run(WORKER, Verb.END, 2)
    check_own_run(THE_DISPATCHER, Verb.END, 2)


def test_every_purpose_of_a_run_is_a_verb_of_the_log():
    assert {str(purpose) for purpose in Purpose} <= {str(verb) for verb in Verb}
