"""Decisions about a ticket that was looked at: reviews, questions, another try, and what waits for what."""

import pytest
from sqlalchemy.exc import IntegrityError

from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import MOST_REFUTATIONS, THE_PERSON, BlockReason, Caller, Mover
from kanban.errors import IllegalMove, InvalidInput, MovedOn, NotFound, Refused
from kanban.store.filing import NewTicket
from tests.unit.store.desk import GINGER, NOW, runner


@pytest.fixture
def verdicts(desk):
    return desk.verdicts


# -- review -----------------------------------------------------------------------------------------------------------


def check(desk, ticket_id, passed, findings="port 8080 is missing"):
    """Do the work, have it reviewed, and return where it went."""
    desk.to_review(ticket_id)
    caller = desk.decide_about(Purpose.REVIEW, ticket_id, "checker", reviewed="cody")
    status = desk.verdicts.review(ticket_id, passed, findings, caller, NOW)
    desk.end(caller.run_id, by=caller)
    return status


def test_what_is_to_be_reviewed_waits_for_one_checker(desk):
    ticket_id = desk.create()
    desk.to_review(ticket_id)
    assert (desk.status(ticket_id), desk.due.to_review()) == ("review", [ticket_id])
    assert desk.decide_about(Purpose.REVIEW, ticket_id, "checker", reviewed="cody") is not None
    assert desk.due.to_review() == [] and desk.decide_about(Purpose.REVIEW, ticket_id, "checker") is None


def test_what_holds_is_done(desk):
    ticket_id = desk.create()
    assert check(desk, ticket_id, True, "- looked at a.md") == "done"
    assert [comment.author for comment in desk.queries.comments(ticket_id, 9)] == ["checker"]


def test_what_is_refuted_goes_back_with_the_findings(desk):
    ticket_id = desk.create()
    assert check(desk, ticket_id, False) == "ready"
    assert [comment.text for comment in desk.queries.comments(ticket_id, 9)] == ["port 8080 is missing"]
    assert desk.queries.last_events(ticket_id, 2)[0].why == "refuted: port 8080 is missing"


def test_the_third_refutation_goes_to_a_diagnosis(desk):
    ticket_id = desk.create()
    told = [check(desk, ticket_id, False) for _ in range(MOST_REFUTATIONS + 1)]
    assert told == ["ready", "ready", "blocked"]
    ticket = desk.ticket(ticket_id)
    assert (ticket.block_reason, ticket.explanation) == ("other", "refuted 3 times: port 8080 is missing")
    assert desk.due.to_diagnose() == [ticket_id]


def test_when_the_person_lets_it_go_on_its_refutations_are_forgotten(desk, board):
    ticket_id = desk.create()
    for _ in range(MOST_REFUTATIONS + 1):
        check(desk, ticket_id, False)
    board.unblock(ticket_id, THE_PERSON, NOW)
    assert check(desk, ticket_id, False) == "ready"


def test_f32_the_database_itself_refuses_a_review_of_ones_own_work(desk, db):
    ticket_id = desk.create()
    desk.to_review(ticket_id)
    with pytest.raises(IntegrityError, match="ck_reviewer_is_another"):
        desk.decide_about(Purpose.REVIEW, ticket_id, "cody", reviewed="cody")
    own = """
        INSERT INTO run (ticket_id, purpose, profile, reviewed, model, started_at, lease_until, activity_at)
        VALUES (?, 'review', 'cody', 'cody', 'm', 0, 0, 0)"""
    with pytest.raises(IntegrityError, match="ck_reviewer_is_another"), db.write() as tx:
        tx.exec_driver_sql(own, (ticket_id,))


@pytest.mark.parametrize("mover", sorted(set(Mover) - {Mover.CHECKER}))
def test_nobody_but_a_checker_says_that_work_holds(desk, verdicts, mover):
    ticket_id = desk.create()
    desk.to_review(ticket_id)
    for passed in (True, False):
        with pytest.raises(Refused):
            verdicts.review(ticket_id, passed, "fine", Caller(mover, "somebody"), NOW)
    assert (desk.status(ticket_id), desk.ticket(ticket_id).refutations) == ("review", 0)


def test_a_verdict_about_what_the_person_gave_up_meanwhile_changes_nothing(desk, board, verdicts):
    ticket_id = desk.create()
    desk.to_review(ticket_id)
    late = desk.decide_about(Purpose.REVIEW, ticket_id, "checker")
    board.cancel(ticket_id, THE_PERSON, NOW)
    with pytest.raises(MovedOn):
        verdicts.review(ticket_id, True, "fine", late, NOW)
    assert (desk.status(ticket_id), desk.queries.comments(ticket_id, 9)) == ("cancelled", [])


def test_a_review_that_nobody_can_do_is_blocked_and_diagnosed(desk, verdicts):
    ticket_id = desk.create()
    desk.to_review(ticket_id)
    verdicts.hold_review(ticket_id, BlockReason.UNROUTABLE, "no checker", NOW)
    verdicts.hold_review(ticket_id, BlockReason.UNROUTABLE, "no checker", NOW)
    assert desk.ticket(ticket_id).block_reason == "unroutable" and desk.due.to_diagnose() == [ticket_id]


# -- questions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Outcome.BLOCKED, Outcome.STALE])
def test_a_question_puts_what_is_stuck_before_the_person(desk, verdicts, outcome):
    ticket_id = desk.create()
    desk.block_by(ticket_id, outcome)
    caller = desk.decide_about(Purpose.DIAGNOSE, ticket_id)
    verdicts.ask_person(ticket_id, "Left or right?", caller, NOW)
    desk.end(caller.run_id, by=caller)
    ticket = desk.ticket(ticket_id)
    assert (ticket.status, ticket.block_reason, ticket.explanation) == ("blocked", "needs_input", "Left or right?")
    (told,) = desk.notices()
    assert "Left or right?" in told and desk.due.to_diagnose() == []


@pytest.mark.parametrize("status", ["ready", "done"])
def test_nothing_is_asked_about_what_is_not_stuck(desk, verdicts, status):
    ticket_id = desk.create()
    if status == "done":
        desk.finish(ticket_id)
    with pytest.raises(Refused, match=f"is {status} and waits for no answer"):
        verdicts.ask_person(ticket_id, "why?", GINGER, NOW)


# -- another try ------------------------------------------------------------------------------------------------------


def test_a_retry_forgives_and_begins_afresh(desk, verdicts):
    ticket_id = desk.create()
    desk.block_by(ticket_id, Outcome.FAILED)
    desk.block_by(ticket_id, Outcome.BLOCKED)
    assert verdicts.retry(ticket_id, THE_PERSON, NOW + 1, "the disk is free") == "ready"
    assert desk.due.failures_by_profile(ticket_id, Purpose.WORK) == {} and desk.due.count_runs(ticket_id) == 0
    assert [comment.text for comment in desk.queries.comments(ticket_id, 9)] == ["the disk is free"]
    assert desk.ticket(ticket_id).restart
    desk.claim(ticket_id, now=NOW + 2)
    assert not desk.ticket(ticket_id).restart  # once: what goes on after the next run goes on in its transcript


def test_a_retry_of_what_runs_stops_the_run(desk, runs, verdicts):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    assert verdicts.retry(ticket_id, THE_PERSON, NOW) == "ready"
    assert desk.queries.get_run(run_id).outcome == "cancelled" and not runs.renew(run_id, NOW + 60)
    with pytest.raises(MovedOn):
        desk.end(run_id)
    assert desk.status(ticket_id) == "ready"


def test_a_retry_withdraws_what_was_asked_for_the_try_before(desk, verdicts):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    approval = desk.ask_approval(run_id, ticket_id)
    desk.end(run_id, Outcome.PARKED)
    assert verdicts.retry(ticket_id, THE_PERSON, NOW) == "ready"
    assert desk.approvals.list_pending() == [] and desk.approvals.get(approval).reason == "the ticket is tried again"


def test_a_retry_waits_no_longer_for_what_was_cancelled_but_for_what_is_open(desk, board, verdicts):
    gone, open_one = desk.create(), desk.create()
    alone, both = desk.create(depends_on=[gone]), desk.create(depends_on=[gone, open_one])
    board.cancel(gone, THE_PERSON, NOW)
    assert desk.statuses(alone, both) == ["blocked", "blocked"]
    assert verdicts.retry(alone, THE_PERSON, NOW) == "ready"
    assert verdicts.retry(both, THE_PERSON, NOW) == "todo"


@pytest.mark.parametrize("how", ["done", "ready", "todo", "stale"])
def test_what_can_be_tried_again(desk, verdicts, how):
    ticket_id = desk.create(depends_on=[desk.create()]) if how == "todo" else desk.create()
    if how == "done":
        desk.finish(ticket_id)
    if how == "stale":
        desk.block_by(ticket_id, Outcome.STALE)
    assert verdicts.retry(ticket_id, THE_PERSON, NOW) == ("todo" if how == "todo" else "ready")
    assert desk.ticket(ticket_id).restart


def test_neither_a_parent_nor_what_was_given_up_is_tried_again(desk, board, verdicts):
    parent, gone = desk.create(assignee="default"), desk.create()
    board.split_ticket(parent, [NewTicket("a"), NewTicket("b")], GINGER, NOW)
    board.cancel(gone, THE_PERSON, NOW)
    with pytest.raises(Refused, match="was split"):
        verdicts.retry(parent, THE_PERSON, NOW)
    with pytest.raises(IllegalMove, match="is cancelled"):
        verdicts.retry(gone, THE_PERSON, NOW)


# -- dependencies -----------------------------------------------------------------------------------------------------


def test_a_ready_ticket_that_is_to_wait_is_no_longer_ready(desk, board, verdicts):
    first, second = desk.create(), desk.create()
    assert verdicts.wait_for(second, first, THE_PERSON, NOW) == "todo"
    assert verdicts.wait_for(second, first, THE_PERSON, NOW) == "todo"  # twice is once
    desk.finish(first)
    assert desk.ticket(second).open_dependencies == 0 and board.promote(second, NOW) == "ready"


def test_waiting_for_what_is_done_changes_nothing(desk, verdicts):
    first, second = desk.create(), desk.create()
    desk.finish(first)
    assert verdicts.wait_for(second, first, THE_PERSON, NOW) == "ready"


def test_nothing_waits_for_itself_also_not_around_a_corner(desk, verdicts):
    first = desk.create()
    second = desk.create(depends_on=[first])
    third = desk.create(depends_on=[second])
    for needed in (first, second, third):
        with pytest.raises(InvalidInput, match=f"ticket {first} would wait for itself"):
            verdicts.wait_for(first, needed, THE_PERSON, NOW)
    assert desk.status(first) == "ready" and desk.queries.dependencies(first) == []


@pytest.mark.parametrize("status", ["running", "done", "cancelled", "review"])
def test_what_has_started_or_is_over_does_not_begin_to_wait(desk, board, verdicts, status):
    ticket_id, other = desk.create(), desk.create()
    match status:
        case "running":
            desk.claim(ticket_id)
        case "done":
            desk.finish(ticket_id)
        case "cancelled":
            board.cancel(ticket_id, THE_PERSON, NOW)
        case "review":
            desk.to_review(ticket_id)
    with pytest.raises(Refused, match=f"is {status}"):
        verdicts.wait_for(ticket_id, other, THE_PERSON, NOW)


def test_nothing_waits_for_what_was_cancelled_or_was_never_there(desk, board, verdicts):
    ticket_id, gone = desk.create(), desk.create()
    board.cancel(gone, THE_PERSON, NOW)
    with pytest.raises(InvalidInput, match="is cancelled"):
        verdicts.wait_for(ticket_id, gone, THE_PERSON, NOW)
    with pytest.raises(NotFound):
        verdicts.wait_for(ticket_id, 99, THE_PERSON, NOW)


def test_what_waits_no_longer_is_promoted(desk, board, verdicts):
    first = desk.create()
    second = desk.create(depends_on=[first])
    verdicts.stop_waiting(second, first, THE_PERSON, NOW)
    assert desk.due.promotable(NOW) == [second]
    with pytest.raises(InvalidInput, match="does not wait for"):
        verdicts.stop_waiting(second, first, THE_PERSON, NOW)


def test_what_a_ticket_waits_for_its_children_wait_for(desk, board):
    needed = desk.create()
    parent = desk.create(depends_on=[needed])
    board.assign(parent, "default", THE_PERSON, NOW)
    children = board.split_ticket(parent, [NewTicket("a"), NewTicket("b", after=[0])], GINGER, NOW).tickets
    assert desk.statuses(*children) == ["todo", "todo"]
    assert [desk.queries.dependencies(child) for child in children] == [[needed], [needed, children[0]]]
    desk.finish(needed)
    assert desk.due.promotable(NOW) == [children[0]]


def test_a_thousand_dependents_are_told_at_once_when_the_one_is_done(desk):
    needed = desk.create()
    dependents = [desk.create(depends_on=[needed]) for _ in range(1000)]
    desk.finish(needed)
    assert desk.due.promotable(NOW) == dependents


# -- giving up --------------------------------------------------------------------------------------------------------


def test_what_is_cancelled_asks_for_nothing_any_more(desk, board):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    desk.ask_approval(run_id, ticket_id)
    board.cancel(ticket_id, THE_PERSON, NOW)
    assert desk.approvals.list_pending() == []
    with pytest.raises(MovedOn):
        desk.runs.end(run_id, Ending(Outcome.DONE), runner(run_id), NOW)
