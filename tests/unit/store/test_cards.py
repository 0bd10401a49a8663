"""Tickets as cards: what they tell, and that they cost what is open, however much is done."""

import pytest

from kanban.domain.brief import Brief, Criterion
from kanban.domain.outcome import Outcome
from kanban.domain.ticket import THE_PERSON, BlockReason
from kanban.store.cards import Cards
from kanban.store.numbers import Numbers
from tests.unit.store.desk import LEASE, NOW


@pytest.fixture
def cards(desk):
    return Cards(desk.db)


def test_a_card_has_the_cost_of_all_runs_and_the_turns_of_the_live_one(desk, cards):
    ticket = desk.create(assignee="cody")
    desk.block_by(ticket, Outcome.BLOCKED, block_reason=BlockReason.NEEDS_INPUT)
    desk.board.unblock(ticket, THE_PERSON, NOW)
    run = desk.claim(ticket, "scout")
    with desk.db.write() as tx:
        tx.exec_driver_sql("UPDATE run SET turns = 3, cost_usd = 0.5")
    (card,) = cards.open_cards()
    assert (card.live_run, card.live_profile, card.turns, card.cost_usd) == (run, "scout", 3, 1.0)
    with desk.db.write() as tx:
        tx.exec_driver_sql("UPDATE run SET cost_unknown = 1 WHERE id = ?", (run,))
    assert cards.find([ticket])[0].cost_usd is None


def test_a_question_needs_the_person_and_what_ginger_looks_into_does_not(desk, cards):
    asking, failing = desk.create(assignee="cody"), desk.create(assignee="cody")
    desk.block_by(asking, Outcome.BLOCKED, block_reason=BlockReason.NEEDS_INPUT)
    desk.block_by(failing, Outcome.BLOCKED, block_reason=BlockReason.MISSING_ACCESS)
    assert [(card.id, card.needs_person) for card in cards.open_cards()] == [(asking, True), (failing, False)]


def test_done_tickets_come_by_pages_newest_first_and_none_from_before(desk, cards):
    tickets = [desk.create(f"t{number}", assignee="cody") for number in range(5)]
    for place, run in enumerate([desk.claim(ticket) for ticket in tickets]):
        desk.end(run, now=NOW + place)
    page = cards.done_page(0.0, limit=2)
    assert [card.id for card in page.cards] == tickets[:2:-1]
    rest = cards.done_page(0.0, page.before, limit=10)
    assert [card.id for card in rest.cards] == tickets[2::-1] and rest.before is None
    assert [card.id for card in cards.done_page(NOW + 3).cards] == tickets[:2:-1]


def test_what_changed_is_told_by_the_log(desk, cards):
    first, second = desk.create(), desk.create()
    last, _ = cards.changed_since(0)
    assert cards.changed_since(last) == (last, set())
    desk.board.edit(second, THE_PERSON, NOW, priority=3)
    assert cards.changed_since(last)[1] == {second} and cards.find([first, 999])[0].id == first


def test_no_reading_of_cards_goes_through_the_settled_tickets(desk, cards):
    """The plan of the statement uses the index of open tickets and the runs of each."""
    from kanban.store.cards import _CARDS, _OPEN

    plan = " | ".join(str(row[-1]) for row in desk.rows("EXPLAIN QUERY PLAN " + _CARDS.format(which=_OPEN)))
    assert "ix_ticket_open" in plan and "ix_run_ticket_id" in plan and "SCAN r" not in plan


def test_numbers_add_up_by_time(desk):
    numbers = Numbers(desk.db)
    done, lost = desk.create(assignee="cody"), desk.create(assignee="cody")
    desk.end(desk.claim(done), now=NOW + 60)
    desk.board.cancel(lost, THE_PERSON, NOW + 60)
    completion = numbers.completion(NOW)
    assert (completion.done, completion.cancelled, completion.rate) == (1, 1, 0.5)
    assert dict(numbers.time_in_status(NOW))["running"] == pytest.approx(60)
    assert numbers.spend_since(0).cost_usd == 0 and LEASE


def test_what_only_its_worker_calls_done_is_unchecked(desk, cards):
    checked = Brief(goal="g", criteria=[Criterion(text="c", check="test -f x")])
    tickets = [desk.create("a"), desk.create("b", brief=checked), desk.create("c")]
    assert not any(card.unchecked for card in cards.open_cards())
    for ticket in tickets[:2]:
        desk.finish(ticket)
    desk.to_review(tickets[2])
    assert [card.unchecked for card in cards.find(tickets)] == [True, False, True]
    assert [desk.queries.view_ticket(ticket).is_unchecked for ticket in tickets] == [True, False, True]
