"""The weather tile: one file on host webb, edited over SFTP, restarted and checked over SSH."""

import re

import pytest

from tests.support.briefs import weather_tile
from tests.support.cells import sandbox_that_works
from tests.support.daemon import daemon, describe, kanban
from tests.support.home import make_home
from tests.support.openai_server import call, say
from tests.support.stories import last_answers, tool_names
from tests.support.toolsets import CHANGING_TOOLS

WORDS = "Put the feels-like of the weather tile on the right, as two lines. The dashboard is on webb."

PAGE = """<div class="card">
  <h2>Weather · WeatherFlow</h2>
  <span id="temp">92.2°F, feels like 102°</span>
</div>
"""
SPAN = '<span id="temp">92.2°F, feels like 102°</span>'
ROW = '<div class="temp-row"><b>92.2°F</b><div class="feels"><i>like</i><i>102°</i></div></div>'
RULE = "<style>.temp-row {display: flex; justify-content: space-between}</style>"

# A server that keeps the page in memory, as far as a page can tell: it serves what was there when it was started.
RESTART = """cd "$(dirname "$0")" && cksum < index.html > served && date +%s%N >> restarts
"""


@pytest.fixture
def panel(sshd):
    """The folder of the dashboard on webb."""
    folder = sshd.root / "root" / "eg4panel"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "restart.sh").write_text(RESTART)
    return folder


@pytest.fixture
def draft(panel):
    page = panel / "index.html"
    return weather_tile("webb", str(page), f"sh {panel}/restart.sh", f"cksum < {page} | cmp - {panel}/served")


@pytest.fixture
def home(tmp_path, openai_server, sshd, panel):
    restart = {"argv": f"sh {panel}/restart.sh$"}  # the person knows what stands in it
    hosts = {"webb": sshd.host}
    return make_home(tmp_path / "home", openai_server, hosts, sandbox=sandbox_that_works(), harmless=[restart])


def play_ginger(stage, draft):
    page = draft.brief.targets[0].path
    stage.part(
        "ginger",
        f"{re.escape(WORDS)}$",
        call("list_hosts") + call("read_file", path=page, host="webb"),
        call("write_file", path=page, host="webb", content="I do it myself."),
        call("file_tickets", tickets=[draft.model_dump(mode="json")]),
        say("I filed one ticket for it."),
    )
    claim = {"ticket": 1, "claim": "The row is there and spread.", "evidence": "grep on webb passed"}
    stage.part(
        "ginger",
        "Every ticket of a request is settled",
        call("answer", text="The feels-like now stands at the right (ticket 1).", claims=[claim]),
    )


def play_scout(stage, panel):
    page, restart = str(panel / "index.html"), f"sh {panel}/restart.sh"
    delivery = {"summary": "The card has a spread row.", "evidence": [f"{page} has temp-row"]}
    stage.part(
        "scout",
        "Restructure the weather card",
        call("read_file", path=page, host="webb"),
        call("edit_file", path=page, host="webb", old=SPAN, new=ROW),
        call("shell", command=restart, host="webb"),
        call("complete", **delivery),
        call("edit_file", path=page, host="webb", old='<div class="card">', new=f'{RULE}\n<div class="card">'),
        call("shell", command=restart, host="webb"),
        call("complete", **delivery, artifacts=[f"webb:{page}"]),
    )


def test_the_weather_tile_is_restructured_on_its_host_and_the_person_gets_an_answer(home, stage, panel, draft):
    play_ginger(stage, draft)
    play_scout(stage, panel)
    with daemon(home):
        asked = kanban(home, "ask", "--wait", WORDS)
        assert asked.returncode == 0, asked.stderr + describe(home)

    check_the_work(home, panel)
    check_that_the_failed_check_was_shown(stage)
    check_that_ginger_only_looked(stage)
    check_the_answer(asked.stdout)


def check_the_work(home, panel):
    done = home.store.queries.view_ticket(1)
    assert (done.ticket.status, done.ticket.assignee, len(done.runs)) == ("done", "scout", 1)
    assert done.runs[0].route_reason.startswith("rule small-edits")
    changed = PAGE.replace(SPAN, ROW).replace('<div class="card">', f'{RULE}\n<div class="card">')
    assert (panel / "index.html").read_text() == changed
    assert len((panel / "restarts").read_text().split()) == 2
    assert [artifact.path for artifact in done.artifacts] == [f"webb:{panel}/index.html"]


def check_that_the_failed_check_was_shown(stage):
    """The first claim of success was not believed; the worker saw which check failed, in the same run."""
    fifth = stage.requests_of("scout")[4]
    (told,) = last_answers(fifth)
    assert "1 failed" in told and "The row is spread." in told and "on host webb" in told


def check_that_ginger_only_looked(stage):
    requests = stage.requests_of("ginger")
    assert {"list_hosts", "read_file", "file_tickets"} <= tool_names(requests[0])
    assert all(not tool_names(request) & CHANGING_TOOLS for request in requests)
    hosts, page = last_answers(requests[1])
    assert "webb" in hosts
    assert page.splitlines() == [f"{number}\t{line}" for number, line in enumerate(PAGE.splitlines(), 1)]
    assert last_answers(requests[2])[0].startswith("error: no tool is called 'write_file'")


def check_the_answer(shown):
    assert "The feels-like now stands at the right (ticket 1)." in shown
    assert "#1 Restructure the weather card of the dashboard: done, scout, 7 turns, $0.0210" in shown
    assert "The row is there and spread. (grep on webb passed)" in shown
    assert "Total: $0.0360 in 12 turns of 3 runs." in shown
