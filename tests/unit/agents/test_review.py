"""The reality checker: another profile looks at the work itself and tries to refute the claim."""

import pytest

from kanban.domain.brief import Brief, Target
from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.files.yamlfile import edit_yaml
from tests.support.scripted import DONE, Spy, call, model_of
from tests.support.toolsets import CHECKER_TOOLS

WROTE = [call("write_file", path="a.md", content="port 8080"), call("complete", summary="a.md names the port.")]
CHECKS = call("run_check", criterion=1)
PASSES = call("verdict", passed=True, findings=["a.md names port 8080"])
HOLDS = [CHECKS, PASSES]
REFUTED = call("verdict", passed=False, findings=["a.md names no port", "b.md is missing"])


@pytest.fixture
def house(new_house):
    """A home whose rubric has everything reviewed."""
    house = new_house()
    with (house.path / "rubric.yaml").open("a") as file:
        file.write("review: {}\n")
    return house


def delivered(house, *steps, check="test -f a.md"):
    """A ticket whose work waits for the checker."""
    ticket = house.ticket("Write a.md", check)
    house.work(ticket, *(steps or WROTE))
    assert house.status(ticket) == "review"
    return ticket


def review(house, *steps):
    return house.play(house.next_run(), model_of(*steps))


def work_again(house, ticket):
    run_id = house.next_run()
    assert house.run(run_id).purpose == "work"
    worked = [run for run in house.app.store.queries.runs_of_ticket(ticket) if run.purpose == Purpose.WORK]
    return house.play(run_id, model_of(*WROTE * len(worked)))  # it goes on in the transcript of the first


# -- whose work is looked at ------------------------------------------------------------------------------------------


def test_what_the_rubric_does_not_name_is_done_without_a_review(new_house):
    house = new_house()
    ticket = house.ticket()
    house.work(ticket, DONE)
    assert house.status(ticket) == "done"


def test_what_changes_something_and_has_no_check_is_reviewed_unless_the_person_wants_none(new_house):
    brief = Brief(goal="Tidy a.md.", targets=[Target(path="a.md")])
    house = new_house()
    ticket = house.ticket("Tidy", brief=brief)
    house.work(ticket, *WROTE)
    assert house.status(ticket) == "review"
    edit_yaml(house.path / "rubric.yaml", lambda data: data.update(review=None))
    house.restart()
    ticket = house.ticket("Tidy again", brief=brief)
    house.work(ticket, *WROTE)
    assert house.status(ticket) == "done"


@pytest.mark.parametrize(("words", "status"), [("Pay the invoice", "review"), ("Rename the cat", "done")])
def test_only_what_the_rubric_names_is_reviewed(new_house, words, status):
    house = new_house()
    with (house.path / "rubric.yaml").open("a") as file:
        file.write("review: {words: [invoice]}\n")
    ticket = house.ticket(words)
    house.work(ticket, DONE)
    assert house.status(ticket) == status


def test_f31_a_failing_check_does_not_even_reach_the_checker(house):
    ticket = house.ticket("Write a.md", "test -f a.md")
    run = house.work(ticket, DONE, call("block", reason="other", explanation="I cannot."))
    assert run.outcome == "blocked" and house.app.store.due.to_review() == []


def test_the_checker_is_another_profile_and_looks_at_the_workers_own_workspace(house):
    ticket = delivered(house)
    run = house.run(house.next_run())
    worked = house.app.store.queries.last_run(ticket, Purpose.WORK)
    assert (run.purpose, run.profile, run.reviewed) == ("review", "checker", "cody")
    assert (run.workspace, run.transcript_of) == (worked.workspace, None)


# -- what the checker sees and may do ---------------------------------------------------------------------------------


def test_it_reads_ticket_and_claim_and_the_claim_is_data(house):
    delivered(house)
    spy = Spy(model_of(*HOLDS))
    house.play(house.next_run(), spy)
    system, told = (message.content for message in spy.asked[0])
    assert "Try to prove it wrong" in system and "a.md" not in system
    assert "test -f a.md" in told
    assert "DATA from what cody says of its own work" in told and "a.md names the port." in told


def test_f31_its_tools_only_read_and_check(house):
    delivered(house)
    spy = Spy(model_of(*HOLDS))
    house.play(house.next_run(), spy)
    assert spy.tools == CHECKER_TOOLS


def test_a_checks_result_is_found_out_again_and_not_believed(house):
    ticket = delivered(house, check="grep -q 8080 a.md")
    file = house.workspace(house.app.store.queries.last_run(ticket, Purpose.WORK)) / "a.md"
    again = call("run_check", criterion=1)
    file.write_text("nothing")
    run = review(house, again, REFUTED)
    assert house.answers(run)[0] == "failed, exit status 1"
    work_again(house, ticket)
    run = review(house, again, PASSES)
    assert house.answers(run)[0] == "passed"


@pytest.mark.parametrize("number", [2, 99])
def test_a_criterion_that_is_not_there_is_said_so(house, number):
    delivered(house)
    run = review(house, call("run_check", criterion=number), *HOLDS)
    assert f"criterion {number} has no check" in house.answers(run)[0]


def test_a_check_that_the_gate_would_stop_is_not_run_by_the_checker_either(house):
    ticket = delivered(house)
    house.set(gate=[{"tool": "shell", "command": "test", "tier": "risky", "reason": "looks risky"}])
    run = review(house, call("run_check", criterion=1), PASSES)
    assert "the gate does not let it run" in house.answers(run)[0]
    assert house.status(ticket) == "done"


def test_a_verdict_needs_findings_either_way(house):
    delivered(house)
    run = review(house, call("verdict", passed=True, findings=[]), *HOLDS)
    assert "findings" in house.answers(run)[0] and run.turns == 3


def test_a_verdict_that_it_holds_is_refused_before_each_criterion_was_looked_at(house):
    ticket = house.ticket("Write a.md", "test -f a.md", "grep -q 8080 a.md")
    house.work(ticket, *WROTE)
    run = review(house, PASSES, CHECKS, PASSES, call("run_check", criterion=2), PASSES)
    answers = house.answers(run)
    assert "you have not looked at criterion 1 and criterion 2" in answers[0]
    assert "you have not looked at criterion 2" in answers[2] and "criterion 1" not in answers[2]
    assert (run.outcome, house.status(ticket)) == ("done", "done")


def test_a_verdict_that_it_holds_is_refused_against_a_check_that_fails(house):
    ticket = delivered(house, check="grep -q 8080 a.md")
    worked = house.app.store.queries.last_run(ticket, Purpose.WORK)
    (house.workspace(worked) / "a.md").write_text("nothing")
    run = review(house, CHECKS, PASSES, REFUTED)
    assert "the check of criterion 1 has failed" in house.answers(run)[1]
    assert house.status(ticket) == "ready"


def test_a_verdict_that_it_holds_is_refused_before_the_results_were_read_where_no_command_decides(house):
    ticket = house.ticket("Tidy", brief=Brief(goal="Tidy a.md.", targets=[Target(path="a.md")]))
    house.work(ticket, *WROTE)
    run = review(house, PASSES, call("read_file", path="missing.md"), PASSES, call("read_file", path="a.md"), PASSES)
    answers = house.answers(run)
    assert "you have read none of the results" in answers[0] and "you have read none" in answers[2]
    assert house.status(ticket) == "done"


def test_where_nothing_is_left_to_read_the_ticket_is_enough(house):
    ticket = house.ticket("Think", brief=Brief(goal="Say what seven times six is."))
    house.work(ticket, DONE)
    review(house, PASSES)
    assert house.status(ticket) == "done"


def test_what_does_not_hold_needs_no_look_at_the_rest(house):
    ticket = delivered(house)
    review(house, REFUTED)
    assert house.status(ticket) == "ready"


# -- verdicts ---------------------------------------------------------------------------------------------------------


def test_what_holds_is_done(house):
    ticket = delivered(house)
    run = review(house, *HOLDS)
    assert (run.outcome, house.status(ticket)) == ("done", "done")
    assert ("checker", "- a.md names port 8080") in house.comments(ticket)


def test_what_is_refuted_is_done_again_with_the_findings_before_the_worker(house):
    ticket = delivered(house)
    review(house, REFUTED)
    assert house.status(ticket) == "ready"
    run = work_again(house, ticket)
    told = "\n".join(house.told(run))
    assert "what you delivered does not hold yet" in told
    assert "a.md names no port" in told and "b.md is missing" in told and "a note by checker" in told
    assert house.status(ticket) == "review"


def test_the_third_refutation_goes_to_ginger(house):
    ticket = delivered(house)
    for _ in range(2):
        review(house, REFUTED)
        work_again(house, ticket)
    review(house, REFUTED)
    assert house.status(ticket) == "blocked other"
    assert house.get(ticket).explanation.startswith("refuted 3 times: - a.md names no port")
    assert house.run(house.next_run()).purpose == "diagnose"


# -- checkers that do not deliver -------------------------------------------------------------------------------------


def test_where_nobody_can_check_the_ticket_is_blocked_and_not_waved_through(house):
    ticket = delivered(house)
    (house.path / "profiles" / "checker.yaml").unlink()
    house.restart()
    assert house.tick().blocked == [ticket]
    assert house.status(ticket) == "blocked unroutable"


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.OUT_OF_TURNS])
def test_f15_a_checker_that_keeps_failing_reaches_its_limit(house, outcome):
    ticket = delivered(house)
    for _ in range(2):
        house.lose(house.next_run(), outcome)
    assert house.tick().blocked == [ticket]
    assert house.status(ticket) == "blocked failure_limit"
    assert "checker could not review it in 2 runs" in house.get(ticket).explanation


def test_f23_a_checker_of_mere_words_reaches_its_limit_too(house):
    ticket = delivered(house)
    for _ in range(2):
        assert review(house, "Looks fine to me.", "It really does.").outcome == "failed"
    assert house.tick().blocked == [ticket]
    assert house.status(ticket) == "blocked failure_limit"


def test_a_review_whose_ticket_was_given_up_meanwhile_changes_nothing(house):
    ticket = delivered(house)
    run_id = house.next_run()
    house.app.store.board.cancel(ticket, THE_PERSON, house.clock())
    assert house.play(run_id, model_of(*HOLDS)).outcome == "cancelled"
    assert house.status(ticket) == "cancelled"
