"""Providers that turn a run away: how long a model is left alone, and how it comes back."""

import time

import pytest

from kanban.domain.outcome import Purpose
from tests.support.providers import (
    ZAI,
    Anthropic,
    DeepSeek,
    Moonshot,
    OpenAI,
    Turn,
    anthropic,
    call,
    deepseek,
    moonshot,
)
from tests.support.providers import zai as zai_answers
from tests.support.providers.markup import CallsAsText
from tests.support.providers.openai import insufficient_quota
from tests.support.providers.server import Whole
from tests.support.real_models import DELIVER, check_nothing_was_lost, employ, impatient, replies_in, serve
from tests.support.scripted import house, new_house, template_home
from tests.unit.interfaces.terminal import run_kanban

__all__ = ["house", "new_house", "serve", "template_home"]

MODEL = "deepseek/deepseek-v4-pro"
TRIES = 4  # of one call


@pytest.fixture
def server(house, serve):
    house.now = time.time()
    server = serve(DeepSeek([DELIVER]))
    employ(house, "cody", MODEL, server)
    return server


def turn_away(house, server, answer, times=TRIES):
    """Play the next run against this answer, and return it with the pause that it made."""
    server.planned.extend([answer] * times)
    run = house.play(house.next_run(), impatient(house))
    server.planned.clear()
    return run, house.app.store.pauses.active(house.now).get(house.app.live.profile("cody").model)


@pytest.mark.parametrize(
    ("said", "minutes", "least", "most"),
    [("2", 60, 2, 2.5), ("0", 60, 0, 0.1), ("999999999", 60, 3590, 3600), ("999999999", 5, 290, 300)],
)
def test_f57_what_retry_after_says_is_kept_up_to_the_ceiling(house, server, said, minutes, least, most):
    house.set(longest_pause_minutes=minutes)
    ticket = house.ticket()
    run, pause = turn_away(house, server, deepseek.rate_limited(said))
    length = pause.until - run.ended_at if pause else 0
    assert run.outcome == "rate_limited" and least <= length <= most
    assert house.app.store.due.failures_by_profile(ticket, Purpose.WORK) == {}
    assert house.get(ticket).not_before <= run.ended_at + most
    house.now += most
    assert house.play(house.next_run()).outcome == "done"


def test_a_pause_grows_only_while_the_trouble_comes_back(house, server):
    house.ticket()
    lengths = []
    for _ in range(4):
        run, pause = turn_away(house, server, deepseek.overloaded())
        lengths.append(pause.until - run.ended_at)
        house.now = pause.until
    assert [30 * 2**n <= length <= 36.1 * 2**n for n, length in enumerate(lengths)] == [True] * 4
    assert house.play(house.next_run()).outcome == "done"
    house.ticket()
    run, pause = turn_away(house, server, deepseek.overloaded())
    assert pause.until - run.ended_at < 37


EMPTY = [
    (DeepSeek, MODEL, deepseek.insufficient_balance(), "Insufficient Balance"),
    (Moonshot, "moonshot/kimi-k2.7-code", moonshot.quota_exceeded(), "insufficient balance"),
    (ZAI, "zai/glm-5.1", zai_answers.no_balance(), "Insufficient balance"),
    (Anthropic, "anthropic/claude-opus-4-5", anthropic.no_credit(), "credit balance is too low"),
    (OpenAI, "openai/gpt-5", insufficient_quota(), "exceeded your current quota"),
]


@pytest.mark.parametrize(("kind", "model", "answer", "words"), EMPTY, ids=[model for _, model, _, _ in EMPTY])
def test_an_empty_account_is_asked_again_now_and_then_and_found_to_be_paid(house, serve, kind, model, answer, words):
    house.now = time.time()
    server = serve(kind([DELIVER]))
    employ(house, "cody", model, server)
    ticket = house.ticket()
    for _ in range(6):  # until a pause is longer than the time of two probes
        run, pause = turn_away(house, server, answer, times=1)
        assert words in run.error and house.status(ticket) == "ready"
        house.now = pause.until
    house.now = run.ended_at + 301
    house.tick()
    assert house.launcher.probed == [("cody", model)]
    server.planned.append(answer)
    house.app.probe("cody", model)
    assert model in house.app.store.pauses.active(house.now)  # it is still empty
    house.tick()
    assert len(house.launcher.probed) == 1
    house.now += 301
    assert house.tick().started == []
    house.app.probe(*house.launcher.probed[-1])
    assert house.app.store.pauses.active(house.now) == {}
    assert house.play(house.next_run()).outcome == "done"
    assert house.app.store.due.failures_by_profile(ticket, Purpose.WORK) == {}


def test_f57_model_list_and_resume(house, server):
    ticket = house.ticket()
    turn_away(house, server, deepseek.rate_limited("999999999"))
    [listed] = [each for each in run_kanban(house.path, "model", "list", "--json").data if each["model"] == MODEL]
    assert listed["outcome"] == "rate_limited" and "Rate limit reached" in listed["why"]
    assert 3000 < listed["paused_seconds"] < 3700 and listed["profiles"] == ["cody"]
    assert "rate_limited" in run_kanban(house.path, "model", "list").out
    doctor = run_kanban(house.path, "doctor")
    assert doctor.status == 1 and MODEL in doctor.out

    wrong = run_kanban(house.path, "model", "resume", "deepseek/deepseek-v4", "--json")
    assert wrong.status != 0 and MODEL in wrong.error["hint"]
    assert not house.tick().started
    resumed = run_kanban(house.path, "model", "resume", MODEL, "--json")
    assert (resumed.status, resumed.data) == (0, {"model": MODEL, "resumed": True})
    assert house.play(house.next_run()).outcome == "done"
    again = run_kanban(house.path, "model", "resume", MODEL, "--json")
    assert (again.status, again.data["resumed"], house.status(ticket)) == (0, False, "done")


def report(request):
    return Turn("Yes. ", "done") if replies_in(request) else Turn("I call. ", calls=(call("report", number=7),))


def test_model_test_tells_what_works_and_ends_the_pause(house, server):
    house.ticket()
    turn_away(house, server, deepseek.rate_limited("999999999"))
    server.script = report
    tested = run_kanban(house.path, "model", "test", "cody", "--json")
    assert tested.status == 0
    found = tested.data
    assert (found["works"], found["tools"], found["thinks"], found["gives_back"]) == (True, "called", True, True)
    assert found["problem"] == "" and found["window"] and found["first_token_seconds"] is not None
    assert len(found["usage"]) == 2 and all(turn["reasoning"] and turn["cost_usd"] for turn in found["usage"])
    assert house.app.store.pauses.active(house.now) == {}
    assert "works" in run_kanban(house.path, "model", "test", "cody").out
    check_nothing_was_lost(server)


def test_model_test_says_what_to_change_when_calls_come_as_text(house, serve):
    employ(house, "cody", "openai/coder", serve(CallsAsText(report)))
    tested = run_kanban(house.path, "model", "test", "cody", "--json")
    assert (tested.status, tested.data["tools"]) == (0, "as text")
    assert any("tool parser" in advice for advice in tested.data["advice"])
    assert any("window:" in advice for advice in tested.data["advice"])


@pytest.mark.parametrize(
    ("script", "planned", "told"),
    [
        (lambda request: Turn("Hm. ", "I report seven."), None, "It called no tool."),
        (report, deepseek.insufficient_balance(), "Insufficient Balance"),
        (report, Whole.of({"error": {"message": "Authentication Fails"}}, 401), "Authentication Fails"),
        (report, Whole(b"<html>", 200, {"Content-Type": "text/html"}), "It is a web page: check `api_base`"),
    ],
    ids=["no call", "no credit", "no key", "a page"],
)
def test_model_test_says_what_is_wrong_and_exits_with_1(house, server, script, planned, told):
    server.script = script
    server.planned.extend([planned] if planned else [])
    tested = run_kanban(house.path, "model", "test", "cody", "--json")
    assert (tested.status, tested.data["works"]) == (1, False)
    assert told in f"{tested.data['problem']} {tested.data['advice']}" and "Traceback" not in tested.out + tested.err
