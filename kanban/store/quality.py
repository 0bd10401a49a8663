"""How well tickets go: done at the first try, mended, asked about. Nothing here ever writes."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kanban.domain.outcome import COUNTED, FREE, Outcome, Purpose
from kanban.store.db import Database
from kanban.store.events import IS_A_QUESTION
from kanban.store.filing import HAS_CHECK
from kanban.store.ledger import IS_WORK, SPOILED, category_of


@dataclass(frozen=True)
class Settled:
    """One ticket of work that was settled; `tries` are its work runs that say something of the work."""

    id: int
    is_done: bool
    category: str
    profile: str
    tries: int
    turns: int
    is_reworked: bool
    questions: int

    @property
    def is_first_try(self) -> bool:
        """Whether it was done by one run whose first delivery held, with nothing asked."""
        return self.is_done and self.tries == 1 and not self.is_reworked and not self.questions


@dataclass(frozen=True)
class Quality:
    """How the settled tickets under a name went. `turns` are those of one ticket on average."""

    name: str
    settled: int
    done: int
    first_try: int
    reworked: int
    questions: int
    turns: float


_FREE = ", ".join(f"'{outcome}'" for outcome in sorted(FREE))
_SETTLED = f"""
    WITH spoiled AS ({SPOILED}) SELECT t.id, t.status = 'done',
        {category_of("t.id")},
        COALESCE((SELECT profile FROM run WHERE ticket_id = t.id AND purpose = '{Purpose.WORK}'
            ORDER BY id DESC LIMIT 1), ''),
        (SELECT COUNT(*) FROM run WHERE ticket_id = t.id AND purpose = '{Purpose.WORK}' AND outcome NOT IN ({_FREE})),
        (SELECT COALESCE(SUM(turns), 0) FROM run WHERE ticket_id = t.id AND purpose = '{Purpose.WORK}'),
        spoiled.at IS NOT NULL,
        (SELECT COUNT(*) FROM event WHERE ticket_id = t.id AND {IS_A_QUESTION})
    FROM ticket AS t LEFT JOIN spoiled ON spoiled.ticket_id = t.id
    WHERE t.status IN ('done', 'cancelled') AND t.status_since >= ? AND {IS_WORK}
    ORDER BY t.id"""


def list_settled(db: Database, since: float) -> list[Settled]:
    """The tickets of work settled since then; investigations, and those that were split, are no work of their own."""
    rows = db.read(_SETTLED, (since,))
    return [
        Settled(id_, bool(done), category, profile, tries, turns, bool(reworked), questions)
        for id_, done, category, profile, tries, turns, reworked, questions in rows
    ]


@dataclass(frozen=True)
class Evidence:
    """How one profile did with one ticket: `held` says whether what it delivered was proven, None where nothing says.

    Proven is what a check or a checker decided; what failed, or was sent back, did not hold.
    """

    ticket_id: int
    category: str
    profile: str
    held: bool | None
    turns: int
    cost_usd: float


_SENT_BACK = f"""EXISTS (SELECT 1 FROM event WHERE ticket_id = t.id AND old_status IN ('review', 'done')
    AND new_status IN ('ready', 'todo') AND at >= (SELECT MIN(ended_at) FROM run WHERE ticket_id = t.id
    AND profile = r.profile AND purpose = '{Purpose.WORK}' AND outcome = 'done'))"""
_FAILED = ", ".join(f"'{outcome}'" for outcome in sorted({*COUNTED, Outcome.STALE}))
_EVIDENCE = f"""
    SELECT t.id, {category_of("t.id")}, r.profile, MAX(r.outcome IN ({_FAILED})) OR {_SENT_BACK},
        MAX(r.outcome = 'done') AND t.status = 'done' AND ({HAS_CHECK}
            OR EXISTS (SELECT 1 FROM run WHERE ticket_id = t.id AND purpose = '{Purpose.REVIEW}' AND outcome = 'done')),
        SUM(r.turns), SUM(r.cost_usd)
    FROM run AS r JOIN ticket AS t ON t.id = r.ticket_id
    WHERE r.purpose = '{Purpose.WORK}' AND r.ended_at >= ? AND r.outcome NOT IN ({_FREE}) AND {IS_WORK}
    GROUP BY t.id, r.profile ORDER BY t.id"""


def list_evidence(db: Database, since: float) -> list[Evidence]:
    """How each profile did with each ticket that it worked on since then."""
    return [
        Evidence(ticket_id, category, profile, False if failed else True if proven else None, turns, float(cost))
        for ticket_id, category, profile, failed, proven, turns, cost in db.read(_EVIDENCE, (since,))
    ]


def sum_up(name: str, tickets: Iterable[Settled]) -> Quality:
    """These tickets as one line."""
    found = list(tickets)
    return Quality(
        name,
        len(found),
        sum(ticket.is_done for ticket in found),
        sum(ticket.is_first_try for ticket in found),
        sum(ticket.is_reworked for ticket in found),
        sum(ticket.questions for ticket in found),
        sum(ticket.turns for ticket in found) / len(found) if found else 0.0,
    )


def group_by(name_of: Callable[[Settled], str], tickets: Iterable[Settled]) -> list[Quality]:
    """A line for each name, the one with most tickets first."""
    groups: dict[str, list[Settled]] = defaultdict(list)
    for ticket in tickets:
        groups[name_of(ticket)].append(ticket)
    lines = [sum_up(name, group) for name, group in groups.items()]
    return sorted(lines, key=lambda line: (-line.settled, line.name))
