"""Workers that end in prose, and thoughts that must not be kept: how such runs end."""

import pytest

from kanban.files.yamlfile import edit_yaml
from tests.support.providers import ZAI, Anthropic, DeepSeek, Moonshot, Turn, call
from tests.support.real_models import check_nothing_was_lost, employ, serve, talk
from tests.support.scripted import house, new_house, template_home

__all__ = ["house", "new_house", "serve", "template_home"]

SECRET = "sk-live-4f9a8b7c6d5e4f3a2b1c"
PROVIDERS = [
    (DeepSeek, "deepseek/deepseek-v4-pro", {}),
    (Moonshot, "moonshot/kimi-k2.7-code", {}),
    (ZAI, "zai/glm-5.1", {}),
    (Anthropic, "anthropic/claude-opus-4-5", {"reasoning": "low"}),
]
of_each_provider = pytest.mark.parametrize(("kind", "model", "settings"), PROVIDERS, ids=[m for _, m, _ in PROVIDERS])

WRITES = Turn("I write it. ", "", (call("write_file", path="note.md", content="8080"),))
PROSE = Turn("That is it. ", "The note is written. `complete`")
CHECK = "grep -q 8080 note.md"


@of_each_provider
def test_f14_a_worker_that_ends_in_prose_is_handed_over_when_its_checks_pass(house, serve, kind, model, settings):
    server = serve(kind([WRITES, PROSE, PROSE]))
    employ(house, "cody", model, server, **settings)
    ticket = house.ticket("Write the note", CHECK)
    run = house.work(ticket)
    assert (run.outcome, house.status(ticket), run.turns) == ("done", "done", 3)
    assert house.get(ticket).summary.startswith("The worker did not say so; its checks passed.")
    assert "did not say so" in house.comments(ticket)[-1][1]
    offered = [tool.get("function", tool)["name"] for tool in server.requests[-1]["tools"]]
    assert sorted(offered) == ["block", "complete"]  # the reminder leaves nothing else to do
    check_nothing_was_lost(server)


def test_f14_it_goes_to_the_checker_where_the_rubric_asks_for_it(house, serve):
    edit_yaml(house.path / "rubric.yaml", lambda data: data.update(review={}))
    employ(house, "cody", "deepseek/deepseek-v4-pro", serve(DeepSeek([WRITES, PROSE, PROSE])))
    looks = Turn("Is it true? ", "", (call("run_check", criterion=1),))
    judges = Turn("It is. ", "", (call("verdict", passed=True, findings=["Its check passes."]),))
    checker = serve(DeepSeek([looks, judges]))
    employ(house, "checker", "deepseek/deepseek-v4-pro", checker)
    ticket = house.ticket("Write the note", CHECK)
    house.work(ticket)
    assert house.status(ticket) == "review"
    house.play_all()
    assert house.status(ticket) == "done"
    assert "did not say so" in checker.requests[0]["messages"][1]["content"]


@pytest.mark.parametrize("checks", [["test -e other.md"], [CHECK, "test -e other.md"], []])
def test_f14_with_a_check_that_fails_or_none_at_all_it_is_blocked_with_its_words(house, serve, checks):
    employ(house, "cody", "deepseek/deepseek-v4-pro", serve(DeepSeek([WRITES, PROSE, PROSE])))
    ticket = house.ticket("Write the note", *checks)
    run = house.work(ticket)
    assert (run.outcome, house.status(ticket)) == ("blocked", "blocked other")
    assert house.get(ticket).explanation.startswith("The note is written.")


def holds_the_secret(house):
    """The files of the home, but for the one that keeps secrets, in which it can be found."""
    house.restart()
    files = [file for file in house.path.rglob("*") if file.is_file() and file.name != ".env"]
    return [file for file in files if SECRET.encode() in file.read_bytes()]


@of_each_provider
def test_f41_thoughts_that_hold_a_secret_end_the_run_with_words_and_are_kept_nowhere(
    house, serve, kind, model, settings
):
    house.secret("SHOP_TOKEN", SECRET)
    leaks = Turn(f"The token is {SECRET}, I use it. ", "", (call("shell", command="echo used > used"),))
    employ(house, "cody", model, serve(kind([WRITES, leaks, PROSE])), **settings)
    ticket = house.ticket("Write the note", CHECK)
    run = house.work(ticket)
    assert (run.outcome, house.status(ticket)) == ("failed", "ready")
    assert "thoughts hold a secret" in run.error and "reasoning: none" in run.error
    assert not (house.workspace(run) / "used").exists()
    assert holds_the_secret(house) == []


def test_f41_in_a_talk_too_and_the_request_has_no_answer(house, serve):
    house.secret("SHOP_TOKEN", SECRET)
    employ(house, "ginger", "deepseek/deepseek-v4-pro", serve(DeepSeek([Turn(f"It is {SECRET}. ", "I know it.")])))
    spoken = talk(house, "What is the token?")
    assert spoken.ending.outcome == "failed" and "thoughts hold a secret" in spoken.ending.explanation
    assert not house.app.store.queries.get_request(spoken.request_id).answer
    assert holds_the_secret(house) == []


def test_words_that_hold_a_secret_are_masked_and_the_run_goes_on(house, serve):
    house.secret("SHOP_TOKEN", SECRET)
    says = Turn("Hm. ", f"I know {SECRET} now.", (call("shell", command="ls"),))
    server = serve(DeepSeek([says, WRITES, PROSE, PROSE]))
    employ(house, "cody", "deepseek/deepseek-v4-pro", server)
    ticket = house.ticket("Write the note", CHECK)
    assert house.work(ticket).outcome == "done"
    assert server.requests[1]["messages"][2]["content"] == "I know [secret SHOP_TOKEN] now."
    assert server.requests[1]["messages"][2]["reasoning_content"] == "Hm. "
    assert holds_the_secret(house) == []
