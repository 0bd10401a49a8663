"""What a call may do: allow it, ask a person, or deny it. Pure: the same call always gets the same answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from kanban.domain.profile import Profile
from kanban.domain.tool import GateRule, Tier


class Verdict(StrEnum):
    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


@dataclass(frozen=True)
class Attempt:
    """A call as the gate sees it; `command` is what a shell would run, None for tools that run none."""

    tool: str
    tier: Tier
    host: str = "local"
    command: str | None = None


@dataclass(frozen=True)
class Decision:
    """The answer, the tier that the call turned out to have, and why."""

    verdict: Verdict
    tier: Tier
    why: str


def decide(attempt: Attempt, profile: Profile, rules: Iterable[GateRule]) -> Decision:
    """First rule that matches sets the tier, else the tool's own; the profile's tier is the most it may ask for."""
    matched = next((rule for rule in rules if rule.matches(attempt.tool, attempt.host, attempt.command)), None)
    tier = matched.tier if matched else attempt.tier
    why = matched.reason if matched else f"{attempt.tool} is {tier}"
    if not profile.may_reach(attempt.host):
        return Decision(Verdict.DENY, tier, f"{profile.name} may not reach host {attempt.host}")
    if tier is Tier.FORBIDDEN:
        return Decision(Verdict.DENY, tier, why)
    if tier.rank > profile.tier.rank:
        return Decision(Verdict.DENY, tier, f"{why}; {profile.name} may go up to {profile.tier} only")
    return Decision(Verdict.ASK if tier is Tier.RISKY else Verdict.ALLOW, tier, why)
