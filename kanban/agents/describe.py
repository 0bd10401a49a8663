"""Tickets, profiles and hosts in words for a model. Bounded, and fenced where others wrote them."""

from collections.abc import Iterable, Mapping

from kanban.agents.prompts import oneline, untrusted
from kanban.domain.host import Hosts
from kanban.domain.profile import Profile
from kanban.domain.ticket import DEFAULT_ASSIGNEE
from kanban.store.queries import TicketView
from kanban.store.tables import Comment, Run, Ticket

SHOWN_COMMENTS = 20
SHOWN_RUNS = 8
SHOWN_ARTIFACTS = 20
SHOWN_TEXT = 4_000


def describe_line(ticket: Ticket) -> str:
    """One line for a list, whatever the title holds."""
    reason = f" ({ticket.block_reason})" if ticket.block_reason else ""
    return f"#{ticket.id} [{ticket.status}{reason}] {ticket.assignee or 'unassigned'}: {oneline(ticket.title)}"


def describe_ticket(view: TicketView) -> str:
    """A ticket with its brief, history, comments and artifacts."""
    ticket = view.ticket
    parts = [describe_line(ticket), untrusted(shorten(view.body), f"the body of ticket {ticket.id}")]
    if ticket.explanation:
        parts.append(untrusted(shorten(ticket.explanation), f"why ticket {ticket.id} is {ticket.status}"))
    if view.depends_on:
        parts.append("waits for " + ", ".join(f"#{needed}" for needed in view.depends_on))
    history = [describe_run(run) for run in view.runs[-SHOWN_RUNS:]]
    history += [f"artifact: {artifact.path}" for artifact in view.artifacts[-SHOWN_ARTIFACTS:]]
    if history:
        parts.append(untrusted(history, f"the runs of ticket {ticket.id}"))
    parts += [describe_comment(comment) for comment in view.comments[-SHOWN_COMMENTS:]]
    return "\n".join(parts)


def describe_run(run: Run) -> str:
    """How a run went, in one line."""
    error = f": {shorten(run.error, 300)}" if run.error else ""
    return f"run {run.id} ({run.purpose}) by {run.profile}: {run.outcome or 'running'}, {run.turns} turns{error}"


def describe_comment(comment: Comment) -> str:
    """A comment, fenced."""
    return untrusted(shorten(comment.text), f"a comment by {comment.author} on ticket {comment.ticket_id}")


def describe_profiles(profiles: Mapping[str, Profile]) -> str:
    """What each profile is for."""
    lines = [
        f"- {profile.name} ({profile.role}, {profile.model}, {profile.max_turns} turns): "
        f"{profile.about.strip() or 'no description'} Can: {', '.join(profile.capabilities) or 'anything of its role'}."
        for profile in profiles.values()
    ]
    return "\n".join([*lines, f"- {DEFAULT_ASSIGNEE}: no profile; you will be asked to split or route the ticket"])


def describe_hosts(hosts: Hosts) -> str:
    """What each host is for and the paths worth knowing there."""
    lines = ["- local: this machine; relative paths are in the run's own workspace"]
    for name, host in hosts.hosts.items():
        lines.append(f"- {name}: {host.about.strip() or 'no description'}")
        lines += [f"  - {path}: {about}" for path, about in host.paths.items()]
    return "\n".join(lines)


def shorten(text: str, limit: int = SHOWN_TEXT) -> str:
    """Text of at most `limit` characters: its beginning and its end."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[{len(text) - limit} characters left out]\n{text[-half:]}"


def list_lines(lines: Iterable[str], empty: str) -> str:
    """Lines joined, or a word for none."""
    return "\n".join(lines) or empty
