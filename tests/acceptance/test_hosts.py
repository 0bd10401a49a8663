"""Work on a host whose login is fish and greets: checks are carried out there, and nothing of the run stays."""

import pytest

from kanban.briefs.render import render_brief
from kanban.domain.brief import Brief, Criterion
from kanban.domain.ticket import THE_PERSON, Status
from kanban.store.filing import NewTicket
from tests.support.daemon import daemon, describe, wait_for_status
from tests.support.home import make_home
from tests.support.logins import login_that_greets
from tests.support.needs import need
from tests.support.openai_server import call
from tests.support.stories import last_answers
from tests.support.waiting import is_gone

TITLE = "Put the warning on the page"
CHECK = r"grep -q 'don'\''t touch' {page}"


@pytest.fixture
def home(tmp_path, openai_server, sshd):
    need("fish")
    return make_home(tmp_path / "home", openai_server, {"webb": login_that_greets(sshd, tmp_path, "fish")})


def file_for_webb(home, check):
    criterion = Criterion(text="The warning is there.", check=check, host="webb")
    brief = Brief(goal=f"{TITLE}.", steps=[TITLE], criteria=[criterion], deliverables=["the page"])
    new = NewTicket(TITLE, render_brief(TITLE, brief), brief, "cody")
    return home.store.board.create_ticket(new, THE_PERSON, home.clock())


@pytest.mark.slow
def test_f47_a_check_on_a_fish_host_fails_until_it_holds_and_what_was_left_running_is_ended(home, stage, tmp_path):
    page, child = tmp_path / "www" / "page.html", tmp_path / "child"
    leave = f"setsid sh -c 'echo $$ > {child}; exec sleep 300' >/dev/null 2>&1 & echo it\\'s left"
    stage.part(
        "cody",
        TITLE,
        call("shell", command=leave, host="webb"),
        call("write_file", path=str(page), content="touch\n", host="webb"),
        call("complete", summary="The warning is on the page.", artifacts=[f"webb:{page}"]),
        call("write_file", path=str(page), content="don't touch\n", host="webb"),
        call("complete", summary="The warning is on the page now.", artifacts=[f"webb:{page}"]),
    )
    with daemon(home):
        ticket = file_for_webb(home, CHECK.format(page=page))
        wait_for_status(home, ticket, Status.DONE)
    requests = stage.requests_of("cody", TITLE)
    assert last_answers(requests[1])[0].endswith("exit status 0\nit's left"), describe(home)
    assert "Exit status 1" in last_answers(requests[3])[0]
    assert page.read_text() == "don't touch\n"
    assert is_gone(child, 30)
