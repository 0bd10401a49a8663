"""Tickets, profiles and hosts in words for a model. Bounded, and fenced where others wrote them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import dropwhile, groupby

from kanban.domain.host import Hosts
from kanban.domain.message import Message, Role
from kanban.domain.profile import Profile
from kanban.domain.ticket import DEFAULT_ASSIGNEE, THE_PERSON
from kanban.domain.tool import Section
from kanban.store.queries import Remembered, TicketView
from kanban.store.tables import Comment, Run, Ticket
from kanban.trust.fences import fence, oneline, without_fences

SHOWN_COMMENTS = 20
SHOWN_RUNS = 8
SHOWN_ARTIFACTS = 20
LAST_MESSAGES = 12
SHOWN_MESSAGE = 1_200  # characters
SHOWN_TEXT = 4_000


def describe_line(ticket: Ticket) -> str:
    """One line for a list, whatever the title holds."""
    reason = f" ({ticket.block_reason})" if ticket.block_reason else ""
    return f"#{ticket.id} [{ticket.status}{reason}] {ticket.assignee or 'unassigned'}: {oneline(ticket.title)}"


def describe_ticket(view: TicketView) -> str:
    """A ticket in words for a prompt: every part in short, and the latest of what was done and said."""
    latest = replace(
        view,
        runs=view.runs[-SHOWN_RUNS:],
        artifacts=view.artifacts[-SHOWN_ARTIFACTS:],
        comments=view.comments[-SHOWN_COMMENTS:],
    )
    return "\n".join(fence(replace(part, text=shorten(part.text))) for part in list_parts(latest))


def list_parts(view: TicketView) -> list[Section]:
    """A ticket whole: its line, brief, state, history, and what was said, the newest first."""
    ticket = view.ticket
    parts = [Section(describe_line(ticket)), Section(view.body, f"the body of ticket {ticket.id}")]
    if ticket.explanation:
        parts.append(Section(ticket.explanation, f"why ticket {ticket.id} is {ticket.status}"))
    if view.depends_on:
        parts.append(Section("waits for " + ", ".join(f"#{needed}" for needed in view.depends_on)))
    history = [describe_run(run) for run in view.runs]
    history += [f"artifact: {artifact.path}" for artifact in view.artifacts]
    if history:
        parts.append(Section("\n".join(history), f"the runs of ticket {ticket.id}"))
    return parts + [_list_comment(comment) for comment in reversed(view.comments)]


def describe_run(run: Run) -> str:
    """How a run went, in one line."""
    error = f": {shorten(run.error, 300)}" if run.error else ""
    return f"run {run.id} ({run.purpose}) by {run.profile}: {run.outcome or 'running'}, {run.turns} turns{error}"


def _list_comment(comment: Comment) -> Section:
    label = f"a comment by {comment.author} on ticket {comment.ticket_id}"
    return Section(comment.text, label, counts=comment.author == THE_PERSON.name and comment.run_id is None)


def list_memories(memories: Iterable[Remembered]) -> list[Section]:
    """What was kept: first what the person said, then the notes of runs, each author in a fence of its own."""
    return [
        Section("\n".join(f"- {memory.text}" for memory in group), label, counts=label == _OF_THE_PERSON)
        for label, group in groupby(sorted(memories, key=_rank_memory), key=_label_memory)
    ]


_OF_THE_PERSON = "what the person said"


def _rank_memory(memory: Remembered) -> tuple[bool, str]:
    return not memory.from_person, memory.author


def _label_memory(memory: Remembered) -> str:
    return _OF_THE_PERSON if memory.from_person else f"notes of earlier runs by {memory.author}"


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


def tell_turns(transcript: Sequence[Message], last: int = LAST_MESSAGES, shown: int = SHOWN_MESSAGE) -> str:
    """What the last messages of a run said, called and got, `shown` characters of each, for a fence round it all."""
    lines = []
    played = list(
        dropwhile(lambda message: message.role is not Role.ASSISTANT, transcript)
    )  # its opening says nothing new
    for message in played[-last:]:
        made = "; ".join(f"{call.name} {shorten(call.arguments, 400)}" for call in message.valid_calls)
        calls = shorten(made, shown)
        who = f"{message.role} {message.name}".strip()
        said = without_fences(message.content) if message.role is Role.TOOL else message.content
        lines.append(f"{who}: {shorten(said, shown)}" + (f" [calls {calls}]" if calls else ""))
    return "\n".join(lines) or "(the run said nothing)"
