"""Requests: the person's words until they are answered."""

import pytest
from sqlalchemy.exc import IntegrityError

from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, BlockReason
from kanban.errors import MovedOn
from kanban.store.runs import NewRun
from tests.unit.store.desk import GINGER, LEASE, NOW


@pytest.fixture
def request_id(desk):
    return desk.requests.open("Find out what the pump needs", THE_PERSON, NOW)


def status(desk, request_id):
    return desk.queries.get_request(request_id).status


def test_words_that_need_no_ticket_are_the_answer(desk, request_id):
    assert desk.end_talk(request_id, "It needs oil.")
    request = desk.queries.get_request(request_id)
    assert (request.status, request.answer, request.answered_at) == ("answered", "It needs oil.", NOW)


def test_tickets_that_were_filed_are_awaited(desk, request_id):
    ticket_id = desk.create(request_id=request_id)
    assert not desk.end_talk(request_id, "I filed a ticket.")
    request = desk.queries.get_request(request_id)
    assert (request.status, request.answer, request.open_tickets) == ("working", None, 1)
    assert desk.due.to_synthesize() == []
    desk.finish(ticket_id)
    assert desk.due.to_synthesize() == [request_id]


def test_a_request_is_not_answered_before_ginger_has_finished_speaking(desk, request_id):
    desk.finish(desk.create(request_id=request_id))
    assert status(desk, request_id) == "open" and desk.due.to_synthesize() == []
    desk.end_talk(request_id)
    assert desk.due.to_synthesize() == [request_id]


@pytest.mark.parametrize("outcome", [Outcome.CRASHED, Outcome.MODEL_DOWN, Outcome.CANCELLED])
def test_what_was_filed_before_the_talk_broke_off_is_answered_all_the_same(desk, request_id, outcome):
    desk.finish(desk.create(request_id=request_id))
    desk.end_talk(request_id, outcome=outcome)
    assert desk.due.to_synthesize() == [request_id]


def test_no_words_answer_a_request_that_has_tickets(desk, request_id):
    desk.create(request_id=request_id)
    assert not desk.requests.answer_directly(request_id, "all done!", GINGER, NOW)
    assert desk.queries.get_request(request_id).answer is None


def test_words_do_not_answer_twice(desk, request_id):
    desk.end_talk(request_id, "It needs oil.")
    assert not desk.requests.answer_directly(request_id, "It needs water.", GINGER, NOW)
    assert desk.queries.get_request(request_id).answer == "It needs oil."


def test_the_answer_is_given_once_and_only_when_every_ticket_is_settled(desk, request_id):
    first, second = desk.create(request_id=request_id), desk.create(request_id=request_id)
    desk.end_talk(request_id)
    desk.finish(first)
    with pytest.raises(MovedOn, match="is not waiting for an answer"):
        desk.requests.answer(request_id, "too early", GINGER, NOW)
    desk.board.cancel(second, THE_PERSON, NOW)
    desk.requests.answer(request_id, "It needs oil.", GINGER, NOW)
    with pytest.raises(MovedOn):
        desk.requests.answer(request_id, "It needs water.", GINGER, NOW)
    assert desk.queries.get_request(request_id).answer == "It needs oil."
    assert desk.due.to_synthesize() == []


@pytest.mark.parametrize("hold", ["blocked", "stale"])
def test_a_ticket_that_is_held_back_is_not_settled(desk, request_id, hold):
    ticket_id = desk.create(request_id=request_id)
    desk.end_talk(request_id)
    desk.block_by(ticket_id, Outcome.STALE if hold == "stale" else Outcome.BLOCKED)
    assert desk.due.to_synthesize() == []


def test_reopening_a_ticket_puts_an_answered_request_to_work_again(desk, request_id):
    ticket_id = desk.create(request_id=request_id)
    desk.end_talk(request_id)
    desk.finish(ticket_id)
    desk.requests.answer(request_id, "It needs oil.", GINGER, NOW)
    desk.board.reopen(ticket_id, THE_PERSON, NOW)
    assert (status(desk, request_id), desk.queries.get_request(request_id).open_tickets) == ("working", 1)
    desk.finish(ticket_id)
    assert desk.due.to_synthesize() == [request_id]
    desk.requests.answer(request_id, "It needs oil and water.", GINGER, NOW)
    assert desk.queries.get_request(request_id).answer == "It needs oil and water."


def test_the_words_of_a_request_cannot_be_changed(desk, db, request_id):
    with pytest.raises(IntegrityError, match="the words of a request are kept"), db.write() as tx:
        tx.exec_driver_sql("UPDATE request SET words = 'something else'")
    assert desk.queries.get_request(request_id).words == "Find out what the pump needs"


def test_requests_of_a_conversation_are_found_by_the_run_that_began_it(desk, request_id):
    run_id = desk.runs.start(NewRun(Purpose.CHAT, "ginger", "m", request_id=request_id), THE_PERSON, NOW, LEASE)
    assert desk.queries.last_conversation() == run_id
    second = desk.requests.open("And the filter?", THE_PERSON, NOW, run_id)
    desk.requests.open("Something else", THE_PERSON, NOW)
    assert desk.queries.last_conversation() == run_id
    assert [r.id for r in desk.queries.requests_of_conversation(run_id)] == [request_id, second]


def test_the_runs_of_a_request_are_those_of_its_tickets_too(desk, request_id):
    chat = desk.runs.start(NewRun(Purpose.CHAT, "ginger", "m", request_id=request_id), THE_PERSON, NOW, LEASE)
    work = desk.claim(desk.create(request_id=request_id))
    desk.claim(desk.create())
    assert [run.id for run in desk.queries.runs_of_request(request_id)] == [chat, work]


def test_a_synthesize_run_that_is_under_way_is_not_started_twice_and_its_failures_are_counted(desk, request_id):
    ticket_id = desk.create(request_id=request_id)
    desk.end_talk(request_id)
    desk.board.block(ticket_id, BlockReason.OTHER, THE_PERSON, NOW)
    desk.board.cancel(ticket_id, THE_PERSON, NOW)
    new = NewRun(Purpose.SYNTHESIZE, "ginger", "m", request_id=request_id)
    run_id = desk.runs.start(new, THE_DISPATCHER, NOW, LEASE)
    assert desk.due.to_synthesize() == []
    desk.end(run_id, Outcome.CRASHED, by=THE_DISPATCHER)
    assert desk.due.to_synthesize() == [request_id] and desk.due.count_synthesize_failures(request_id) == 1


def test_a_ticket_that_is_filed_for_a_closed_request_opens_it_again(desk, request_id):
    desk.requests.close(request_id, THE_PERSON, NOW)
    desk.create(request_id=request_id)
    assert desk.queries.get_request(request_id).status == "working"
