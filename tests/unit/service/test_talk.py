"""One exchange with Ginger, in the process of the person who waits for it."""

import threading

import pytest

from kanban.domain.message import Reply
from kanban.errors import MovedOn
from tests.support.scripted import call, draft
from tests.support.waiting import wait_until


def runs(house):
    return house.rows("SELECT purpose, outcome FROM run ORDER BY id")


def test_an_exchange_is_a_request_with_a_run_of_its_own(house):
    said = house.talk("Hello.", "Hello to you.")
    assert runs(house) == [("chat", "done")]
    assert (said.request_id, said.conversation_id, said.awaits) == (1, 1, False)
    assert house.app.store.queries.last_conversation() == 1


def test_exchanges_of_one_conversation_share_a_transcript(house):
    first = house.talk("Hello.", "One.")
    second = house.talk("Again.", "One.", "Two.", conversation_id=first.conversation_id)
    assert (second.conversation_id, second.request_id) == (first.conversation_id, 2)
    assert second.ending.explanation == "Two."


def test_what_was_filed_is_awaited(house):
    assert house.talk("Do it.", call("file_tickets", tickets=[draft()]), "Filed.").awaits


def test_a_talk_that_is_ended_from_outside_can_write_nothing_more_and_the_persons_process_lives_on(house):
    """As after a Ctrl-Z: the lease lapses, the dispatcher ends the run, and then the talk wakes up."""

    class Slept:
        name = "slept"
        window = None

        def complete(self, *_):
            (run,) = house.app.store.due.live_runs()
            house.lose(run.id)
            assert wait_until(lambda: not any(thread.name == "lease" for thread in threading.enumerate()))
            return Reply("Good morning.")

    house.set(lease_seconds=0.06)
    with pytest.raises(MovedOn):
        house.talk("Hello.", model=Slept(), lease_seconds=0.06)
    assert runs(house) == [("chat", "crashed")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_talk_that_breaks_off_leaves_the_request_and_no_live_run(house, error):
    class Breaking:
        name = "breaking"
        window = None

        def complete(self, *_):
            raise error

    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            house.talk("Hello.", model=Breaking())
        assert runs(house) == [("chat", "cancelled")]
    else:
        assert house.talk("Hello.", model=Breaking()).ending.outcome == "crashed"
    assert house.app.store.due.live_runs() == []
    assert house.app.store.queries.get_request(1).words == "Hello."
