"""What every tool call passes. A risky call waits for the person's answer to exactly this call."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kanban.domain.message import ToolCall
from kanban.domain.ticket import Caller
from kanban.store.approvals import VALID_SECONDS, Approvals, Asked, Like
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


ASK_AGAIN = "ask again with a new call"
Passage = Passed | Refused | Waiting


@dataclass(frozen=True)
class Gate:
    """The gate of one run. `decide` is what the policy says of a call, `hash_named` what files it names."""

    decide: Callable[[Attempt], Decision]
    approvals: Approvals
    scribe: Scribe
    caller: Caller
    ticket_id: int | None
    clock: Callable[[], float]
    hash_named: Callable[[Attempt], Mapping[str, str]] = field(default=lambda attempt: {})

    def pass_call(self, call: ToolCall, attempt: Attempt) -> Passage:
        """Whether the call may act now. Asking for an approval is written down, and asked once."""
        decision = self.decide(attempt)
        if decision.verdict is Verdict.ALLOW:
            return Passed()
        if decision.verdict is Verdict.DENY:
            return Refused(decision.why)
        return self._look_up_answer(call, attempt, decision)

    def was_approved(self, call: ToolCall) -> bool:
        """Whether a person was asked about this call and said yes."""
        approval = self.approvals.find(self.scribe, call.id)
        return approval is not None and approval.status in ("approved", "used")

    def _look_up_answer(self, call: ToolCall, attempt: Attempt, decision: Decision) -> Passage:
        approval = self.approvals.find(self.scribe, call.id)
        if approval is None:
            return self._ask(call, attempt, decision)
        if approval.status == "used":
            return Refused(f"its approval was used already; {ASK_AGAIN}")
        if approval.call_hash != self._hash(call, attempt):
            return Refused(f"its approval was for another call, or a file that it names is another by now; {ASK_AGAIN}")
        if approval.status == "approved":
            if self.clock() - (approval.decided_at or 0.0) > VALID_SECONDS:
                return Refused(f"its approval is older than a day; {ASK_AGAIN}")
            return Passed(approval.id)
        if approval.status == "denied":
            return Refused(f"the person said no: {approval.reason or 'no reason given'}")
        return Waiting(approval.id, decision.why)

    def _ask(self, call: ToolCall, attempt: Attempt, decision: Decision) -> Passage:
        """Put the call to the person, unless they have granted calls like it; only what is asked about is hashed."""
        place, now = str(attempt.place), self.clock()
        like = Like(self.ticket_id, call.name, place, decision.why)
        if decision.is_exact and self.approvals.use_grant(like, call.arguments, self.caller, now):
            return Passed()
        asked = Asked(call, self._hash(call, attempt), decision.why, self.ticket_id, place)
        return Waiting(self.approvals.ask(self.scribe, asked, self.caller, now), decision.why)

    def _hash(self, call: ToolCall, attempt: Attempt) -> str:
        return hash_call(call, self.ticket_id, self.hash_named(attempt))


def hash_call(call: ToolCall, ticket_id: int | None, files: Mapping[str, str]) -> str:
    """What an approval is bound to: the tool, its exact arguments, the ticket and the files that it names."""
    bound = [call.name, call.arguments, ticket_id, *([sorted(files.items())] if files else [])]
    return hashlib.sha256(json.dumps(bound).encode()).hexdigest()
