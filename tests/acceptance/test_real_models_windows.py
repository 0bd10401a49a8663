"""Long runs in small windows, at servers that count the tokens of each request and refuse what is too long."""

import json

import pytest

from tests.support.providers import ZAI, Anthropic, DeepSeek, Moonshot, OpenAI, Turn, call
from tests.support.providers.local import LlamaCpp
from tests.support.providers.tokens import count
from tests.support.real_models import DELIVER, check_nothing_was_lost, employ, replies_in, serve
from tests.support.scripted import house, new_house, template_home
from tests.unit.interfaces.terminal import run_kanban

__all__ = ["house", "new_house", "serve", "template_home"]

WINDOW = 40_000
SHARE = 0.7
ESTIMATED = 1.2  # tokens are estimated, not counted
LOGS = 12
DEEPSEEK = (DeepSeek, "deepseek/deepseek-v4-pro", {})
PROVIDERS = [
    DEEPSEEK,
    (Moonshot, "moonshot/kimi-k2.7-code", {}),
    (ZAI, "zai/glm-5.1", {}),
    (Anthropic, "anthropic/claude-opus-4-5", {"reasoning": "low", "max_output": 2_000}),
    (OpenAI, "openai/gpt-5", {}),
]
TWO_AND_SLOWER = [pytest.param(one, marks=[pytest.mark.slow] if n % 3 else []) for n, one in enumerate(PROVIDERS)]
of_each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider[1])
HANDOVER = "write down what you need to go on"


@pytest.fixture
def logs(house, tmp_path):
    """Twelve logs of 30,000 characters."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(LOGS):
        lines = (f"12:{n % 60:02} host{number} service[{n}]: request {n * 7919} took {n % 97} ms\n" for n in range(700))
        (folder / f"{number}.log").write_text("".join(lines)[:30_000])
    house.hosts(local={"paths": {str(folder): "the logs"}})
    return sorted(folder.iterdir())


def hire(house, serve, provider, script, served, **settings):
    """A server that reads `served` tokens, and cody played by its model."""
    kind, model, needed = provider
    server = serve(kind(script, window=served))
    employ(house, "cody", model, server, **needed, **settings)
    return server


def size_of(request):
    """The tokens of a request, as a server counts them."""
    return sum(count(json.dumps(part)) for part in [request.get("tools", []), *request["messages"]])


def check_the_requests(server, ticket):
    """All were taken, and each told what the ticket is."""
    assert server.refusals == []
    for request in server.requests:
        asked = next(message for message in request["messages"] if message["role"] == "user")
        assert f"Ticket {ticket}: " in str(asked["content"])


@pytest.mark.parametrize(("at_once", "provider"), [(False, DEEPSEEK), *((True, one) for one in PROVIDERS)])
def test_f42_twelve_logs_are_read_in_one_run_within_the_window(house, serve, logs, at_once, provider):
    reads = [call("read_file", path=str(file)) for file in logs]
    turns = [Turn("All of them. ", calls=tuple(reads))] if at_once else [Turn("Next. ", calls=(one,)) for one in reads]
    server = hire(house, serve, provider, [*turns, DELIVER], WINDOW, window=WINDOW)
    ticket = house.ticket("Read the logs")
    run = house.work(ticket)
    assert (run.outcome, run.turns, house.status(ticket)) == ("done", len(turns) + 1, "done")
    check_the_requests(server, ticket)
    assert max(map(size_of, server.requests)) < SHARE * WINDOW * ESTIMATED
    assert all(len(answer) > 25_000 for answer in house.answers(run)[:LOGS])  # the transcript itself stays whole
    last = json.dumps(server.requests[-1])
    assert "read_file shows it" in last  # where the whole of what was shortened can be read


@pytest.mark.slow
def test_f42_ninety_turns_of_ten_kilobytes_stay_under_the_share(house, serve):
    step = "seq -f 'line %g of {} in a file' 1 400"
    turns = [Turn(f"Step {n}. ", calls=(call("shell", command=step.format(n)),)) for n in range(89)]
    server = serve(DeepSeek([*turns, DELIVER], window=WINDOW))
    employ(house, "cody", "deepseek/deepseek-v4-pro", server, window=WINDOW, max_turns=100)
    ticket = house.ticket("Count for long")
    run = house.work(ticket)
    assert (run.outcome, run.turns) == ("done", 90)
    check_the_requests(server, ticket)
    assert max(map(size_of, server.requests)) < SHARE * WINDOW * ESTIMATED
    cached, prompt = house.rows("SELECT cached_tokens, prompt_tokens FROM run")[0]
    assert cached > prompt / 2  # results are shortened in steps, so that the provider's cache holds meanwhile


def test_f42_an_overflow_teaches_the_window_and_the_request_is_shortened_and_sent_once_more(house, serve):
    step = "seq -f 'line %g of {} in a file' 1 400"
    turns = [Turn(f"Step {n}. ", calls=(call("shell", command=step.format(n)),)) for n in range(6)]
    server = serve(LlamaCpp([*turns, DELIVER], window=12_000))
    employ(house, "cody", "openai/qwen3", server)
    run = house.work(house.ticket("Count"))
    assert run.outcome == "done" and len(server.refusals) == 1
    refused = server.refusals[0].number
    assert len(replies_in(server.requests[refused])) == len(replies_in(server.requests[refused + 1]))
    assert size_of(server.requests[refused + 1]) < 12_000
    listed = run_kanban(house.path, "model", "list", "--json").data
    assert [each["learned_window"] for each in listed if each["model"] == "openai/qwen3"] == [12_000]
    assert "12,000 (learned)" in run_kanban(house.path, "model", "list").out
    house.work(house.ticket("Count again"))
    assert len(server.refusals) == 1  # the next run knows


@of_each_provider
def test_f42_a_window_that_is_smaller_than_anybody_knew_costs_a_refusal_and_never_the_run(house, serve, provider):
    step = "seq -f 'line %g of {} in a file' 1 400"
    turns = [Turn(f"Step {n}. ", calls=(call("shell", command=step.format(n)),)) for n in range(8)]
    server = hire(house, serve, provider, [*turns, DELIVER], 16_000)
    ticket = house.ticket("Count")
    run = house.work(ticket)
    assert (run.outcome, house.status(ticket)) == ("done", "done"), run.error
    assert 1 <= len(server.refusals) <= 2


def test_f42_a_ticket_that_cannot_fit_is_blocked_with_words(house, serve):
    server = serve(DeepSeek([DELIVER], window=4_000))
    employ(house, "cody", "deepseek/deepseek-v4-pro", server, window=4_000)
    ticket = house.ticket("Read this: " + "one more thing to keep in mind; " * 900)
    run = house.work(ticket)
    assert (run.outcome, house.status(ticket), server.requests) == ("blocked", "blocked budget", [])
    assert "deepseek/deepseek-v4-pro reads 4000 tokens" in run.error and "Split the ticket" in run.error


def test_f42_a_first_estimate_that_is_too_low_costs_one_refusal_at_most(house, serve):
    """Random bytes as base64 have more tokens than they look."""
    turns = [Turn("More. ", calls=(call("shell", command="head -c 7000 /dev/urandom | base64"),)) for _ in range(12)]
    server = serve(DeepSeek([*turns, DELIVER], window=24_000))
    employ(house, "cody", "deepseek/deepseek-v4-pro", server, window=24_000)
    run = house.work(house.ticket("Look at bytes"))
    assert run.outcome == "done" and len(server.refusals) <= 1


@pytest.mark.parametrize("provider", TWO_AND_SLOWER)
def test_f42_a_crowded_transcript_is_handed_over_by_the_models_own_notes(house, serve, provider):
    def play(request):
        if HANDOVER in str(request["messages"][-1]["content"]):
            return Turn("What do I need? ", "NOTES: twenty steps are done, the files are counted, finish it.")
        if "NOTES: " in json.dumps(request["messages"]):
            return DELIVER
        made = len(replies_in(request))
        return Turn(
            f"Step {made}. ", f"I do step {made}.", (call("shell", command=f"echo step {made} {'of many ' * 40}"),)
        )

    window = 9_000
    server = hire(house, serve, provider, play, window, window=window, max_turns=90)
    ticket = house.ticket("Do many steps")
    run = house.work(ticket)
    assert run.outcome == "done"
    check_the_requests(server, ticket)
    assert sum(HANDOVER in json.dumps(request["messages"][-1]) for request in server.requests) == 1
    last = server.requests[-1]["messages"]
    assert len(last) < 8 and "NOTES: twenty steps are done" in json.dumps(last)
    assert len(house.transcript(run)) > 30


def test_the_run_after_a_failed_one_is_told_what_that_one_found(house, serve):
    look = Turn("Look. ", "The port must be in ports.txt.", (call("shell", command="echo the port is 8080"),))
    server = serve(
        DeepSeek(lambda request: DELIVER if "the port is 8080" in json.dumps(request["messages"][:2]) else look)
    )
    employ(house, "cody", "deepseek/deepseek-v4-pro", server, max_turns=2)
    ticket = house.ticket("Find the port")
    assert house.work(ticket).outcome == "out_of_turns"
    asked = len(server.requests)
    assert house.play(house.next_run()).outcome == "done"
    told = server.requests[asked]["messages"][1]["content"]
    assert "Earlier attempts" in told and "The port must be in ports.txt." in told
    check_nothing_was_lost(server)
