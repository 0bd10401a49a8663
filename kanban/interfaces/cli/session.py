"""What every command needs: the app of the chosen home, and who is asking."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from kanban.app import App, build
from kanban.domain.ticket import Caller
from kanban.errors import Refused
from kanban.files.settings import find_home

F = TypeVar("F", bound=Callable[..., Any])


def with_app(command: F) -> F:
    """Hands the command the app of the chosen home as its first argument."""

    @click.pass_context
    @wraps(command)
    def run(ctx: click.Context, *args: Any, **kwargs: Any) -> Any:
        return command(build(find_home(ctx.find_root().obj)), *args, **kwargs)

    return run  # type: ignore[return-value]


def find_caller(app: App) -> Caller:
    """Who is asking: the person, or the run in whose shell the command was typed."""
    from kanban.service.identity import identify_caller  # what only reads need not know, and starts faster

    return identify_caller(app.store.due)


def the_person(app: App, what: str) -> Caller:
    """The person. Raises Refused inside a run: agents do not do `what`."""
    from kanban.service.identity import require_person

    caller = find_caller(app)
    require_person(caller, what)
    return caller


def person_or_own_ticket(app: App, ticket_id: int) -> Caller:
    """The person, or a run at its own ticket. Raises Refused for a run at any other."""
    caller = find_caller(app)
    if caller.run_id is not None and app.store.queries.get_run(caller.run_id).ticket_id != ticket_id:
        raise Refused(f"run {caller.run_id} may touch its own ticket only, not {ticket_id}")
    return caller
