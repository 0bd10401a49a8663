"""Filing: drafts come in as data, pass the lint, and become tickets; what fails three times waits for the person."""

import pytest

from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.store.queries import TicketFilter
from kanban.store.records import Records
from tests.support.scripted import call, draft, model_of


def vague(title="Look into it"):
    return {"title": title, "brief": {"goal": "Figure out what is wrong, etc."}}


def numbers(*names):
    return [draft(f"Write {name}.md", f"/srv/docs/{name}.md") for name in names]


def tickets(house):
    return house.app.store.queries.list_tickets(TicketFilter(everything=True))[::-1]


def talk(house, *steps):
    """A talk in which Ginger makes these calls; what the tools answered, and the exchange."""
    said = house.talk("Do it.", *steps, "Filed.")
    return house.answers(house.run(said.conversation_id)), said


# -- file_tickets -----------------------------------------------------------------------------------------------------


def test_drafts_become_tickets_of_the_request(house):
    [answer], said = talk(house, call("file_tickets", tickets=numbers("a", "b")))
    assert answer == "filed:\n#1 Write a.md\n#2 Write b.md"
    assert [(ticket.status, ticket.request_id, ticket.created_by) for ticket in tickets(house)] == [
        ("ready", said.request_id, "ginger"),
        ("ready", said.request_id, "ginger"),
    ]
    assert said.awaits
    brief, body = house.app.store.queries.read_brief(1)
    assert brief.targets[0].path == "/srv/docs/a.md" and "/srv/docs/a.md" in body


def test_a_vague_brief_comes_back_with_what_is_wrong_and_nothing_is_filed(house):
    [answer], _ = talk(house, call("file_tickets", tickets=[draft(), vague()]))
    assert answer.startswith("Nothing was filed. Mend these and send all drafts of the filing again.\n\n“Look into it”")
    assert "- goal: " in answer and "missing-part" in answer
    assert "Write a.md" not in answer
    assert tickets(house) == []


def test_a_brief_that_fails_three_times_waits_for_the_person_and_the_good_ones_are_filed(house):
    attempt = call("file_tickets", tickets=[draft(), vague()])
    answers, _ = talk(house, attempt, attempt, attempt)
    assert [answer.startswith("Nothing was filed") for answer in answers] == [True, True, False]
    assert "#2 Look into it (its brief still fails the lint: it waits for the person)" in answers[2]
    assert [(ticket.status, ticket.assignee) for ticket in tickets(house)] == [("ready", None), ("triage", "human")]
    [(_, findings)] = house.comments(2)
    assert "missing-part" in findings


def test_the_number_of_tries_is_a_setting(house):
    house.set(lint_tries=1)
    talk(house, call("file_tickets", tickets=[vague()]))
    assert [ticket.status for ticket in tickets(house)] == ["triage"]


def test_what_must_come_first_is_a_dependency_whatever_the_order_of_the_drafts(house):
    first, second = numbers("a", "b")
    talk(house, call("file_tickets", tickets=[{**second, "after": ["Write a.md"]}, first]))
    by_title = {ticket.title: ticket for ticket in tickets(house)}
    assert house.app.store.queries.dependencies(by_title["Write b.md"].id) == [by_title["Write a.md"].id]
    assert (by_title["Write a.md"].status, by_title["Write b.md"].status) == ("ready", "todo")


def test_drafts_that_wait_for_each_other_are_refused(house):
    first, second = numbers("a", "b")
    ring = [{**first, "after": ["Write b.md"]}, {**second, "after": ["Write a.md"]}]
    [answer], _ = talk(house, call("file_tickets", tickets=ring))
    assert "after-cycle" in answer


def test_a_dependency_on_a_ticket_that_is_not_there_files_nothing(house):
    [answer], _ = talk(house, call("file_tickets", tickets=[{**draft(), "depends_on": [99]}]))
    assert answer.startswith("error: there is no ticket 99")
    assert tickets(house) == []


def test_f04_an_unknown_assignee_is_refused_with_the_known_ones(house):
    [answer], _ = talk(house, call("file_tickets", tickets=[{**draft(), "assignee": "codi"}]))
    assert "unknown-assignee" in answer and "cody" in answer


def test_f24_the_same_drafts_filed_again_are_there_already(house):
    again = call("file_tickets", tickets=numbers("a", "b"))
    answers, _ = talk(house, again, again)
    assert answers[1] == "filed:\n#1 Write a.md (was there already)\n#2 Write b.md (was there already)"
    assert len(tickets(house)) == 2


def test_a_request_may_not_grow_beyond_its_limit(house):
    house.set(max_tickets_per_request=3)
    answers, _ = talk(
        house, call("file_tickets", tickets=numbers("a", "b")), call("file_tickets", tickets=numbers("c", "d"))
    )
    assert answers[1] == "error: request 1 has 2 tickets and may have 3 (file fewer, broader tickets)"
    assert len(tickets(house)) == 2


def test_a_filing_that_is_done_again_after_a_kill_needs_no_room_for_what_is_there(house):
    house.set(max_tickets_per_request=3)
    again = call("file_tickets", tickets=numbers("a", "b"))
    answers, _ = talk(house, again, again, call("file_tickets", tickets=numbers("a", "b", "c")))
    assert answers[2].endswith("#3 Write c.md")


def test_a_brief_that_is_no_brief_is_told_which_part_is_wrong(house):
    [answer], _ = talk(house, call("file_tickets", tickets=[{"title": "x", "brief": {"gaol": "y"}}]))
    assert "tickets.0.brief.goal: Field required" in answer
    assert "tickets.0.brief.gaol: Extra inputs are not permitted" in answer


def test_a_filing_of_nothing_is_refused(house):
    [answer], _ = talk(house, call("file_tickets", tickets=[]))
    assert "tickets: List should have at least 1 item" in answer


# -- split ------------------------------------------------------------------------------------------------------------


def decompose(house, ticket, *steps, **changes):
    run_id = house.start(Purpose.DECOMPOSE, ticket_id=ticket, request_id=house.get(ticket).request_id)
    return house.play(run_id, model_of(*steps), **changes)


def split(ticket, *drafts):
    return call("split", ticket=ticket, tickets=list(drafts))


def test_one_draft_becomes_the_brief_of_the_ticket_itself(house):
    ticket = house.ticket("Do the documents", assignee="default")
    run = decompose(house, ticket, split(ticket, draft()))
    assert run.outcome == "done"
    assert (house.status(ticket), house.get(ticket).title, house.get(ticket).assignee) == ("ready", "Write a.md", None)
    assert len(house.app.store.queries.brief_versions(ticket)) == 2  # what the person wrote is kept
    assert len(tickets(house)) == 1


def test_several_drafts_become_children_and_the_ticket_closes_when_they_are_done(house):
    request, [ticket] = house.ask("All documents, please.", "Do the documents", assignee="default")
    made = {
        "criteria": [{"text": "A file made.txt is there.", "check": "test -f made.txt"}],
        "deliverables": ["made.txt"],
        "targets": [{"path": "made.txt"}],
    }
    decompose(house, ticket, split(ticket, draft(**made), draft("Write b.md", **made)))
    parent, *children = tickets(house)
    assert (parent.kind, parent.status, parent.open_dependencies) == ("parent", "todo", 2)
    assert [(child.parent_id, child.depth, child.request_id) for child in children] == [(ticket, 1, request)] * 2
    for child in children:
        house.work(child.id, call("write_file", path="made.txt", content="x"), call("complete", summary="Made."))
    assert house.tick().promoted == [ticket]
    assert house.status(ticket) == "done"


def test_f24_a_split_that_a_kill_cut_off_is_not_done_twice(house):
    class Killed(BaseException):
        pass

    class KilledAfterwards(Records):
        def append_message(self, *args):
            if args[2].name == "split":
                raise Killed
            super().append_message(*args)

    _, [ticket] = house.ask("All documents, please.", "Do the documents", assignee="default")
    with pytest.raises(Killed):
        decompose(house, ticket, split(ticket, *numbers("a", "b")), records=KilledAfterwards(house.app.store.db))
    house.lose(house.app.store.due.live_runs()[0].id)
    assert [ticket.kind for ticket in tickets(house)] == ["parent", "work", "work"]
    started = [house.run(run_id).purpose for run_id in house.tick().started]
    assert started == ["work", "work"]


def test_f22_a_criterion_that_was_stated_cannot_be_dropped(house):
    ticket = house.ticket("Write it", "test -s /srv/docs/a.md", assignee="default")
    run = decompose(
        house,
        ticket,
        split(ticket, draft()),
        split(ticket, draft(criteria=[{"text": "test -s /srv/docs/a.md passes", "check": "test -d /srv/docs"}])),
        split(ticket, draft(criteria=[{"text": "test -s /srv/docs/a.md passes", "check": "test -s /srv/docs/a.md"}])),
    )
    answers = house.answers(run)
    assert "must be kept word for word.\n- test -s /srv/docs/a.md passes (check: test -s" in answers[0]
    assert answers[1].startswith("Nothing was changed")
    assert house.status(ticket) == "ready"


def test_a_brief_that_cannot_be_written_in_three_tries_waits_for_the_person(house):
    ticket = house.ticket("Do it", assignee="default")
    run = decompose(house, ticket, *[split(ticket, vague())] * 5)
    assert (run.outcome, run.turns) == ("done", 3)
    assert (house.get(ticket).assignee, house.status(ticket)) == ("human", "triage")
    assert "its brief failed the lint 3 times" in house.get(ticket).explanation
    assert house.tick().started == []


def test_a_decompose_run_splits_its_own_ticket_only(house):
    own, other = house.ticket("Own", assignee="default"), house.ticket("Other", assignee="default")
    run = decompose(house, own, split(other, draft()), split(own, draft()))
    assert house.answers(run)[0] == f"error: this run is about ticket {own} (split that one)"
    assert house.status(other) == "triage"


def test_splitting_ends_at_the_depth_that_the_settings_allow(house):
    house.set(max_depth=1)
    ticket = house.ticket("Do all", assignee="default")
    decompose(house, ticket, split(ticket, {**draft(), "assignee": "default"}, draft("Write b.md", "/srv/b.md")))
    child = tickets(house)[1].id
    stated = [criterion.model_dump() for criterion in house.app.store.queries.read_brief(child)[0].criteria]
    drafts = [draft("Write c.md", criteria=stated), draft("Write d.md", "/srv/d.md")]
    run = decompose(house, child, split(child, *drafts), split(child, drafts[0]))
    assert house.answers(run)[0].startswith(f"error: ticket {child} is 1 splits deep already (write one brief for it")
    assert run.outcome == "done"


def test_f23_a_brief_cannot_be_handed_back_to_the_one_who_writes_it(house):
    ticket = house.ticket("Do it", assignee="default")
    run = decompose(house, ticket, split(ticket, {**draft(), "assignee": "default"}), split(ticket, draft()))
    assert "a brief for 'default' would come back to you" in house.answers(run)[0]
    assert house.status(ticket) == "ready"


@pytest.mark.parametrize("status", ["ready", "done"])
def test_a_ticket_that_waits_for_nobodys_decision_cannot_be_split(house, status):
    ticket = house.ticket()
    if status == "done":
        house.work(ticket, call("complete", summary="Done."))
    [answer], _ = talk(house, split(ticket, *numbers("a", "b")))
    assert answer.startswith(f"error: ticket {ticket} is {status} and cannot be split")


# -- ask_user while a brief is written --------------------------------------------------------------------------------


def test_a_question_puts_the_ticket_before_the_person_and_the_answer_reaches_ginger(house):
    ticket = house.ticket("Do it", assignee="default")
    steps = [call("ask_user", question="Left or right?"), split(ticket, draft())]
    run = decompose(house, ticket, *steps)
    assert (run.outcome, house.get(ticket).assignee) == ("blocked", "human")
    assert house.comments(ticket) == [("ginger", "Left or right?")]
    assert house.tick().started == []
    house.app.store.board.comment(ticket, THE_PERSON, "Left.", house.clock())
    house.app.store.board.assign(ticket, "default", THE_PERSON, house.clock())
    second = house.play(house.next_run(), model_of(*steps))
    assert second.transcript_of == run.id
    assert "Left." in house.told(second)[-1]
    assert house.status(ticket) == "ready"


def test_f23_mere_words_are_a_failure_and_not_a_reason_to_try_for_ever(house):
    ticket = house.ticket("Do it", assignee="default")
    runs = [decompose(house, ticket, "I would split it.", "Really.") for _ in range(2)]
    assert [run.outcome for run in runs] == ["failed", "failed"]
    assert house.tick().started == []
    assert house.get(ticket).assignee == "human"
    assert house.get(ticket).explanation == "ginger could not write its brief in 2 runs"
