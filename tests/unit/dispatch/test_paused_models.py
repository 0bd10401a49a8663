"""While a model is paused nothing is started on it; a fallback is tried first, and no ticket pays for it."""

import pytest

from kanban.domain.outcome import Purpose
from kanban.errors import FailureClass, ModelError
from tests.support.scripted import DONE, call, model_of

BLOCK = call("block", reason="other", explanation="It is stuck.")


class TurnedAway:
    """A model whose provider says: not now."""

    name = "turned away"
    window = None

    def __init__(self, failure=FailureClass.RATE_LIMITED, retry_after=None):
        self._error = ModelError(failure, "You exceeded your current quota", "see billing", retry_after)

    def complete(self, *_):
        raise self._error


def pause(house, profile="cody", retry_after=600.0):
    """Have a run of this profile turned away, with a ticket of its own."""
    ticket = house.ticket("Turned away", assignee=profile)
    house.play(house.claim(ticket, profile), TurnedAway(retry_after=retry_after))
    return ticket


def started(house, seconds=0.0):
    runs = [house.run(run_id) for run_id in house.tick(seconds).started]
    return [(run.ticket_id or run.request_id, run.purpose, run.model) for run in runs]


def test_f13_no_run_of_a_paused_model_is_started_and_others_are(house):
    turned = pause(house)
    waits, other = house.ticket("Also for cody"), house.ticket("For scout", assignee="scout")
    assert started(house) == [(other, "work", "scripted/scout")]
    house.play(house.launcher.runs[-1], model_of(DONE))
    assert started(house, 500) == []
    assert [house.status(ticket) for ticket in (turned, waits)] == ["ready", "ready"]
    assert started(house, 300) == [(turned, "work", "scripted/cody"), (waits, "work", "scripted/cody")]


def test_f13_a_quota_storm_of_twenty_runs_costs_one_pause_one_notice_and_no_failure(house):
    house.set(slots=20)
    house.profile("cody", max_parallel=20)
    tickets = [house.ticket(f"Ticket {number}") for number in range(20)]
    for run_id in house.tick().started:
        house.play(run_id, TurnedAway())
    assert [house.status(ticket) for ticket in tickets] == ["ready"] * 20
    assert house.rows("SELECT count(*) FROM model_pause") == house.rows("SELECT count(*) FROM notice") == [(1,)]
    assert not house.tick().did_anything
    assert all(house.app.store.due.failures_by_profile(ticket, Purpose.WORK) == {} for ticket in tickets)
    assert all(house.app.store.due.count_runs(ticket) == 0 for ticket in tickets)
    assert len(started(house, 61)) == 20


def test_f13_quota_alone_never_uses_up_the_runs_of_a_ticket(house):
    ticket = house.ticket()
    for _ in range(15):  # more than the twelve runs that a ticket may have
        house.play(house.next_run(), TurnedAway())
        house.now = house.get(ticket).not_before
    assert house.play(house.next_run(), model_of(DONE)).outcome == "done"


@pytest.mark.parametrize("failure", [FailureClass.RATE_LIMITED, FailureClass.MODEL_DOWN])
def test_the_first_fallback_that_is_not_paused_is_used_at_once_also_for_the_ticket_that_met_the_pause(house, failure):
    house.profile("cody", fallback_models=["scripted/second", "scripted/third"])
    for name in ("second", "third"):
        house.script(name)
    ticket = house.ticket()
    models = []
    for _ in range(3):
        run = house.run(house.next_run())
        models.append(run.model)
        house.play(run.id, TurnedAway(failure, 600.0))
        assert house.status(ticket) == "ready"
    assert models == ["scripted/cody", "scripted/second", "scripted/third"]
    assert started(house) == []  # all of them are paused
    assert started(house, 800) == [(ticket, "work", "scripted/cody")]


def test_a_run_on_a_fallback_goes_on_in_the_transcript_and_really_asks_that_model(house):
    house.profile("cody", fallback_models=["scripted/second"])
    house.script("second", call("write_file", path="a", content="by the second"), DONE)
    first = house.play(house.claim(house.ticket()), TurnedAway())
    run = house.play(house.next_run())
    assert (run.model, run.transcript_of, run.outcome) == ("scripted/second", first.id, "done")
    assert (house.workspace(run) / "a").read_text() == "by the second"


def test_f19_a_revoked_key_pauses_the_model_once_with_the_providers_own_words(house):
    ticket = house.ticket()
    run = house.play(house.next_run(), TurnedAway(FailureClass.MODEL_DOWN))
    assert (run.outcome, house.status(ticket)) == ("model_down", "ready")
    [(told,)] = house.rows("SELECT text FROM notice")
    assert told.startswith("model scripted/cody is paused for 3") and "You exceeded your current quota" in told
    assert started(house) == []


@pytest.mark.parametrize("purpose", ["decompose", "diagnose", "synthesize"])
def test_every_kind_of_gingers_runs_waits_while_her_model_is_paused(house, purpose):
    match purpose:
        case "decompose":
            house.ticket(assignee="default")
        case "diagnose":
            house.work(house.ticket(), BLOCK)
        case "synthesize":
            _, [only] = house.ask("One thing.", "Only")
            house.work(only, DONE)
    house.talk("Hello.", model=TurnedAway(retry_after=600.0))
    assert started(house) == []
    assert [kind for _, kind, _ in started(house, 800)] == [purpose, "chat"]


def test_a_paused_diagnosis_does_not_count_and_comes_again(house):
    ticket = house.ticket()
    house.work(ticket, BLOCK)
    for _ in range(5):
        run = house.play(house.next_run(), TurnedAway())
        assert (run.purpose, house.get(ticket).diagnoses) == ("diagnose", 0)
        assert started(house) == []
        house.now += 3600 * 1.3
    house.play(house.next_run(), model_of(call("unblock", ticket=ticket, note="Go on.")))
    assert house.status(ticket) == "ready"


def test_a_paused_checker_does_not_count_and_comes_again(new_house):
    house = new_house()
    with (house.path / "rubric.yaml").open("a") as file:
        file.write("review: {}\n")
    ticket = house.ticket()
    house.work(ticket, DONE)
    for _ in range(3):
        assert house.play(house.next_run(), TurnedAway()).purpose == "review"
        assert started(house) == []
        house.now += 3600 * 1.3
    house.play(house.next_run(), model_of(call("verdict", passed=True, findings=["looked"])))
    assert house.status(ticket) == "done"


def test_a_talk_that_is_turned_away_pauses_the_model_for_all(house):
    house.talk("Do it.", model=TurnedAway(retry_after=600.0))
    house.ticket(assignee="default")
    assert started(house) == []


def test_f33_an_idle_tick_while_a_model_is_paused_writes_nothing(house):
    pause(house)
    house.tick()
    changes = house.total_changes()
    assert not house.tick(60).did_anything
    assert house.total_changes() == changes
