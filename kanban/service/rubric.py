"""What is allowed in a rubric and probably not meant."""

from collections.abc import Iterator, Mapping, Sequence

from kanban.domain.brief import Sensitivity
from kanban.domain.profile import Profile
from kanban.domain.rubric import SPLIT, Condition, Rubric, Rule


def list_doubts(rubric: Rubric, profiles: Mapping[str, Profile]) -> list[str]:
    """What is allowed in a rubric and probably not meant, a sentence each."""
    return [
        *_find_shadowed(rubric.rules),
        *_find_circles(rubric.ladder),
        *_find_unhandled(rubric),
        *_find_impossible(rubric, profiles),
    ]


def _find_shadowed(rules: Sequence[Rule]) -> Iterator[str]:
    for at, rule in enumerate(rules):
        above = next((other for other in rules[:at] if _is_wider(other.when, rule.when)), None)
        if above:
            whose = "the ticket is not split again" if above.assign == SPLIT else f"{above.assign} may not take it"
            yield f"rule {rule.name} is tried only where rule {above.name} fits, and {whose}: put it above"


def _is_wider(wide: Condition, narrow: Condition) -> bool:
    """Whether every ticket that meets `narrow` surely meets `wide`."""

    def holds(part: str) -> bool:
        asked, given = getattr(wide, part), getattr(narrow, part)
        if asked in (None, []):
            return True
        if given in (None, []):
            return False
        if isinstance(asked, list):
            return {entry.casefold() for entry in given} <= {entry.casefold() for entry in asked}
        if part.startswith("min_"):
            return bool(given >= asked)
        return bool(given <= asked) if part.startswith("max_") else bool(given == asked)

    return all(holds(part) for part in Condition.model_fields)


def _find_circles(ladder: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for start, steps in ladder.items():
        if start in steps:
            yield f"the ladder leads from {start} back to {start}, which has failed by then: leave it out"
        for step in steps:
            if step > start and start in ladder.get(step, []):
                yield f"the ladder leads from {start} to {step} and back: a ticket that both fail waits for you"


def _find_unhandled(rubric: Rubric) -> Iterator[str]:
    handled = {category.casefold() for rule in rubric.rules for category in rule.when.category}
    for row in rubric.classify:
        if row.category.casefold() not in handled:
            yield f"classify finds category {row.category}, and no rule asks for it"
    both = [rule.name for rule in rubric.rules if rule.when.category and rule.when.words]
    if both and not rubric.classify:
        yield (
            f"{', '.join(both)}: category and words must both hold; words that tell the category of a ticket which "
            "names none belong under classify"
        )


def _find_impossible(rubric: Rubric, profiles: Mapping[str, Profile]) -> Iterator[str]:
    able = {capability.casefold() for profile in profiles.values() for capability in profile.capabilities}
    for rule in rubric.rules:
        lacking = [need for need in rule.when.needs if need.casefold() not in able]
        if lacking:
            yield f"rule {rule.name} asks for {', '.join(lacking)}, which no profile can do"
        taker = profiles.get(rule.assign)
        if taker and rule.when.sensitivity is Sensitivity.PRIVATE and not taker.local_only:
            yield f"rule {rule.name} gives private tickets to {taker.name}, which is not local_only and never takes one"
