"""How well tickets went: at the first try, after rework, after questions."""

from kanban.domain.authority import Verb
from kanban.domain.brief import Brief, Criterion
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_PERSON, BlockReason, Caller, Mover
from kanban.store.quality import Quality, group_by, list_evidence, list_settled, sum_up
from tests.unit.store.desk import NOW


def settle(desk, *outcomes, category="code", profile="cody"):
    """A ticket whose work runs ended so, one after the other; its number."""
    ticket = desk.create(brief=Brief(goal="Do it.", category=category), body="b")
    for outcome in outcomes:
        desk.end(desk.claim(ticket, profile, now=NOW + 10_000), outcome, now=NOW + 10_000)
    return ticket


def test_an_empty_board_has_settled_nothing(db):
    assert list_settled(db, 0) == []
    assert sum_up("all", []) == Quality("all", 0, 0, 0, 0, 0, 0.0)


def test_one_run_whose_delivery_held_is_a_first_try(db, desk):
    settle(desk, Outcome.DONE)
    [found] = list_settled(db, 0)
    assert found.is_first_try and (found.category, found.profile, found.tries) == ("code", "cody", 1)


def test_what_says_nothing_of_the_work_is_no_try(db, desk):
    settle(desk, Outcome.INFRASTRUCTURE, Outcome.DONE)
    [found] = list_settled(db, 0)
    assert found.is_first_try and found.tries == 1


def test_a_run_that_failed_before_makes_it_rework(db, desk):
    settle(desk, Outcome.FAILED, Outcome.DONE)
    [found] = list_settled(db, 0)
    assert found.is_done and found.is_reworked and not found.is_first_try


def test_a_check_that_failed_makes_it_rework(db, desk):
    ticket = desk.create()
    run = desk.claim(ticket)
    desk.board.note(ticket, Verb.CHECK_FAILED, "it is there", Caller(Mover.RUNNER, "cody", run), NOW)
    desk.end(run)
    assert [found.is_reworked for found in list_settled(db, 0)] == [True]


def test_a_question_is_counted(db, desk):
    ticket = desk.create()
    desk.end(
        desk.claim(ticket), Outcome.BLOCKED, block_reason=BlockReason.NEEDS_INPUT, explanation="Which host?", now=NOW
    )
    desk.board.unblock(ticket, THE_PERSON, NOW)
    desk.end(desk.claim(ticket))
    [found] = list_settled(db, 0)
    assert (found.is_done, found.questions, found.is_first_try) == (True, 1, False)


def test_what_is_open_or_was_settled_before_does_not_count(db, desk):
    desk.create()
    desk.board.cancel(desk.create(), THE_PERSON, NOW)
    assert [found.is_done for found in list_settled(db, NOW)] == [False]
    assert list_settled(db, NOW + 1) == []


def test_lines_are_grouped_and_the_largest_comes_first(db, desk):
    settle(desk, Outcome.DONE, category="ui", profile="scout")
    settle(desk, Outcome.DONE)
    settle(desk, Outcome.FAILED, Outcome.DONE)
    lines = group_by(lambda ticket: ticket.profile, list_settled(db, 0))
    assert [(line.name, line.settled, line.done, line.first_try, line.reworked) for line in lines] == [
        ("cody", 2, 2, 1, 1),
        ("scout", 1, 1, 1, 0),
    ]


CHECKED = Brief(goal="It is there.", category="ui", criteria=[Criterion(text="It is there.", check="test -s a")])


def evidence(desk):
    return {(one.ticket_id, one.profile): one.held for one in list_evidence(desk.db, 0.0)}


def test_only_what_a_check_or_a_checker_decided_has_held(desk):
    checked, unchecked = desk.create(brief=CHECKED), desk.create()
    desk.finish(checked, unchecked)
    reviewed = desk.create()
    desk.to_review(reviewed)
    checker = desk.decide_about(Purpose.REVIEW, reviewed, "checker", reviewed="cody")
    desk.verdicts.review(reviewed, True, "it holds", checker, NOW)
    desk.end(checker.run_id, by=checker)
    assert evidence(desk) == {(checked, "cody"): True, (unchecked, "cody"): None, (reviewed, "cody"): True}


def test_who_failed_or_was_sent_back_has_not_held_and_the_one_after_has(desk):
    ticket_id = desk.create(brief=CHECKED)
    run_id = desk.claim(ticket_id, "scout")
    desk.runs.end(run_id, Ending(Outcome.FAILED, "no"), Caller(Mover.RUNNER, "scout", run_id), NOW)
    desk.finish(ticket_id)
    assert evidence(desk) == {(ticket_id, "scout"): False, (ticket_id, "cody"): True}
    desk.board.reopen(ticket_id, THE_PERSON, NOW + 1, "it is grey")
    assert evidence(desk)[ticket_id, "cody"] is False


def test_what_waited_or_was_not_to_be_had_says_nothing(desk):
    ticket_id = desk.create(brief=CHECKED)
    desk.block_by(ticket_id, Outcome.RATE_LIMITED)
    assert evidence(desk) == {}
