"""Sums over the board: cost, completion, time in status, and what the rubric's rules came to."""

import pytest

from kanban.domain.message import Reply, ToolCall, Usage
from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import THE_PERSON, BlockReason
from kanban.store.numbers import Completion, DaySpend, Numbers, RuleRecord, Spend
from kanban.store.records import Scribe
from kanban.store.runs import NewRun
from tests.unit.store.desk import LEASE, NOW

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
def numbers(db):
    return Numbers(db)


@pytest.fixture
def spend(desk):
    """Has a run of a profile spend something at a time; None is a price that is not known."""

    def spend(cost, now=NOW, profile="cody", request_id=None, rule=""):
        ticket_id = desk.create(request_id=request_id, now=now)
        new = NewRun(Purpose.WORK, profile, "m", ticket_id, request_id, rule=rule)
        run_id = desk.runs.claim(new, now, LEASE)
        reply = Reply("", (ToolCall("c", "ls", "{}"),), Usage(1, 1, cost), "m")
        desk.records.append_reply(Scribe(run_id, run_id), 0, reply, now)
        return run_id

    return spend


def test_cost_by_day_has_an_entry_for_each_day_also_those_without_any(numbers, spend):
    midnight = NOW - 1000
    for cost, days in ((9.0, 3), (1.0, 2), (0.5, 2), (2.0, 0)):
        spend(cost, NOW - days * DAY)
    midnights = [midnight - 2 * DAY, midnight - DAY, midnight]
    assert numbers.spend_by_day(midnights) == [
        DaySpend(midnights[0], 1.5, False),
        DaySpend(midnights[1], 0.0, False),
        DaySpend(midnights[2], 2.0, False),
    ]


def test_a_day_on_which_clocks_change_has_the_cost_of_its_own_hours(numbers, spend):
    short, long = NOW, NOW + 23 * HOUR
    midnights = [short, long, long + 25 * HOUR]
    for cost, at in ((1.0, short), (2.0, long), (4.0, long + 25 * HOUR - 1), (8.0, long + 25 * HOUR)):
        spend(cost, at)
    assert [day.cost_usd for day in numbers.spend_by_day(midnights)] == [1.0, 6.0, 8.0]


def test_a_price_that_is_not_known_marks_its_sums(numbers, spend):
    spend(1.0)
    spend(None, profile="scout")
    assert numbers.spend_since(NOW) == Spend(1.0, True)


def test_completion_counts_what_settled_and_what_was_asked(numbers, desk):
    assert (numbers.completion(0), Completion(0, 0, 3).rate, Completion(0, 0, 3).loops) == (
        Completion(0, 0, 0),
        None,
        None,
    )
    desk.finish(desk.create(), desk.create(), desk.create())
    desk.board.cancel(desk.create(), THE_PERSON, NOW)
    desk.block_by(desk.create(), Outcome.BLOCKED, explanation="which?", block_reason=BlockReason.NEEDS_INPUT)
    completion = numbers.completion(NOW)
    assert completion == Completion(3, 1, 1) and (completion.rate, completion.loops) == (0.75, 0.25)
    assert numbers.completion(NOW + 1) == Completion(0, 0, 0)


def test_time_in_status_counts_a_stay_from_its_beginning_also_when_that_was_long_ago(numbers, desk):
    tickets = [desk.create(now=NOW - 5 * DAY) for _ in range(2)]
    runs = [desk.claim(ticket, now=NOW - 5 * DAY + wait) for ticket, wait in zip(tickets, (100, 300), strict=True)]
    desk.board.comment(tickets[0], THE_PERSON, "a word", NOW - DAY)
    for run_id in runs:
        desk.end(run_id, now=NOW)
    assert numbers.time_in_status(0) == [("running", 5 * DAY - 200.0), ("ready", 200.0)]
    assert numbers.time_in_status(NOW - 1) == [("running", 5 * DAY - 200.0)]


def test_a_rules_record_is_what_its_runs_and_splits_came_to(numbers, desk, spend):
    spend(9.0, NOW - DAY, rule="old")
    desk.end(spend(1.0, rule="code"))
    desk.end(spend(None, rule="code"), Outcome.FAILED)
    spend(0.25, rule="code")
    spend(9.0)
    desk.board.send_to_split(desk.create(), "nine targets are too many", NOW, "wide")
    desk.board.send_to_split(desk.create(), "too broad for one worker: 9 targets", NOW)
    assert numbers.rule_records(NOW) == {
        "code": RuleRecord("code", runs=3, done=1, live=1, cost_usd=1.25, unknown=True),
        "wide": RuleRecord("wide", splits=1),
    }
    assert "old" in numbers.rule_records(0)
