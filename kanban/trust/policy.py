"""What a call may do: allow it, ask a person, or deny it. Pure: the same call always gets the same answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from kanban.domain.profile import Profile
from kanban.domain.tool import HERE, UNKNOWN, GateRule, KnownCommand, Place, Tier
from kanban.trust import words
from kanban.trust.patterns import Searcher, TooSlow, compile_pattern
from kanban.trust.plan import Plan, known_commands
from kanban.trust.script import PIPES, WRITES, Command, read_script
from kanban.trust.writing import is_within_scope, only_prints

WHOLE = "all of it"
SHOWN_LINE = 200  # characters of a command that are said back
SEARCH_SECONDS = 0.08  # of processor time that all rows get for one command, and as much for reading it

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
    writes_file: bool = False


@dataclass(frozen=True)
class Decision:
    """The answer, the tier that the call turned out to have, and why.

    `is_exact`: the reason tells all that is asked about, so that another call with the same reason is like this one.
    """

    verdict: Verdict
    tier: Tier
    why: str
    is_exact: bool = False


@dataclass(frozen=True)
class Judged:
    """What is said of one command of a call, or of all of it (`about` is then WHOLE)."""

    about: str
    tier: Tier
    why: str
    is_exact: bool = True


def decide(attempt: Attempt, profile: Profile, plan: Plan) -> Decision:
    """The strictest of what is said of each command in the call; the profile's tier is the most it may ask for."""
    return settle(judge(attempt, plan), attempt, profile, plan)


def settle(judged: Sequence[Judged], attempt: Attempt, profile: Profile, plan: Plan) -> Decision:
    """What becomes of a call of which this was said."""
    tier = max((each.tier for each in judged), key=lambda tier: tier.rank)
    why = "; ".join(dict.fromkeys(each.why for each in judged if each.tier is tier))
    if not plan.has_cell and attempt.runs_command and attempt.place == HERE and tier.rank < Tier.RISKY.rank:
        tier, why = Tier.RISKY, NO_CELL
    if attempt.place.kind == "host" and not profile.may_reach(attempt.place.name):
        return Decision(Verdict.DENY, tier, f"{profile.name} may not reach host {attempt.place.name}")
    if tier is Tier.FORBIDDEN:
        return Decision(Verdict.DENY, tier, why)
    if tier.rank > profile.tier.rank:
        return Decision(Verdict.DENY, tier, f"{why}; {profile.name} may go up to {profile.tier} only")
    is_exact = all(each.is_exact for each in judged if each.tier is tier)
    return Decision(Verdict.ASK if tier is Tier.RISKY else Verdict.ALLOW, tier, why, is_exact)


def matches(rule: GateRule, attempt: Attempt, searcher: Searcher, command: Command | None = None) -> bool:
    """Whether a rule means this call, or one command of it. Raises TooSlow for what cannot be searched in time."""
    return _is_there(rule, attempt) and _is_about(rule, attempt, searcher, command)


def _is_there(rule: GateRule, attempt: Attempt) -> bool:
    """Whether a rule is about this tool and the place where the call acts."""
    place = attempt.place.name if attempt.place.kind == "host" else str(attempt.place)
    return fnmatchcase(attempt.tool, rule.tool) and fnmatchcase(place, rule.host)


def _is_about(rule: GateRule, attempt: Attempt, searcher: Searcher, command: Command | None) -> bool:
    if rule.argv is not None and (command is None or not searcher.begins(rule.argv, command.line)):
        return False
    if rule.command is not None and not (attempt.runs_command and searcher.finds(rule.command, attempt.subject)):
        return False
    return rule.subject is None or searcher.finds(rule.subject, attempt.subject)


def is_known(command: Command, harmless: Iterable[KnownCommand], searcher: Searcher) -> bool:
    """Whether a command is one of those that do no harm. Raises TooSlow."""
    if command.name == PIPES or only_prints(command.words):
        return True
    return any(is_meant(known, command, searcher) for known in harmless)


def is_meant(known: KnownCommand, command: Command, searcher: Searcher) -> bool:
    """Whether a row of the harmless means this command. Raises TooSlow."""
    if not searcher.begins(known.argv, command.line):
        return False
    if known.without is None:
        return True
    return not any(
        word.startswith(words.UNKNOWN) or searcher.is_whole(known.without, word) for word in command.words[1:]
    )


def judge(attempt: Attempt, plan: Plan) -> list[Judged]:
    """What is said of a call: of each command that it runs, and of the call as a whole."""
    searcher = Searcher(SEARCH_SECONDS)
    plan = replace(plan, rules=[rule for rule in plan.rules if _is_there(rule, attempt)])
    if not attempt.runs_command:
        return [_judge_call(attempt, plan, searcher)]
    script = read_script(attempt.subject, SEARCH_SECONDS)
    found = [_judge_command(command, attempt, plan, searcher) for command in script.commands]
    if not found:
        found.append(_judge_call(attempt, plan, searcher))
    if script.doubts and plan.asks_beyond_scope(attempt.place):
        found += [Judged(WHOLE, Tier.RISKY, doubt, is_exact=False) for doubt in script.doubts]
    return found


def _judge_command(command: Command, attempt: Attempt, plan: Plan, searcher: Searcher) -> Judged:
    """What is said of one command of a script."""
    told = command.line.replace(words.UNKNOWN, "…")
    is_exact = words.UNKNOWN not in command.line and len(told) <= SHOWN_LINE
    shown = f"{told[:SHOWN_LINE]}…" if len(told) > SHOWN_LINE else told
    if said := _find_row(attempt, plan, searcher, command):
        return Judged(shown, *said, is_exact)
    try:
        is_asked = plan.asks_beyond_scope(attempt.place) and not is_known(command, plan.harmless, searcher)
    except TooSlow:
        return Judged(shown, Tier.RISKY, "it is too long or too tangled to tell whether it is harmless", False)
    if is_asked and not is_within_scope(command, attempt.place.name, plan.scope):
        why = f"`{shown}` is not known to be harmless, nor what the ticket is about"
        return Judged(shown, Tier.RISKY, why, is_exact)
    return Judged(shown, *_own_tier(attempt))


def _judge_call(attempt: Attempt, plan: Plan, searcher: Searcher) -> Judged:
    """What is said of a call as a whole."""
    if said := _find_row(attempt, plan, searcher):
        return Judged(WHOLE, *said)
    is_bound = attempt.writes_file and plan.asks_beyond_scope(attempt.place)
    if is_bound and not is_within_scope(Command((WRITES, attempt.subject)), attempt.place.name, plan.scope):
        return Judged(WHOLE, Tier.RISKY, f"{attempt.subject} is not what the ticket is about")
    return Judged(WHOLE, *_own_tier(attempt))


def _find_row(
    attempt: Attempt, plan: Plan, searcher: Searcher, command: Command | None = None
) -> tuple[Tier, str] | None:
    """What the first row of those that are there says of this call or command; what takes too long is risky."""
    for rule in plan.rules:
        try:
            if _is_about(rule, attempt, searcher, command):
                return rule.tier, rule.reason
        except TooSlow:
            return Tier.RISKY, f"it is too long or too tangled to tell whether it is this: {rule.reason}"
    return None


def _own_tier(attempt: Attempt) -> tuple[Tier, str]:
    """The tier of a call of which no row says anything."""
    if attempt.place == UNKNOWN and attempt.tier.rank < Tier.RISKY.rank:
        return Tier.RISKY, f"where {attempt.tool} acts is not known"
    return attempt.tier, f"{attempt.tool} is {attempt.tier}"


def preload_rules(rules: Iterable[GateRule]) -> None:
    """Make ready once what every run goes by: the parser, and these rows with those that are shipped."""
    read_script("true", SEARCH_SECONDS)
    for rule in rules:
        for pattern in (rule.argv, rule.command, rule.subject):
            if pattern is not None:
                compile_pattern(pattern)
    for known in known_commands():
        compile_pattern(known.argv)
        if known.without is not None:
            compile_pattern(known.without)
