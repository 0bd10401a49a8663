"""Private tickets: what a run is shown of one whose profile is not `local_only`."""

from collections.abc import Sequence
from dataclasses import replace

from kanban.agents.context import Context
from kanban.store.queries import TicketView
from kanban.store.tables import Request, Run, Ticket

HIDDEN = "(private: kept from models that are not the person's own)"


def is_about_private(context: Context) -> bool:
    """Whether the ticket of this run is private."""
    return context.run.ticket_id is not None and context.store.queries.is_private(context.run.ticket_id)


def hide_private(context: Context, view: TicketView) -> TicketView:
    """The ticket as this run may see it: of a private one its number and state, unless the profile is local."""
    if context.profile.local_only or view.brief is None or not view.brief.is_private:
        return view
    runs = [Run(**run.model_dump() | {"error": "", "route_reason": ""}) for run in view.runs]
    return replace(
        view, ticket=_hide(view.ticket), brief=None, body=HIDDEN, versions=[], runs=runs, comments=[], artifacts=[]
    )


def hide_titles(context: Context, tickets: Sequence[Ticket]) -> list[Ticket]:
    """Tickets for a list, the private ones without their titles, unless the profile is local."""
    if context.profile.local_only:
        return list(tickets)
    private = context.store.queries.find_private([ticket.id for ticket in tickets])
    return [_hide(ticket) if ticket.id in private else ticket for ticket in tickets]


def hide_answer(context: Context, request: Request) -> str:
    """The answer to a request as this run may see it: whole, unless a private ticket has its receipts in it."""
    numbers = [ticket.id for ticket in context.store.queries.tickets_of_request(request.id)]
    if context.profile.local_only or not context.store.queries.find_private(numbers):
        return request.answer or ""
    return HIDDEN


def _hide(ticket: Ticket) -> Ticket:
    return Ticket(**ticket.model_dump() | {"title": HIDDEN, "explanation": "", "summary": ""})
