"""`report`: how well tickets went, as Markdown and JSON."""

import pytest

from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import Caller, Mover


@pytest.fixture
def finish(app, kanban, claim):
    def finish(title="Move the logs"):
        number = kanban("create", title, "--json").data["id"]
        run = claim(number)
        app.store.runs.end(run, Ending(Outcome.DONE, "Done."), Caller(Mover.RUNNER, "cody", run), app.clock())

    return finish


def test_without_settled_tickets_it_says_so(kanban):
    assert "No ticket was settled in that time." in kanban("report").out
    assert kanban("report", "--json").data["all"]["settled"] == 0


def test_it_is_markdown_with_a_table_by_profile_and_by_category(kanban, finish):
    finish()
    finish("Move the rest")
    shown = kanban("report").out
    assert "2 tickets settled: 2 done (2 of 2), 2 at the first try (2 of 2), 0 reworked, 0 questions." in shown
    assert "| cody | 2 | 2 of 2 | 2 of 2 | 0 | 0 | 0.0 of 60 |" in shown
    assert "## By category" in shown and "| (none) | 2 |" in shown
    assert "Cost: $0.0000; no price is missing." in shown


@pytest.mark.parametrize("span", [[], ["--week"], ["--since", "all"], ["--since", "24h"]])
def test_the_same_as_json_for_any_span(kanban, finish, span):
    finish()
    found = kanban("report", "--json", *span).data
    assert found["all"]["done"] == 1 and found["by_profile"][0]["name"] == "cody"
    assert found["by_category"][0]["name"] == "" and "ready" in found["seconds_in_status"]
