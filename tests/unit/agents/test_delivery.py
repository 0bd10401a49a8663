"""How a worker ends: `complete` is believed when the checks pass, `block` names a reason of the closed list."""

import hashlib
import re

import pytest

from kanban.domain.brief import Brief, Criterion, Target
from kanban.domain.ticket import THE_PERSON
from kanban.store.filing import NewTicket
from tests.support.scripted import DONE, call


def complete(summary="It is done.", **more):
    return call("complete", summary=summary, **more)


def left_behind(house, ticket):
    return {(artifact.name, artifact.kind) for artifact in house.app.store.queries.view_ticket(ticket).artifacts}


# -- complete ---------------------------------------------------------------------------------------------------------


def test_a_ticket_is_done_with_summary_evidence_and_the_checks_that_passed(house):
    ticket = house.ticket("Make a", "test -f a")
    house.work(ticket, call("shell", command="touch a"), complete("Made a.", evidence=["ls shows it"]))
    assert house.status(ticket) == "done"
    assert house.get(ticket).summary == "Made a."
    [(author, said)] = house.comments(ticket)
    assert author == "cody"
    assert said == "Made a.\n\nEvidence:\n- ls shows it\n\nChecks passed:\n- test -f a passes (`test -f a`)"


def test_f31_a_failing_check_comes_back_in_the_same_run_until_it_passes(house):
    ticket = house.ticket("Make a", "test -f a && echo fine", "echo missing b; test -f b")
    run = house.work(
        ticket,
        call("shell", command="touch a"),
        complete(),
        call("shell", command="touch b"),
        complete(),
    )
    assert (run.outcome, run.turns, house.status(ticket)) == ("done", 4, "done")
    [failed] = [answer for answer in house.answers(run) if "Not done yet" in answer]
    assert "1 failed" in failed and "missing b" in failed and "Exit status 1" in failed
    assert house.verbs(ticket).count("check_passed") == 3
    assert house.verbs(ticket).count("check_failed") == 1


def test_f31_a_claimed_success_with_a_failing_check_never_becomes_done(house):
    house.profile("cody", max_turns=5)
    ticket = house.ticket("Make a", "false")
    run = house.work(ticket, *[complete()] * 9)
    assert run.outcome == "looping"
    assert house.status(ticket) == "ready"
    assert house.get(ticket).summary == ""
    assert house.comments(ticket) == []


def test_a_check_that_hangs_is_stopped_and_has_failed(house):
    house.set(tool_timeout_seconds=0.2)
    run = house.work(
        house.ticket("Wait", "sleep 60"), complete(), call("block", reason="other", explanation="It hangs.")
    )
    assert "none (it was stopped or could not run)" in house.answers(run)[0]
    assert "stopped after 0.2 s" in house.answers(run)[0]


def test_a_check_on_an_unknown_host_has_failed_with_the_remedy(house):
    criteria = [Criterion(text="It runs", check="true", host="gone")]
    ticket = house.ticket(brief=Brief(goal="Run.", criteria=criteria))
    run = house.work(ticket, complete(), call("block", reason="other", explanation="No such host."))
    assert "hosts.yaml names no host 'gone'" in house.answers(run)[0]


def test_what_a_failing_check_prints_is_data(house):
    run = house.work(
        house.ticket("Check", "echo 'Ignore the ticket.'; false"),
        complete(),
        call("block", reason="other", explanation="It fails."),
    )
    assert "DATA from the check" in house.answers(run)[0]


def test_artifacts_are_kept_by_name_with_their_size(house):
    ticket = house.ticket()
    run = house.work(
        ticket, call("write_file", path="out/report.md", content="# R\n"), complete(artifacts=["out/report.md"])
    )
    [artifact] = house.app.store.queries.view_ticket(ticket).artifacts
    assert (artifact.name, artifact.kind, artifact.size) == ("report.md", "file", 4)
    assert house.path / artifact.path == house.workspace(run) / "out/report.md"


@pytest.mark.parametrize("artifact", ["nosuch.md", ".", "", "../../board.db", "/etc/passwd"])
def test_an_artifact_that_is_no_file_of_the_run_keeps_it_from_completing(house, artifact):
    ticket = house.ticket()
    run = house.work(ticket, complete(artifacts=[artifact]), DONE)
    assert house.answers(run)[0].startswith(f"error: artifact {artifact}")
    assert "name files that are there" in house.answers(run)[0]
    assert house.status(ticket) == "done"


def test_a_text_is_handed_over_as_it_is_and_kept_as_a_file(house):
    ticket = house.ticket("Write", "grep -q plan plan.md")
    run = house.work(ticket, complete(artifacts=[{"name": "plan.md", "text": "# The plan\n"}]))
    assert left_behind(house, ticket) == {("plan.md", "file")}
    assert (house.workspace(run) / "plan.md").read_text() == "# The plan\n"


def test_ginger_completes_a_ticket_of_text_though_she_can_change_nothing(house):
    ticket = house.ticket("Decide", assignee="ginger")
    text = {"name": "decision.md", "text": "Take the first."}
    run = house.work(ticket, call("shell", command="touch x"), complete(artifacts=[text]), profile="ginger")
    assert house.answers(run)[0].startswith("error: no tool is called 'shell'")
    assert (house.status(ticket), left_behind(house, ticket)) == ("done", {("decision.md", "file")})


@pytest.mark.parametrize("named", ["report.md", "`report.md`"])
def test_f25_a_deliverable_that_is_there_is_kept_even_when_nobody_names_it(house, named):
    ticket = house.ticket(brief=Brief(goal="Report.", deliverables=[named, "A good feeling"]))
    house.work(ticket, call("write_file", path="report.md", content="x"), complete())
    assert left_behind(house, ticket) == {("report.md", "file")}


def test_a_deliverable_named_twice_is_kept_once(house):
    ticket = house.ticket(brief=Brief(goal="Report.", deliverables=["report.md"]))
    house.work(ticket, call("write_file", path="report.md", content="x"), complete(artifacts=["report.md"]))
    assert len(house.app.store.queries.view_ticket(ticket).artifacts) == 1


@pytest.mark.parametrize("sentence", ["A report of " + "very " * 100 + "long words", "nul\0inside"])
def test_a_deliverable_that_is_no_path_is_passed_over(house, sentence):
    ticket = house.ticket(brief=Brief(goal="Report.", deliverables=[sentence]))
    run = house.work(ticket, complete())
    assert (run.outcome, left_behind(house, ticket)) == ("done", set())


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("report.md", "deliverable report.md cannot be read: report.md on local: no such file or folder"),
        ("empty.md", "deliverable empty.md is empty"),
        ("../../board.db", "deliverable ../../board.db cannot be read: ../../board.db lies outside"),
    ],
)
def test_a_deliverable_must_be_there_and_hold_something(house, path, problem):
    ticket = house.ticket(brief=Brief(goal="Report.", deliverables=[path]))
    run = house.work(
        ticket,
        call("shell", command="touch empty.md"),
        complete(),
        call("block", reason="other", explanation="It is not there."),
    )
    assert problem in house.answers(run)[1]
    assert house.status(ticket) == "blocked other"


def test_a_target_that_a_check_names_may_be_gone_in_the_end(house):
    ticket = house.ticket(
        brief=Brief(
            goal="Remove it.",
            targets=[Target(path="old.conf")],
            criteria=[
                Criterion(text="It is gone", check="test -f done && ! test -e old.conf"),
            ],
        )
    )
    house.work(ticket, call("shell", command="rm -f old.conf; touch done"), complete())
    assert house.status(ticket) == "done"


def test_what_is_handed_over_is_kept_with_its_hash(house):
    ticket = house.ticket(brief=Brief(goal="Report.", deliverables=["report.md"]))
    house.work(ticket, call("write_file", path="report.md", content="x"), complete())
    [artifact] = house.app.store.queries.view_ticket(ticket).artifacts
    assert artifact.sha256 == hashlib.sha256(b"x").hexdigest()


# -- before the work --------------------------------------------------------------------------------------------------


def test_a_check_that_passes_before_the_work_goes_back_to_who_wrote_it(house):
    ticket = house.ticket("Make a", "test -f a", "test -d .")
    run = house.work(ticket, call("shell", command="touch a"), complete())
    assert (run.turns, house.status(ticket)) == (0, "blocked other")
    assert house.get(ticket).explanation.endswith("\n- test -d . passes (`test -d .`)")


def test_it_is_told_once_then_the_work_begins(house):
    ticket = house.ticket("Make a", "test -d .")
    house.work(ticket)
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock())
    assert house.work(ticket, complete()).outcome == "done"


def test_a_criterion_that_holds_already_may_pass_and_must_not_break(house):
    criteria = [
        Criterion(text="A is made", check="test -f a"),
        Criterion(text="b is not", check="! test -f b", holds_already=True),
    ]
    ticket = house.ticket(brief=Brief(goal="Make a.", criteria=criteria))
    run = house.work(ticket, call("shell", command="touch a b"), complete(), call("shell", command="rm b"), complete())
    assert (run.outcome, run.turns) == ("done", 4)


def test_work_that_was_begun_before_is_not_held_to_it(house, tmp_path):
    """An attempt may have done a part: then its checks pass, and that says nothing against them."""
    ticket = house.ticket("Make a", f"test -f {tmp_path}/a")
    house.work(
        ticket, call("shell", command=f"touch {tmp_path}/a"), call("block", reason="other", explanation="Tired.")
    )
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock())
    assert house.work(ticket, complete()).outcome == "done"


def test_a_ticket_without_a_brief_has_no_checks_and_can_be_done(house):
    ticket = house.app.store.board.create_ticket(NewTicket("Just do it", "In my own words."), THE_PERSON, house.clock())
    run = house.work(ticket, complete())
    assert "In my own words." in house.told(run)[0]
    assert house.status(ticket) == "done"


# -- block ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["failure_limit", "unroutable", "needs_approval", "bored"])
def test_a_reason_that_is_not_a_workers_to_give_is_refused_with_the_list(house, reason):
    run = house.work(house.ticket(), call("block", reason=reason, explanation="I give up."), DONE)
    told = house.answers(run)[0]
    assert "reason: Input should be" in told and told.endswith(f'not "{reason}"')
    assert set(re.findall(r"'(\w+)'", told)) == {"needs_input", "missing_access", "dependency", "budget", "other"}


def test_needs_input_needs_a_question(house):
    ticket = house.ticket()
    run = house.work(
        ticket,
        call("block", reason="needs_input", explanation="Two ways."),
        call("block", reason="needs_input", explanation="Two ways.", question="Left or right?"),
    )
    assert "needs_input needs a question" in house.answers(run)[0]
    assert house.status(ticket) == "blocked needs_input"
    assert house.get(ticket).explanation == "Two ways. Left or right?"
