"""What the machine does to a run is not the ticket's fault: free up to a limit, waited for, and told."""

import pytest

from kanban.domain.outcome import MOST_MISHAPS, Ending, Outcome, Purpose, measure_wait
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, BlockReason
from kanban.store.runs import NewRun
from tests.unit.store.desk import NOW


def mishap(desk, ticket_id, now=NOW):
    run_id = desk.claim(ticket_id, now=now)
    desk.end(run_id, Outcome.INFRASTRUCTURE, now=now, explanation="a power cut")


def test_f59_a_fault_of_the_machine_is_no_failure_up_to_its_own_limit(desk):
    ticket_id = desk.create()
    for number in range(MOST_MISHAPS):
        mishap(desk, ticket_id, NOW + 9999 * number)
        assert desk.due.failures_by_profile(ticket_id, Purpose.WORK) == {} and desk.due.count_runs(ticket_id) == 0
    mishap(desk, ticket_id, NOW + 99_999)
    assert desk.due.failures_by_profile(ticket_id, Purpose.WORK) == {"cody": 1}
    assert desk.due.count_runs(ticket_id) == 1


def test_it_is_told_once_with_the_last_fault(desk):
    ticket_id = desk.create()
    for number in range(MOST_MISHAPS + 2):
        assert len(desk.notices()) == (number >= MOST_MISHAPS)
        mishap(desk, ticket_id, NOW + 9999 * number)
    assert desk.notices() == [
        f"ticket {ticket_id}: 5 work runs were ended by this machine and not by their work. The last: a power cut. "
        "`kanban doctor` says what is wrong."
    ]


def test_the_first_two_are_tried_again_at_once_and_the_others_later_and_later(desk):
    ticket_id = desk.create()
    waits = []
    for number in range(MOST_MISHAPS):
        mishap(desk, ticket_id, NOW + 9999 * number)
        waits.append(max(0.0, desk.ticket(ticket_id).not_before - NOW - 9999 * number))
    assert waits == [0, 0, 30, 60, 120]
    assert measure_wait(10_000) == 3600


def test_what_the_person_lets_go_on_begins_to_count_again(desk):
    ticket_id = desk.create()
    for number in range(MOST_MISHAPS + 1):
        mishap(desk, ticket_id, NOW + 9999 * number)
    desk.verdicts.retry(ticket_id, THE_PERSON, NOW)
    assert desk.due.failures_by_profile(ticket_id, Purpose.WORK) == {}


@pytest.mark.parametrize("purpose", [Purpose.DECOMPOSE, Purpose.REVIEW])
def test_each_purpose_has_a_limit_of_its_own(desk, purpose):
    ticket_id = desk.create()
    for _ in range(MOST_MISHAPS + 2):
        caller = desk.decide_about(purpose, ticket_id)
        desk.end(caller.run_id, Outcome.INFRASTRUCTURE, by=caller)
    assert desk.due.failures_by_profile(ticket_id, purpose) == {"ginger": 2}
    assert desk.due.failures_by_profile(ticket_id, Purpose.WORK) == {}


def test_no_diagnosis_is_used_up_by_the_machine_and_yet_none_goes_on_for_ever(desk):
    ticket_id = desk.create()
    desk.block_by(ticket_id, Outcome.BLOCKED, block_reason=BlockReason.OTHER)
    diagnoses = 0
    while (caller := desk.decide_about(Purpose.DIAGNOSE, ticket_id)) is not None:
        desk.end(caller.run_id, Outcome.INFRASTRUCTURE, by=caller)
        diagnoses += 1
    assert diagnoses == MOST_MISHAPS + 3


def test_answers_have_it_too(desk):
    request_id = desk.requests.open("Why?", THE_PERSON, NOW)
    assert desk.due.count_synthesize_failures(request_id) == 0
    for number in range(MOST_MISHAPS + 1):
        assert desk.due.count_synthesize_failures(request_id) == 0
        run = NewRun(Purpose.SYNTHESIZE, "ginger", "m", request_id=request_id)
        run_id = desk.runs.start(run, THE_DISPATCHER, NOW + number, 60)
        desk.runs.end(run_id, Ending(Outcome.INFRASTRUCTURE, "killed"), THE_DISPATCHER, NOW + number)
    assert desk.due.count_synthesize_failures(request_id) == 1
    assert desk.notices()[0].startswith(f"request {request_id}: 5 synthesize runs were ended by this machine")
