"""What finished work says of the rubric: how well profiles do in each category, and what would do better. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from kanban.domain.brief import Brief
from kanban.files.inforce import InForce
from kanban.routing import History, Subject, objection, route
from kanban.service.views import Evidence

FEWEST = 5  # proven outcomes below which nothing is said of a profile
Z = 2.33  # how far an interval reaches: a rate outside of it is met by chance in about one of fifty looks


@dataclass(frozen=True)
class Record:
    """How a profile did in a category: of `tried` tickets whose outcome was proven `held` held."""

    category: str
    profile: str
    held: int
    tried: int
    unproven: int
    turns: float  # of one ticket on average
    cost_usd: float  # likewise

    @property
    def says_something(self) -> bool:
        return self.tried >= FEWEST

    @property
    def interval(self) -> tuple[float, float]:
        """Between what its true rate probably lies."""
        return find_interval(self.held, self.tried)

    def __str__(self) -> str:
        if not self.says_something:
            return f"{self.held} of {self.tried} held: too few to say anything"
        low, high = self.interval
        return f"{self.held} of {self.tried} held ({low:.0%} to {high:.0%})"


@dataclass(frozen=True)
class Suggestion:
    """A category that goes to one profile and would do better with another, as far as the evidence carries."""

    now: Record
    better: Record

    @property
    def category(self) -> str:
        return self.now.category

    @property
    def gain(self) -> float:
        """How many more of a hundred tickets would probably hold."""
        return 100 * (self.better.held / self.better.tried - self.now.held / self.now.tried)

    def __str__(self) -> str:
        return (
            f"{self.category} goes to {self.now.profile}, where {self.now}; with {self.better.profile} {self.better}: "
            f"about {self.gain:.0f} more of 100 would hold"
        )


def find_interval(held: int, tried: int) -> tuple[float, float]:
    """Wilson's interval for a rate; everything is possible while nothing was tried."""
    if not tried:
        return 0.0, 1.0
    rate, square = held / tried, Z * Z
    middle = rate + square / (2 * tried)
    reach = Z * sqrt(rate * (1 - rate) / tried + square / (4 * tried * tried))
    return (middle - reach) / (1 + square / tried), (middle + reach) / (1 + square / tried)


def list_records(evidence: Iterable[Evidence]) -> list[Record]:
    """A record for each category and profile, by category, the profile with most first."""
    groups: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for one in evidence:
        groups[one.category.casefold(), one.profile].append(one)
    records = [_make_record(category, profile, found) for (category, profile), found in groups.items()]
    return sorted(records, key=lambda record: (record.category, -record.tried, record.profile))


def suggest(records: Sequence[Record], people: InForce) -> list[Suggestion]:
    """The categories that another profile does surely better, and may take; nothing is ever changed by this."""
    found = []
    for category in dict.fromkeys(record.category for record in records if record.category):
        subject = Subject(category, Brief(goal=category, category=category))
        taker = route(subject, people.rubric, people.profiles, History()).profile
        of_category = {record.profile: record for record in records if record.category == category}
        now = of_category.get(taker or "")
        if now is not None and now.says_something:
            allowed = [record for record in of_category.values() if _may_take(record.profile, subject, people)]
            better = find_better(now, allowed)
            found += [Suggestion(now, better)] if better else []
    return sorted(found, key=lambda suggestion: -suggestion.gain)


def find_better(now: Record, others: Iterable[Record]) -> Record | None:
    """The one whose rate surely lies above; the best of several."""
    better = [one for one in others if one.says_something and one.interval[0] > now.interval[1]]
    return max(better, key=lambda one: one.interval[0], default=None)


def _may_take(name: str, subject: Subject, people: InForce) -> bool:
    return objection(name, subject, people.rubric, people.profiles) is None


def _make_record(category: str, profile: str, found: Sequence[Evidence]) -> Record:
    proven = [one for one in found if one.held is not None]
    count = len(found)
    return Record(
        category,
        profile,
        sum(bool(one.held) for one in proven),
        len(proven),
        count - len(proven),
        sum(one.turns for one in found) / count,
        sum(one.cost_usd for one in found) / count,
    )
