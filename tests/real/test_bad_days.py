"""Tickets that are too much for a small model, and a server that dies: each ends in words, and nothing is lost."""

import pytest

from kanban.domain.outcome import TURNED_AWAY, Outcome, Purpose
from kanban.domain.ticket import Status
from tests.real.play import LONGEST_RUN
from tests.real.tickets import TOO_HARD, TOO_VAGUE, WRITE_A_FILE
from tests.support.daemon import wait_for

pytestmark = [pytest.mark.real, pytest.mark.timeout(6 * 3600)]


@pytest.mark.parametrize("piece", [TOO_VAGUE, TOO_HARD], ids=lambda piece: piece.name)
def test_what_is_too_much_ends_within_its_limits_and_in_words(stage, piece):
    """Every profile is the small model here, so its failures are also diagnosed by it."""
    ticket_id = stage.file(piece)
    status = stage.play_out(ticket_id)
    runs = stage.home.store.queries.runs_of_ticket(ticket_id)
    for run in runs:
        stage.write_down(piece, run)
    assert status in (Status.DONE, Status.CANCELLED) or stage.home.store.queries.waiting_for_person()
    assert status == Status.DONE or stage.home.store.queries.get_ticket(ticket_id).explanation
    assert all(run.outcome in set(Outcome) - {Outcome.CRASHED} for run in runs)
    assert all(run.turns <= stage.home.live.profiles[run.profile].max_turns for run in runs)
    assert len(runs) <= stage.home.live.settings.max_runs_per_ticket
    assert find_tracebacks(stage.home) == []


def test_a_server_killed_in_mid_run_pauses_its_model_and_the_run_goes_on_when_it_is_back(stage, model_server, weights):
    ticket = stage.file(WRITE_A_FILE)
    wait_for(stage.home, lambda: has_taken_a_turn(stage.home, ticket) and model_server.is_busy(), LONGEST_RUN)
    model_server.kill()
    first = stage.wait_for_first_run(ticket)
    (pause,) = stage.home.pauses.active(stage.home.clock()).values()
    assert (first.outcome, pause.model) == (Outcome.MODEL_DOWN, first.model)
    assert stage.home.store.queries.get_ticket(ticket).status == Status.READY
    assert stage.home.store.due.failures_by_profile(ticket, Purpose.WORK) == {}

    model_server.start()
    status = stage.play_out(ticket)
    runs = [run for run in stage.home.store.queries.runs_of_ticket(ticket) if run.purpose == Purpose.WORK]
    for run in runs:
        stage.write_down(WRITE_A_FILE, run)
    assert runs[1].transcript_of == first.id
    assert TURNED_AWAY.isdisjoint(run.outcome for run in runs[1:])
    assert status == Status.DONE or not weights.good_of_five
    assert find_tracebacks(stage.home) == []


def has_taken_a_turn(home, ticket):
    run = home.store.queries.last_run(ticket, Purpose.WORK)
    return run is not None and run.turns > 0


def find_tracebacks(home):
    """Every log of the board and of its runs in which a traceback stands."""
    logs = [*home.home.logs.glob("*"), *home.home.runs.glob("*/log")]
    return [log for log in logs if "Traceback" in log.read_text(errors="replace")]
