"""A `diagnose` run: Ginger decides how a blocked or stale ticket goes on."""

from kanban.agents.context import Context
from kanban.agents.evidence import gather_evidence
from kanban.agents.purposes.orchestrate import count_mere_words, write_opening
from kanban.agents.situation import describe_board
from kanban.agents.toolbox import make_toolbox
from kanban.agents.verbs.verdicts import DIAGNOSING
from kanban.domain.outcome import Ending
from kanban.domain.ticket import MOST_DIAGNOSES


def diagnose(context: Context) -> Ending:
    """Read what is known and end with exactly one verb. Raises MovedOn when the run was ended from outside."""
    assert context.run.ticket_id is not None
    view = context.store.queries.view_ticket(context.run.ticket_id)
    values = describe_board(context) | {
        "number": view.ticket.id,
        "status": view.ticket.status,
        "block_reason": view.ticket.block_reason,
        "diagnoses": view.ticket.diagnoses,
        "max_diagnoses": MOST_DIAGNOSES,
        "evidence": gather_evidence(context, view),
    }
    loop = context.make_loop(make_toolbox(context), *DIAGNOSING.names)
    return count_mere_words(loop.run(write_opening(context, "ginger_diagnose", "ginger_diagnose_ticket", values)))
