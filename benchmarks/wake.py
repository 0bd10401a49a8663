"""From a ticket that is ready to its worker's first call of the model, with the daemon running."""

import time
from collections.abc import Iterator
from statistics import median

from benchmarks.farm import daemon, file_ticket, loopback_app
from benchmarks.loopback import Loopback, serve
from benchmarks.measure import Figure
from kanban.app import App

TICKETS = 15
LONGEST = 30.0


def measure() -> Iterator[Figure]:
    """The median over some tickets, one after the other, once the model library is loaded; and the first one's."""
    with serve("complete") as server, loopback_app(server.url) as app, daemon(app):
        cold = _wait_for_first_call(app, server, 0)
        waits = [_wait_for_first_call(app, server, number) for number in range(1, TICKETS + 1)]
    behind = f"from {min(waits):.2f} s to {max(waits):.2f} s over {TICKETS} tickets"
    yield Figure("ready to the worker's first model call", median(waits), "s", 0.5, behind=behind)
    yield Figure("the same, while the model library is not loaded yet", cold, "s", 15, behind="one ticket, from rest")


def _wait_for_first_call(app: App, server: Loopback, number: int) -> float:
    ticket_id = file_ticket(app, f"Case {number}")
    ready = time.monotonic()
    waited = server.next_moment("arrived") - ready
    _wait_until_done(app, ticket_id)
    return waited


def _wait_until_done(app: App, ticket_id: int) -> None:
    deadline = time.monotonic() + LONGEST
    while app.queries.get_ticket(ticket_id).status != "done":
        if time.monotonic() > deadline:
            raise RuntimeError(f"ticket {ticket_id} is not done after {LONGEST:g} s; see {app.home.logs}")
        time.sleep(0.02)
