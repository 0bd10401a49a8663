"""Runs of several turns with models that think: to the end, through a kill, and on a model that takes over."""

import json
import os
import signal
import threading
import time
from dataclasses import replace

import pytest

from kanban.domain.outcome import Purpose
from tests.support.daemon import daemon, wait_for, wait_for_status
from tests.support.home import file_ticket
from tests.support.providers import ZAI, Anthropic, DeepSeek, Moonshot, OpenAI, Turn, anthropic, call, deepseek
from tests.support.providers.openai import insufficient_quota
from tests.support.real_models import DELIVER, check_nothing_was_lost, employ, impatient, replies_in, serve
from tests.support.scripted import house, new_house, template_home

__all__ = ["house", "new_house", "serve", "template_home"]

THINKS = {"reasoning": "low"}
PROVIDERS = {
    "deepseek": (DeepSeek, "deepseek/deepseek-v4-pro", {}),
    "moonshot": (Moonshot, "moonshot/kimi-k2.7-code", {}),
    "zai": (ZAI, "zai/glm-5.1", {}),
    "anthropic": (Anthropic, "anthropic/claude-opus-4-5", THINKS),
    "openai": (OpenAI, "openai/gpt-5", {}),
}
SHOWS_THOUGHTS = ("deepseek", "moonshot", "zai", "anthropic")

TURNS = (
    Turn('  Erst schauen – "was" ist da?\n\n', "", (call("shell", command="echo 8080 > ports"),)),
    Turn(
        "读一下 👩‍🔬 C:\\temp\t'x'\r\n", "Two looks.", (call("read_file", path="ports"), call("list_dir")), hidden=True
    ),
    Turn('{"no": "call"} <b>&amp;</b> e\u0301 ', "", (call("write_file", path="note.md", content="8080 is open"),)),
    DELIVER,
)
THOUGHTS = [turn.thoughts for turn in TURNS]
CHECK = "grep -q 8080 note.md"

of_each_provider = pytest.mark.parametrize("name", PROVIDERS)


def hire(house, serve, profile, name, turns=TURNS):
    kind, model, settings = PROVIDERS[name]
    server = serve(kind(turns))
    employ(house, profile, model, server, **settings)
    return server


def thoughts_in(request):
    """The thoughts that a request gives back, in OpenAI's field or in Anthropic's blocks."""
    given = []
    for reply in replies_in(request):
        content = reply.get("content")
        blocks = content if isinstance(content, list) else []
        given += [block["thinking"] for block in blocks if block["type"] == "thinking"]
        given += [reply["reasoning_content"]] if reply.get("reasoning_content") else []
    return given


def check_turns(server, name):
    check_nothing_was_lost(server)
    if name in SHOWS_THOUGHTS:
        assert [thoughts_in(request) for request in server.requests] == [THOUGHTS[:n] for n in range(len(TURNS))]


@of_each_provider
def test_f41_a_run_of_four_turns_is_done_and_each_request_brings_all_thoughts_back(house, serve, name):
    server = hire(house, serve, "cody", name)
    ticket = house.ticket("Note the ports", CHECK)
    run = house.work(ticket)
    assert (run.outcome, house.status(ticket), run.turns) == ("done", "done", 4)
    check_turns(server, name)
    told = json.dumps([message.content for message in house.transcript(run)], ensure_ascii=False)
    assert not any(thoughts.strip() in told for thoughts in THOUGHTS)


@pytest.mark.slow
def test_after_a_kill_in_mid_run_each_run_goes_on_with_the_thoughts_of_its_transcript(house, serve):
    house.set(slots=len(PROVIDERS))
    servers = {name: hire(house, serve, name, name) for name in PROVIDERS}
    killed = threading.Event()
    for server in servers.values():
        server.before_piece = lambda number, server=server: len(server.requests) == 3 and killed.wait(60)
    home = house.app
    home.clock = time.time
    tickets = {name: file_ticket(home, f"Note the ports for {name}", CHECK, assignee=name) for name in PROVIDERS}
    with daemon(home):
        wait_for(home, lambda: all(len(server.requests) == 3 for server in servers.values()))
        for run in home.store.due.live_runs():
            os.kill(run.pid, signal.SIGKILL)
        killed.set()
        for ticket in tickets.values():
            wait_for_status(home, ticket, "done", "blocked")
    for name, server in servers.items():
        runs = home.store.queries.runs_of_ticket(tickets[name])
        assert [run.outcome for run in runs] == ["infrastructure", "done"], [run.error for run in runs]
        again = server.requests.pop(2)
        assert again["messages"] == server.requests[2]["messages"]  # no turn that was recorded is paid for twice
        check_turns(server, name)


TURNED_AWAY = {
    "deepseek": deepseek.insufficient_balance,
    "anthropic": anthropic.no_credit,
    "openai": insufficient_quota,
    "moonshot": deepseek.insufficient_balance,
}


@pytest.mark.parametrize(
    ("first", "second"),
    [("deepseek", "moonshot"), ("anthropic", "deepseek"), ("moonshot", "anthropic"), ("openai", "zai")],
)
def test_a_fallback_goes_on_after_the_first_model_and_gets_nothing_foreign(house, serve, first, second):
    away = hire(
        house, serve, "cody", first, [replace(turn, thoughts=f"Von {first}: {turn.thoughts}") for turn in TURNS]
    )
    kind, model, settings = PROVIDERS[second]
    helper = serve(kind(TURNS))
    house.profile("cody", fallback_models=[{"model": model, "api_base": helper.url, **settings}])
    ticket = house.ticket("Note the ports", CHECK)
    turn_away_at(away, 2, TURNED_AWAY[first]())
    begun = house.play(house.next_run(), impatient(house))
    assert (begun.outcome, begun.turns) == ("rate_limited" if first == "openai" else "model_down", 2)
    assert house.status(ticket) == "ready" and house.app.store.due.failures_by_profile(ticket, Purpose.WORK) == {}
    run = house.play(house.next_run())
    assert (run.model, run.transcript_of, run.outcome) == (model, begun.id, "done")
    assert helper.refusals == []
    sent = json.dumps(helper.requests, ensure_ascii=False)
    assert f"Von {first}" not in sent and "signature" not in json.dumps(helper.requests[0])
    assert "8080" in sent  # what the first model's calls gave is there


def turn_away_at(server, number, answer):
    """Give `answer` in place of the reply after `number` turns."""
    play = server.play
    server.play = lambda path, request: answer if len(replies_in(request)) == number else play(path, request)
