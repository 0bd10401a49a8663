"""Worrell tickets: somebody looks into what is stuck. At most one for each block, and none about a Worrell."""

from collections.abc import Sequence

from kanban.agents.context import Context
from kanban.agents.evidence import gather_evidence
from kanban.briefs.render import render_brief
from kanban.domain.brief import Brief, Criterion, Sensitivity
from kanban.domain.ticket import UNDER_WAY, Kind, Status
from kanban.errors import Refused
from kanban.store.filing import NewTicket


def file_investigation(context: Context, ticket_id: int, questions: Sequence[str]) -> int:
    """File the Worrell ticket about a blocked or stale ticket and return its number; once for each block.

    Raises Refused for a ticket that is not stuck, was looked into since it is, or is a Worrell ticket itself.
    """
    view = context.store.queries.view_ticket(ticket_id)
    ticket = view.ticket
    if ticket.status not in (Status.BLOCKED, Status.STALE):
        raise Refused(f"ticket {ticket_id} is {ticket.status}", "only blocked or stale tickets are investigated")
    if ticket.kind == Kind.WORRELL:
        raise Refused(f"ticket {ticket_id} is an investigation itself", "decide it, or ask the person")
    for worrell in context.store.queries.investigations_of_block(ticket_id):
        if worrell.status not in UNDER_WAY:
            raise Refused(f"#{worrell.id} looked into it and is {worrell.status}", "decide it, or ask the person")
    title = f"Worrell: investigate blocked ticket {ticket_id}"
    brief = Brief(
        goal=f"Find out why ticket {ticket_id} cannot go on and what would let it. Look; change nothing.",
        context=gather_evidence(context, view),
        steps=list(questions),
        output_format="The answer to each question, then one recommendation: unblock, reassign, split, ask or give up.",
        criteria=[Criterion(text="Every question has an answer with the command or file that shows it")],
        deliverables=["The summary of this ticket"],
        category="debugging",
        sensitivity=view.brief.sensitivity if view.brief else Sensitivity.NORMAL,
    )
    new = NewTicket(
        title=title,
        body=render_brief(title, brief),
        brief=brief,
        kind=Kind.WORRELL,
        priority=ticket.priority + 1,
        about_id=ticket_id,
        idempotency_key=f"worrell-{ticket_id}-{ticket.status_since}",
    )
    return context.store.board.create_ticket(new, context.caller, context.clock(), ticket.request_id)
