"""Notices are written with what they tell, and delivered until every target has them."""

import pytest

from kanban.domain.outcome import Outcome
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, BlockReason
from kanban.store.outbox import GIVE_UP_AFTER, LONGEST_NOTICE, RETRY_AFTER, record_notice
from tests.unit.store.desk import GINGER, NOW


@pytest.fixture
def tell(desk):
    def tell(key, text="hello", now=NOW):
        with desk.db.write() as tx:
            record_notice(tx, key, text, now)

    return tell


def due(desk, target, now=NOW):
    return [notice.text for notice in desk.outbox.due(target, now)]


def test_the_same_fact_is_told_once(desk, tell):
    tell("a", "first")
    tell("a", "again")
    assert desk.notices() == ["first"]


def test_a_notice_is_written_in_the_transaction_of_what_it_tells_or_not_at_all(desk):
    with pytest.raises(KeyboardInterrupt), desk.db.write() as tx:
        record_notice(tx, "a", "half", NOW)
        raise KeyboardInterrupt
    assert desk.notices() == []


def test_a_notice_is_no_longer_than_a_phone_can_show(desk, tell):
    tell("a", "x" * 10_000_000)
    assert len(desk.notices()[0]) == LONGEST_NOTICE


def test_every_target_has_a_queue_of_its_own(desk, tell):
    tell("a", "one")
    tell("b", "two")
    desk.outbox.write_receipt(1, "ntfy", NOW)
    assert due(desk, "ntfy") == ["two"] and due(desk, "mail") == ["one", "two"]
    desk.outbox.write_receipt(2, "ntfy", NOW)
    assert due(desk, "ntfy") == [] and due(desk, "mail") == ["one", "two"]


def test_what_could_not_be_delivered_is_tried_again_after_growing_waits(desk, tell):
    tell("a")
    now = NOW
    for wait in (*RETRY_AFTER, RETRY_AFTER[-1]):
        desk.outbox.write_receipt(1, "ntfy", now, error="no network")
        assert due(desk, "ntfy", now + wait - 1) == []
        assert due(desk, "ntfy", now + wait) == ["hello"]
        now += wait
    assert list(RETRY_AFTER) == sorted(RETRY_AFTER)
    desk.outbox.write_receipt(1, "ntfy", now)
    assert due(desk, "ntfy", now + 9999) == []
    assert desk.rows("SELECT attempts, delivered_at, error FROM delivery") == [(len(RETRY_AFTER) + 2, now, "")]


def test_what_is_a_day_old_is_not_news_any_more(desk, tell):
    tell("a")
    assert due(desk, "ntfy", NOW + GIVE_UP_AFTER - 1) == ["hello"]
    assert due(desk, "ntfy", NOW + GIVE_UP_AFTER) == []


def test_targets_that_fail_are_named_with_their_last_error_until_they_take_it(desk, tell):
    tell("a")
    desk.outbox.write_receipt(1, "ntfy", NOW, error="no network")
    assert desk.outbox.failing(NOW) == [("ntfy", "no network")]
    assert desk.outbox.failing(NOW + GIVE_UP_AFTER) == []
    desk.outbox.write_receipt(1, "ntfy", NOW + 10)
    assert desk.outbox.failing(NOW + 10) == []


# -- what is told -----------------------------------------------------------------------------------------------------


def test_a_question_for_the_person_is_told_with_the_question(desk):
    ticket_id = desk.create("Move the tile")
    desk.block_by(ticket_id, Outcome.BLOCKED, block_reason=BlockReason.NEEDS_INPUT, explanation="Left or right?")
    assert desk.notices() == [f"ticket {ticket_id} waits for you: Move the tile (needs_input: Left or right?)"]


def test_a_risky_call_that_waits_is_told(desk):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    desk.ask_approval(run_id, ticket_id)
    desk.end(run_id, Outcome.PARKED, explanation="approval 1: shell")
    (told,) = desk.notices()
    assert "needs_approval: approval 1: shell" in told


def test_each_time_that_a_ticket_waits_for_the_person_is_told_anew(desk, board):
    ticket_id = desk.create()
    for moment in (NOW, NOW + 60):
        run_id = desk.claim(ticket_id, now=moment)
        desk.end(run_id, Outcome.BLOCKED, block_reason=BlockReason.NEEDS_INPUT, explanation="Which?", now=moment)
        board.unblock(ticket_id, THE_PERSON, moment + 1)
    assert len(desk.notices()) == 2


def test_what_the_person_holds_back_is_no_news_to_them(desk, board):
    board.block(desk.create(), BlockReason.NEEDS_INPUT, THE_PERSON, NOW, "let me think")
    assert desk.notices() == []


def test_an_answer_is_told(desk):
    request_id = desk.requests.open("What is the time?", THE_PERSON, NOW)
    ticket_id = desk.create(request_id=request_id)
    desk.end_talk(request_id)
    desk.finish(ticket_id)
    desk.requests.answer(request_id, "Noon.", GINGER, NOW)
    assert desk.notices() == [f"request {request_id} is answered: Noon."]


def test_what_ginger_gives_up_is_told_and_what_the_person_gives_up_is_not(desk, board):
    hers, theirs = desk.create("Fly"), desk.create()
    board.cancel(hers, GINGER, NOW, "no wings")
    board.cancel(theirs, THE_PERSON, NOW)
    assert desk.notices() == [f"ginger gave ticket {hers} up: Fly (no wings)"]


def test_what_ginger_could_not_write_is_told(desk, board):
    ticket_id = desk.create("Something", assignee="default")
    board.take_from_orchestrator(ticket_id, "it failed the lint", THE_DISPATCHER, NOW)
    (told,) = desk.notices()
    assert told.startswith(f"ticket {ticket_id} waits for you") and "it failed the lint" in told


def test_f20_what_was_stranded_is_told_once_for_each_request(desk, board):
    first, second = (desk.requests.open(words, THE_PERSON, NOW) for words in ("one", "two"))
    needed = desk.create()
    stranded = [
        desk.create(f"t{n}", request_id=request, depends_on=[needed]) for request in (first, second) for n in "ab"
    ]
    board.cancel(needed, THE_PERSON, NOW, "not wanted")
    assert set(desk.statuses(*stranded)) == {"blocked"}
    why = f"#{needed}, which it needs, was cancelled"
    assert desk.notices() == [f"tickets of request {request} are blocked: {why}" for request in (first, second)]
