"""Carries notices from the outbox to the person's targets; one that fails holds up no other."""

import hashlib
from collections.abc import Callable, Sequence

from kanban.connectors.notify import name_target
from kanban.errors import KanbanError
from kanban.store.outbox import Outbox


def deliver_notices(
    outbox: Outbox, targets: Sequence[str], send: Callable[[str, str], None], clock: Callable[[], float]
) -> int:
    """Deliver what is due to every target; `send(target, text)` raises KanbanError when it could not.

    Returns how many were delivered. A failure is kept with its time for the next try.
    """
    delivered = 0
    for target in targets:
        name = name_receipt(target)
        for notice in outbox.due(name, clock()):
            try:
                send(target, notice.text)
            except KanbanError as error:
                outbox.write_receipt(notice.notice_id, name, clock(), error=str(error))
                break  # this target is in trouble; its other notices wait for the next look
            outbox.write_receipt(notice.notice_id, name, clock())
            delivered += 1
    return delivered


def name_receipt(target: str) -> str:
    """How receipts name a target: its kind and a digest, for the address may hold a secret."""
    return f"{name_target(target)}:{hashlib.sha256(target.encode()).hexdigest()[:12]}"
