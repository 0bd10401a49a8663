"""A private ticket is seen by nobody but profiles whose models are the person's own."""

import pytest

from kanban.domain.brief import Brief, Sensitivity
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.store.filing import NewTicket
from tests.support.scripted import DONE, call, draft, model_of

SECRET = "cheese allergy"


@pytest.fixture
def private(house):
    """Files a private ticket that speaks of the person's health."""

    def private(assignee="hermit", **more):
        brief = Brief(goal=f"Write down the {SECRET}.", sensitivity=Sensitivity.PRIVATE, steps=["Write it."])
        new = NewTicket(f"Note the {SECRET}", f"About the {SECRET}.", brief, assignee, **more)
        return house.app.store.board.create_ticket(new, THE_PERSON, house.clock())

    house.profile("hermit", local_only=True)
    house.script("hermit")
    return private


def told(house, ticket):
    return house.get(ticket).explanation


def test_ginger_does_not_write_its_brief_unless_she_is_local(house, private):
    ticket = private("default")
    assert house.tick().started == [] and "ginger is not local_only" in told(house, ticket)
    assert house.get(ticket).assignee == "human"


def test_a_stuck_one_is_the_persons_and_not_gingers(house, private):
    ticket = private()
    house.work(ticket, call("block", reason="other", explanation="It is stuck."), profile="hermit")
    assert house.tick().started == []
    notices = [row[0] for row in house.rows("SELECT text FROM notice")]
    assert any("ginger is not local_only" in notice for notice in notices)


def test_a_local_ginger_may(house, private):
    house.profile("ginger", local_only=True)
    private("default")
    assert len(house.tick().started) == 1


@pytest.mark.parametrize("tool", ["show_ticket", "list_tickets"])
def test_what_ginger_looks_at_holds_nothing_of_it(house, private, tool):
    ticket = private()
    house.app.store.board.comment(ticket, THE_PERSON, SECRET, house.clock())
    asked = {"ticket": ticket} if tool == "show_ticket" else {}
    said = house.see(tool, purpose=Purpose.CHAT, **asked)
    assert f"#{ticket}" in said and "private: kept from models" in said and SECRET not in said


def test_no_word_finds_it(house, private):
    ticket = private()
    said = house.see("list_tickets", purpose=Purpose.CHAT, text="cheese")
    assert f"#{ticket}" not in said


def test_nothing_of_it_is_kept_for_other_agents(house, private):
    run = house.work(private(), call("remember", text=SECRET), DONE, profile="hermit")
    assert "every agent reads what is kept" in house.answers(run)[0]
    assert house.app.store.queries.recall("", 10) == []


def test_what_it_is_split_into_is_private_too(house, private):
    house.profile("ginger", local_only=True)
    ticket = private("default")
    house.play(house.next_run(), model_of(call("split", ticket=ticket, tickets=[draft("One"), draft("Two")])))
    children = [row[0] for row in house.rows("SELECT id FROM ticket WHERE parent_id = ?", ticket)]
    assert len(children) == 2 and house.app.store.queries.find_private([ticket, *children]) == {ticket, *children}
