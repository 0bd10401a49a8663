"""`costs`: what model calls have cost, as a table and as JSON."""

import pytest

from kanban.domain.message import Reply, ToolCall, Usage
from kanban.store.records import Scribe


@pytest.fixture
def pay(app, kanban, claim):
    """Has a ticket's work make one model call; None is a price that is not known."""

    def pay(cost):
        number = kanban("create", "Move the logs", "--json").data["id"]
        run = claim(number)
        reply = Reply("", (ToolCall("c", "ls", "{}"),), Usage(1_000, 50, cost, 400), "m")
        app.store.records.append_reply(Scribe(run, run), 0, reply, app.clock())

    return pay


def test_without_any_call_it_says_so(kanban):
    assert "no model was called in that time" in kanban("costs").err
    found = kanban("costs", "--json").data
    assert found["lines"] == [] and found["total"]["cost_usd"] == 0


def test_a_table_with_a_bar_for_each_and_the_sum_below(kanban, pay):
    pay(0.5)
    pay(0.25)
    shown = kanban("costs", "--by", "ticket").out.splitlines()
    assert shown[0].split() == ["ticket", "calls", "tokens", "in", "cached", "out", "cost"]
    assert shown[1].split() == ["#1", "1", "1,000", "40%", "50", "$0.5000", "━" * 30]
    assert shown[2].split() == ["#2", "1", "1,000", "40%", "50", "$0.2500", "━" * 15]
    assert shown[3].split() == ["total", "2", "2,000", "40%", "100", "$0.7500"]


@pytest.mark.parametrize("by", ["profile", "model", "purpose", "category", "day", "request", "ticket", "run"])
def test_every_dimension_has_the_same_sum(kanban, pay, by):
    pay(0.5)
    pay(0.25)
    found = kanban("costs", "--by", by, "--since", "all", "--json").data
    assert found["total"]["cost_usd"] == pytest.approx(0.75)
    assert sum(line["calls"] for line in found["lines"]) == 2


def test_an_unknown_price_is_unknown(kanban, pay):
    pay(None)
    assert "unknown" in kanban("costs").out
    pay(0.5)
    assert "$0.5000 + 1 of unknown price" in kanban("costs").out
    total = kanban("costs", "--json").data["total"]
    assert (total["cost_usd"], total["priced_usd"], total["unpriced"]) == (None, 0.5, 1)


@pytest.mark.parametrize("since", ["24h", "7d", "2w", "all", "2020-01-01"])
def test_from_when_on_can_be_said_in_words(kanban, pay, since):
    pay(0.5)
    assert kanban("costs", "--since", since, "--json").data["total"]["calls"] == 1


@pytest.mark.parametrize("since", ["soon", "7", "-3d", "2026-13-01", ""])
def test_what_is_no_time_is_refused_with_an_example(kanban, since):
    refused = kanban("costs", "--since", since)
    assert refused.status == 2 and "24h, 7d, 2w" in refused.err


def test_a_date_in_the_future_has_no_calls(kanban, pay):
    pay(0.5)
    assert kanban("costs", "--since", "2999-01-01", "--json").data["lines"] == []


def test_economics_stand_beside_what_was_published(kanban, pay):
    pay(0.5)
    shown = kanban("costs", "--economics").out
    assert "worker executes" in shown and "$0.5000" in shown
    assert [line.split()[-2:] for line in shown.splitlines() if line.startswith("total")] == [["$0.262", "$0.160"]]
    assert "16 (89%)" in shown
    found = kanban("costs", "--economics", "--json").data
    assert found["shares"]["execute"]["cost_usd"] == 0.5 and found["tickets"]["tickets"] == 1
