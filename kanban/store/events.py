"""The append-only log: who did what to what, when and why."""

import json
from collections.abc import Mapping

from sqlalchemy import Connection

from kanban.domain.authority import Verb
from kanban.domain.ticket import BlockReason, Caller, Status

_INSERT = """
INSERT INTO event (at, actor, verb, ticket_id, request_id, run_id, old_status, new_status, why, reason, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

NO_MOVE: tuple[None, None] = (None, None)

# Of an event: somebody was asked something that holds a ticket up.
IS_A_QUESTION = "(reason = 'needs_input' OR verb = 'ask_person')"


def record_event(
    tx: Connection,
    caller: Caller,
    verb: Verb,
    now: float,
    ticket_id: int | None = None,
    request_id: int | None = None,
    run_id: int | None = None,
    moved: tuple[Status | None, Status | None] = NO_MOVE,
    why: str = "",
    reason: BlockReason | None = None,
    data: Mapping[str, str] | None = None,
) -> None:
    """Append one event in the caller's transaction.

    `moved` is the status before and after, `why` for people to read; what programs ask for is `reason` and `data`.
    """
    run = run_id if run_id is not None else caller.run_id
    facts = json.dumps(data) if data else None
    values = (now, caller.name, verb, ticket_id, request_id, run, *moved, why, reason, facts)
    tx.exec_driver_sql(_INSERT, values)
