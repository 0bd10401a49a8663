"""What finished work says of the rubric: honest intervals, the right change in time, and hardly ever a wrong one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.service.learning import FEWEST, Record, find_better, find_interval, list_records, suggest
from kanban.service.views import Evidence


def record(held, tried, profile="scout", category="ui"):
    return Record(category, profile, held, tried, 0, 10.0, 0.01)


@given(st.integers(0, 400), st.integers(0, 400))
def test_an_interval_holds_the_rate_that_was_seen_and_narrows(more, fewer):
    tried = more + fewer
    low, high = find_interval(more, tried)
    assert -1e-9 <= low <= high <= 1 + 1e-9
    if tried:
        assert low - 1e-9 <= more / tried <= high + 1e-9
        wider = find_interval(more * 4, tried * 4)
        assert wider[1] - wider[0] <= high - low + 1e-9


def test_a_few_outcomes_say_nothing():
    assert str(record(4, 4)) == "4 of 4 held: too few to say anything"
    assert str(record(9, 10)) == "9 of 10 held (53% to 99%)"
    assert find_better(record(0, 20), [record(FEWEST - 1, FEWEST - 1, "cody")]) is None


def play(rate_now, rate_other, most, dice):
    """One world, in which both take tickets in turn: after how many a change is proposed, looked at after each."""
    held, tried = [0, 0], [0, 0]
    for number in range(most):
        who = number % 2
        tried[who] += 1
        held[who] += dice.random() < (rate_other if who else rate_now)
        if find_better(record(held[0], tried[0]), [record(held[1], tried[1], "cody")]):
            return number + 1
    return None


def test_a_wrong_change_is_proposed_in_less_than_one_of_twenty_worlds():
    dice = random.Random(1)
    worlds = [play(rate, rate, 200, dice) for rate in (dice.uniform(0.2, 0.95) for _ in range(1_000))]
    assert sum(world is not None for world in worlds) < 50


@pytest.mark.parametrize(("rate_now", "rate_other", "most"), [(0.4, 0.9, 90), (0.5, 0.85, 170)])
def test_the_right_change_is_proposed_after_so_many_tickets(rate_now, rate_other, most):
    dice = random.Random(2)
    worlds = [play(rate_now, rate_other, most, dice) for _ in range(300)]
    assert sum(world is not None for world in worlds) >= 0.95 * len(worlds)


def evidence(category, profile, *held):
    return [Evidence(number, category, profile, one, 4, 0.5) for number, one in enumerate(held)]


def test_what_nothing_proves_does_not_count():
    (ui,) = list_records(evidence("UI", "scout", True, False, None, None))
    assert (ui.category, ui.held, ui.tried, ui.unproven, ui.turns, ui.cost_usd) == ("ui", 1, 2, 2, 4.0, 0.5)


def test_a_category_that_another_does_surely_better_is_suggested(house):
    found = [
        *evidence("single-file", "scout", *[True] * 6, *[False] * 18),
        *evidence("single-file", "cody", *[True] * 22, False),
    ]
    (one,) = suggest(list_records(found), house.app.live.current())
    assert (one.category, one.now.profile, one.better.profile) == ("single-file", "scout", "cody")
    assert str(one).startswith("single-file goes to scout, where 6 of 24 held")
    assert "about 71 more of 100 would hold" in str(one)


def test_what_may_not_take_it_is_not_suggested_and_who_has_it_already_neither(house):
    lost = evidence("single-file", "scout", *[True] * 6, *[False] * 18)
    assert not suggest(
        list_records([*lost, *evidence("single-file", "checker", *[True] * 30)]), house.app.live.current()
    )
    assert not suggest(list_records([*lost, *evidence("single-file", "gone", *[True] * 30)]), house.app.live.current())
    well = [*evidence("code", "cody", *[True] * 30), *evidence("code", "scout", *[False] * 30)]
    assert not suggest(list_records(well), house.app.live.current())
