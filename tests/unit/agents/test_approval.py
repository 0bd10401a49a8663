"""A risky call parks its run; the person's yes has it carried out exactly once, a no tells the worker why."""

import pytest

from kanban.domain.message import unanswered_calls
from kanban.domain.outcome import Outcome
from kanban.domain.ticket import THE_PERSON
from kanban.domain.tool import HERE, Tier
from kanban.store.records import Records
from kanban.trust.policy import Attempt, Verdict
from tests.support.scripted import DONE, call, model_of

GATE = [
    {"tool": "shell", "command": "^risky", "tier": "risky", "reason": "it cannot be undone"},
    {"tool": "shell", "command": "^never", "tier": "forbidden", "reason": "it breaks the board"},
    {"tool": "write_file", "tier": "risky", "reason": "files are looked at first"},
]
RISKY = call("shell", command="risky() { echo once >> log; }; risky")
STEPS = [[call("list_dir"), RISKY, call("list_dir")], DONE]


@pytest.fixture
def house(new_house):
    house = new_house()
    house.set(gate=GATE)
    return house


def lines(house, run):
    log = house.workspace(run) / "log"
    return log.read_text().split() if log.exists() else []


def test_a_risky_call_parks_the_run_and_stays_open(house):
    ticket = house.ticket()
    run = house.work(ticket, *STEPS)
    assert (run.outcome, house.status(ticket)) == ("parked", "blocked needs_approval")
    assert [open_call.name for open_call in unanswered_calls(house.transcript(run))] == ["shell", "list_dir"]
    asked = house.approval()
    assert (asked.status, asked.tool, asked.ticket_id) == ("pending", "shell", ticket)
    assert "it cannot be undone" in asked.why
    assert house.tick().started == []


def test_an_approved_call_is_carried_out_once_and_the_run_goes_on_from_there(house):
    ticket = house.ticket()
    house.work(ticket, *STEPS)
    house.decide(1, True)
    run = house.play(house.next_run(), model_of(*STEPS))
    assert (run.outcome, house.approval().status) == ("done", "used")
    assert lines(house, run) == ["once"]
    assert len(house.answers(run)) == 4
    assert house.rows("SELECT count(*) FROM usage") == [(2,)]


def test_a_denied_call_tells_the_worker_why(house):
    ticket = house.ticket()
    house.work(ticket, *STEPS)
    house.decide(1, False, "not on a Friday")
    run = house.play(house.next_run(), model_of(*STEPS))
    assert "refused: the person said no: not on a Friday" in house.answers(run)
    assert lines(house, run) == []
    assert run.outcome == "done"


def test_the_same_command_in_another_call_is_asked_for_again(house):
    ticket = house.ticket()
    steps = [RISKY, RISKY, DONE]
    house.work(ticket, *steps)
    house.decide(1, True)
    run = house.play(house.next_run(), model_of(*steps))
    assert (run.outcome, house.status(ticket)) == ("parked", "blocked needs_approval")
    assert lines(house, run) == ["once"]
    assert house.approval(2).status == "pending"


@pytest.mark.parametrize(("killed", "times"), [("before it acts", 0), ("after it acted", 1)])
def test_an_approved_call_that_a_kill_cut_off_is_not_repeated(house, killed, times):
    class Killed(BaseException):
        pass

    class KilledThere(Records):
        def mark_started(self, *args):
            super().mark_started(*args)
            if killed == "before it acts":
                raise Killed

        def append_message(self, *args):
            if args[2].name == "shell":
                raise Killed
            super().append_message(*args)

    ticket = house.ticket()
    house.work(ticket, *STEPS)
    house.decide(1, True)
    second = house.next_run()
    with pytest.raises(Killed):
        house.play(second, model_of(*STEPS), records=KilledThere(house.app.store.db))
    house.lose(second)
    run = house.play(house.next_run(), model_of(*STEPS))
    assert any(answer.startswith("This run was interrupted") for answer in house.answers(run))
    assert lines(house, run) == ["once"] * times
    assert house.approval().status == "used"
    assert (run.outcome, house.status(ticket)) == ("blocked", "blocked needs_input")
    assert "was approved and begun, and nobody knows whether it took effect" in house.get(ticket).explanation
    [(told,)] = house.rows("SELECT text FROM notice WHERE text LIKE '%needs_input%'")
    assert "Look, then let the ticket go on with a note." in told
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock(), note="I looked: it did.")
    run = house.play(house.next_run(), model_of(*STEPS))
    assert (run.outcome, lines(house, run)) == ("done", ["once"] * times)
    assert "I looked: it did." in house.told(run)[-1]


def test_f32_an_approval_is_used_up_by_a_call_that_could_be_repeated_too(house):
    steps = [call("write_file", path="a", content="x"), DONE]
    house.work(house.ticket(), *steps)
    house.decide(1, True)
    run = house.play(house.next_run(), model_of(*steps))
    assert house.approval().status == "used"
    assert (house.workspace(run) / "a").read_text() == "x"


def test_an_answer_given_while_the_run_was_still_parking_does_not_leave_the_ticket_behind(house):
    ticket = house.ticket()
    context = house.context(house.claim(ticket), model_of(*STEPS))
    ask = context.store.approvals.ask

    class AnsweredAtOnce(type(context.store.approvals)):
        def ask(self, *args):
            number = ask(*args)
            house.decide(number, True)
            return number

    run = house.play(context.run_id, context.model, approvals=AnsweredAtOnce(house.app.store.db))
    assert (run.outcome, house.status(ticket)) == (Outcome.PARKED, "ready")


def test_a_forbidden_call_is_refused_and_asks_nobody(house):
    run = house.work(house.ticket(), call("shell", command="never"), DONE)
    assert house.answers(run)[0] == "refused: it breaks the board"
    assert house.app.store.approvals.list_pending() == []


def test_a_ticket_that_waits_for_an_answer_is_told_no_news_without_notes(house):
    ticket = house.ticket()
    house.work(ticket, *STEPS)
    house.decide(1, True)
    run = house.play(house.next_run(), model_of(*STEPS))
    assert len(house.told(run)) == 1


@pytest.mark.parametrize("command", ["risky", "never"])
def test_a_check_that_the_gate_would_stop_is_not_run_either(house, command):
    ticket = house.ticket("Check it", f"{command}() {{ true; }}; touch ran")
    run = house.work(ticket, DONE, call("block", reason="other", explanation="The check may not run."))
    assert "the gate does not let it run" in house.answers(run)[0]
    assert not (house.workspace(run) / "ran").exists()
    assert house.status(ticket) == "blocked other"


def test_a_yes_to_a_script_is_one_to_what_it_held(house):
    house.set(gate=[{"tool": "shell", "argv": "bash ", "tier": "risky", "reason": "it runs a script"}])
    run_it = call("shell", command="bash deploy.sh")
    steps = [call("write_file", path="deploy.sh", content="echo one >> log"), run_it, DONE]
    run = house.work(house.ticket(), *steps)
    (house.workspace(run) / "deploy.sh").write_text("echo two >> log")
    house.decide(1, True)
    run = house.play(house.next_run(), model_of(*steps))
    assert "a file that it names is another by now" in house.answers(run)[1]
    assert lines(house, run) == []


def test_a_yes_holds_for_a_day(house):
    house.work(house.ticket(), *STEPS)
    house.decide(1, True)
    house.now += 86_401
    run = house.play(house.next_run(), model_of(*STEPS))
    assert "its approval is older than a day" in house.answers(run)[1]
    assert lines(house, run) == []


def test_what_is_granted_for_an_hour_is_not_asked_for_again(house):
    ticket = house.ticket()
    house.work(ticket, *STEPS)
    house.app.store.approvals.decide(1, True, "", THE_PERSON, house.clock(), house.clock() + 3600)
    again = [[call("list_dir"), RISKY, call("list_dir")], RISKY, DONE]
    run = house.play(house.next_run(), model_of(*again))
    assert (run.outcome, lines(house, run)) == ("done", ["once", "once"])


def test_while_everything_is_stopped_no_call_passes(house):
    context = house.context(house.claim(house.ticket()), model_of(DONE))
    house.app.home.stop_file.write_text("fire")
    decision = context.decide(Attempt("read_file", Tier.READ, HERE, "a"))
    assert (decision.verdict, decision.why) == (Verdict.DENY, "everything is stopped: fire")
    assert context.find_overspend().explanation == "everything is stopped: fire"


def test_on_a_read_only_board_agents_may_look_and_checks_still_run(house):
    house.set(read_only=True)
    run = house.work(house.ticket(), call("shell", command="touch x"), call("list_dir"), DONE)
    answers = house.answers(run)
    assert "may go up to read only" in answers[0] and not answers[1].startswith("refused")
    assert run.outcome == "done"
    check = Attempt("shell", Tier.SAFE, HERE, "test -f x", runs_command=True)
    assert house.context(house.claim(house.ticket())).decide_check(check).verdict is Verdict.ALLOW
