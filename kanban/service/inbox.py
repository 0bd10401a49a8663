"""Everything that waits for the person, what holds up most first, each with the commands that answer it."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kanban.dispatch.parts import Parts
from kanban.domain.ticket import SETTLED, BlockReason, Status
from kanban.files.halt import tell_halt
from kanban.files.home import Home, list_profile_files, load_hosts, load_profiles, load_rubric, load_settings
from kanban.files.inforce import stamp
from kanban.service.doctor import check_files
from kanban.store.approvals import Approvals
from kanban.store.outbox import Outbox


@dataclass(frozen=True)
class Waiting:
    """One thing that waits: what it is, since when, how many open tickets it holds up, and how it is answered."""

    kind: str
    told: str
    answers: tuple[str, ...]
    since: float | None = None
    holds_up: int = 0
    ticket_id: int | None = None
    title: str = ""
    approval_id: int | None = None
    request_id: int | None = None


def list_waiting(parts: Parts, approvals: Approvals, outbox: Outbox, home: Home, now: float) -> list[Waiting]:
    """Everything that waits for the person: a stop, broken files, approvals, tickets, requests and notices."""
    pending = list(_list_approvals(parts, approvals))
    asked = {waiting.ticket_id for waiting in pending}
    found = [*_list_stops(parts), *_list_broken(home), *pending, *_list_tickets(parts, asked), *_list_requests(parts)]
    found += _list_notices(outbox, now)
    return sorted(
        found, key=lambda waiting: (waiting.kind not in ("stop", "file"), -waiting.holds_up, waiting.since or 0.0)
    )


def _list_stops(parts: Parts) -> Iterator[Waiting]:
    if halted := parts.read_halt():
        yield Waiting("stop", tell_halt(halted), ("kanban stop --lift",))


def _list_broken(home: Home) -> Sequence[Waiting]:
    files = (home.settings_file, home.hosts_file, home.rubric_file, *list_profile_files(home))
    return _find_broken(home, tuple(stamp(path) for path in files))


@lru_cache(maxsize=4)
def _find_broken(home: Home, _stamps: Hashable) -> Sequence[Waiting]:
    """The files that cannot be read, looked at once for as long as none changes: it takes a quarter of a second."""
    return list(_look_for_broken(home))


def _look_for_broken(home: Home) -> Iterator[Waiting]:
    profiles = check_files("profiles", lambda: load_profiles(home))
    looks = [check_files("kanban.yaml", lambda: load_settings(home)), profiles]
    looks.append(check_files("hosts.yaml", lambda: load_hosts(home)))
    if profiles.ok:  # a rubric cannot be read where the profiles cannot
        looks.append(check_files("rubric.yaml", lambda: load_rubric(home, load_profiles(home))))
    for look in looks:
        if not look.ok:
            yield Waiting("file", f"{look.told} ({look.hint})" if look.hint else look.told, ("kanban doctor",))


def _list_approvals(parts: Parts, approvals: Approvals) -> Iterator[Waiting]:
    for approval in approvals.list_pending():
        answers = (f"kanban approve {approval.id}", f'kanban deny {approval.id} --reason "…"')
        told = f"approval {approval.id}: {approval.tool} ({approval.why})"
        held, title = 0, ""
        if approval.ticket_id is not None:
            held = 1 + _count_held_up(parts, approval.ticket_id)
            title = parts.store.queries.get_ticket(approval.ticket_id).title
        yield Waiting("approval", told, answers, approval.created_at, held, approval.ticket_id, title, approval.id)


def _list_tickets(parts: Parts, asked: set[int | None]) -> Iterator[Waiting]:
    for ticket_id in parts.store.queries.waiting_for_person():
        ticket = parts.store.queries.get_ticket(ticket_id)
        if ticket_id in asked:
            continue
        kind = str(ticket.status)
        if ticket.block_reason == BlockReason.NEEDS_INPUT:
            kind = "question"
        told = ticket.explanation or "nobody said why"
        answers: tuple[str, ...] = (f'kanban unblock {ticket_id} --note "…"', f"kanban cancel {ticket_id}")
        if ticket.status == Status.TRIAGE:
            answers = (f"kanban edit {ticket_id}", f"kanban assign {ticket_id} P", f"kanban cancel {ticket_id}")
        held = 1 + _count_held_up(parts, ticket_id)
        yield Waiting(kind, told, answers, ticket.status_since, held, ticket_id, ticket.title)


def _list_requests(parts: Parts) -> Iterator[Waiting]:
    for request_id in parts.store.queries.requests_without_answer():
        request = parts.store.queries.get_request(request_id)
        last = parts.store.queries.last_talk(request_id)
        told = f"request {request_id} has no answer: {last.error if last else ''}".rstrip(": ")
        answers = (f"kanban request retry {request_id}", f"kanban request close {request_id}")
        yield Waiting("request", told, answers, request.created_at, 1, title=request.words, request_id=request_id)


def _list_notices(outbox: Outbox, now: float) -> Iterator[Waiting]:
    for target, error in outbox.failing(now):
        yield Waiting("notice", f"{target} takes no notices: {error}", ("kanban notify test",))


def _count_held_up(parts: Parts, ticket_id: int) -> int:
    """How many open tickets wait for this one, by way of others too."""
    seen, asked = set[int](), [ticket_id]
    while asked:
        for dependent in parts.store.queries.dependents(asked.pop()):
            if dependent.status not in SETTLED and dependent.id not in seen:
                seen.add(dependent.id)
                asked.append(dependent.id)
    return len(seen)
