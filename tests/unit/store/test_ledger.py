"""The ledger: model calls added up by what they were for, and what planning saves."""

import time
from itertools import count

import pytest

from kanban.domain.authority import Verb
from kanban.domain.brief import Brief
from kanban.domain.message import Reply, ToolCall, Usage
from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, BlockReason, Caller, Mover
from kanban.store.ledger import Dimension, Ledger, Line, Share, Tally, add_lines
from kanban.store.records import Scribe
from kanban.store.runs import NewRun
from tests.unit.store.desk import LEASE, NOW

DAY = 86_400.0


@pytest.fixture
def ledger(db):
    return Ledger(db)


@pytest.fixture
def pay(desk):
    """Has a live run make a model call at a time; None is a price that is not known."""
    turns = count()

    def pay(run_id, cost, now=NOW, model="m"):
        reply = Reply("", (ToolCall("c", "ls", "{}"),), Usage(100, 10, cost, 40, 5), model)
        desk.records.append_reply(Scribe(run_id, run_id), next(turns), reply, now)

    return pay


@pytest.fixture
def start(desk):
    def start(purpose, ticket_id=None, request_id=None, profile="ginger"):
        return desk.runs.start(NewRun(purpose, profile, "m", ticket_id, request_id), THE_DISPATCHER, NOW, LEASE)

    return start


def costs(lines):
    return {line.name: line.cost_usd for line in lines}


def shares(ledger):
    return {share: line.cost_usd for share, line in ledger.economics(0).shares.items() if line.calls}


def test_an_empty_board_has_spent_nothing(ledger):
    assert all(ledger.roll_up(by, 0) == [] for by in Dimension)
    assert ledger.economics(0).tally == Tally(0, 0, 0, 0, 0)


def test_calls_are_added_up_by_each_dimension_and_the_dearest_comes_first(ledger, desk, pay, start):
    request = desk.requests.open("words", THE_PERSON, NOW)
    written = desk.create(brief=Brief(goal="Write it.", category="writing"), body="b", request_id=request)
    cody, ginger = desk.claim(written), start(Purpose.CHAT, request_id=request)
    pay(cody, 1.0, model="small")
    pay(cody, 2.0, NOW + DAY)
    pay(ginger, 0.5)
    assert costs(ledger.roll_up(Dimension.PROFILE, 0)) == {"cody": 3.0, "ginger": 0.5}
    assert [line.name for line in ledger.roll_up(Dimension.PROFILE, 0)] == ["cody", "ginger"]
    assert costs(ledger.roll_up(Dimension.MODEL, 0)) == {"m": 2.5, "small": 1.0}
    assert costs(ledger.roll_up(Dimension.PURPOSE, 0)) == {"work": 3.0, "chat": 0.5}
    assert costs(ledger.roll_up(Dimension.CATEGORY, 0)) == {"writing": 3.0, "": 0.5}
    assert costs(ledger.roll_up(Dimension.REQUEST, 0)) == {str(request): 3.5}
    assert costs(ledger.roll_up(Dimension.TICKET, 0)) == {str(written): 3.0, "": 0.5}
    assert costs(ledger.roll_up(Dimension.RUN, 0)) == {str(cody): 3.0, str(ginger): 0.5}
    assert list(costs(ledger.roll_up(Dimension.DAY, 0)).values()) == [1.5, 2.0]
    assert ledger.roll_up(Dimension.RUN, 0)[0] == Line(str(cody), 2, 200, 80, 20, 10, 3.0)


def test_by_profile_and_request_names_are_in_order_of_cost_and_what_belongs_to_no_request_has_none(ledger, desk, pay):
    one, two = (desk.requests.open(words, THE_PERSON, NOW - 2 * DAY) for words in ("one", "two"))
    for cost, at, profile, request in (
        (8.0, NOW - DAY, "ginger", one),
        (1.0, NOW, "cody", one),
        (3.0, NOW, "scout", two),
        (0.5, NOW, "scout", None),
    ):
        ticket = desk.create(request_id=request, now=at)
        pay(desk.claim(ticket, profile, now=at), cost, at)
    found = [(line.name, line.cost_usd) for line in ledger.roll_up(Dimension.PROFILE, NOW)]
    assert found == [("scout", 3.5), ("cody", 1.0)]
    found = [(line.name, line.cost_usd) for line in ledger.roll_up(Dimension.REQUEST, NOW)]
    assert found == [(str(two), 3.0), (str(one), 1.0), ("", 0.5)]


def test_the_share_that_came_from_caches_is_none_without_prompts():
    assert Line("x").cached_share is None
    assert Line("x", prompt_tokens=200, cached_tokens=50).cached_share == 0.25


def test_only_calls_from_a_time_on_count(ledger, desk, pay):
    run = desk.claim(desk.create())
    pay(run, 1.0)
    pay(run, 2.0, NOW + DAY)
    assert costs(ledger.roll_up(Dimension.PROFILE, NOW + 1)) == {"cody": 2.0}
    assert ledger.roll_up(Dimension.PROFILE, NOW + 2 * DAY) == []


def test_days_are_those_of_this_machine(ledger, desk, pay, monkeypatch):
    run = desk.claim(desk.create())
    pay(run, 1.0, 1_793_478_600.0)  # 2026-10-31T20:30Z
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert costs(ledger.roll_up(Dimension.DAY, 0)) == {"2026-11-01": 1.0}
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_price_that_is_not_known_is_counted_and_never_zero(ledger, desk, pay):
    scout = desk.claim(desk.create(), "scout")
    pay(scout, None)
    found = [(line.name, line.cost_usd, line.unpriced) for line in ledger.roll_up(Dimension.PROFILE, 0)]
    assert found == [("scout", 0.0, 1)]
    pay(scout, 0.0)
    [line] = ledger.roll_up(Dimension.PROFILE, 0)
    assert (line.calls, line.cost_usd, line.unpriced, line.whole_cost) == (2, 0.0, 1, None)
    assert add_lines("total", [line, Line("x", 1, cost_usd=2.0)]).whole_cost is None


# -- economics ---------------------------------------------------------------------------------------------------------


def test_planning_work_review_and_steering_are_told_apart(ledger, desk, pay, start):
    ticket = desk.create()
    request = desk.requests.open("words", THE_PERSON, NOW)
    for purpose, cost in ((Purpose.CHAT, 1.0), (Purpose.SYNTHESIZE, 16.0)):
        pay(start(purpose, request_id=request), cost)
    pay(start(Purpose.DECOMPOSE, ticket), 2.0)
    pay(start(Purpose.REVIEW, ticket, profile="checker"), 8.0)
    pay(desk.claim(ticket), 4.0)
    assert shares(ledger) == {Share.DECOMPOSE: 3.0, Share.EXECUTE: 4.0, Share.REVIEW: 8.0, Share.STEER: 16.0}


def test_a_run_that_ended_in_a_question_has_clarified(ledger, desk, pay):
    ticket = desk.create()
    run = desk.claim(ticket)
    pay(run, 1.0)
    desk.end(run, Outcome.BLOCKED, block_reason=BlockReason.NEEDS_INPUT, explanation="Which host?")
    desk.board.unblock(ticket, THE_PERSON, NOW)
    again = desk.claim(ticket)
    pay(again, 2.0)
    desk.end(again)
    found = ledger.economics(0)
    assert shares(ledger) == {Share.CLARIFY: 1.0, Share.EXECUTE: 2.0}
    assert found.tally == Tally(tickets=1, done=1, resolved=1, abandoned=0, questions=1)


def test_what_follows_a_claim_that_did_not_hold_is_rework(ledger, desk, pay):
    ticket = desk.create()
    run = desk.claim(ticket)
    pay(run, 1.0, NOW + 1)
    desk.board.note(ticket, Verb.CHECK_FAILED, "it is there", Caller(Mover.RUNNER, "cody", run), NOW + 2)
    pay(run, 2.0, NOW + 3)
    assert shares(ledger) == {Share.EXECUTE: 1.0, Share.REWORK: 2.0}


def test_what_follows_a_run_that_failed_or_a_ticket_that_was_reopened_is_rework(ledger, desk, pay):
    failed, reopened = desk.create(), desk.create()
    for ticket, outcome in ((failed, Outcome.FAILED), (reopened, Outcome.DONE)):
        run = desk.claim(ticket)
        pay(run, 1.0, NOW + 1)
        desk.end(run, outcome, now=NOW + 2)
    desk.board.reopen(reopened, THE_PERSON, NOW + 3)
    for ticket in (failed, reopened):
        pay(desk.claim(ticket, now=NOW + 10_000), 2.0, NOW + 10_001)
    assert shares(ledger) == {Share.EXECUTE: 2.0, Share.REWORK: 4.0}


def test_a_run_that_a_fault_of_the_machine_ended_spoils_nothing(ledger, desk, pay):
    ticket = desk.create()
    run = desk.claim(ticket)
    pay(run, 1.0, NOW + 1)
    desk.end(run, Outcome.INFRASTRUCTURE, now=NOW + 2)
    pay(desk.claim(ticket, now=NOW + 10_000), 2.0, NOW + 10_001)
    assert shares(ledger) == {Share.EXECUTE: 3.0}


def test_what_was_given_up_is_abandoned(ledger, desk):
    desk.board.cancel(desk.create(), THE_PERSON, NOW)
    desk.create()
    assert ledger.economics(0).tally == Tally(tickets=2, done=0, resolved=0, abandoned=1, questions=0)
    assert ledger.economics(NOW + 1).tally.tickets == 0
