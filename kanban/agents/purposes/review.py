"""A `review` run: the checker tries to refute what a worker says it has done."""

from kanban.agents.context import Context
from kanban.agents.describe import shorten
from kanban.agents.purposes.orchestrate import count_mere_words
from kanban.agents.toolbox import make_toolbox
from kanban.domain.message import Message, Role
from kanban.domain.outcome import Ending

SHOWN_CLAIM = 6_000  # characters of what the worker says


def review(context: Context) -> Ending:
    """Look at the delivered work and give a verdict. Raises MovedOn when the run was ended from outside."""
    assert context.run.ticket_id is not None
    view = context.store.queries.view_ticket(context.run.ticket_id)
    said = [comment.text for comment in view.comments if comment.author == context.run.reviewed]
    values: dict[str, object] = {
        "profile": context.profile,
        "number": view.ticket.id,
        "body": view.body,
        "worker": context.run.reviewed,
        "claim": shorten("\n\n".join([view.ticket.summary, *said[-2:]]), SHOWN_CLAIM),
        "workspace": str(context.workshop.workspace),
        "max_turns": context.profile.max_turns,
    }
    opening = [
        Message(Role.SYSTEM, context.prompts.render("checker", **values)),
        Message(Role.USER, context.prompts.render("checker_ticket", **values)),
    ]
    return count_mere_words(context.make_loop(make_toolbox(context), "verdict").run(opening))
