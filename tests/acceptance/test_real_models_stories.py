"""The shipped profiles play whole stories at servers that hold their providers to what they document."""

import json
import re

import pytest

from kanban.files.yamlfile import edit_yaml
from tests.support.briefs import weather_tile
from tests.support.daemon import daemon, describe, kanban
from tests.support.openai_server import call, say
from tests.support.real_models import Cast, replies_in, serve, talk
from tests.support.scripted import house, new_house, template_home
from tests.support.stories import Stage, last_answers, tool_names

__all__ = ["house", "new_house", "serve", "template_home"]

WORDS = "Put the feels-like of the weather tile on the right."
PAGE = '<div class="card">\n  <span id="temp">92.2°F, feels like 102°</span>\n</div>\n'
SPAN = '<span id="temp">92.2°F, feels like 102°</span>'
ROW = '<div class="temp-row" style="justify-content: space-between"><b>92.2°F</b><i>102°</i></div>'


@pytest.fixture
def cast(house, serve):
    return Cast(house, serve)


@pytest.fixture
def stage(cast):
    return Stage(cast)


@pytest.fixture
def page(house, tmp_path):
    folder = tmp_path / "panel"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "restart.sh").write_text('cd "$(dirname "$0")" && cksum < index.html > served\n')
    house.hosts(local={"paths": {str(folder): "the dashboard"}})
    return folder / "index.html"


def make_draft(page):
    restart = f"sh {page.parent}/restart.sh"
    return weather_tile("local", str(page), restart, f"cksum < {page} | cmp - {page.parent}/served")


def checked_criteria(page):
    return [number for number, criterion in enumerate(make_draft(page).brief.criteria, 1) if criterion.command]


def play_ginger(stage, page):
    draft = make_draft(page)
    stage.part(
        "ginger",
        f"{re.escape(WORDS)}$",
        call("list_hosts") + call("read_file", path=str(page)),
        call("file_tickets", tickets=[draft.model_dump(mode="json")]),
        say("I filed one ticket for it."),
    )
    claim = {"ticket": 1, "claim": "The row is there and spread.", "evidence": "its checks passed"}
    stage.part(
        "ginger",
        "Every ticket of a request is settled",
        call("list_tickets"),
        call("answer", text="The feels-like stands at the right (ticket 1).", claims=[claim]),
    )


def play_scout(stage, page, *mending):
    restart = call("shell", command=f"sh {page.parent}/restart.sh")
    stage.part(
        "scout",
        "Restructure the weather card",
        call("read_file", path=str(page)),
        restart,
        call("complete", summary="The row is there."),
        call("edit_file", path=str(page), old=SPAN, new=ROW),
        restart,
        call("complete", summary="The row is there."),
        *mending,
    )


def check_every_thought(cast, house):
    """Each request but the first of a conversation brings back all thoughts of the turns before it."""
    cast.check()
    for run in house.rows("SELECT id FROM run"):
        assert house.run(run[0]).outcome == "done"
    assert all(replies_in(cast.servers[name].requests[-1]) for name in ("ginger", "scout"))


def test_the_weather_tile_is_asked_for_worked_on_and_answered(house, cast, stage, page):
    play_ginger(stage, page)
    play_scout(stage, page)
    spoken = talk(house, WORDS)
    house.play_all()
    assert house.status(1) == "done" and house.get(1).assignee == "scout"
    assert ROW in page.read_text()
    answer = house.app.store.queries.get_request(spoken.request_id).answer
    assert answer.startswith("The feels-like stands at the right (ticket 1).") and "done, scout, 6 turns" in answer
    check_every_thought(cast, house)


@pytest.mark.slow
def test_the_same_story_through_the_daemon_and_the_processes_of_its_runs(house, cast, stage, page):
    play_ginger(stage, page)
    play_scout(stage, page)
    with daemon(house.app):
        asked = kanban(house.app, "ask", "--wait", WORDS)
    assert asked.returncode == 0, asked.stderr + describe(house.app)
    assert "The feels-like stands at the right (ticket 1)." in asked.stdout
    assert "thought for" in asked.stderr and "denkt" not in asked.stdout + asked.stderr
    check_every_thought(cast, house)


def test_the_checker_refutes_the_work_and_the_worker_mends_it_with_all_its_thoughts(house, cast, stage, page):
    edit_yaml(house.path / "rubric.yaml", lambda data: data.update(review={}))
    house.restart()
    play_ginger(stage, page)
    mended = call("shell", command=f"echo '<!-- hidden -->' >> {page}; sh {page.parent}/restart.sh")
    play_scout(stage, page, mended, call("complete", summary="It is hidden now."))

    def judge(request, _):
        (shown,) = last_answers(request)
        passed = "<!-- hidden -->" in shown
        return call("verdict", passed=passed, findings=["It is all there." if passed else "Nothing hides it."])

    checks = [call("run_check", criterion=number) for number in checked_criteria(page)]
    stage.part("checker", "is said to be done", *checks, call("read_file", path=str(page)), judge)
    talk(house, WORDS)
    house.play_all()
    assert house.status(1) == "done"
    assert [row[0] for row in house.rows("SELECT purpose FROM run WHERE ticket_id = 1")] == ["work", "review"] * 2
    assert "verdict" in tool_names(stage.requests_of("checker")[0])
    assert len(replies_in(stage.requests_of("scout")[-1])) == 7  # the second run went on from the first one's turns
    check_every_thought(cast, house)


def test_a_conversation_goes_on_with_the_thoughts_of_its_earlier_exchanges(house, cast, stage):
    stage.part("ginger", "How many hosts", call("list_hosts"), say("One."))
    stage.part("ginger", "And how many tickets", call("list_tickets"), say("None."))
    first = talk(house, "How many hosts have I?")
    house.restart()
    second = talk(house, "And how many tickets?", first.conversation_id)
    assert house.app.store.queries.get_request(second.request_id).answer == "None."
    given = [reply["reasoning_content"] for reply in replies_in(cast.servers["ginger"].requests[-1])]
    assert given == cast.thoughts["ginger"][:3]
    assert cast.thoughts["ginger"][0].strip() not in json.dumps(house.rows("SELECT answer FROM request"))
    cast.check()
