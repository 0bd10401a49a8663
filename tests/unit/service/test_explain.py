"""`why`: what a ticket waits for, since when, what happens next and when, and what the person can do."""

import os
import socket

import pytest

from kanban.domain.brief import Brief, Target
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, BlockReason
from kanban.errors import NotFound
from kanban.execution.processes import process_started
from kanban.service.explain import explain_ticket, tell_span
from kanban.store.leadership import Leadership
from kanban.store.runs import Process
from tests.support.scripted import DONE, call, draft, model_of

BLOCK = call("block", reason="other", explanation="Pin 4 floats")


@pytest.fixture
def why(house):
    def why(ticket, seconds=0.0):
        return str(explain_ticket(house.app.parts, ticket, house.now + seconds))

    return why


@pytest.fixture
def daemon(house):
    """A daemon that dispatches."""
    Leadership(house.app.store.db, Process(os.getpid(), 1.0, "here")).take(house.now, 9999)


def turn_away(house, ticket, seconds=600.0):
    run_id = house.claim(ticket)
    ending = Ending(Outcome.RATE_LIMITED, "no credit", retry_after=seconds)
    house.app.store.runs.end(run_id, ending, THE_DISPATCHER, house.clock())


# -- ready ------------------------------------------------------------------------------------------------------------


def test_ready_names_who_takes_it_why_and_when(house, why, daemon):
    ticket = house.ticket("Fix the crash", brief=Brief(goal="It starts.", category="bug"), assignee=None)
    told = why(ticket, 125)
    assert told.startswith(f"#{ticket} has been ready for 2 minutes. It goes to cody: rule code-and-systems")
    assert "At the next tick, within 60 s, cody starts." in told
    assert f"You can: `kanban assign {ticket} PROFILE`" in told


def test_f05_without_a_daemon_it_says_so_and_since_when(house, why):
    ticket = house.ticket()
    assert "No daemon dispatches; once one does, cody starts." in why(ticket)
    Leadership(house.app.store.db, Process(1, 1.0, "here")).take(house.now, 30)
    assert "No daemon dispatches since 10 minutes ago; once one does, cody starts." in why(ticket, 600)


def test_f01_ready_names_the_slot_it_waits_for(house, why, daemon):
    house.profile("cody", max_parallel=1)
    house.ticket("First")
    second = house.ticket("Second")
    house.tick()
    assert "It waits for a slot: " in why(second) and "cody" in why(second)


def test_f34_ready_names_the_host_it_waits_for(house, why, daemon):
    house.hosts(webb={"max_parallel": 1})
    on_webb = Brief(goal="Change it.", targets=[Target(path="/a", host="webb")])
    house.ticket("First", brief=on_webb)
    second = house.ticket("Second", brief=on_webb)
    house.tick()
    assert "It waits for a slot: " in why(second) and "webb" in why(second)


def test_f19_ready_names_the_paused_model_and_for_how_long(house, why, daemon):
    turn_away(house, house.ticket("Turned away"))
    other = house.ticket("Also for cody")
    assert "It waits for model scripted/cody, which is paused for 1" in why(other)


def test_a_fallback_is_not_waited_for(house, why, daemon):
    turn_away(house, house.ticket("Turned away"))
    house.profile("cody", fallback_models=["scripted/second"])
    assert "cody starts" in why(house.ticket("Also for cody"))


def test_a_ticket_that_was_turned_away_itself_says_when_it_may_start(house, why):
    ticket = house.ticket()
    turn_away(house, ticket)
    assert "minutes at the earliest, because its model was paused." in why(ticket)


def test_what_nobody_can_take_is_announced_as_blocked(house, why, daemon):
    ticket = house.ticket("Fly", brief=Brief(goal="Fly.", needs=["wings"]))
    assert "wings" in why(ticket) and "it is blocked (unroutable)" in why(ticket)


def test_what_is_too_broad_is_announced_as_split(house, why, daemon):
    targets = [Target(path=f"/srv/{number}") for number in range(9)]
    ticket = house.ticket("All", brief=Brief(goal="All.", targets=targets, category="code"), assignee=None)
    assert "9 targets are more than 8" in why(ticket) and "it is split" in why(ticket)


# -- waiting ----------------------------------------------------------------------------------------------------------


def test_todo_names_what_it_waits_for(house, why):
    first, second = house.ticket("First"), house.ticket("Second")
    third = house.ticket("Third", depends_on=[first, second])
    house.work(first, DONE)
    assert f"It waits for #{second} (ready). It becomes ready by itself when they are done." in why(third)


def test_todo_says_when_its_time_comes(house, why):
    assert "It starts in 2 hours at the earliest." in why(house.ticket(not_before=house.now + 2 * 3600 + 60))


def test_a_parent_closes_when_its_children_are_done(house, why):
    parent = house.ticket(assignee="default")
    drafts = [draft("Write a"), draft("Write b", "/srv/b")]
    house.play(house.next_run(), model_of(call("split", ticket=parent, tickets=drafts)))
    assert f"It waits for #{parent + 1} (ready), #{parent + 2} (ready). It closes by itself" in why(parent)


def test_triage_says_whose_turn_it_is(house, why, daemon):
    hers, theirs = house.ticket(assignee="default"), house.ticket(assignee="human")
    assert "It waits for ginger to write or split it." in why(hers)
    run_id = house.next_run()
    assert f"ginger is writing its brief in run {run_id}." in why(hers)
    assert "It waits for you: it was put aside for you. Nothing happens by itself." in why(theirs)


# -- under way --------------------------------------------------------------------------------------------------------


def test_running_says_how_far_it_is_and_when_it_would_be_stale(house, why):
    ticket = house.ticket()
    run_id = house.claim(ticket)
    told = why(ticket, 3600)
    assert f"cody works on it in run {run_id}: turn 0 of 60, last progress 1 hour ago." in told
    assert "Without progress it is flagged stale in 2 hours." in told or "in 3 hours." in told
    assert f"`kanban log {ticket} --follow`" in told


def test_review_says_who_looks(house, why, daemon):
    with (house.path / "rubric.yaml").open("a") as file:
        file.write("review: {}\n")
    ticket = house.ticket()
    house.work(ticket, DONE)
    assert "It waits for the checker. At the next tick, within 60 s, checker starts." in why(ticket)
    run_id = house.next_run()
    assert f"checker tries to refute what was delivered, in run {run_id}." in why(ticket)


# -- stuck ------------------------------------------------------------------------------------------------------------


def test_blocked_says_why_and_that_ginger_decides(house, why, daemon):
    ticket = house.ticket()
    house.work(ticket, BLOCK)
    told = why(ticket)
    assert "Why (other): Pin 4 floats." in told
    assert "At the next tick, within 60 s, ginger decides how it goes on." in told
    assert all(f"`kanban {verb} {ticket}" in told for verb in ("unblock", "retry", "assign", "cancel"))
    run_id = house.next_run()
    assert f"ginger is deciding how it goes on, in run {run_id}." in why(ticket)


def test_blocked_names_the_investigation(house, why):
    ticket = house.ticket()
    house.work(ticket, BLOCK)
    house.play(house.next_run(), model_of(call("investigate", ticket=ticket, questions=["Why?"])))
    assert f"#{ticket + 1} looks into it; then ginger decides." in why(ticket)


def test_f36_what_is_the_persons_to_decide_says_so(house, why):
    ticket = house.ticket()
    house.work(ticket, call("block", reason="needs_input", explanation="Two ways.", question="Left or right?"))
    assert "Left or right?" in why(ticket) and "Nothing happens by itself: this is yours to decide." in why(ticket)


def test_after_three_diagnoses_it_is_the_persons(house, why):
    ticket = house.ticket()
    house.work(ticket, BLOCK)
    for _ in range(3):
        house.lose(house.next_run())
    assert "this is yours to decide" in why(ticket)


def test_what_the_person_holds_is_theirs(house, why):
    ticket = house.ticket()
    house.app.store.board.block(ticket, BlockReason.OTHER, THE_PERSON, house.clock(), "not now")
    assert "Why (other): not now. Nothing happens by itself: you hold it." in why(ticket)


def test_a_call_that_waits_for_a_yes_names_the_commands_for_it(new_house):
    house = new_house()
    house.set(gate=[{"tool": "shell", "command": "^risky", "tier": "risky", "reason": "cannot be undone"}])
    ticket = house.ticket()
    house.work(ticket, call("shell", command="risky"))
    told = str(explain_ticket(house.app.parts, ticket, house.now))
    assert "Why (needs_approval): approval 1" in told and "`kanban approve ID`" in told and "unblock" not in told


def test_stale_says_so(house, why, daemon):
    ticket = house.ticket()
    house.app.store.runs.end(house.claim(ticket), Ending(Outcome.STALE, "no progress"), THE_DISPATCHER, house.clock())
    assert "has been stale" in why(ticket) and "Why: no progress." in why(ticket)


# -- over -------------------------------------------------------------------------------------------------------------


def test_done_and_cancelled_are_told_in_a_line(house, why):
    done, gone = house.ticket(), house.ticket()
    house.work(done, DONE)
    house.app.store.board.cancel(gone, THE_PERSON, house.clock())
    assert "It is done. You can: `kanban reopen" in why(done)
    assert "It was given up." in why(gone)


def test_what_is_not_there_is_not_found(why):
    with pytest.raises(NotFound):
        why(99)


# -- for all ----------------------------------------------------------------------------------------------------------


def test_f17_explaining_never_writes(house, why):
    here = Process(os.getpid(), process_started(os.getpid()) or 0.0, socket.gethostname())
    tickets = [house.ticket(), house.ticket(assignee="human"), house.ticket(assignee="default"), house.ticket()]
    house.work(tickets[0], BLOCK)
    house.app.store.runs.adopt(house.claim(tickets[3]), here, "", house.now + 60)
    house.start(Purpose.CHAT)
    why(tickets[0])  # reads what people edit, once
    changes, version = house.total_changes(), house.app.store.db.data_version()
    assert all(why(ticket) for ticket in tickets)
    assert (house.total_changes(), house.app.store.db.data_version()) == (changes, version)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 seconds"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (7199, "1 hour"),
        (7200, "2 hours"),
        (86_400 * 3, "3 days"),
    ],
)
def test_spans_are_told_as_people_say_them(seconds, told):
    assert tell_span(seconds) == told
