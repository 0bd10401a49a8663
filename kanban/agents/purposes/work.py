"""A `work` run: a profile carries out one ticket."""

from collections.abc import Sequence

from kanban.agents.acceptance import accept_words, begin
from kanban.agents.context import Context
from kanban.agents.describe import describe_run, tell_turns
from kanban.agents.news import SHOWN_NOTES, list_notes, name_guides, write_news
from kanban.agents.situation import recall_newest
from kanban.agents.toolbox import make_toolbox
from kanban.domain.message import Message, Role
from kanban.domain.outcome import COUNTED, Ending, Outcome
from kanban.domain.ticket import BlockReason
from kanban.domain.tool import AgentRole
from kanban.store.queries import TicketView
from kanban.store.tables import Run

SHOWN_TURNS = 8  # messages of the last attempt
SHOWN_OF_A_TURN = 500  # characters of each


def work(context: Context) -> Ending:
    """Carry out the ticket of this run, from its transcript if it has one. Raises MovedOn when it was ended."""
    assert context.run.ticket_id is not None
    view = context.store.queries.view_ticket(context.run.ticket_id)

    def take_words(words: str) -> Ending | None:
        accepted = accept_words(context, words)
        return Ending(Outcome.DONE, accepted.summary) if accepted else None

    if passing := begin(context, view):
        return Ending(Outcome.BLOCKED, passing, BlockReason.OTHER)
    loop = context.make_loop(make_toolbox(context), "complete", "block", accept_words=take_words)
    return loop.run(_write_opening(context, view), write_news(context, view))


def _write_opening(context: Context, view: TicketView) -> list[Message]:
    writes_text = context.profile.role is AgentRole.ORCHESTRATOR
    values: dict[str, object] = {
        "profile": context.profile,
        "max_turns": context.profile.max_turns,
        "hosts": context.in_force.hosts.hosts,
        "memories": recall_newest(context),
        "number": view.ticket.id,
        "title": view.ticket.title,
        "body": view.body,
        "history": _tell_attempts(context, [run for run in view.runs if run.outcome in COUNTED]),
        "notes": list_notes(context, view, view.comments[-SHOWN_NOTES:]),
        "guides": name_guides(context),
        "workspace": str(context.workshop.workspace),
        "has_cell": context.workshop.cell.is_closed,
    }
    return [
        Message(Role.SYSTEM, context.prompts.render("ginger_work" if writes_text else "worker", **values)),
        Message(Role.USER, context.prompts.render("worker_ticket", **values)),
    ]


def _tell_attempts(context: Context, failed: Sequence[Run]) -> list[str]:
    """How each failed attempt ended and, of the last, what it found: the next one need not find it again."""
    told = [describe_run(run) for run in failed]
    if failed:
        found = tell_turns(context.store.queries.transcript(failed[-1]), SHOWN_TURNS, SHOWN_OF_A_TURN)
        told[-1] += f"\nIts last turns:\n{found}"
    return told
