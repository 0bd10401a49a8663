"""The shapes of JSON output, in one place. Times are ISO 8601 in UTC; what is not known is null."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kanban.domain.brief import Finding
from kanban.domain.showing import as_time
from kanban.routing import Route
from kanban.service.approvals import host_of_call, read_arguments
from kanban.store.ledger import Line
from kanban.store.queries import Queries, Remembered, TicketView, add_costs
from kanban.store.tables import Approval, Artifact, BriefVersion, Comment, Event, Request, Run, Ticket

if TYPE_CHECKING:
    from kanban.service.policy import Explained  # which only one command needs


def ticket_as_json(view: TicketView, locate: Callable[[Artifact], str]) -> dict[str, Any]:
    """A ticket with all that belongs to it; `locate` says where a file is."""
    return {
        **ticket_as_line(view.ticket),
        "depends_on": view.depends_on,
        "brief": view.brief.model_dump(mode="json") if view.brief else None,
        "body": view.body,
        "runs": [run_as_json(run) for run in view.runs],
        "comments": [_comment(comment) for comment in view.comments],
        "artifacts": [_artifact(artifact, locate) for artifact in view.artifacts],
        "cost_usd": view.cost_usd,
    }


def ticket_as_line(ticket: Ticket) -> dict[str, Any]:
    """What a ticket is and where it stands, without what belongs to it."""
    return {
        **_ticket_line(ticket),
        "explanation": ticket.explanation,
        "parent_id": ticket.parent_id,
        "priority": ticket.priority,
        "kind": ticket.kind,
        "summary": ticket.summary,
        "created_by": ticket.created_by,
        "created_at": as_time(ticket.created_at),
        "updated_at": as_time(ticket.updated_at),
        "status_since": as_time(ticket.status_since),
        "archived": ticket.archived,
    }


# The keys of `ticket_as_line`, and with what belongs to a ticket those of `ticket_as_json`.
LINE_FIELDS = (
    *("id", "title", "status", "assignee", "block_reason", "request_id", "explanation", "parent_id", "priority"),
    *("kind", "summary", "created_by", "created_at", "updated_at", "status_since", "archived"),
)
TICKET_FIELDS = (*LINE_FIELDS, "depends_on", "brief", "body", "runs", "comments", "artifacts", "cost_usd")


def memory_as_json(kept: Remembered) -> dict[str, Any]:
    """What is kept, and whose it is."""
    return {
        "id": kept.id,
        "text": kept.text,
        "author": kept.author,
        "is_persons": kept.from_person,
        "run": kept.run_id,
        "created_at": as_time(kept.created_at),
    }


def costs_as_json(line: Line) -> dict[str, Any]:
    """A line of the ledger; its cost is null when a price is missing, and `priced_usd` is what is known of it."""
    return {**asdict(line), "cost_usd": line.whole_cost, "priced_usd": line.cost_usd}


def run_as_json(run: Run) -> dict[str, Any]:
    """One run; its cost is null when the price of any part of it is not known."""
    return {
        "id": run.id,
        "ticket_id": run.ticket_id,
        "request_id": run.request_id,
        "purpose": run.purpose,
        "profile": run.profile,
        "model": run.model,
        "outcome": run.outcome,
        "turns": run.turns,
        "started_at": as_time(run.started_at),
        "ended_at": as_time(run.ended_at),
        "activity_at": as_time(run.activity_at),
        "prompt_tokens": run.prompt_tokens,
        "cached_tokens": run.cached_tokens,
        "completion_tokens": run.completion_tokens,
        "reasoning_tokens": run.reasoning_tokens,
        "cost_usd": add_costs([run]),
        "error": run.error,
        "route_reason": run.route_reason,
        "pid": run.pid,
    }


def request_as_json(request: Request, queries: Queries) -> dict[str, Any]:
    """What was asked, where its tickets stand, the answer once there is one, and what it all cost."""
    return {
        "id": request.id,
        "conversation_id": request.conversation_id,
        "words": request.words,
        "status": request.status,
        "tickets": [_ticket_line(ticket) for ticket in queries.tickets_of_request(request.id)],
        "answer": request.answer,
        "created_at": as_time(request.created_at),
        "answered_at": as_time(request.answered_at),
        "cost_usd": add_costs(queries.runs_of_request(request.id)),
    }


def approval_as_json(approval: Approval) -> dict[str, Any]:
    """One exact call that waits, or waited, for the person."""
    return {
        "id": approval.id,
        "ticket_id": approval.ticket_id,
        "run_id": approval.run_id,
        "tool": approval.tool,
        "host": host_of_call(approval),
        "arguments": read_arguments(approval),
        "why": approval.why,
        "status": approval.status,
        "reason": approval.reason,
        "created_at": as_time(approval.created_at),
        "decided_at": as_time(approval.decided_at),
        "granted_until": as_time(approval.granted_until),
    }


def event_as_json(event: Event) -> dict[str, Any]:
    """One row of the log."""
    return {
        "id": event.id,
        "at": as_time(event.at),
        "actor": event.actor,
        "verb": event.verb,
        "ticket_id": event.ticket_id,
        "request_id": event.request_id,
        "run_id": event.run_id,
        "old_status": event.old_status,
        "new_status": event.new_status,
        "why": event.why,
    }


def version_as_json(version: BriefVersion) -> dict[str, Any]:
    """One version of a ticket's body."""
    return {
        "version": version.version,
        "author": version.author,
        "created_at": as_time(version.created_at),
        "brief": json.loads(version.brief) if version.brief else None,
        "body": version.body,
    }


def findings_as_json(findings: list[Finding]) -> list[dict[str, Any]]:
    """What is vague or missing."""
    return [found.model_dump(mode="json") for found in findings]


def route_as_json(route: Route) -> dict[str, Any]:
    """Where a ticket goes, and every rule that was tried."""
    return {
        "action": route.action,
        "profile": route.profile,
        "block_reason": route.block_reason,
        "why": route.why,
        "trials": [vars(trial) for trial in route.trials],
    }


def _ticket_line(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "title": ticket.title,
        "status": ticket.status,
        "assignee": ticket.assignee,
        "block_reason": ticket.block_reason,
        "request_id": ticket.request_id,
    }


def _comment(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "author": comment.author,
        "run_id": comment.run_id,
        "text": comment.text,
        "created_at": as_time(comment.created_at),
    }


def _artifact(artifact: Artifact, locate: Callable[[Artifact], str]) -> dict[str, Any]:
    return {
        "id": artifact.id,
        "run_id": artifact.run_id,
        "name": artifact.name,
        "path": locate(artifact),
        "kind": artifact.kind,
        "size": artifact.size,
        "sha256": artifact.sha256 or None,
        "created_at": as_time(artifact.created_at),
    }


def explained_as_json(found: "Explained") -> dict[str, Any]:
    """What the gate says of a command, of each part of it, and what counts as the ticket's own."""
    return {
        "verdict": found.decision.verdict,
        "tier": found.decision.tier,
        "why": found.decision.why,
        "commands": [vars(each) for each in found.judged],
        "scope": {
            "paths": {host: list(named) for host, named in found.scope.paths.items()},
            "services": sorted(found.scope.services),
        },
    }
