"""From a ready ticket to its worker's first call of the model, against a new process that loads the model library."""

import time
from collections.abc import Iterator

from benchmarks.farm import WORKER, daemon, file_ticket, loopback_app
from benchmarks.loopback import Loopback, serve
from benchmarks.measure import Figure, compare
from benchmarks.plain import plain_worker
from kanban.app import App

TICKETS = 11
LONGEST = 30.0


def measure(tickets: int = TICKETS) -> Iterator[Figure]:
    """The median over some tickets, one after the other, once the model library is loaded; and the first one's."""
    with serve("complete") as server, loopback_app(server.url) as app, daemon(app):
        cold = _wait_for_first_call(app, server)
        pairs = compare(lambda: _wait_for_first_call(app, server), lambda: _wait_for_plain(app, server), tickets)
    behind = f"{pairs.subject:.2f} s, the new process {pairs.reference:.2f} s, over {tickets} tickets"
    yield Figure("ready to the worker's first call against a new process", pairs.ratio, "x", 0.25, behind=behind)
    ratio = cold / pairs.reference
    yield Figure(
        "the same from rest, with the model library to load", ratio, "x", 3, behind=f"{cold:.2f} s, one ticket"
    )


def _wait_for_first_call(app: App, server: Loopback) -> float:
    ticket_id = file_ticket(app, "One more case")
    ready = time.monotonic()
    waited = server.next_moment("arrived") - ready
    _wait_until_done(app, ticket_id)
    return waited


def _wait_for_plain(app: App, server: Loopback) -> float:
    started = time.monotonic()
    with plain_worker(app.live.profile(WORKER).model, server.url) as process:
        waited = server.next_moment("arrived") - started
        assert process.wait(timeout=LONGEST) == 0
    return waited


def _wait_until_done(app: App, ticket_id: int) -> None:
    deadline = time.monotonic() + LONGEST
    while app.store.queries.get_ticket(ticket_id).status != "done":
        if time.monotonic() > deadline:
            raise RuntimeError(f"ticket {ticket_id} is not done after {LONGEST:g} s; see {app.home.logs}")
        time.sleep(0.02)
