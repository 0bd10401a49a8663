"""What a day may cost: a run ends before the call that would pass it, and nothing is started until tomorrow."""

import pytest

from kanban.domain.message import Reply, Usage
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.errors import InvalidFile
from kanban.files.home import load_settings
from kanban.files.yamlfile import edit_yaml
from kanban.llm import Calls
from kanban.service.doctor import check_budget
from kanban.service.explain import explain_ticket
from kanban.store.budget import midnight_before
from kanban.store.filing import NewTicket
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


# -- run, ticket and request -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budgets", "told"),
    [
        ({"run": {"usd": 12}}, "run 1 is $12.00: $10.00 is spent, and the next call would cost about $5.00"),
        ({"ticket": {"usd": 12}}, "ticket 1 is $12.00: $10.00 is spent, and the next call would cost about $5.00"),
        ({"ticket": {"tokens": 50}}, "ticket 1 is 50 tokens: 40 are spent, and the next call would take about 20"),
    ],
)
def test_work_ends_before_the_call_that_would_pass_its_budget_and_waits_for_the_person(house, budgets, told):
    house.set(budget_usd_per_day=None, budgets=budgets)
    ticket = spend(house)
    explanation = house.get(ticket).explanation
    assert house.status(ticket) == "blocked budget"
    assert f"the budget of {told}; raise budgets." in explanation
    assert house.app.store.due.to_diagnose() == []
    assert any("budget" in text for (text,) in house.rows("SELECT text FROM notice WHERE ticket_id = 1"))


def test_the_work_of_all_tickets_of_a_request_counts_towards_it(house):
    house.set(budget_usd_per_day=None, budgets={"request": {"usd": 12}})
    request = house.app.store.requests.open("Both, please.", THE_PERSON, house.clock())

    def work(title):
        board, now = house.app.store.board, house.clock()
        ticket = board.create_ticket(NewTicket(title, "Do it."), THE_PERSON, now, request)
        house.play(house.next_run(), Dear(call("shell", command="echo 1"), DONE))
        return house.get(ticket)

    assert work("One").status == "done"
    second = work("Two")
    assert (second.status, second.block_reason) == ("blocked", "budget")
    assert "the budget of request 1 is $12.00: $10.00 is spent" in second.explanation


def test_raised_and_unblocked_it_goes_on_from_where_it_was(house):
    house.set(budget_usd_per_day=None, budgets={"ticket": {"usd": 12}})
    ticket = spend(house)
    house.set(budgets={"ticket": {"usd": 100}})
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock())
    dear = Dear(*[call("shell", command=f"echo {number}") for number in range(5)], DONE)
    run = house.play(house.next_run(), dear)
    assert (run.outcome, house.status(ticket)) == ("done", "done")
    assert dear.asked == 4  # two of its six turns were paid for before


def test_the_person_is_told_once_when_four_fifths_are_spent(house):
    house.set(budget_usd_per_day=None, budgets={"ticket": {"usd": 31}})
    assert house.status(spend(house)) == "done"
    assert notices(house) == ["four fifths of the budget of ticket 1 are spent"]


def test_the_budget_of_a_ticket_holds_up_no_other(house):
    house.set(budget_usd_per_day=None, budgets={"ticket": {"usd": 12}})
    spend(house)
    other = house.ticket("Another")
    house.tick()
    assert house.status(other) == "running"


def test_a_limit_of_nothing_is_refused(house):
    with pytest.raises(InvalidFile, match="budgets"):
        load_settings(edited(house, budgets={"ticket": {"usd": 0}}))


def edited(house, **settings):
    edit_yaml(house.path / "kanban.yaml", lambda data: data.update(settings))
    return house.app.home
