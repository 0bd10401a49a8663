"""What a run that goes on is told of what happened while it was gone."""

from collections.abc import Mapping, Sequence

from kanban.agents.context import Context
from kanban.domain.message import Message, Role
from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.domain.tool import AgentRole
from kanban.domain.transcript import NEWS
from kanban.store.queries import TicketView
from kanban.store.tables import Comment, Run
from kanban.trust.fences import verbatim

SHOWN_NOTES = 20


def write_news(context: Context, view: TicketView) -> list[Message]:
    """The notes and the new brief that a run has not been told of; nothing after a mere crash."""
    untold = _find_untold(view.runs, context.run)
    if context.run.transcript_of is None or not untold:
        return []
    since = untold[0].ended_at or 0
    newest = view.versions[-1]
    changed = newest.created_at >= since
    notes = list_notes(context, view, [note for note in view.comments if note.created_at >= since])
    ended_itself = any(run.outcome in (Outcome.BLOCKED, Outcome.DONE) for run in untold)
    if not (notes or changed or ended_itself):
        return []
    delivered = untold[-1].outcome == Outcome.DONE
    told = context.prompts.render("news", delivered=delivered, notes=notes[-SHOWN_NOTES:], guides=name_guides(context))
    brief = [verbatim(view.body, f"ticket {view.ticket.id} as {newest.author} changed it meanwhile")] if changed else []
    return [Message(Role.USER, text, name=NEWS) for text in (*brief, told)]


def list_notes(context: Context, view: TicketView, comments: Sequence[Comment]) -> list[tuple[str, str]]:
    """Author and text of each note; what a run said of this ticket while it worked on it names the run too."""
    purposes = {run.id: run.purpose for run in view.runs}
    return [(_name_author(comment, purposes), comment.text) for comment in comments]


def _name_author(comment: Comment, purposes: Mapping[int, str]) -> str:
    """Who wrote a note. Only the person is called so, and Ginger by her bare name only when she decides."""
    purpose = purposes.get(comment.run_id or 0, Purpose.CHAT)
    if purpose in (Purpose.WORK, Purpose.REVIEW) or (comment.author == THE_PERSON.name and comment.run_id):
        return f"{comment.author} (run {comment.run_id}, {purpose})"
    return comment.author


def name_guides(context: Context) -> list[str]:
    """Whose notes a worker follows; those of all others are data."""
    orchestrators = [name for name, other in context.in_force.profiles.items() if other.role is AgentRole.ORCHESTRATOR]
    return [THE_PERSON.name, *orchestrators]


def _find_untold(runs: Sequence[Run], current: Run) -> Sequence[Run]:
    """The last run before this one that took a turn, and those after it: news are told before a run's first turn."""
    earlier = [run for run in runs if run.id < current.id and run.purpose == current.purpose]
    last = max((place for place, run in enumerate(earlier) if run.turns), default=0)
    return earlier[last:]
