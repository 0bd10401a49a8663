"""What the person does to a ticket: its authority and its move at the board, and the end of the processes it stops."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kanban.briefs.written import lay_out_body
from kanban.dispatch.parts import Parts
from kanban.domain.brief import Brief
from kanban.domain.ticket import DEFAULT_ASSIGNEE, BlockReason, Caller, Status
from kanban.errors import InvalidInput, Refused
from kanban.store.filing import NewTicket
from kanban.store.undoing import Undone


def create(
    parts: Parts,
    title: str,
    body: str,
    caller: Caller,
    now: float,
    *,
    brief: Brief | None = None,
    assignee: str | None = None,
    priority: int = 0,
    depends_on: Sequence[int] = (),
    idempotency_key: str | None = None,
    request_id: int | None = None,
) -> int:
    """Put a ticket on the board and return its number. Raises InvalidInput without a title."""
    if not title.strip():
        raise InvalidInput("a ticket needs a title", "say in a few words what is to be done")
    if request_id is not None:
        parts.store.queries.get_request(request_id)
    text = lay_out_body(title, body, brief)
    new = NewTicket(title.strip(), text, brief, assignee, priority, depends_on, idempotency_key=idempotency_key)
    return parts.store.board.create_ticket(new, caller, now, request_id)


def edit(
    parts: Parts,
    ticket_id: int,
    caller: Caller,
    now: float,
    *,
    title: str | None = None,
    body: str | None = None,
    brief: Brief | None = None,
    priority: int | None = None,
) -> None:
    """Change what a ticket says, or its priority; every earlier version is kept."""
    parts.store.board.edit(ticket_id, caller, now, title=title, body=body, brief=brief, priority=priority)


def comment(parts: Parts, ticket_id: int, text: str, caller: Caller, now: float) -> None:
    """Leave a note on a ticket; whoever works on it next reads it. Raises InvalidInput for an empty one."""
    if not text.strip():
        raise InvalidInput("there is nothing to note", 'kanban comment N "what others should know"')
    parts.store.board.comment(ticket_id, caller, text, now)


def assign(parts: Parts, ticket_id: int, assignee: str, caller: Caller, now: float) -> Status:
    """Give a ticket to a profile, to `default` or to `human`; returns where it stands then."""
    return parts.store.board.assign(ticket_id, assignee, caller, now)


def unblock(
    parts: Parts, ticket_id: int, caller: Caller, now: float, note: str = "", assignee: str | None = None
) -> Status:
    """Let a blocked or stale ticket go on; returns where it stands then."""
    return parts.store.board.unblock(ticket_id, caller, now, note=note, assignee=assignee)


def reopen(parts: Parts, ticket_id: int, caller: Caller, now: float, why: str = "") -> Status:
    """Start a done ticket again; returns where it stands then."""
    return parts.store.board.reopen(ticket_id, caller, now, why)


def wait_for(parts: Parts, ticket_id: int, needed_id: int, caller: Caller, now: float) -> Status:
    """Have a ticket wait for another; returns where it stands then."""
    return parts.store.verdicts.wait_for(ticket_id, needed_id, caller, now)


def stop_waiting(parts: Parts, ticket_id: int, needed_id: int, caller: Caller, now: float) -> None:
    """Have a ticket no longer wait for another."""
    parts.store.verdicts.stop_waiting(ticket_id, needed_id, caller, now)


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


def undo(parts: Parts, ticket_id: int | None, caller: Caller, now: float) -> Undone:
    """Take back the last thing that the person did to a ticket, or to any."""
    return parts.store.undoing.undo(ticket_id, caller, now)


@contextmanager
def _stopping_run(parts: Parts, ticket_id: int) -> Iterator[None]:
    """End the processes of a ticket's live runs once the board, inside the block, has cut them off."""
    live = [run for run in parts.store.due.live_runs() if run.ticket_id == ticket_id]
    yield
    for run in live:
        parts.launcher.stop(run)
