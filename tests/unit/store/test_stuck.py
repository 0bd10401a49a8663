"""A ticket that is stuck has somebody: a diagnosis is due, one is under way, or the person was told."""

import pytest

from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import MOST_DIAGNOSES, THE_DISPATCHER, THE_PERSON, BlockReason, Kind
from kanban.errors import MovedOn, Refused
from tests.unit.store.desk import NOW, runner

ROUTED = sorted(set(BlockReason) - {BlockReason.NEEDS_INPUT, BlockReason.NEEDS_APPROVAL})


def stuck(desk, reason=BlockReason.OTHER, now=NOW, **draft):
    """A ticket that its worker found blocked."""
    ticket_id = desk.create(now=now, **draft)
    block(desk, ticket_id, reason, now)
    return ticket_id


def block(desk, ticket_id, reason=BlockReason.OTHER, now=NOW):
    run_id = desk.claim(ticket_id, now=now)
    desk.end(run_id, Outcome.BLOCKED, now=now, block_reason=reason, explanation="pin 4 floats")


def diagnose(desk, ticket_id, outcome=Outcome.FAILED, now=NOW):
    """A diagnosis that ends without a verdict."""
    caller = desk.decide_about(Purpose.DIAGNOSE, ticket_id, now=now)
    assert caller is not None
    desk.runs.end(caller.run_id, Ending(outcome), caller, now)


@pytest.mark.parametrize("reason", ROUTED)
def test_what_is_blocked_gets_exactly_one_diagnosis(desk, reason):
    ticket_id = stuck(desk, reason)
    assert desk.due.to_diagnose() == [ticket_id]
    assert desk.decide_about(Purpose.DIAGNOSE, ticket_id) is not None
    assert desk.due.to_diagnose() == [] and desk.decide_about(Purpose.DIAGNOSE, ticket_id) is None
    assert (desk.ticket(ticket_id).diagnoses, desk.notices()) == (1, [])


@pytest.mark.parametrize("reason", ["needs_input", "needs_approval"])
def test_what_only_the_person_can_give_is_not_diagnosed_but_told(desk, reason):
    ticket_id = stuck(desk, BlockReason(reason))
    assert desk.due.to_diagnose() == [] and desk.decide_about(Purpose.DIAGNOSE, ticket_id) is None
    assert len(desk.notices()) == 1


@pytest.mark.parametrize("reason", BlockReason)
def test_what_the_person_holds_back_is_left_to_the_person(desk, board, reason):
    board.block(desk.create(), reason, THE_PERSON, NOW)
    assert desk.due.to_diagnose() == [] and desk.notices() == []


def test_what_is_stale_is_diagnosed(desk):
    ticket_id = desk.create()
    desk.block_by(ticket_id, Outcome.STALE)
    assert desk.due.to_diagnose() == [ticket_id]


def test_what_the_dispatcher_holds_back_is_diagnosed(desk, board):
    ticket_id = desk.create()
    board.hold_back(ticket_id, BlockReason.UNROUTABLE, "no wings", NOW)
    assert desk.due.to_diagnose() == [ticket_id]


def test_a_diagnosis_that_cannot_be_started_is_still_due_afterwards(desk):
    """Counting it and starting its run is one transaction: a dispatcher that dies in between strands nothing."""
    ticket_id = stuck(desk)
    with pytest.raises(KeyboardInterrupt):
        desk.decide_about(Purpose.DIAGNOSE, ticket_id, hosts=Dying())
    assert (desk.ticket(ticket_id).diagnoses, desk.due.to_diagnose()) == (0, [ticket_id])


class Dying:
    """Hosts that nobody lives to read."""

    def __iter__(self):
        raise KeyboardInterrupt


def test_at_most_three_diagnoses_then_the_person_is_told(desk):
    ticket_id = stuck(desk)
    for _ in range(MOST_DIAGNOSES):
        assert desk.notices() == []
        diagnose(desk, ticket_id)
    assert desk.due.to_diagnose() == []
    (told,) = desk.notices()
    assert told == f"ticket {ticket_id} waits for you: a ticket (3 diagnoses did not decide it: pin 4 floats)"


def test_three_diagnoses_over_several_blocks_are_three_too(desk, board):
    ticket_id = stuck(desk)
    for _ in range(MOST_DIAGNOSES):
        caller = desk.decide_about(Purpose.DIAGNOSE, ticket_id)
        board.unblock(ticket_id, caller, NOW, note="try again")
        desk.end(caller.run_id, by=caller)
        block(desk, ticket_id)
    assert desk.due.to_diagnose() == [] and len(desk.notices()) == 1


def test_when_the_person_lets_it_go_on_the_count_begins_anew(desk, board):
    ticket_id = stuck(desk)
    for _ in range(MOST_DIAGNOSES):
        diagnose(desk, ticket_id)
    board.unblock(ticket_id, THE_PERSON, NOW)
    block(desk, ticket_id)
    assert (desk.ticket(ticket_id).diagnoses, desk.due.to_diagnose()) == (0, [ticket_id])


@pytest.mark.parametrize("outcome", [Outcome.RATE_LIMITED, Outcome.MODEL_DOWN])
def test_f13_a_diagnosis_that_the_model_turned_away_does_not_count(desk, outcome):
    ticket_id = stuck(desk)
    for number in range(5):
        diagnose(desk, ticket_id, outcome, NOW + number)
    assert (desk.ticket(ticket_id).diagnoses, desk.due.to_diagnose()) == (0, [ticket_id])


# -- a verdict that comes too late ------------------------------------------------------------------------------------


def test_when_the_person_lets_a_ticket_go_on_its_diagnosis_is_over_and_decides_nothing(desk, board, runs):
    ticket_id = stuck(desk)
    late = desk.decide_about(Purpose.DIAGNOSE, ticket_id)
    board.unblock(ticket_id, THE_PERSON, NOW)
    assert desk.queries.get_run(late.run_id).outcome == "cancelled" and not runs.renew(late.run_id, NOW + 60)
    for verdict in (
        lambda: board.unblock(ticket_id, late, NOW, note="late"),
        lambda: board.assign(ticket_id, "scout", late, NOW),
        lambda: board.cancel(ticket_id, late, NOW, "late"),
        lambda: board.comment(ticket_id, late, "late", NOW),
        lambda: desk.verdicts.ask_person(ticket_id, "late?", late, NOW),
        lambda: desk.create("Worrell", by=late),
    ):
        with pytest.raises(MovedOn):
            verdict()
    ticket = desk.ticket(ticket_id)
    assert (ticket.status, ticket.assignee, desk.queries.comments(ticket_id, 9)) == ("ready", "cody", [])


def test_what_the_person_takes_and_holds_is_not_set_free_by_an_older_diagnosis(desk, board):
    ticket_id = stuck(desk)
    late = desk.decide_about(Purpose.DIAGNOSE, ticket_id)
    board.unblock(ticket_id, THE_PERSON, NOW)
    board.block(ticket_id, BlockReason.OTHER, THE_PERSON, NOW, "mine")
    with pytest.raises(MovedOn):
        board.unblock(ticket_id, late, NOW, note="late")
    assert (desk.status(ticket_id), desk.due.to_diagnose()) == ("blocked", [])


def test_a_diagnosis_is_not_cut_off_by_its_own_verdict(desk, board):
    ticket_id = stuck(desk)
    caller = desk.decide_about(Purpose.DIAGNOSE, ticket_id)
    board.unblock(ticket_id, caller, NOW, note="now it works")
    desk.end(caller.run_id, by=caller)
    assert desk.queries.get_run(caller.run_id).outcome == "done"


# -- investigations ---------------------------------------------------------------------------------------------------


def investigate(desk, ticket_id):
    """The one diagnosis that has the ticket looked into; the Worrell."""
    caller = desk.decide_about(Purpose.DIAGNOSE, ticket_id)
    worrell = desk.create("Worrell", by=caller, kind=Kind.WORRELL, about_id=ticket_id)
    desk.end(caller.run_id, by=caller)
    return worrell


def test_while_it_is_looked_into_nothing_else_happens_and_then_one_more_diagnosis_is_due(desk):
    ticket_id = stuck(desk)
    worrell = investigate(desk, ticket_id)
    assert desk.due.to_diagnose() == [] and desk.notices() == []
    desk.finish(worrell)
    assert desk.due.to_diagnose() == [ticket_id]


@pytest.mark.parametrize("how", ["blocked", "stale", "cancelled"])
def test_f35_an_investigation_that_fails_gets_none_of_its_own_and_the_ticket_is_diagnosed_again(desk, board, how):
    ticket_id = stuck(desk)
    worrell = investigate(desk, ticket_id)
    match how:
        case "blocked":
            block(desk, worrell)
        case "stale":
            desk.block_by(worrell, Outcome.STALE)
        case "cancelled":
            board.cancel(worrell, THE_PERSON, NOW)
    assert desk.due.to_diagnose() == [ticket_id]
    assert not desk.ticket(worrell).diagnosis_due
    assert [told for told in desk.notices() if f"ticket {worrell} waits" in told] == desk.notices()
    assert len(desk.notices()) == (0 if how == "cancelled" else 1)


def test_when_no_diagnosis_is_left_the_person_is_told_of_what_was_found(desk):
    ticket_id = stuck(desk)
    diagnose(desk, ticket_id)
    diagnose(desk, ticket_id)
    worrell = investigate(desk, ticket_id)
    desk.finish(worrell)
    assert desk.due.to_diagnose() == []
    (told,) = desk.notices()
    assert told == f"ticket {ticket_id} waits for you: a ticket (the investigation #{worrell} is done; you decide)"


def test_the_end_of_an_investigation_leaves_a_ticket_that_went_on_alone(desk, board):
    ticket_id = stuck(desk)
    worrell = investigate(desk, ticket_id)
    board.unblock(ticket_id, THE_PERSON, NOW)
    desk.finish(worrell)
    assert desk.due.to_diagnose() == [] and desk.status(ticket_id) == "ready"


def test_a_verdict_of_an_investigation_is_kept_and_one_of_an_ended_run_is_not(desk):
    worrell = investigate(desk, stuck(desk))
    run_id = desk.claim(worrell)
    desk.verdicts.report(worrell, '{"cause": "pin 4"}', runner(run_id))
    desk.end(run_id)
    with pytest.raises(MovedOn):
        desk.verdicts.report(worrell, '{"cause": "late"}', runner(run_id))
    assert desk.ticket(worrell).verdict == '{"cause": "pin 4"}'


# -- what depends on what was given up --------------------------------------------------------------------------------


def test_f20_a_thousand_dependents_are_blocked_with_the_reason_and_told_once(desk, board):
    request_id = desk.requests.open("a lot", THE_PERSON, NOW)
    needed = desk.create(request_id=request_id)
    dependents = [desk.create(request_id=request_id, depends_on=[needed]) for _ in range(1000)]
    board.cancel(needed, THE_PERSON, NOW)
    counted = desk.rows("SELECT block_reason, count(*) FROM ticket GROUP BY block_reason")
    assert counted == [(None, 1), ("dependency", 1000)]
    assert len(desk.notices()) == 1
    assert desk.due.to_diagnose() == dependents


def test_a_dispatcher_may_not_set_free_what_is_stuck(desk, board):
    ticket_id = stuck(desk)
    with pytest.raises(Refused, match="may not unblock"):
        board.unblock(ticket_id, THE_DISPATCHER, NOW)
    assert desk.status(ticket_id) == "blocked"
