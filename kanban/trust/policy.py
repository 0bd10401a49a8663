"""What a call may do: allow it, ask a person, or deny it. Pure: the same call always gets the same answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from kanban.domain.profile import Profile
from kanban.domain.tool import HERE, UNKNOWN, GateRule, Place, Tier
from kanban.trust.patterns import Searcher, TooSlow

SEARCH_SECONDS = 0.08  # of processor time that all rows of the gate get for one command


NO_CELL = "no sandbox works on this machine (`kanban doctor` says why), and kanban.yaml does not say `sandbox: off`"


class Verdict(StrEnum):
    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


@dataclass(frozen=True)
class Attempt:
    """A call as the gate sees it: what it is about, where it acts, and whether the subject is a command for a shell."""

    tool: str
    tier: Tier
    place: Place
    subject: str = ""
    runs_command: bool = False


@dataclass(frozen=True)
class Decision:
    """The answer, the tier that the call turned out to have, and why."""

    verdict: Verdict
    tier: Tier
    why: str


def decide(attempt: Attempt, profile: Profile, rules: Iterable[GateRule], has_cell: bool = True) -> Decision:
    """First rule that matches sets the tier, else the tool's own; the profile's tier is the most it may ask for.

    Without a cell every command on this machine is risky at least: nothing else keeps it from the person's files.
    """
    tier, why = _judge(attempt, rules)
    if not has_cell and attempt.runs_command and attempt.place == HERE and tier.rank < Tier.RISKY.rank:
        tier, why = Tier.RISKY, NO_CELL
    if attempt.place.kind == "host" and not profile.may_reach(attempt.place.name):
        return Decision(Verdict.DENY, tier, f"{profile.name} may not reach host {attempt.place.name}")
    if tier is Tier.FORBIDDEN:
        return Decision(Verdict.DENY, tier, why)
    if tier.rank > profile.tier.rank:
        return Decision(Verdict.DENY, tier, f"{why}; {profile.name} may go up to {profile.tier} only")
    return Decision(Verdict.ASK if tier is Tier.RISKY else Verdict.ALLOW, tier, why)


def matches(rule: GateRule, attempt: Attempt, searcher: Searcher) -> bool:
    """Whether a rule means this call. Raises TooSlow for a command that cannot be searched in time."""
    place = attempt.place.name if attempt.place.kind == "host" else str(attempt.place)
    if not (fnmatchcase(attempt.tool, rule.tool) and fnmatchcase(place, rule.host)):
        return False
    if rule.command is not None and not (attempt.runs_command and searcher.finds(rule.command, attempt.subject)):
        return False
    return rule.subject is None or searcher.finds(rule.subject, attempt.subject)


def _judge(attempt: Attempt, rules: Iterable[GateRule]) -> tuple[Tier, str]:
    """The tier of a call and why; a command that cannot be judged in time is risky."""
    searcher = Searcher(SEARCH_SECONDS)
    for rule in rules:
        try:
            if matches(rule, attempt, searcher):
                return rule.tier, rule.reason
        except TooSlow:
            return Tier.RISKY, f"it is too long or too tangled to tell whether it is this: {rule.reason}"
    if attempt.place == UNKNOWN and attempt.tier.rank < Tier.RISKY.rank:
        return Tier.RISKY, f"where {attempt.tool} acts is not known"
    return attempt.tier, f"{attempt.tool} is {attempt.tier}"
