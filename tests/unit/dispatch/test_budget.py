"""What a day may cost: a run ends before the call that would pass it, and nothing is started until tomorrow."""

import pytest

from kanban.domain.message import Reply, Usage
from kanban.domain.outcome import Purpose
from kanban.llm import Calls
from kanban.service.doctor import check_budget
from kanban.service.explain import explain_ticket
from kanban.store.budget import midnight_before
from tests.support.scripted import DONE, call, model_of

DAY = 86_400
NOON = midnight_before(1_790_000_000.0) + DAY / 2


class Dear:
    """A model that asks for five dollars a word."""

    name = "dear"
    window = None

    def __init__(self, *steps):
        self._model = model_of(*steps)
        self.asked = 0

    def complete(self, messages, tools, on_piece=None, calls=Calls.FREE):
        self.asked += 1
        reply = self._model.complete(messages, tools, on_piece, calls)
        return Reply(reply.text, reply.calls, Usage(10, 10, 5.0), self.name)


@pytest.fixture
def house(house):
    house.now = NOON
    house.set(budget_usd_per_day=9)
    return house


def spend(house):
    """Have a worker use the day's budget up; returns its ticket."""
    ticket = house.ticket()
    house.play(house.next_run(), Dear(*[call("shell", command=f"echo {number}") for number in range(5)], DONE))
    return ticket


def notices(house):
    return [text for (text,) in house.rows("SELECT text FROM notice WHERE key LIKE 'budget:%'")]


def test_f37_a_run_ends_before_the_call_that_the_budget_does_not_allow(house):
    ticket = house.ticket()
    dear = Dear(*[call("shell", command=f"echo {number}") for number in range(5)], DONE)
    run = house.play(house.next_run(), dear)
    assert (run.outcome, dear.asked) == ("over_budget", 2)
    assert house.status(ticket) == "blocked budget"
    assert house.get(ticket).explanation == "today's budget of $9.00 is spent: $10.00"
    assert house.app.store.due.failures_by_profile(ticket, Purpose.WORK) == {}


def test_f37_nothing_is_started_until_tomorrow_and_the_person_is_told_once(house):
    spend(house)
    waiting = house.ticket("Another")
    before = house.total_changes()
    assert house.tick().started == []
    assert notices(house) == [
        "today's budget of $9.00 is spent: $10.00; nothing is started before tomorrow, "
        "unless you raise budget_usd_per_day in kanban.yaml"
    ]
    told = house.total_changes()
    assert told > before
    assert house.tick(60).started == [] and house.total_changes() == told  # and told once
    assert {house.run(run_id).purpose for run_id in house.tick(DAY).started} == {"work", "diagnose"}
    assert house.status(waiting) == "running"


def test_f37_a_higher_budget_is_in_force_at_once(house):
    spend(house)
    waiting = house.ticket("Another")
    house.tick()
    house.set(budget_usd_per_day=20)
    house.tick()
    assert house.status(waiting) == "running"


def test_a_talk_says_that_the_budget_is_spent_and_keeps_the_words(house):
    spend(house)
    said = house.talk("What now?", "Nothing.")
    assert said.ending.outcome == "over_budget" and "is spent" in said.ending.explanation
    assert house.app.store.queries.get_request(said.request_id).words == "What now?"


def test_without_a_budget_nothing_is_asked_of_the_ledger(house):
    house.set(budget_usd_per_day=None)
    assert house.status(spend(house)) == "done"


def test_why_and_doctor_say_what_is_waited_for(house):
    spend(house)
    waiting = house.ticket("Another")
    told = "today's budget of $9.00 is spent: $10.00"
    assert f"It waits for tomorrow: {told}." in str(explain_ticket(house.app.parts, waiting, house.clock()))
    assert [finding.told for finding in check_budget(house.app.store.budget, 9, house.clock())] == [told]
