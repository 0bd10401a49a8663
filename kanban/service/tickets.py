"""What the person does to a ticket: its authority and its move at the board, and the end of the processes it stops."""

from collections.abc import Iterator
from contextlib import contextmanager

from kanban.dispatch.parts import Parts
from kanban.domain.ticket import DEFAULT_ASSIGNEE, BlockReason, Caller, Status
from kanban.errors import Refused


def block(parts: Parts, ticket_id: int, reason: BlockReason, caller: Caller, now: float, why: str = "") -> None:
    """Hold a ticket back, and stop its run."""
    with _stopping_run(parts, ticket_id):
        parts.store.board.block(ticket_id, reason, caller, now, why)


def cancel(parts: Parts, ticket_id: int, caller: Caller, now: float, why: str = "") -> None:
    """Give a ticket up, and stop its run."""
    with _stopping_run(parts, ticket_id):
        parts.store.board.cancel(ticket_id, caller, now, why)


def retry(
    parts: Parts, ticket_id: int, caller: Caller, now: float, note: str = "", *, though_done: bool = False
) -> Status:
    """Try a ticket again from the beginning. Raises Refused for one that is done, unless that is meant."""
    if parts.store.queries.get_ticket(ticket_id).status == Status.DONE and not though_done:
        raise Refused(
            f"ticket {ticket_id} is done, and trying it again does all its work anew",
            f"`kanban reopen {ticket_id} --why TEXT` has it mended; `kanban retry {ticket_id} --yes` begins again",
        )
    with _stopping_run(parts, ticket_id):
        return parts.store.verdicts.retry(ticket_id, caller, now, note)


def split(parts: Parts, ticket_id: int, caller: Caller, now: float, note: str = "") -> Status:
    """Have Ginger split a ticket. Raises Refused for one that is done."""
    if parts.store.queries.get_ticket(ticket_id).status == Status.DONE:
        raise Refused(
            f"ticket {ticket_id} is done, there is nothing left to split",
            f"`kanban reopen {ticket_id} --why TEXT` starts it again; then it can be split",
        )
    return parts.store.board.assign(ticket_id, DEFAULT_ASSIGNEE, caller, now, note=note)


@contextmanager
def _stopping_run(parts: Parts, ticket_id: int) -> Iterator[None]:
    """End the processes of a ticket's live runs once the board, inside the block, has cut them off."""
    live = [run for run in parts.store.due.live_runs() if run.ticket_id == ticket_id]
    yield
    for run in live:
        parts.end_processes(run)
