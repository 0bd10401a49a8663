"""What a run that goes on is told of what happened while it was gone."""

from collections.abc import Sequence

from kanban.agents.context import Context
from kanban.agents.prompts import verbatim
from kanban.domain.message import Message, Role
from kanban.domain.outcome import Outcome
from kanban.domain.ticket import THE_PERSON
from kanban.domain.tool import AgentRole
from kanban.domain.transcript import NEWS
from kanban.store.queries import TicketView
from kanban.store.tables import Run

SHOWN_NOTES = 20


def write_news(context: Context, view: TicketView) -> list[Message]:
    """The notes and the new brief that a run has not been told of; nothing after a mere crash."""
    untold = _find_untold(view.runs, context.run)
    if context.run.transcript_of is None or not untold:
        return []
    since = untold[0].ended_at or 0
    changed = context.queries.brief_versions(view.ticket.id)[-1].created_at >= since
    notes = [(note.author, note.text) for note in view.comments if note.created_at >= since]
    ended_itself = any(run.outcome in (Outcome.BLOCKED, Outcome.DONE) for run in untold)
    if not (notes or changed or ended_itself):
        return []
    delivered = untold[-1].outcome == Outcome.DONE
    told = context.prompts.render("news", delivered=delivered, notes=notes[-SHOWN_NOTES:], guides=name_guides(context))
    brief = [verbatim(view.body, f"ticket {view.ticket.id} as it was changed meanwhile")] if changed else []
    return [Message(Role.USER, text, name=NEWS) for text in (*brief, told)]


def name_guides(context: Context) -> list[str]:
    """Whose notes a worker follows; those of all others are data."""
    orchestrators = [name for name, other in context.profiles.items() if other.role is AgentRole.ORCHESTRATOR]
    return [THE_PERSON.name, *orchestrators]


def _find_untold(runs: Sequence[Run], current: Run) -> Sequence[Run]:
    """The last run before this one that took a turn, and those after it: news are told before a run's first turn."""
    earlier = [run for run in runs if run.id < current.id and run.purpose == current.purpose]
    last = max((place for place, run in enumerate(earlier) if run.turns), default=0)
    return earlier[last:]
