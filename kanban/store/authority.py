"""The one way to a write that somebody asks for: their authority is checked before, and their run in the same step."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from kanban.domain.authority import Verb, check_own, check_own_run, check_verb
from kanban.domain.ticket import Caller
from kanban.errors import MovedOn
from kanban.store.db import Database
from kanban.store.steered import find_last_event, is_undoable, keep, look_at


@contextmanager
def acting(
    db: Database, caller: Caller, verb: Verb, ticket_id: int | None = None, *, run_id: int | None = None
) -> Iterator[Connection]:
    """A write transaction in which a caller does this, to a ticket or a run if it is about one.

    What a verb of the person found is kept, so that it can be undone. Raises Refused when the verb is not the
    caller's, MovedOn when their own run has ended.
    """
    check_verb(caller, verb)
    check_own_run(caller, verb, run_id)
    with db.write() as tx:
        if caller.run_id is not None:
            check_own(caller, verb, ticket_id, require_live(tx, caller.run_id))
        if ticket_id is None or not is_undoable(caller, verb):
            yield tx
            return
        found, after_event = look_at(tx, ticket_id), find_last_event(tx, ticket_id)
        yield tx
        keep(tx, ticket_id, verb, found, after_event)


def require_live(tx: Connection, run_id: int) -> int | None:
    """The ticket of a live run. Raises MovedOn when it has ended: what it still writes no longer counts."""
    live = tx.exec_driver_sql("SELECT ticket_id FROM run WHERE id = ? AND ended_at IS NULL", (run_id,)).first()
    if live is None:
        raise MovedOn(f"run {run_id} has ended; it can change nothing any more")
    return None if live.ticket_id is None else int(live.ticket_id)
