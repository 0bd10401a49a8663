"""A person's answer to one exact call."""

import pytest

from kanban.domain.outcome import Outcome
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, Caller, Mover
from kanban.errors import MovedOn, NotFound, Refused
from kanban.store.approvals import Like
from kanban.store.filing import NewTicket
from kanban.store.records import Scribe
from tests.unit.store.desk import GINGER, NOW, runner


@pytest.fixture
def parked(desk):
    """A ticket whose run asked once and parked, with the number of the approval."""
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    approval_id = desk.ask_approval(run_id, ticket_id)
    desk.end(run_id, Outcome.PARKED)
    return ticket_id, approval_id, run_id


def test_a_question_waits_with_the_exact_call_and_the_ticket_waits_with_it(desk, parked):
    ticket_id, approval_id, run_id = parked
    (pending,) = desk.approvals.list_pending()
    assert (pending.id, pending.tool, pending.arguments) == (approval_id, "shell", '{"command": "reboot"}')
    assert (pending.call_hash, pending.why, pending.status) == ("hash", "risky", "pending")
    assert desk.approvals.find(Scribe(run_id, run_id), "c1").id == approval_id
    assert desk.approvals.find(Scribe(run_id, run_id), "c2") is None
    assert (desk.status(ticket_id), desk.ticket(ticket_id).block_reason) == ("blocked", "needs_approval")


@pytest.mark.parametrize(("approved", "status"), [(True, "approved"), (False, "denied")])
def test_an_answer_lets_the_ticket_go_on_whichever_it_is(desk, parked, approved, status):
    ticket_id, approval_id, _ = parked
    decided = desk.approvals.decide(approval_id, approved, "because", THE_PERSON, NOW + 1)
    assert (decided.status, decided.reason, decided.decided_at) == (status, "because", NOW + 1)
    assert desk.status(ticket_id) == "ready" and desk.approvals.list_pending() == []


def test_an_answer_is_given_once(desk, parked):
    _, approval_id, _ = parked
    desk.approvals.decide(approval_id, False, "no", THE_PERSON, NOW)
    with pytest.raises(MovedOn, match="is denied, not pending"):
        desk.approvals.decide(approval_id, True, "yes", THE_PERSON, NOW)
    assert desk.approvals.get(approval_id).status == "denied"
    desk.create("the board goes on")


@pytest.mark.parametrize("caller", [GINGER, THE_DISPATCHER, runner(1), Caller(Mover.PERSON, "person", 1)])
def test_no_agent_approves_anything(desk, parked, caller):
    ticket_id, approval_id, _ = parked
    with pytest.raises(Refused, match="may not answer approvals"):
        desk.approvals.decide(approval_id, True, "", caller, NOW)
    assert desk.approvals.get(approval_id).status == "pending" and desk.status(ticket_id) == "blocked"


@pytest.mark.parametrize(
    ("caller", "told"), [(THE_PERSON, "waits for your answer to approval 1"), (GINGER, "waits for the person")]
)
def test_a_ticket_that_waits_for_an_answer_goes_on_by_nothing_else(desk, parked, caller, told):
    ticket_id, _, _ = parked
    for decide in (
        lambda: desk.board.unblock(ticket_id, caller, NOW),
        lambda: desk.board.assign(ticket_id, "scout", caller, NOW),
        lambda: desk.board.rewrite(ticket_id, NewTicket("a"), caller, NOW),
        lambda: desk.board.split_ticket(ticket_id, [NewTicket("a")], caller, NOW),
    ):
        with pytest.raises(Refused, match=told):
            decide()
    assert desk.status(ticket_id) == "blocked"


def test_a_ticket_with_two_questions_waits_for_both_answers(desk):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    first, second = (desk.ask_approval(run_id, ticket_id, call_id) for call_id in ("c1", "c2"))
    desk.end(run_id, Outcome.PARKED)
    desk.approvals.decide(first, True, "", THE_PERSON, NOW)
    assert desk.status(ticket_id) == "blocked"
    desk.approvals.decide(second, False, "", THE_PERSON, NOW)
    assert desk.status(ticket_id) == "ready"


def test_an_answer_that_comes_before_the_run_has_parked_is_not_waited_for_again(desk):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    approval_id = desk.ask_approval(run_id, ticket_id)
    desk.approvals.decide(approval_id, True, "", THE_PERSON, NOW)
    assert desk.status(ticket_id) == "running"
    desk.end(run_id, Outcome.PARKED)
    assert desk.status(ticket_id) == "ready"


def test_an_answer_about_a_cancelled_ticket_does_not_bring_it_back(desk, parked):
    ticket_id, approval_id, _ = parked
    desk.board.cancel(ticket_id, THE_PERSON, NOW)
    assert desk.approvals.list_pending() == []
    with pytest.raises(MovedOn, match="is denied, not pending"):
        desk.approvals.decide(approval_id, True, "", THE_PERSON, NOW)
    assert (desk.status(ticket_id), desk.approvals.get(approval_id).reason) == ("cancelled", "the ticket was cancelled")


def test_a_call_without_a_ticket_can_be_asked_about_too(desk):
    run_id = desk.claim(desk.create())
    approval_id = desk.ask_approval(run_id, None)
    assert desk.approvals.decide(approval_id, True, "", THE_PERSON, NOW).status == "approved"


@pytest.mark.parametrize("verb", ["get", "decide"])
def test_an_unknown_approval_is_not_found(desk, verb):
    with pytest.raises(NotFound, match="there is no approval 9"):
        desk.approvals.get(9) if verb == "get" else desk.approvals.decide(9, True, "", THE_PERSON, NOW)


def test_a_yes_may_be_taken_back_until_it_is_used(desk, parked):
    _, approval_id, run_id = parked
    desk.approvals.decide(approval_id, True, "", THE_PERSON, NOW)
    assert desk.approvals.decide(approval_id, False, "not now", THE_PERSON, NOW + 1).status == "denied"
    with pytest.raises(MovedOn):
        desk.records.mark_started(Scribe(run_id, run_id), "c1", NOW + 2, approval_id)


def ask_again(desk, ticket_id, place="", why="risky"):
    run_id = desk.claim(ticket_id)
    like = Like(ticket_id, "shell", place, why)
    return desk.approvals.use_grant(like, '{"command": "reboot -f"}', runner(run_id), NOW + 60)


@pytest.mark.parametrize(
    ("seconds", "place", "why", "passes"),
    [(3600, "", "risky", True), (59, "", "risky", False), (3600, "host:webb", "risky", False), (3600, "", "?", False)],
)
def test_a_grant_holds_for_a_while_for_the_same_reason_at_the_same_place(desk, parked, seconds, place, why, passes):
    ticket_id, approval_id, _ = parked
    desk.approvals.decide(approval_id, True, "", THE_PERSON, NOW, NOW + seconds)
    assert ask_again(desk, ticket_id, place, why) is passes
    used = [event.why for event in desk.queries.events_after(0, ticket_id) if event.verb == "use_grant"]
    assert used == ([f'{approval_id}: shell {{"command": "reboot -f"}}'] if passes else [])


def test_a_grant_is_of_one_ticket(desk, parked):
    _, approval_id, _ = parked
    desk.approvals.decide(approval_id, True, "", THE_PERSON, NOW, NOW + 3600)
    assert not ask_again(desk, desk.create("another"))


def test_a_no_ends_a_grant_though_its_call_was_made(desk, parked):
    ticket_id, approval_id, _run_id = parked
    desk.approvals.decide(approval_id, True, "", THE_PERSON, NOW, NOW + 3600)
    assert [granted.id for granted in desk.approvals.list_granted(NOW)] == [approval_id]
    desk.approvals.decide(approval_id, False, "enough", THE_PERSON, NOW + 1)
    assert desk.approvals.list_granted(NOW) == [] and not ask_again(desk, ticket_id)
