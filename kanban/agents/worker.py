"""A `work` run: a profile carries out one ticket."""

from collections.abc import Sequence

from kanban.agents.context import Context
from kanban.agents.describe import describe_run
from kanban.agents.loop import NEWS
from kanban.agents.toolbox import make_worker_toolbox
from kanban.domain.message import Message, Role
from kanban.domain.outcome import COUNTED, Ending, Outcome
from kanban.domain.ticket import THE_PERSON
from kanban.domain.tool import AgentRole
from kanban.store.queries import TicketView
from kanban.store.tables import Run

SHOWN_NOTES = 20


def work(context: Context) -> Ending:
    """Carry out the ticket of this run, from its transcript if it has one. Raises MovedOn when it was ended."""
    assert context.run.ticket_id is not None
    view = context.queries.view_ticket(context.run.ticket_id)
    loop = context.make_loop(make_worker_toolbox(context), "complete", "block")
    return loop.run(_write_opening(context, view), _write_news(context, view))


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
        guides=_name_guides(context),
    )
    return [Message(Role.SYSTEM, system), Message(Role.USER, ticket)]


def _write_news(context: Context, view: TicketView) -> list[Message]:
    """What a run that goes on is told of what happened while it was gone; nothing after a mere crash."""
    before = _run_before(view.runs, context.run)
    if context.run.transcript_of is None or before is None:
        return []
    notes = [comment for comment in view.comments if comment.created_at >= (before.ended_at or 0)]
    if before.outcome != Outcome.BLOCKED and not notes:
        return []
    shown = [(note.author, note.text) for note in notes[-SHOWN_NOTES:]]
    told = context.prompts.render("news", notes=shown, guides=_name_guides(context))
    return [Message(Role.USER, told, name=NEWS)]


def _name_guides(context: Context) -> list[str]:
    """Whose notes a worker follows; those of all others are data."""
    orchestrators = [name for name, other in context.profiles.items() if other.role is AgentRole.ORCHESTRATOR]
    return [THE_PERSON.name, *orchestrators]


def _run_before(runs: Sequence[Run], current: Run) -> Run | None:
    earlier = [run for run in runs if run.id < current.id and run.purpose == current.purpose]
    return earlier[-1] if earlier else None
