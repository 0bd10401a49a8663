"""Runs that the machine ended and not their work: never counted as failures up to a limit, and told to the person."""

from sqlalchemy import Connection

from kanban.domain.outcome import MOST_MISHAPS, Ending, Outcome, Purpose, measure_wait
from kanban.store.outbox import record_notice

DAY = 86_400.0

# Of a group of runs: how many of the machine's faults are still free.
FREE_MISHAPS = f"MIN({MOST_MISHAPS}, SUM(COALESCE(outcome, '') = 'infrastructure'))"

_COUNT = """
SELECT COUNT(*) FROM run LEFT JOIN ticket ON ticket.id = run.ticket_id
WHERE outcome = 'infrastructure' AND purpose = ? AND run.ticket_id IS ?
AND (run.ticket_id IS NOT NULL OR run.request_id IS ?) AND run.id > COALESCE(forgiven_run, 0)"""


def note_mishap(
    tx: Connection, purpose: str, ticket_id: int | None, request_id: int | None, ending: Ending, now: float
) -> float:
    """What it means that the machine ended a run; returns before when its ticket is not started again.

    The first ones are tried again at once, since a power cut or a killed process is over by then.
    """
    if ending.outcome is not Outcome.INFRASTRUCTURE or purpose == Purpose.CHAT:
        return 0.0
    mishaps = count_mishaps(tx, purpose, ticket_id, request_id)
    if mishaps == MOST_MISHAPS:
        about = f"ticket {ticket_id}" if ticket_id else f"request {request_id}"
        told = (
            f"{about}: {mishaps} {purpose} runs were ended by this machine and not by their work. "
            f"The last: {ending.explanation}. `kanban doctor` says what is wrong."
        )
        record_notice(tx, f"mishaps:{about}:{purpose}:{now}", told, now, ticket_id, request_id)
    wait = measure_wait(mishaps)
    return now + wait if wait else 0.0


def count_mishaps(tx: Connection, purpose: str, ticket_id: int | None, request_id: int | None = None) -> int:
    """How many runs of this purpose the machine has ended since the person last let their ticket go on.

    They are those of a ticket, or those of a request that belong to no ticket.
    """
    return int(tx.exec_driver_sql(_COUNT, (purpose, ticket_id, request_id)).scalar_one())


def tell_obstacle(tx: Connection, obstacle: str, now: float) -> None:
    """Tell the person, once a day, that this machine can start no run and why."""
    told = f"runs cannot start: {obstacle}"
    record_notice(tx, f"obstacle:{now // DAY:.0f}:{obstacle[:200]}", told, now)
