"""Carries notices from the outbox to the person's targets; one that fails holds up no other."""

import hashlib
from collections.abc import Callable, Sequence

from kanban.connectors.notify import name_target
from kanban.errors import KanbanError
from kanban.store.outbox import DueNotice, Outbox

MOST_APART = 5  # notices that are due at once and still sent one by one
MOST_LINES = 20  # notices that one message tells


def deliver_notices(
    outbox: Outbox, targets: Sequence[str], send: Callable[[str, str], None], clock: Callable[[], float]
) -> int:
    """Deliver what is due to every target; `send(target, text)` raises KanbanError when it could not.

    Returns how many were delivered. A failure is kept with its time for the next try.
    """
    delivered = 0
    for target in targets:
        name = name_receipt(target)
        for text, notices in _make_messages(outbox.due(name, clock())):
            try:
                send(target, text)
            except KanbanError as error:
                _write_receipts(outbox, notices, name, clock(), str(error))
                break  # this target is in trouble; its other notices wait for the next look
            _write_receipts(outbox, notices, name, clock())
            delivered += len(notices)
    return delivered


def _make_messages(due: Sequence[DueNotice]) -> list[tuple[str, Sequence[DueNotice]]]:
    """What is sent: each notice by itself, or all of them in one message where they are many."""
    if len(due) <= MOST_APART:
        return [(notice.text, [notice]) for notice in due]
    shown = [f"- {notice.text.splitlines()[0]}" for notice in due[-MOST_LINES:] if notice.text]
    older = [f"- and {len(due) - MOST_LINES} older ones"] if len(due) > MOST_LINES else []
    top = f"{len(due)} things happened. `kanban inbox` has what waits for you."
    return [("\n".join([top, *older, *shown]), due)]


def _write_receipts(outbox: Outbox, notices: Sequence[DueNotice], name: str, now: float, error: str = "") -> None:
    for notice in notices:
        outbox.write_receipt(notice.notice_id, name, now, error=error)


def name_receipt(target: str) -> str:
    """How receipts name a target: its kind and a digest, for the address may hold a secret."""
    return f"{name_target(target)}:{hashlib.sha256(target.encode()).hexdigest()[:12]}"
