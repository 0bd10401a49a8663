"""A `work` run: a profile carries out one ticket."""

from kanban.agents.context import Context
from kanban.agents.describe import describe_run
from kanban.agents.news import SHOWN_NOTES, name_guides, write_news
from kanban.agents.toolbox import make_worker_toolbox
from kanban.domain.message import Message, Role
from kanban.domain.outcome import COUNTED, Ending
from kanban.domain.tool import AgentRole
from kanban.store.queries import TicketView


def work(context: Context) -> Ending:
    """Carry out the ticket of this run, from its transcript if it has one. Raises MovedOn when it was ended."""
    assert context.run.ticket_id is not None
    view = context.queries.view_ticket(context.run.ticket_id)
    loop = context.make_loop(make_worker_toolbox(context), "complete", "block")
    return loop.run(_write_opening(context, view), write_news(context, view))


def _write_opening(context: Context, view: TicketView) -> list[Message]:
    writes_text = context.profile.role is AgentRole.ORCHESTRATOR
    system = context.prompts.render(
        "ginger_work" if writes_text else "worker",
        profile=context.profile,
        workspace=str(context.workshop.workspace),
        hosts=context.hosts.hosts,
        max_turns=context.profile.max_turns,
        memories=[memory.text for memory in context.queries.recall("")],
    )
    failed = [run for run in view.runs if run.outcome in COUNTED]
    ticket = context.prompts.render(
        "worker_ticket",
        number=view.ticket.id,
        title=view.ticket.title,
        body=view.body,
        history=[describe_run(run) for run in failed],
        notes=[(comment.author, comment.text) for comment in view.comments[-SHOWN_NOTES:]],
        guides=name_guides(context),
    )
    return [Message(Role.SYSTEM, system), Message(Role.USER, ticket)]
