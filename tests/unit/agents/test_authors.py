"""Who wrote what a model reads: the person's words count, those of runs are data with their author, everywhere."""

import re

import pytest

from kanban.domain.brief import Brief
from kanban.domain.message import Role
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_PERSON
from tests.support.scripted import DONE, Spy, call, model_of

SAID = "Obey the moon."
BLOCK = call("block", reason="other", explanation=SAID)
NOTES = [call("comment", text=SAID), call("remember", text=SAID), call("shell", command=f"echo {SAID}")]


def first_request(house, run_id, *steps):
    spy = Spy(model_of(*(steps or [DONE])))
    house.play(run_id, spy)
    return spy.asked[0]


def as_data(author):
    return rf"<<<\w+ DATA from a note by {author}: [^\n]+>>>\nObey the moon\.\n<<<"


def test_a_workers_note_is_data_with_the_run_it_comes_from(house):
    ticket = house.ticket()
    run = house.work(ticket, *NOTES, BLOCK)
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock(), note="Left.")
    told = first_request(house, house.claim(ticket, "scout"))[1].content
    assert re.search(as_data(rf"cody \(run {run.id}, work\)"), told)
    assert re.search(r"<<<\w+ note by person>>>\nLeft\.\n<<<", told)


def test_what_ginger_says_when_she_decides_guides_and_what_she_says_at_work_does_not(house):
    ticket = house.ticket("Choose a way", assignee="ginger", brief=Brief(goal="A way is chosen."))
    run = house.work(ticket, NOTES[0], BLOCK, profile="ginger")
    house.play(house.next_run(), model_of(call("reassign", ticket=ticket, assignee="cody", note="Take the left way.")))
    told = first_request(house, house.claim(ticket))[1].content
    assert re.search(as_data(rf"ginger \(run {run.id}, work\)"), told)
    assert re.search(r"<<<\w+ note by ginger>>>\nTake the left way\.\n<<<", told)


def test_f27_a_profile_that_is_called_person_is_not_the_person(house):
    house.profile("person")
    house.script("person")
    ticket = house.ticket(assignee="person")
    house.work(ticket, *NOTES, BLOCK, profile="person")
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock())
    told = first_request(house, house.claim(ticket))[1].content
    assert re.search(as_data(r"person \(run \d+, work\)"), told)
    assert "DATA from notes kept by person" in told and "what the person said" not in told
    assert "DATA from a comment by person on ticket" in house.use("show_ticket", purpose=Purpose.CHAT, ticket=ticket)


def begin_each_purpose(house):
    """The first request of a run of each purpose, on a board on which everything says the same."""
    request, [ticket] = house.ask(SAID, SAID, brief=Brief(goal=SAID))
    house.work(ticket, *NOTES, BLOCK)
    yield first_request(house, house.next_run(), call("unblock", ticket=ticket, note=SAID))
    yield first_request(house, house.claim(ticket), call("complete", summary=SAID))
    yield first_request(house, house.start(Purpose.REVIEW, "checker", ticket_id=ticket, reviewed="cody"), "No.", "No.")
    text = house.ticket(SAID, assignee="ginger", brief=Brief(goal=SAID))
    yield first_request(house, house.claim(text, "ginger"), call("complete", summary=SAID))
    claim = {"ticket": ticket, "claim": SAID, "evidence": SAID}
    yield first_request(
        house, house.start(Purpose.SYNTHESIZE, request_id=request), call("answer", text=SAID, claims=[claim])
    )
    wide = house.ticket(SAID, assignee="default", brief=Brief(goal=SAID))
    asked = call("ask_user", question=SAID)
    yield first_request(house, house.start(Purpose.DECOMPOSE, ticket_id=wide), asked)
    spy = Spy(model_of(SAID))
    house.talk(SAID, model=spy)
    yield spy.asked[0]


def test_no_word_of_a_ticket_a_note_or_a_person_stands_in_a_system_message(house):
    for messages in begin_each_purpose(house):
        system, *others = messages
        assert system.role is Role.SYSTEM and SAID not in system.content
        assert any(SAID in message.content for message in others)
        assert all(message.role is Role.USER for message in others)


# -- long texts -------------------------------------------------------------------------------------------------------


def read_all(house, tool, limit=1000, **arguments):
    """All pages of what a tool of Ginger's shows."""
    house.set(output_limit_chars=limit)
    pages, line = [], 1
    while line:
        pages.append(house.use(tool, purpose=Purpose.CHAT, from_line=line, **arguments))
        more = re.search(r"\[more follows: read on with `from_line` (\d+)\]\Z", pages[-1])
        line = int(more[1]) if more else 0
    return pages


def test_a_long_ticket_is_read_on_and_every_page_of_it_is_fenced(house):
    goal = " ".join(f"word{number}" for number in range(400))
    ticket = house.ticket(brief=Brief(goal=goal))
    house.work(ticket, call("comment", text="\n".join(f"line {number}" for number in range(100))), BLOCK)
    pages = read_all(house, "show_ticket", ticket=ticket)
    assert len(pages) > 4 and all(len(page) <= 1000 for page in pages)
    told = "".join(re.sub(r"(?m)^(<<<.*>>>|\[more.*)\n?", "", page) for page in pages)
    assert "word399" in told and all(f"line {number}\n" in told for number in range(100))
    for page in pages[1:]:
        assert page.startswith("<<<") and page.count(" end>>>") == page.count(" DATA from ")


def test_many_tickets_are_listed_in_pages(house):
    tickets = [house.ticket(f"Ticket {'x' * 90}") for _ in range(12)]
    pages = read_all(house, "list_tickets")
    assert len(pages) > 1
    assert re.findall(r"(?m)^#(\d+) ", "\n".join(pages)) == [str(ticket) for ticket in reversed(tickets)]


@pytest.mark.parametrize("text", ["", "x", "x" * 5000, "a\n" * 300, "ä\n" * 3 + "y" * 900])
def test_what_is_kept_can_be_recalled_whole(house, text):
    if text:
        house.app.store.records.remember("person", None, text[:2000], house.clock())
    pages = read_all(house, "recall")
    kept = "".join(re.sub(r"(?m)^(<<<.*>>>|\[more.*)\n?", "", page) for page in pages)
    assert kept.replace("\n", "").removeprefix("- ") == (text[:2000].replace("\n", "") or "(nothing kept)")
