"""A model that turned a run away is left alone for a while: one pause and one notice, however many runs meet it."""

import pytest

from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import THE_PERSON
from kanban.store.pauses import FORGOTTEN_AFTER, JITTER, PROBE_AFTER
from tests.unit.store.desk import NOW, runner

WORDS = "quota exceeded for project 7, see billing"


def turn_away(desk, now=NOW, outcome=Outcome.RATE_LIMITED, ticket_id=None, **ending):
    """A run that its model turns away at `now`; the pause there is then."""
    run_id = desk.claim(ticket_id or desk.create(), now=now)
    desk.end(run_id, outcome, now=now, explanation=WORDS, **ending)
    return desk.pauses.active(now)["m"]


def test_f13_twenty_runs_that_meet_the_same_quota_make_one_pause_and_one_notice(desk):
    runs = [desk.claim(desk.create()) for _ in range(20)]
    for number, run_id in enumerate(runs):
        desk.end(run_id, Outcome.RATE_LIMITED, now=NOW + number / 10, explanation=WORDS)
    (pause,) = desk.pauses.active(NOW + 2).values()
    assert (pause.model, pause.strikes, pause.outcome, pause.why) == ("m", 1, "rate_limited", WORDS)
    assert NOW + 30 <= pause.until <= NOW + 30 * (1 + JITTER)
    (told,) = desk.notices()
    assert told.startswith("model m is paused for 3") and told.endswith(f"s (rate_limited): {WORDS}")
    assert {desk.ticket(ticket_id).not_before for ticket_id in range(1, 21)} == {pause.until}


def test_f13_what_the_provider_asks_for_is_kept_and_a_later_word_lengthens_the_pause(desk):
    late = desk.claim(desk.create())
    first = turn_away(desk, retry_after=5.0)
    assert NOW + 5 <= first.until <= NOW + 5 * (1 + JITTER)
    desk.end(late, Outcome.RATE_LIMITED, now=NOW + 1, retry_after=400.0)
    assert desk.pauses.active(NOW + 1)["m"].until == NOW + 401
    assert len(desk.notices()) == 1


def test_a_provider_that_asks_for_two_seconds_again_gets_two_seconds_again(desk):
    now, lengths = NOW, []
    for _ in range(4):
        pause = turn_away(desk, now, retry_after=2.0)
        lengths.append(pause.until - now)
        now = pause.until
    assert all(2 <= length <= 2 * (1 + JITTER) for length in lengths)


def test_f57_a_pause_has_a_ceiling_and_the_person_can_lift_it(desk):
    ticket_id = desk.create()
    pause = turn_away(desk, ticket_id=ticket_id, retry_after=999_999_999.0)
    assert pause.until <= NOW + 3600
    assert desk.pauses.resume("m", NOW + 1) and not desk.pauses.resume("m", NOW + 1)
    assert desk.pauses.active(NOW + 1) == {} and desk.due.ready_tickets(NOW + 1, 10) == [ticket_id]


def test_a_pause_that_no_provider_asked_for_is_probed_by_one_process_at_a_time(desk):
    now = NOW
    for _ in range(6):  # until the pause is longer than the time between two probes
        pause = turn_away(desk, now, Outcome.MODEL_DOWN)
        now = pause.until
    due = pause.since + PROBE_AFTER
    assert not desk.pauses.take_probe("m", due - 1)
    assert desk.pauses.take_probe("m", due) and not desk.pauses.take_probe("m", due + 1)
    assert desk.pauses.take_probe("m", due + PROBE_AFTER)


def test_a_pause_that_the_provider_asked_for_is_not_probed(desk):
    turn_away(desk, retry_after=3000.0)
    assert not desk.pauses.take_probe("m", NOW + 2000)


@pytest.mark.parametrize("outcome", [Outcome.RATE_LIMITED, Outcome.MODEL_DOWN])
def test_f13_trouble_that_comes_back_soon_doubles_the_pause_up_to_an_hour(desk, outcome):
    now, lengths = NOW, []
    for _ in range(9):
        pause = turn_away(desk, now, outcome)
        lengths.append(pause.until - now)
        now = pause.until
    expected = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert all(least <= length <= least * (1 + JITTER) for least, length in zip(expected, lengths, strict=True))
    assert len(desk.notices()) == 9  # each pause is told, no run is


def test_pauses_differ_by_chance_so_that_not_all_come_back_at_once(desk):
    now, shares = NOW, set()
    for _ in range(6):
        pause = turn_away(desk, now, retry_after=1_000.0)
        shares.add(round((pause.until - now) / 1_000, 6))
        now = pause.until + FORGOTTEN_AFTER
    assert len(shares) > 1 and all(1 <= share <= 1 + JITTER for share in shares)


def test_trouble_after_a_quiet_hour_is_new_trouble(desk):
    first = turn_away(desk)
    assert turn_away(desk, first.until + FORGOTTEN_AFTER - 1).strikes == 2
    second = desk.pauses.active(first.until + FORGOTTEN_AFTER)["m"]
    assert turn_away(desk, second.until + FORGOTTEN_AFTER).strikes == 1


def test_a_run_that_goes_well_makes_the_next_trouble_new_trouble(desk):
    first = turn_away(desk)
    good = desk.claim(desk.create(), now=first.until)
    desk.end(good, now=first.until + 5)
    assert turn_away(desk, first.until + 10).strikes == 1


def test_f13_what_ends_well_while_the_model_is_paused_had_begun_before_and_lifts_nothing(desk):
    early = desk.claim(desk.create())
    pause = turn_away(desk)
    desk.end(early, now=NOW + 1)
    assert desk.pauses.active(NOW + 1) == {"m": pause}


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.RATE_LIMITED, Outcome.MODEL_DOWN}))
def test_no_other_end_of_a_run_pauses_its_model(desk, outcome):
    desk.block_by(desk.create(), outcome, explanation="x")
    assert desk.pauses.active(NOW) == {}


def test_f19_a_model_that_is_down_is_told_once_in_the_providers_own_words(desk):
    turn_away(desk, outcome=Outcome.MODEL_DOWN)
    (told,) = desk.notices()
    assert "model m is paused" in told and "(model_down)" in told and WORDS in told


def test_a_pause_ends_by_itself_and_another_model_is_not_paused(desk):
    pause = turn_away(desk)
    assert desk.pauses.active(pause.until) == {}
    assert "other" not in desk.pauses.active(NOW)


def test_a_profile_with_fallback_models_does_not_make_its_ticket_wait(desk, runs):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    runs.end(run_id, Ending(Outcome.RATE_LIMITED), runner(run_id), NOW, has_fallback=True)
    assert desk.ticket(ticket_id).not_before == 0 and "m" in desk.pauses.active(NOW)


def test_what_the_person_gives_to_another_does_not_wait_for_the_model_of_the_first(desk, board):
    ticket_id = desk.create()
    turn_away(desk, ticket_id=ticket_id)
    assert desk.due.ready_tickets(NOW, 10) == []
    board.assign(ticket_id, "scout", THE_PERSON, NOW)
    assert desk.due.ready_tickets(NOW, 10) == [ticket_id]
