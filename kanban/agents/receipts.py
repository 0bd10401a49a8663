"""The receipts under an answer: what each ticket came to, what shows it and what it cost. Facts of the board."""

from collections.abc import Mapping, Sequence

from kanban.domain.ticket import Status
from kanban.store.queries import TicketView, add_costs
from kanban.store.tables import Run


def render_receipts(views: Sequence[TicketView], evidence: Mapping[int, Sequence[str]], runs: Sequence[Run]) -> str:
    """Markdown with one entry for each ticket; `runs` are all runs of the request, Ginger's own too."""
    entries = [_render_ticket(view, evidence.get(view.ticket.id, ())) for view in views]
    total = f"Total: {format_cost(add_costs(runs))} in {sum(run.turns for run in runs)} turns of {len(runs)} runs."
    return "\n".join(["Receipts:", *entries, total])


def _render_ticket(view: TicketView, evidence: Sequence[str]) -> str:
    ticket = view.ticket
    turns = sum(run.turns for run in view.runs)
    state = f"{ticket.status} ({ticket.block_reason})" if ticket.block_reason else ticket.status
    if ticket.status == Status.DONE and view.is_unchecked:
        state += ", unchecked"
    line = f"- #{ticket.id} {ticket.title}: {state}, {ticket.assignee or 'nobody'}, {turns} turns, "
    lines = [line + format_cost(view.cost_usd)]
    lines += [f"  - {shown}" for shown in evidence]
    lines += [f"  - file: {artifact.path} ({artifact.size} bytes)" for artifact in view.artifacts]
    return "\n".join(lines)


def format_cost(cost_usd: float | None) -> str:
    """A cost as people read it; None is a cost that nobody knows."""
    return "cost unknown" if cost_usd is None else f"${cost_usd:.4f}"
