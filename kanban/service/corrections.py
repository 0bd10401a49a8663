"""Corrections such as "Not you. Cody.": the rules that one may mean, each with what it would have changed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from kanban.dispatch.starts import read_subject
from kanban.domain.rubric import SPLIT, Condition, Rubric, Rule
from kanban.errors import InvalidInput
from kanban.files.home import Home
from kanban.files.inforce import InForce
from kanban.files.rubricfile import with_rule
from kanban.routing import History, Subject, classify, meets, route
from kanban.service.approvals import read_proposed_rule
from kanban.service.views import Approval
from kanban.store.queries import Queries, TicketFilter

LOOKED_AT = 50  # of the newest tickets, to see what a rule would have changed
SHORTEST_WORD = 5  # letters of a word of a title that may tell a kind of work


@dataclass(frozen=True)
class Moved:
    """A ticket that would have gone elsewhere: from where to where, as `Route.goal` names it."""

    ticket_id: int
    title: str
    before: str
    after: str


@dataclass(frozen=True)
class Effect:
    """What a rule would have changed of the last tickets."""

    looked_at: int
    moved: tuple[Moved, ...]

    def __str__(self) -> str:
        if not self.looked_at:
            return "there is no ticket yet that it could have changed"
        count = len(self.moved)
        if self.looked_at == 1:
            return "your only ticket would have gone elsewhere" if count else "your only ticket would have stayed"
        return f"of your last {self.looked_at} tickets {count or 'none'} would have gone elsewhere"


@dataclass(frozen=True)
class Reading:
    """One way to read a correction: a rule, and its effect."""

    rule: Rule
    effect: Effect


def list_readings(
    home: Home, people: InForce, queries: Queries, rules: Sequence[Rule], said: str, today: date
) -> list[Reading]:
    """Each rule with its effect, the narrowest first. Raises InvalidFile for one that would be refused."""
    found = [Reading(rule, find_effect(people, queries, with_rule(home, rule, said, today)[0])) for rule in rules]
    return sorted(found, key=lambda reading: len(reading.effect.moved))


def find_effect(people: InForce, queries: Queries, rubric: Rubric) -> Effect:
    """What of the last tickets would have gone elsewhere by another rubric, had nobody named who takes them."""
    tickets = queries.list_tickets(TicketFilter(everything=True, limit=LOOKED_AT))
    moved = []
    for ticket in tickets:
        subject = read_subject(ticket, queries, as_assigned=False)
        before, after = (route(subject, each, people.profiles, History()).goal for each in (people.rubric, rubric))
        if before != after:
            moved.append(Moved(ticket.id, ticket.title, before, after))
    return Effect(len(tickets), tuple(moved))


def weigh_proposal(home: Home, people: InForce, queries: Queries, approval: Approval, today: date) -> Effect:
    """What a rule that Ginger proposes would have changed. Raises InvalidInput or InvalidFile where it is none."""
    rule, said = read_proposed_rule(approval)
    return find_effect(people, queries, with_rule(home, rule, said, today)[0])


def read_correction(subject: Subject, rubric: Rubric, assign: str, said: str) -> list[Rule]:
    """The rules that "not you, `assign`" about a ticket may mean. Raises InvalidInput where there is no way to tell."""
    subject = classify(subject, rubric)
    conditions = [condition for condition in _list_conditions(subject) if meets(subject, condition)[0]]
    if not conditions:
        raise InvalidInput("this ticket has no category, host or word to go by", "say --category or --word yourself")
    return [make_rule(condition, assign, said, rubric) for condition in conditions]


def make_rule(condition: Condition, assign: str, said: str, rubric: Rubric) -> Rule:
    """A rule with a name that no other has."""
    parts = condition.model_dump(exclude_defaults=True)
    told = [str(value) for part in parts.values() for value in (part if isinstance(part, list) else [part])]
    stem = re.sub(r"[^a-z0-9]+", "-", "-".join([*told[:3], "to", assign]).casefold()).strip("-")[:50] or "correction"
    taken = {rule.name for rule in rubric.rules} | {boundary.name for boundary in rubric.boundaries}
    names = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
    name = next(name for name in names if name not in taken)
    verb = "is split first" if assign == SPLIT else f"goes to {assign}"
    return Rule(name=name, when=condition, assign=assign, reason=f"What is like this {verb}: you said so.")


def _list_conditions(subject: Subject) -> Iterator[Condition]:
    category = [subject.category] if subject.category else []
    hosts = [host for host in subject.hosts if host != "local"]
    words = sorted(
        {word for word in re.findall(r"\w+", subject.title.casefold()) if len(word) >= SHORTEST_WORD}, key=len
    )
    longest = words[-1:]
    if category and hosts:
        yield Condition(category=category, hosts=hosts)
    if category and longest:
        yield Condition(category=category, words=longest)
    if hosts:
        yield Condition(hosts=hosts)
    if longest:
        yield Condition(words=longest)
    if category:
        yield Condition(category=category)
