"""What every tool call passes. A risky call waits for the person's answer to exactly this call."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from kanban.domain.message import ToolCall
from kanban.domain.ticket import Caller
from kanban.store.approvals import Approvals, Asked
from kanban.store.records import Scribe
from kanban.trust.policy import Attempt, Decision, Verdict


@dataclass(frozen=True)
class Passed:
    """The call may act; `approval_id` is used up when it does."""

    approval_id: int | None = None


@dataclass(frozen=True)
class Refused:
    """The call may not act; the model is told why."""

    why: str


@dataclass(frozen=True)
class Waiting:
    """The call waits for the person's answer to approval `approval_id`."""

    approval_id: int
    why: str


Passage = Passed | Refused | Waiting


@dataclass(frozen=True)
class Gate:
    """The gate of one run. `decide` is what the policy says of a call."""

    decide: Callable[[Attempt], Decision]
    approvals: Approvals
    scribe: Scribe
    caller: Caller
    ticket_id: int | None
    clock: Callable[[], float]

    def pass_call(self, call: ToolCall, attempt: Attempt) -> Passage:
        """Whether the call may act now. Asking for an approval is written down, and asked once."""
        decision = self.decide(attempt)
        if decision.verdict is Verdict.ALLOW:
            return Passed()
        if decision.verdict is Verdict.DENY:
            return Refused(decision.why)
        return self._look_up_answer(call, decision.why)

    def was_approved(self, call: ToolCall) -> bool:
        """Whether a person was asked about this call and said yes."""
        approval = self.approvals.find(self.scribe, call.id)
        return approval is not None and approval.status in ("approved", "used")

    def _look_up_answer(self, call: ToolCall, why: str) -> Passage:
        bound = hash_call(call, self.ticket_id)
        approval = self.approvals.find(self.scribe, call.id)
        if approval is None:
            asked = Asked(call, bound, why, self.ticket_id)
            return Waiting(self.approvals.ask(self.scribe, asked, self.caller, self.clock()), why)
        if approval.call_hash != bound or approval.status == "used":
            return Refused("its approval was for another call, or was used already; ask again with a new call")
        if approval.status == "approved":
            return Passed(approval.id)
        if approval.status == "denied":
            return Refused(f"the person said no: {approval.reason or 'no reason given'}")
        return Waiting(approval.id, why)


def hash_call(call: ToolCall, ticket_id: int | None) -> str:
    """What an approval is bound to: the tool, its exact arguments and the ticket."""
    return hashlib.sha256(json.dumps([call.name, call.arguments, ticket_id]).encode()).hexdigest()
