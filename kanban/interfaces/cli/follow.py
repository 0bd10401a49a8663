"""Follows a request on the board until it is answered, and tells the person what happens meanwhile."""

import time
from collections.abc import Iterator

import click

from kanban.app import App
from kanban.dispatch.leader import find_lease
from kanban.domain.ticket import BlockReason
from kanban.files.halt import LIFT_HINT, read_halt, tell_halt
from kanban.interfaces.cli.output import colour_status, say, show_safely
from kanban.service.views import Event, Request, Ticket

LOOK_SECONDS = 0.1
QUIET_SECONDS = 5.0  # with no dispatcher for so long, the person is told

_CHECKS = {"check_failed": "a check failed", "check_passed": "a check passed"}
_NEEDS_PERSON = frozenset({BlockReason.NEEDS_INPUT, BlockReason.NEEDS_APPROVAL})


def follow_request(app: App, request_id: int, since: int, *, quiet: bool = False) -> Request:
    """Print moves of the request's tickets after event `since` until the answer is there, and return the request."""
    for event in _watch(app, request_id, since):
        if not quiet:
            _tell(app, event)
    return app.store.queries.get_request(request_id)


def say_who_dispatches(app: App) -> bool:
    """Say so when nobody does; returns whether that was said."""
    if halted := read_halt(app.home):
        say(f"{show_safely(tell_halt(halted))} ({LIFT_HINT})")
        return True
    lease = find_lease(app.store.queries, app.clock())
    if lease is not None and lease.lease_until > app.clock():
        return False
    say("no daemon dispatches; start one in another terminal with `kanban up`")
    return True


def _watch(app: App, request_id: int, since: int) -> Iterator[Event]:
    started, warned, version = time.monotonic(), False, -1
    while True:
        seen = app.store.db.data_version()
        if seen != version:
            version = seen
            for event in app.store.queries.events_after(since):
                since = event.id
                if event.request_id == request_id:
                    yield event
            if app.store.queries.get_request(request_id).status in ("answered", "closed"):
                return
        if not warned and time.monotonic() - started > QUIET_SECONDS:
            warned = say_who_dispatches(app)
        time.sleep(LOOK_SECONDS)


def _tell(app: App, event: Event) -> None:
    if event.ticket_id is None:
        return
    if event.verb in _CHECKS:
        told = show_safely(f"  #{event.ticket_id} {_CHECKS[event.verb]}: {event.why}")
        click.secho(told, fg="red" if event.verb == "check_failed" else "bright_black", err=True)
    elif event.old_status is not None and event.new_status is not None:
        _tell_move(app, event, app.store.queries.get_ticket(event.ticket_id))


def _tell_move(app: App, event: Event, ticket: Ticket) -> None:
    assert event.new_status is not None
    who = f"  ({ticket.assignee})" if event.new_status == "running" else ""
    status = colour_status(f"{event.new_status:<8}")
    click.echo(f"  #{ticket.id} {status}  {show_safely(ticket.title)}{who}", err=True)
    if event.new_status == "blocked":
        click.echo(f"     {show_safely(event.why)}", err=True)
        if ticket.block_reason in _NEEDS_PERSON:
            say(f"     this waits for you: `kanban show {ticket.id}`, `kanban approvals`")
