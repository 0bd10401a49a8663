"""How a run ends, and what that does to its ticket."""

from dataclasses import dataclass
from enum import StrEnum

from kanban.domain.ticket import BlockReason, Status


class Purpose(StrEnum):
    CHAT = "chat"
    DECOMPOSE = "decompose"
    WORK = "work"
    REVIEW = "review"
    DIAGNOSE = "diagnose"
    SYNTHESIZE = "synthesize"


class Outcome(StrEnum):
    DONE = "done"
    BLOCKED = "blocked"
    PARKED = "parked"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_TURNS = "out_of_turns"
    LOOPING = "looping"
    RATE_LIMITED = "rate_limited"
    MODEL_DOWN = "model_down"
    OVER_BUDGET = "over_budget"
    STALE = "stale"
    CANCELLED = "cancelled"
    INFRASTRUCTURE = "infrastructure"


# Quota, a model that is down and a fault of the machine say nothing about the worker, so they never count towards its
# failure limit; the machine's faults have a limit of their own, beyond which they count after all.
COUNTED = frozenset({Outcome.FAILED, Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.OUT_OF_TURNS, Outcome.LOOPING})

# What says nothing of the work: it waited, its model or machine was not to be had, or somebody ended it.
FREE = frozenset(
    {
        Outcome.PARKED,
        Outcome.RATE_LIMITED,
        Outcome.MODEL_DOWN,
        Outcome.OVER_BUDGET,
        Outcome.CANCELLED,
        Outcome.INFRASTRUCTURE,
    }
)

# After these a new run of the same profile goes on from the transcript; after the others it starts afresh.
# What was done goes on too when it is refuted or reopened: its worker mends it where it is.
CONTINUED = frozenset(
    {
        Outcome.DONE,
        Outcome.BLOCKED,
        Outcome.PARKED,
        Outcome.CRASHED,
        Outcome.RATE_LIMITED,
        Outcome.MODEL_DOWN,
        Outcome.OVER_BUDGET,
        Outcome.STALE,
        Outcome.CANCELLED,
        Outcome.INFRASTRUCTURE,
    }
)


@dataclass(frozen=True)
class Ending:
    """What a run reports when it ends. `retry_after` (seconds) is set when the model asked for a pause.

    `for_person`: nobody but the person decides how its ticket goes on.
    """

    outcome: Outcome
    explanation: str = ""
    block_reason: BlockReason | None = None
    question: str = ""
    retry_after: float | None = None
    for_person: bool = False


@dataclass(frozen=True)
class Settlement:
    """Where an ended work run leaves its ticket."""

    status: Status
    block_reason: BlockReason | None = None


FIRST_PAUSE = 30.0
LONGEST_PAUSE = 3600.0


# These say that the model, not the work, is in trouble.
TURNED_AWAY = frozenset({Outcome.RATE_LIMITED, Outcome.MODEL_DOWN})


def measure_pause(strikes: int, retry_after: float | None, longest: float = LONGEST_PAUSE) -> float:
    """How many seconds a model is left alone: as its provider asks, else twice as long with every strike.

    Never longer than `longest`, whatever was asked for.
    """
    wanted = FIRST_PAUSE * 2.0 ** min(strikes - 1, 16) if retry_after is None else retry_after
    return min(wanted, longest)


MOST_MISHAPS = 5  # runs of one ticket and purpose that the machine may end before they count as failures


def measure_wait(mishaps: int) -> float:
    """How many seconds a ticket waits after so many faults of the machine: none after the first two."""
    return 0.0 if mishaps < 3 else measure_pause(mishaps - 2, None)


def settle(ending: Ending, *, to_review: bool = False) -> Settlement:
    """Map how a `work` run ended to where its ticket goes; the only place that knows."""
    match ending.outcome:
        case Outcome.DONE:
            return Settlement(Status.REVIEW if to_review else Status.DONE)
        case Outcome.BLOCKED:
            return Settlement(Status.BLOCKED, ending.block_reason or BlockReason.OTHER)
        case Outcome.PARKED:
            return Settlement(Status.BLOCKED, BlockReason.NEEDS_APPROVAL)
        case Outcome.OVER_BUDGET:
            return Settlement(Status.BLOCKED, BlockReason.BUDGET)
        case Outcome.STALE:
            return Settlement(Status.STALE)
        case _:
            return Settlement(Status.READY)
