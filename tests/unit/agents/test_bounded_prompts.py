"""However much is written on a ticket, what a model is sent of it stays small."""

import pytest

from kanban.domain.ticket import THE_PERSON
from tests.support.scripted import DONE, Spy, call, model_of

MOST_CHARS = 200_000
BLOCK = call("block", reason="other", explanation="It is stuck. " + "y" * 100_000)


def write_comments(house, ticket, count, size=2_000):
    """Many comments at once; one at a time would take the test's whole time."""
    with house.app.store.db.write() as tx:
        rows = [(ticket, "person", f"{number} " + "x" * size, house.clock()) for number in range(count)]
        tx.exec_driver_sql("INSERT INTO comment (ticket_id, author, text, created_at) VALUES (?, ?, ?, ?)", rows)


def size_of(spy):
    """The characters of the longest request."""
    return max(sum(len(message.content) for message in messages) for messages in spy.asked)


@pytest.fixture
def crowded(house):
    ticket = house.ticket()
    write_comments(house, ticket, 10_000)
    return ticket


def test_of_ten_thousand_comments_a_worker_is_shown_the_latest(house, crowded):
    spy = Spy(model_of(DONE))
    house.play(house.next_run(), spy)
    assert size_of(spy) < MOST_CHARS
    assert any("9999 xxx" in message.content for message in spy.asked[0])
    assert not any("note by person>\n0 xxx" in message.content for message in spy.asked[0])


def test_a_run_that_goes_on_is_told_the_latest_of_what_was_said_meanwhile(house):
    ticket = house.ticket()
    house.work(ticket, call("block", reason="needs_input", explanation="Which?", question="Which?"))
    write_comments(house, ticket, 10_000)
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock(), note="The left one.")
    spy = Spy(model_of(BLOCK, DONE))
    house.play(house.next_run(), spy)
    assert size_of(spy) < MOST_CHARS
    assert "The left one." in spy.asked[0][-1].content


def test_a_diagnosis_is_shown_a_bounded_pack(house, crowded):
    house.play(house.next_run(), model_of(BLOCK))
    spy = Spy(model_of(call("unblock", ticket=crowded, note="Go on.")))
    run = house.play(house.next_run(), spy)
    assert (run.purpose, run.outcome) == ("diagnose", "done")
    assert size_of(spy) < MOST_CHARS


def test_a_checker_is_shown_a_bounded_claim(house, crowded):
    with (house.path / "rubric.yaml").open("a") as file:
        file.write("review: {}\n")
    house.play(house.next_run(), model_of(call("complete", summary="s" * 100_000, evidence=["e" * 1_000] * 100)))
    spy = Spy(model_of(call("verdict", passed=True, findings=["All of it holds."])))
    run = house.play(house.next_run(), spy)
    assert (run.purpose, run.outcome) == ("review", "done")
    assert size_of(spy) < MOST_CHARS
