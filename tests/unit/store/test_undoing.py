"""What the person did to a ticket is taken back: everything is as it was found, or it is said why not."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanban.domain.outcome import Outcome
from kanban.domain.ticket import THE_PERSON, BlockReason, Caller, Mover
from kanban.errors import InvalidInput, KanbanError, NotFound, Refused
from kanban.store.filing import NewTicket
from kanban.store.steered import COLUMNS, look_at
from tests.unit.store.desk import GINGER, NOW


def blocked(desk, ticket_id):
    desk.block_by(ticket_id, Outcome.BLOCKED, explanation="which host?", block_reason=BlockReason.NEEDS_INPUT)


def stale(desk, ticket_id):
    desk.block_by(ticket_id, Outcome.STALE)


def done(desk, ticket_id):
    desk.finish(ticket_id)


def asking(desk, ticket_id):
    run_id = desk.claim(ticket_id)
    desk.ask_approval(run_id, ticket_id)
    desk.end(run_id, Outcome.BLOCKED, block_reason=BlockReason.NEEDS_APPROVAL)


def in_review(desk, ticket_id):
    desk.to_review(ticket_id)


def waiting(desk, ticket_id):
    desk.verdicts.wait_for(ticket_id, desk.create("needed"), THE_PERSON, NOW)


def for_the_person(desk, ticket_id):
    desk.board.assign(ticket_id, "human", THE_PERSON, NOW)


def ready(desk, ticket_id):
    pass


STATES = [ready, waiting, for_the_person, blocked, stale, asking, in_review, done]

TEXTS = map("text {}".format, itertools.count())  # no two alike: what changes nothing is not to be undone

VERBS = {
    "assign": lambda desk, n: desk.board.assign(n, "scout", THE_PERSON, NOW + 1),
    "hand over": lambda desk, n: desk.board.assign(n, "human", THE_PERSON, NOW + 1, note="see for yourself"),
    "unblock": lambda desk, n: desk.board.unblock(n, THE_PERSON, NOW + 1, note="the 19th", assignee="scout"),
    "block": lambda desk, n: desk.board.block(n, BlockReason.OTHER, THE_PERSON, NOW + 1, "not now"),
    "cancel": lambda desk, n: desk.board.cancel(n, THE_PERSON, NOW + 1, "no longer needed"),
    "reopen": lambda desk, n: desk.board.reopen(n, THE_PERSON, NOW + 1, "the tile is grey"),
    "retry": lambda desk, n: desk.verdicts.retry(n, THE_PERSON, NOW + 1, "anew"),
    "edit": lambda desk, n: desk.board.edit(n, THE_PERSON, NOW + 1, title="another", body=next(TEXTS), priority=7),
    "rewrite": lambda desk, n: desk.board.rewrite(n, NewTicket("another", next(TEXTS)), THE_PERSON, NOW + 1),
    "wait for": lambda desk, n: desk.verdicts.wait_for(n, desk.create("more"), THE_PERSON, NOW + 1),
}


def look(desk, ticket_id):
    """All that a verb can change, and what the board counts from it."""
    with desk.db.write() as tx:
        found = look_at(tx, ticket_id)
    ticket = desk.ticket(ticket_id)
    request = desk.rows("SELECT status, open_tickets FROM request")
    body = desk.rows("SELECT body FROM brief WHERE ticket_id = ? ORDER BY version DESC LIMIT 1", ticket_id)
    columns = {name: found.columns[name] for name in COLUMNS}
    return columns, found.needs, found.asked, ticket.open_dependencies, ticket.run_id, request, body


def file(desk, **draft):
    request_id = desk.requests.open("Note the ports", THE_PERSON, NOW)
    desk.end_talk(request_id)
    return desk.create("Note the ports", body="the text", by=GINGER, request_id=request_id, **draft)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_whatever_was_done_is_taken_back(desk, state, verb):
    ticket_id = file(desk, idempotency_key="ports", content_hash="ports")
    state(desk, ticket_id)
    before = look(desk, ticket_id)
    try:
        VERBS[verb](desk, ticket_id)
    except KanbanError:
        pytest.skip("the board does not allow it")
    if look(desk, ticket_id) == before:
        pytest.skip("it changes nothing")
    undone = desk.undoing.undo(ticket_id, THE_PERSON, NOW + 2)
    assert (undone.ticket_id, look(desk, ticket_id)) == (ticket_id, before)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(verbs=st.lists(st.sampled_from(sorted(VERBS)), min_size=1, max_size=6), state=st.sampled_from(STATES))
def test_many_things_are_taken_back_one_after_the_other(desk, verbs, state):
    ticket_id = file(desk)
    state(desk, ticket_id)
    found = []
    for verb in verbs:
        before = look(desk, ticket_id)
        try:
            VERBS[verb](desk, ticket_id)
        except KanbanError:
            continue
        if look(desk, ticket_id) != before:
            found.append(before)
    for before in reversed(found):
        desk.undoing.undo(ticket_id, THE_PERSON, NOW + 2)
        assert look(desk, ticket_id) == before


@pytest.mark.parametrize("verb", ["block", "cancel", "retry"])
def test_a_run_that_was_stopped_stays_so_and_its_ticket_is_ready(desk, verb):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    VERBS[verb](desk, ticket_id)
    undone = desk.undoing.undo(ticket_id, THE_PERSON, NOW + 2)
    assert desk.status(ticket_id) == "ready" and not desk.ticket(ticket_id).restart
    assert f"run {run_id} was stopped and stays so; the next one goes on from its transcript" in undone.stays
    assert desk.claim(ticket_id) is not None


def test_what_waited_for_a_cancelled_ticket_waits_for_it_again(desk):
    needed = desk.create("needed")
    dependent = desk.create("dependent", depends_on=[needed])
    desk.board.cancel(needed, THE_PERSON, NOW)
    assert desk.statuses(needed, dependent) == ["cancelled", "blocked"]
    desk.undoing.undo(needed, THE_PERSON, NOW)
    assert desk.statuses(needed, dependent) == ["ready", "todo"]
    desk.finish(needed, dependent)
    assert desk.statuses(needed, dependent) == ["done", "done"]


def test_a_note_stays_and_so_does_a_text_that_is_taken_back(desk):
    ticket_id = desk.create(body="the first")
    blocked(desk, ticket_id)
    desk.board.unblock(ticket_id, THE_PERSON, NOW, note="the 19th")
    assert desk.undoing.undo(ticket_id, THE_PERSON, NOW).stays == ("your note stays",)
    desk.board.edit(ticket_id, THE_PERSON, NOW, body="the second")
    (told,) = desk.undoing.undo(ticket_id, THE_PERSON, NOW).stays
    assert told.startswith("the text that you take back is kept")
    bodies = desk.rows("SELECT body FROM brief WHERE ticket_id = ? ORDER BY version", ticket_id)
    assert [body for (body,) in bodies] == ["the first", "the second", "the first"]


def test_what_others_have_gone_on_from_is_not_taken_back(desk):
    ticket_id = desk.create()
    desk.board.assign(ticket_id, "scout", THE_PERSON, NOW)
    run_id = desk.claim(ticket_id, "scout")
    with pytest.raises(Refused, match=f"gone on since your assign: it is running, by dispatcher in run {run_id}"):
        desk.undoing.undo(ticket_id, THE_PERSON, NOW)


def test_that_the_dispatcher_promotes_it_and_that_somebody_notes_something_is_in_nobodys_way(desk):
    ticket_id = desk.create()
    needed = desk.create("needed")
    desk.verdicts.wait_for(ticket_id, needed, THE_PERSON, NOW)
    desk.board.edit(ticket_id, THE_PERSON, NOW, priority=3)
    desk.finish(needed)
    desk.board.promote(ticket_id, NOW)
    desk.board.comment(ticket_id, THE_PERSON, "by the way", NOW)
    desk.undoing.undo(ticket_id, THE_PERSON, NOW)
    assert (desk.ticket(ticket_id).priority, desk.status(ticket_id)) == (0, "ready")


def test_without_a_number_the_last_thing_on_the_board_is_taken_back(desk):
    first, second = desk.create("first"), desk.create("second")
    desk.board.edit(first, THE_PERSON, NOW, priority=1)
    desk.board.edit(second, THE_PERSON, NOW, priority=2)
    assert [desk.undoing.undo(None, THE_PERSON, NOW).ticket_id for _ in range(2)] == [second, first]
    with pytest.raises(Refused, match="nothing to undo"):
        desk.undoing.undo(None, THE_PERSON, NOW)


def test_what_changed_nothing_is_passed_over(desk):
    ticket_id = desk.create()
    desk.board.edit(ticket_id, THE_PERSON, NOW, priority=4)
    desk.board.edit(ticket_id, THE_PERSON, NOW, priority=4)
    desk.undoing.undo(ticket_id, THE_PERSON, NOW)
    assert desk.ticket(ticket_id).priority == 0


def test_a_ticket_whose_work_was_filed_again_stays_cancelled(desk):
    ticket_id = file(desk, content_hash="ports")
    desk.board.cancel(ticket_id, THE_PERSON, NOW)
    again = desk.create(by=GINGER, request_id=desk.ticket(ticket_id).request_id, content_hash="ports")
    with pytest.raises(Refused, match=f"filed again as ticket {again}"):
        desk.undoing.undo(ticket_id, THE_PERSON, NOW)
    assert desk.status(ticket_id) == "cancelled"


def test_a_key_that_another_ticket_has_by_now_stays_there(desk):
    ticket_id = desk.create(idempotency_key="ports")
    desk.board.cancel(ticket_id, THE_PERSON, NOW)
    desk.create(idempotency_key="ports")
    assert desk.undoing.undo(ticket_id, THE_PERSON, NOW).stays == ("its key 'ports' is another ticket's by now",)
    assert (desk.status(ticket_id), desk.ticket(ticket_id).idempotency_key) == ("ready", None)


def test_a_request_that_was_answered_is_not_answered_anew(desk):
    ticket_id = file(desk)
    desk.finish(ticket_id)
    with desk.db.write() as tx:
        tx.exec_driver_sql("UPDATE request SET status = 'answered', answer = 'it is 8080', answered_at = ?", (NOW,))
    desk.board.reopen(ticket_id, THE_PERSON, NOW)
    assert desk.rows("SELECT status FROM request") == [("working",)]
    desk.undoing.undo(ticket_id, THE_PERSON, NOW)
    assert desk.rows("SELECT status, open_tickets FROM request") == [("answered", 0)]


def test_what_agents_did_is_not_the_persons_to_undo_and_no_agent_undoes(desk):
    ticket_id = desk.create()
    blocked(desk, ticket_id)
    ginger = Caller(Mover.ORCHESTRATOR, "ginger")
    desk.verdicts.retry(ticket_id, THE_PERSON, NOW)
    with pytest.raises(Refused, match="may not undo"):
        desk.undoing.undo(ticket_id, ginger, NOW)
    with pytest.raises(NotFound):
        desk.undoing.undo(99, THE_PERSON, NOW)


def test_a_verb_that_is_refused_leaves_nothing_to_undo(desk):
    ticket_id = desk.create()
    with pytest.raises(InvalidInput):
        desk.verdicts.wait_for(ticket_id, ticket_id, THE_PERSON, NOW)
    with pytest.raises(Refused, match=f"nothing to undo on ticket {ticket_id}"):
        desk.undoing.undo(ticket_id, THE_PERSON, NOW)
