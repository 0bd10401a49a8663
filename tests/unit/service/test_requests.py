"""A request is never left alone: an exchange that breaks off is taken over, retried or closed, and `why` tells it."""

import pytest

from kanban.domain.message import Role
from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.domain.transcript import NEWS
from kanban.errors import MovedOn
from kanban.service.explain import explain_request
from kanban.store.runs import NewRun
from tests.support.scripted import call, draft, model_of

WORDS = "How many moons has Mars?"


class Killed(BaseException):
    """What a kill -9 leaves of a process: nothing after it is carried out."""


class Mortal:
    """A model that takes these steps and is killed with its process at the next."""

    name = "mortal"
    window = None

    def __init__(self, *steps):
        self._steps = iter(steps)

    def complete(self, *args):
        for step in self._steps:
            return model_of(step).complete(*args)
        raise Killed


@pytest.fixture
def killed(house):
    """A request whose exchange was killed before Ginger had said a word: its conversation."""
    return talk_until_killed(house)


def talk_until_killed(house, *steps):
    with pytest.raises(Killed):
        house.talk(WORDS, model=Mortal(*steps))
    return find_dead(house)


def find_dead(house):
    """The run whose process was killed, once the dispatcher has found that."""
    (run,) = house.app.store.due.live_runs()
    house.lose(run.id, Outcome.INFRASTRUCTURE)
    return run.id


def runs(house):
    return [(run.purpose, run.outcome) for run in house.app.store.queries.runs_of_request(1)]


def said(house, run_id):
    return [
        message.content for message in house.app.store.queries.transcript(house.run(run_id)) if message.name == NEWS
    ]


def why(house):
    return str(explain_request(house.app.parts, 1, house.now))


def unanswered(house):
    return house.app.store.queries.requests_without_answer()


def test_a_talk_that_was_killed_is_taken_over_and_the_person_is_told_the_answer(house, killed):
    assert unanswered(house) == [] and "ginger goes on with it" in why(house)
    house.play(house.next_run(), model_of("Two."))
    request = house.app.store.queries.get_request(1)
    assert (request.status, request.answer, request.conversation_id) == ("answered", "Two.", killed)
    assert runs(house) == [("chat", "infrastructure"), ("chat", "done")]
    assert said(house, killed) == [WORDS]
    assert [notice.text for notice in house.app.store.outbox.due(house.now, 10)] == ["request 1 is answered: Two."]
    assert not house.tick().did_anything


def test_a_reply_that_was_recorded_is_not_paid_for_again(house):
    def stop(*_, **__):
        raise Killed

    requests = house.app.store.requests
    requests.answer_directly, answer = stop, requests.answer_directly
    with pytest.raises(Killed):
        house.talk(WORDS, "Two.")
    requests.answer_directly = answer
    find_dead(house)
    taken = house.play(house.next_run(), model_of())  # it would have nothing to say
    assert (taken.outcome, taken.turns) == ("done", 0)
    assert house.app.store.queries.get_request(1).answer == "Two."


def test_what_was_filed_is_awaited_and_nothing_is_taken_over(house):
    talk_until_killed(house, call("file_tickets", tickets=[draft()]))
    assert house.app.store.queries.get_request(1).status == "working" and house.app.store.due.to_talk() == []
    assert why(house).startswith("Request 1 is working;") and "It waits for #1 (ready)." in why(house)


@pytest.mark.parametrize("outcome", [Outcome.RATE_LIMITED, Outcome.MODEL_DOWN, Outcome.TIMED_OUT])
def test_what_is_not_for_the_person_to_mend_is_taken_over(house, outcome):
    talk = house.app.store.runs.open_talk(WORDS, NewRun(Purpose.CHAT, "ginger", "m"), THE_PERSON, house.clock(), 60)
    house.lose(talk[1], outcome)
    assert house.app.store.due.to_talk() == [1]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANCELLED, Outcome.CRASHED])
def test_what_failed_before_the_persons_eyes_waits_for_them(house, outcome):
    talk = house.app.store.runs.open_talk(WORDS, NewRun(Purpose.CHAT, "ginger", "m"), THE_PERSON, house.clock(), 60)
    house.lose(talk[1], outcome)
    assert house.app.store.due.to_talk() == [] and unanswered(house) == [1]
    assert f"Run {talk[1]} ended {outcome}: killed. Nothing happens by itself: this is yours to decide." in why(house)
    assert "`kanban request retry 1`, `kanban request close 1`" in why(house)


def test_retry_has_her_asked_again_with_failures_forgiven(house):
    house.talk(WORDS, *[""] * 5)
    assert unanswered(house) == [1]
    house.app.store.requests.retry(1, THE_PERSON, house.clock())
    assert house.app.store.due.count_talk_failures(1) == 0 and unanswered(house) == []
    assert house.play(house.next_run(), model_of(*[""] * 30)).outcome == "failed"
    assert house.play(house.next_run(), model_of(*["Two."] * 30)).outcome == "done"
    assert said(house, 1) == [WORDS] * 3 and house.app.store.queries.get_request(1).answer == "Two."


def test_after_her_failure_limit_the_person_is_told_and_nothing_loops(house, killed):
    for _ in range(house.app.live.orchestrator.failure_limit):
        house.play(house.next_run(), model_of(*[""] * 30))
    assert not house.tick().started and unanswered(house) == [1]
    (told,) = [notice.text for notice in house.app.store.outbox.due(house.now, 10)]
    assert told.startswith("request 1 has no answer: ginger could not finish in ")
    assert told.endswith("`kanban request retry 1` has it tried again.")


def test_a_closed_request_is_left_alone_and_its_exchange_ends(house, killed):
    run = house.next_run()
    house.app.store.requests.close(1, THE_PERSON, house.clock(), "asked otherwise")
    assert (house.run(run).outcome, house.run(run).error) == ("cancelled", "its request was closed")
    assert house.app.store.due.to_talk() == [] and unanswered(house) == [] and "You closed it." in why(house)
    with pytest.raises(MovedOn):
        house.app.store.requests.close(1, THE_PERSON, house.clock())
    with pytest.raises(MovedOn):
        house.app.store.requests.retry(1, THE_PERSON, house.clock())


def test_a_request_with_tickets_or_an_answer_is_neither_closed_nor_retried(house):
    house.ask("Do it.", "One thing")
    house.talk("Hello.", "Hello.")
    for number in (1, 2):
        with pytest.raises(MovedOn):
            house.app.store.requests.close(number, THE_PERSON, house.clock())
        with pytest.raises(MovedOn):
            house.app.store.requests.retry(number, THE_PERSON, house.clock())


def test_a_takeover_gives_way_to_the_person_who_goes_on_with_the_conversation(house, killed):
    taken = house.next_run()
    spoken = house.talk("And Venus?", "Two, and none.", conversation_id=killed)
    assert house.run(taken).outcome == "cancelled" and spoken.ending.outcome == "done"
    assert unanswered(house) == [1]  # the person has seen her words, and decides
    words = [
        message.content
        for message in house.app.store.queries.transcript(house.run(killed))
        if message.role is Role.USER
    ]
    assert words[-2:] == [WORDS, "And Venus?"]


def test_a_takeover_waits_while_somebody_speaks_in_its_conversation(house, killed):
    new = NewRun(Purpose.CHAT, "ginger", "m", transcript_of=killed)
    house.app.store.runs.open_talk("And Venus?", new, THE_PERSON, house.clock(), 60)
    assert house.app.store.due.to_talk() == []


def test_a_takeover_that_is_handed_back_at_a_stop_is_taken_up_again(house, killed):
    run = house.next_run()
    assert house.dispatcher.hand_back(house.clock()) == [run]
    assert house.app.store.due.to_talk() == [1]


def test_a_takeover_counts_in_the_slots(house, killed):
    house.set(slots=1)
    house.ticket()
    first = house.tick().started
    assert len(first) == 1 and len(house.tick().started) == 0


def test_the_words_and_their_run_are_kept_together_or_not_at_all(house):
    new = NewRun(Purpose.CHAT, "ginger", "m", ticket_id=99)
    with pytest.raises(Exception, match="FOREIGN KEY"):
        house.app.store.runs.open_talk(WORDS, new, THE_PERSON, house.clock(), 60)
    assert house.app.store.queries.list_requests() == []
