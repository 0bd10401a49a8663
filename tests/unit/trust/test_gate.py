"""What every call passes: an approval is bound to one exact call, used once, and given by a person only."""

from dataclasses import replace

import pytest

from kanban.domain.message import ToolCall
from kanban.domain.tool import GateRule, Tier, place_of_host
from kanban.errors import MovedOn, Refused
from kanban.trust import gate as passages
from kanban.trust.gate import Gate, Passed, Waiting, hash_call
from kanban.trust.plan import Plan
from kanban.trust.policy import Attempt, decide

CALL = ToolCall("call_1", "shell", '{"command": "reboot"}')
ATTEMPT = Attempt("shell", Tier.RISKY, place_of_host("local"), "reboot", runs_command=True)


@pytest.fixture
def gate(house):
    context = house.context(house.claim(house.ticket()))
    never = GateRule(tool="shell", command="never", tier=Tier.FORBIDDEN, reason="never")
    return Gate(
        lambda attempt: decide(attempt, context.profile, Plan([never])),
        context.store.approvals,
        context.scribe,
        context.caller,
        context.run.ticket_id,
        house.clock,
    )


def use(house, gate, approval_id, call=CALL):
    house.app.store.records.mark_started(gate.scribe, call.id, house.clock(), approval_id)


def test_what_is_safe_passes_and_leaves_no_trace(house, gate):
    assert gate.pass_call(CALL, replace(ATTEMPT, tier=Tier.SAFE)) == Passed()
    assert house.app.store.approvals.list_pending() == []


def test_what_is_forbidden_is_refused_with_the_reason(gate):
    assert gate.pass_call(CALL, replace(ATTEMPT, subject="never")) == passages.Refused("never")


def test_a_risky_call_is_asked_for_once_however_often_it_comes_by(house, gate):
    assert gate.pass_call(CALL, ATTEMPT) == gate.pass_call(CALL, ATTEMPT) == Waiting(1, "shell is risky")
    assert len(house.app.store.approvals.list_pending()) == 1


def test_an_approved_call_passes_with_the_approval_that_it_will_use_up(house, gate):
    gate.pass_call(CALL, ATTEMPT)
    house.decide(1, True)
    assert gate.pass_call(CALL, ATTEMPT) == Passed(1)


def test_a_denied_call_is_refused_in_the_persons_words(house, gate):
    gate.pass_call(CALL, ATTEMPT)
    house.decide(1, False, "not today")
    assert gate.pass_call(CALL, ATTEMPT) == passages.Refused("the person said no: not today")


@pytest.mark.parametrize(
    "other",
    [
        replace(CALL, arguments='{"command": "reboot --force"}'),
        replace(CALL, arguments='{"command":"reboot"}'),
        replace(CALL, name="write_file"),
    ],
)
def test_an_approval_is_for_the_exact_call_and_no_other(house, gate, other):
    gate.pass_call(CALL, ATTEMPT)
    house.decide(1, True)
    assert isinstance(gate.pass_call(other, ATTEMPT), passages.Refused)


def test_an_approval_of_one_ticket_is_none_for_another(house, gate):
    gate.pass_call(CALL, ATTEMPT)
    house.decide(1, True)
    assert hash_call(CALL, 1, {}) != hash_call(CALL, 2, {})
    assert isinstance(replace(gate, ticket_id=99).pass_call(CALL, ATTEMPT), passages.Refused)


def test_an_approval_is_used_once(house, gate):
    gate.pass_call(CALL, ATTEMPT)
    house.decide(1, True)
    use(house, gate, 1)
    assert isinstance(gate.pass_call(CALL, ATTEMPT), passages.Refused)
    with pytest.raises(MovedOn):
        use(house, gate, 1, replace(CALL, id="call_2"))


def test_a_call_that_was_not_approved_cannot_be_started_under_its_approval(house, gate):
    gate.pass_call(CALL, ATTEMPT)
    with pytest.raises(MovedOn):
        use(house, gate, 1)


def test_f32_no_run_answers_an_approval(house, gate):
    gate.pass_call(CALL, ATTEMPT)
    with pytest.raises(Refused, match="may not answer approvals"):
        house.app.store.approvals.decide(1, True, "", gate.caller, house.clock())
    assert house.approval(1).status == "pending"


def test_a_run_that_has_ended_asks_for_nothing(house, gate):
    house.lose(gate.scribe.run_id)
    with pytest.raises(MovedOn):
        gate.pass_call(CALL, ATTEMPT)
