"""The life of a ticket: its statuses, who may move it where, and why it may be blocked."""

from dataclasses import dataclass
from enum import StrEnum

from kanban.errors import IllegalMove


class Status(StrEnum):
    TRIAGE = "triage"
    TODO = "todo"
    READY = "ready"
    RUNNING = "running"
    REVIEW = "review"
    BLOCKED = "blocked"
    STALE = "stale"
    DONE = "done"
    CANCELLED = "cancelled"


SETTLED = frozenset({Status.DONE, Status.CANCELLED})
UNDER_WAY = (Status.TRIAGE, Status.TODO, Status.READY, Status.RUNNING, Status.REVIEW)  # neither settled nor stuck


class BlockReason(StrEnum):
    NEEDS_INPUT = "needs_input"
    NEEDS_APPROVAL = "needs_approval"
    MISSING_ACCESS = "missing_access"
    FAILURE_LIMIT = "failure_limit"
    BUDGET = "budget"
    UNROUTABLE = "unroutable"
    DEPENDENCY = "dependency"
    OTHER = "other"


class Kind(StrEnum):
    """What a ticket is for: `parent` was split and closes when its children settle."""

    WORK = "work"
    PARENT = "parent"
    WORRELL = "worrell"


class Mover(StrEnum):
    """Who asks for a move. The board derives it from the caller, never from what a caller says of itself."""

    PERSON = "person"
    ORCHESTRATOR = "orchestrator"
    DISPATCHER = "dispatcher"
    RUNNER = "runner"
    CHECKER = "checker"


@dataclass(frozen=True)
class Caller:
    """Who is acting: in which part, under what name, and in which run (None outside of runs)."""

    mover: Mover
    name: str
    run_id: int | None = None


THE_PERSON = Caller(Mover.PERSON, "person")
THE_DISPATCHER = Caller(Mover.DISPATCHER, "dispatcher")

MOST_DIAGNOSES = 3
MOST_REFUTATIONS = 2

# What a person alone can give: Ginger's diagnosis could only ask for it.
WAITS_FOR_PERSON = frozenset({BlockReason.NEEDS_INPUT, BlockReason.NEEDS_APPROVAL})

DEFAULT_ASSIGNEE = "default"  # in triage: Ginger splits or routes it
HUMAN_ASSIGNEE = "human"  # in triage: waits for the person
RESERVED_ASSIGNEES = frozenset({DEFAULT_ASSIGNEE, HUMAN_ASSIGNEE})

_S = Status
_PERSON = frozenset({Mover.PERSON})
_PLANNERS = frozenset({Mover.PERSON, Mover.ORCHESTRATOR})
_DISPATCHER = frozenset({Mover.DISPATCHER})
_ENDERS = frozenset({Mover.RUNNER, Mover.DISPATCHER})

MOVES: dict[tuple[Status, Status], frozenset[Mover]] = {
    (_S.TRIAGE, _S.TODO): _PLANNERS,
    (_S.TRIAGE, _S.READY): _PLANNERS,
    (_S.TRIAGE, _S.BLOCKED): _PERSON,
    (_S.TRIAGE, _S.CANCELLED): _PLANNERS,
    (_S.TODO, _S.READY): _DISPATCHER,
    (_S.TODO, _S.DONE): _DISPATCHER,  # a parent whose children are all done
    (_S.TODO, _S.BLOCKED): _DISPATCHER | _PERSON,
    (_S.TODO, _S.TRIAGE): _PLANNERS,
    (_S.TODO, _S.CANCELLED): _PLANNERS,
    (_S.READY, _S.RUNNING): _DISPATCHER,
    (_S.READY, _S.BLOCKED): _DISPATCHER | _PERSON,
    (_S.READY, _S.TODO): _PLANNERS | _DISPATCHER,  # a dependency was added or reopened
    (_S.READY, _S.TRIAGE): _PLANNERS | _DISPATCHER,  # the rubric says: split it first
    (_S.READY, _S.CANCELLED): _PLANNERS,
    (_S.RUNNING, _S.REVIEW): frozenset({Mover.RUNNER}),
    (_S.RUNNING, _S.DONE): frozenset({Mover.RUNNER}),
    (_S.RUNNING, _S.BLOCKED): _ENDERS | _PERSON,
    (_S.RUNNING, _S.READY): _ENDERS,
    (_S.RUNNING, _S.STALE): _DISPATCHER,
    (_S.RUNNING, _S.CANCELLED): _PLANNERS,
    (_S.REVIEW, _S.DONE): frozenset({Mover.CHECKER}),
    (_S.REVIEW, _S.READY): frozenset({Mover.CHECKER}),
    (_S.REVIEW, _S.BLOCKED): frozenset({Mover.CHECKER, Mover.DISPATCHER}),
    (_S.REVIEW, _S.CANCELLED): _PERSON,
    (_S.BLOCKED, _S.READY): _PLANNERS,
    (_S.BLOCKED, _S.TODO): _PLANNERS,
    (_S.BLOCKED, _S.TRIAGE): _PLANNERS,
    (_S.BLOCKED, _S.CANCELLED): _PLANNERS,
    (_S.STALE, _S.BLOCKED): _PLANNERS,  # only the person can say how it goes on
    (_S.STALE, _S.READY): _PLANNERS,
    (_S.STALE, _S.TODO): _PLANNERS,
    (_S.STALE, _S.TRIAGE): _PLANNERS,
    (_S.STALE, _S.CANCELLED): _PLANNERS,
    (_S.DONE, _S.READY): _PERSON,
    (_S.DONE, _S.TODO): _PERSON,  # reopened while something it needs is open again
}


def check_move(ticket_id: int, old: Status, new: Status, mover: Mover) -> None:
    """Raise IllegalMove unless the table lets `mover` take a ticket from `old` to `new`."""
    allowed = MOVES.get((old, new))
    if allowed is None:
        ways = ", ".join(sorted(to for source, to in MOVES if source == old)) or "nowhere"
        raise IllegalMove(f"ticket {ticket_id} is {old} and cannot become {new}", f"from {old} it can go to: {ways}")
    if mover not in allowed:
        raise IllegalMove(
            f"ticket {ticket_id}: {old} to {new} is not for {mover}", f"that move is for: {', '.join(sorted(allowed))}"
        )
