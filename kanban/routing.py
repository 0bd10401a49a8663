"""Who takes a ticket: rubric, profiles and failure history in, one Route with its reasons out. Pure, no I/O."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from kanban.domain.brief import Brief, Sensitivity
from kanban.domain.profile import Profile
from kanban.domain.rubric import SPLIT, Condition, KindOfWork, Rubric, Rule
from kanban.domain.ticket import RESERVED_ASSIGNEES, BlockReason, Kind
from kanban.domain.tool import AgentRole
from kanban.errors import did_you_mean


@dataclass(frozen=True)
class Subject:
    """What routing knows of a ticket. `may_split` is False for tickets that came out of a split.

    `found` is what the rubric takes it for when its brief names no category, with the one word that it says.
    """

    title: str
    brief: Brief | None = None
    body: str = ""
    assignee: str | None = None
    kind: Kind = Kind.WORK
    may_split: bool = True
    found: KindOfWork | None = None

    @property
    def text(self) -> str:
        """Where a rule's words are looked for."""
        return f"{self.title}\n{self.brief.goal if self.brief else self.body}"

    @property
    def category(self) -> str:
        named = self.brief.category.strip() if self.brief else ""
        return named or (self.found.category if self.found else "")

    @property
    def hosts(self) -> list[str]:
        return sorted({target.host for target in self.brief.targets}) if self.brief else []

    @property
    def sensitivity(self) -> Sensitivity:
        return self.brief.sensitivity if self.brief else Sensitivity.NORMAL

    @property
    def is_unchecked(self) -> bool:
        """Whether something is to be changed, and no check will show it."""
        return self.brief is not None and bool(self.brief.targets) and not self.brief.has_check

    @property
    def splittable(self) -> bool:
        return self.may_split and self.kind is Kind.WORK


@dataclass(frozen=True)
class History:
    """How often each profile failed this ticket (outcomes that count)."""

    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """One rule that was tried: whether the ticket meets it, and why it was taken or not."""

    rule: str
    matched: bool
    why: str


@dataclass(frozen=True)
class Route:
    """Where a ticket goes: to `profile`, to be split, or blocked with `block_reason`; `why` is one sentence.

    `rule` names the rule that decided it; empty where none did.
    """

    action: Literal["assign", "split", "block"]
    why: str
    profile: str | None = None
    block_reason: BlockReason | None = None
    rule: str = ""
    trials: tuple[Trial, ...] = ()

    @property
    def goal(self) -> str:
        """Where it goes, in a word or two."""
        if self.action == "block":
            return f"blocked ({self.block_reason})"
        return self.profile or self.action


def route(subject: Subject, rubric: Rubric, profiles: Mapping[str, Profile], history: History) -> Route:
    """Decide who takes the ticket. A named assignee is kept where it may be; else the first rule that fits decides."""
    desk = _Desk(classify(subject, rubric), rubric, profiles, history)
    if subject.assignee and subject.assignee not in RESERVED_ASSIGNEES:
        return desk.route_to_named(subject.assignee)
    return desk.route_by_rules()


def explain_text(text: str, rubric: Rubric, profiles: Mapping[str, Profile]) -> Route:
    """Where a ticket with this title and nothing else would go."""
    return route(Subject(title=text), rubric, profiles, History())


def objection(name: str, subject: Subject, rubric: Rubric, profiles: Mapping[str, Profile]) -> str | None:
    """Why the profile may not take the ticket, whoever asks for it; None when it may. Failures are not looked at."""
    return _refuse(name, classify(subject, rubric), rubric, profiles)


def classify(subject: Subject, rubric: Rubric) -> Subject:
    """The ticket with the category that its words give it, when it names none itself."""
    if subject.category:
        return subject
    for row in rubric.classify:
        if said := _find_said(subject.text, row.words):
            return replace(subject, found=row.model_copy(update={"words": [said]}))
    return subject


def meets(subject: Subject, condition: Condition) -> tuple[bool, str]:
    """Whether the ticket meets every part of the condition, and the parts that decided it in words."""
    parts = list(_try_parts(subject, condition))
    failed = [why for held, why in parts if not held]
    if failed:
        return False, failed[0]
    return True, " and ".join(why for _, why in parts) or "it takes every ticket"


class _Desk:
    """One routing decision in the making."""

    def __init__(self, subject: Subject, rubric: Rubric, profiles: Mapping[str, Profile], history: History) -> None:
        self._subject = subject
        self._rubric = rubric
        self._profiles = profiles
        self._failures = history.failures
        self._trials: list[Trial] = []
        self._over_limit: list[str] = []

    def route_to_named(self, name: str) -> Route:
        taker, why = self._find_taker(name)
        if taker:
            return self._assign(taker, f"{name} was asked for" if taker == name else f"{name} was asked for, but {why}")
        return self._block(f"{name} was asked for, but {why}")

    def route_by_rules(self) -> Route:
        if found := self._subject.found:
            told = f"it names no category; its text says {found.words[0]!r}, so it is {found.category}"
            self._note("classify", True, told)
        breadth = self._try_breadth()
        if breadth:
            return breadth
        for rule in self._rubric.rules:
            decided = self._try_rule(rule)
            if decided:
                return decided
        refusals = [f"{trial.rule}: {trial.why}" for trial in self._trials if trial.matched]
        return self._block("no rule could place it" + (f" ({'; '.join(refusals)})" if refusals else ""))

    def _try_breadth(self) -> Route | None:
        why = _too_broad(self._subject, self._rubric)
        if not why:
            return None
        if not self._subject.splittable:
            self._note("decompose_over", True, f"{why}, but it is not split again")
            return None
        self._note("decompose_over", True, why)
        return self._conclude(Route("split", f"too broad for one worker: {why}"))

    def _try_rule(self, rule: Rule) -> Route | None:
        matched, match = meets(self._subject, rule.when)
        if not matched:
            self._note(rule.name, False, match)
            return None
        if rule.assign == SPLIT:
            return self._try_split(rule, match)
        taker, why = self._find_taker(rule.assign)
        if taker is None:
            self._note(rule.name, True, f"{match}, but {why}")
            return None
        because = match if taker == rule.assign else f"{match}, but {why}"
        self._note(rule.name, True, because)
        return self._assign(taker, f"rule {rule.name}: {because} ({rule.reason})", rule.name)

    def _try_split(self, rule: Rule, match: str) -> Route | None:
        if not self._subject.splittable:
            self._note(rule.name, True, f"{match}, but it is not split again")
            return None
        self._note(rule.name, True, match)
        return self._conclude(Route("split", f"rule {rule.name}: {match} ({rule.reason})", rule=rule.name))

    def _find_taker(self, name: str) -> tuple[str | None, str]:
        """The profile itself, else the first on its ladder that may, else None; and why not the profile itself."""
        refusal = _refuse(name, self._subject, self._rubric, self._profiles)
        if refusal:
            return None, refusal
        if not self._has_failed(name):
            return name, ""
        self._over_limit.append(name)
        why = f"{name} has failed it {self._failures[name]} times, its limit"
        for step in self._rubric.ladder.get(name, []):
            if not self._has_failed(step) and not _refuse(step, self._subject, self._rubric, self._profiles):
                return step, f"{why}, and the ladder names {step} next"
        return None, f"{why}, and the ladder names nobody who may take it"

    def _has_failed(self, name: str) -> bool:
        profile = self._profiles.get(name)
        return profile is not None and self._failures.get(name, 0) >= profile.failure_limit

    def _note(self, rule: str, matched: bool, why: str) -> None:
        self._trials.append(Trial(rule, matched, why))

    def _assign(self, profile: str, why: str, rule: str = "") -> Route:
        return self._conclude(Route("assign", why, profile=profile, rule=rule))

    def _block(self, why: str) -> Route:
        reason = BlockReason.FAILURE_LIMIT if self._over_limit else BlockReason.UNROUTABLE
        return self._conclude(Route("block", why, block_reason=reason))

    def _conclude(self, decided: Route) -> Route:
        return replace(decided, trials=tuple(self._trials))


def _refuse(name: str, subject: Subject, rubric: Rubric, profiles: Mapping[str, Profile]) -> str | None:
    """The same of a ticket that was classified: a rubric asks for thousands of words, once for each ticket."""
    profile = profiles.get(name)
    if profile is None:
        return f"no profile is called {name!r} ({did_you_mean(name, sorted(profiles)) or 'there is none'})"
    return next(_objections(profile, subject, rubric), None)


def _objections(profile: Profile, subject: Subject, rubric: Rubric) -> Iterator[str]:
    name = profile.name
    if profile.role is AgentRole.CHECKER:
        yield f"{name} is a checker and takes no tickets"
    yield from _boundaries_against(name, subject, rubric)
    if subject.sensitivity is Sensitivity.PRIVATE and not profile.local_only:
        yield f"the ticket is private and {name} is not local_only"
    if subject.sensitivity is not Sensitivity.PRIVATE and profile.local_only:
        yield f"{name} is local_only and takes private tickets only"
    lacking = _missing_from(profile.capabilities, subject.brief.needs if subject.brief else [])
    if lacking:
        yield f"it needs {', '.join(lacking)}, which {name} cannot do"
    unreachable = [host for host in subject.hosts if not profile.may_reach(host)]
    if unreachable:
        yield f"{name} may not reach {', '.join(unreachable)}"


def _boundaries_against(name: str, subject: Subject, rubric: Rubric) -> Iterator[str]:
    for boundary in rubric.boundaries:
        met, why = meets(subject, boundary.never)
        if name in boundary.profiles and met:
            yield f"boundary {boundary.name} keeps {name} out: {why} ({boundary.reason})"


def _too_broad(subject: Subject, rubric: Rubric) -> str | None:
    brief, limit = subject.brief, rubric.decompose_over
    if brief and len(brief.targets) > limit.targets:
        return f"{len(brief.targets)} targets are more than {limit.targets}"
    if brief and brief.est_turns > limit.est_turns:
        return f"an estimate of {brief.est_turns} turns is more than {limit.est_turns}"
    return None


def _try_parts(subject: Subject, condition: Condition) -> Iterator[tuple[bool, str]]:
    """Each part of the condition that is set: whether it holds, and that in words."""
    brief = subject.brief
    if condition.category:
        yield _try_any("category", [subject.category] if subject.category else [], condition.category)
    if condition.words:
        said = _find_said(subject.text, condition.words)
        yield bool(said), f"its text says {said!r}" if said else f"its text says none of: {_list(condition.words)}"
    if condition.needs:
        yield _try_any("need", brief.needs if brief else [], condition.needs)
    if condition.hosts:
        yield _try_any("host", subject.hosts, condition.hosts)
    targets, turns = (len(brief.targets), brief.est_turns) if brief else (0, 0)
    yield from _try_range("targets", targets, condition.min_targets, condition.max_targets)
    yield from _try_range("estimated turns", turns, condition.min_turns, condition.max_turns)
    if condition.sensitivity:
        yield subject.sensitivity is condition.sensitivity, f"it is {subject.sensitivity}"
    if condition.unchecked is not None:
        told = "no check shows what it changes" if subject.is_unchecked else "it changes nothing that no check shows"
        yield subject.is_unchecked is condition.unchecked, told


def _find_said(text: str, phrases: Sequence[str]) -> str:
    """The first of these words or phrases that the text says as a whole; empty when it says none."""
    spaced = f" {' '.join(text.casefold().split())} "
    return next((phrase for phrase in phrases if _says(spaced, " ".join(phrase.casefold().split()))), "")


def _says(text: str, phrase: str) -> bool:
    if phrase not in text:
        return False  # hundreds of rules ask for thousands of words
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text) is not None


def _try_any(part: str, found: Sequence[str], wanted: Sequence[str]) -> tuple[bool, str]:
    folded = {entry.casefold() for entry in wanted}
    hit = next((entry for entry in found if entry.casefold() in folded), None)
    if hit is not None:
        return True, f"{part} {hit!r}"
    shown = " and ".join(repr(entry) for entry in found)
    return False, f"{part} {shown} is not one of: {_list(wanted)}" if found else f"it names no {part}"


def _try_range(what: str, value: int, low: int | None, high: int | None) -> Iterator[tuple[bool, str]]:
    if low is not None:
        yield value >= low, f"{value} {what} {'reach' if value >= low else 'do not reach'} {low}"
    if high is not None:
        yield value <= high, f"{value} {what} {'stay within' if value <= high else 'pass'} {high}"


def _missing_from(capabilities: Sequence[str], needs: Sequence[str]) -> list[str]:
    able = {capability.casefold() for capability in capabilities}
    return sorted({need for need in needs if need.casefold() not in able})


def _list(entries: Sequence[str]) -> str:
    return ", ".join(entries) or "(nothing)"
