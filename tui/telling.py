"""What there is to say about a ticket, as lines."""

import time
from collections.abc import Sequence
from pathlib import Path

from kanban.agents.receipts import format_cost
from kanban.domain.message import Message, Role
from kanban.domain.showing import show_line, show_span, show_tokens, spell_arguments
from kanban.domain.ticket import BlockReason, Status
from kanban.service.explain import Explanation
from kanban.service.views import Artifact, BriefVersion, Comment, Event, Run, TicketView, add_costs
from kanban.trust.fences import without_fences
from tui.lines import Line, lines_of

LONGEST_MESSAGE = 4_000  # characters of one message that are shown
TAIL_BYTES = 256_000

NOTHING = Line("nothing yet", "faint")


def tell_facts(view: TicketView, now: float) -> list[Line]:
    """Where the ticket stands, on one line, and below it why it is stuck."""
    ticket = view.ticket
    facts = [
        f"{ticket.status}{f' ({ticket.block_reason})' if ticket.block_reason else ''} "
        f"for {show_span(now - ticket.status_since)}",
        ticket.assignee or "the rubric decides who takes it",
    ]
    facts += [f"request {ticket.request_id}"] if ticket.request_id is not None else []
    facts += [f"part of #{ticket.parent_id}"] if ticket.parent_id is not None else []
    facts += [f"after {', '.join(f'#{needed}' for needed in view.depends_on)}"] if view.depends_on else []
    facts += [f"priority {ticket.priority}"] if ticket.priority else []
    facts += [format_cost(view.cost_usd)] if view.runs else []
    told = [Line(" · ".join(facts), "faint")]
    if ticket.explanation and ticket.status in (Status.BLOCKED, Status.STALE, Status.TRIAGE):
        mine = ticket.block_reason in (BlockReason.NEEDS_INPUT, BlockReason.NEEDS_APPROVAL)
        told.append(Line(show_line(ticket.explanation)[:600], "waits" if mine else "bad"))
    return told


def tell_version(version: BriefVersion, count: int, now: float) -> str:
    """Which version of a brief this is, as Markdown."""
    age = show_span(now - version.created_at)
    return (
        f"*version {version.version} of {count}, by {show_line(version.author)} {age} ago; [ and ] for the others*\n\n"
    )


def tell_timeline(events: Sequence[Event]) -> list[Line]:
    """The events of a ticket, newest first."""
    told = []
    for event in reversed(events):
        moved = f" {event.old_status or 'new'} → {event.new_status}" if event.new_status else ""
        run = f" (run {event.run_id})" if event.run_id else ""
        told.append(Line(f"{tell_time(event.at)}  {show_line(event.actor)} {event.verb}{moved}{run}", _ink_of(event)))
        told += [Line(f"    {line.text}", "faint") for line in lines_of(event.why)] if event.why else []
    return told or [NOTHING]


def tell_runs(runs: Sequence[Run], now: float) -> list[Line]:
    """The runs of a ticket, newest first."""
    told: list[Line] = []
    for run in reversed(runs):
        took = show_span((run.ended_at or now) - run.started_at)
        ink = "strong" if run.outcome is None else "good" if run.outcome == "done" else "bad"
        told.append(Line(f"run {run.id}  {run.purpose} by {run.profile}: {run.outcome or 'running'}", ink))
        spent = f"{run.turns} turns, {format_cost(add_costs([run]))}, {run.model}"
        told.append(Line(f"    {tell_time(run.started_at)}, {took}, {spent}", "faint"))
        if run.turns:
            tokens = show_tokens(run.prompt_tokens, run.cached_tokens, run.completion_tokens)
            told.append(Line(f"    {tokens}", "faint"))
        told += lines_of(run.error, "plain", "    ") if run.error else []
        told += [Line(f"    why {run.profile}: {show_line(run.route_reason)}", "faint")] if run.route_reason else []
    return told or [NOTHING]


def tell_comments(comments: Sequence[Comment], now: float) -> list[Line]:
    """The notes on a ticket, newest first."""
    told: list[Line] = []
    for comment in reversed(comments):
        run = f" in run {comment.run_id}" if comment.run_id else ""
        told.append(Line(f"{show_line(comment.author)}{run}, {show_span(now - comment.created_at)} ago", "strong"))
        told += [*lines_of(comment.text[:LONGEST_MESSAGE], "plain", "  "), Line("")]
    return told or [NOTHING]


UNCHECKED = "unchecked: no check shows that it is done, and no checker has looked at it"


def tell_checks(events: Sequence[Event], is_unchecked: bool) -> list[Line]:
    """The last result of each check; of a ticket that is said to be done without any, that."""
    last = {event.why: event for event in events if event.verb in ("check_passed", "check_failed")}
    told = []
    for check, event in last.items():
        passed = event.verb == "check_passed"
        mark, ink = ("✓ passed", "good") if passed else ("✗ failed", "bad")
        told += [Line(f"{mark}  {tell_time(event.at)}", ink), *lines_of(check, "plain", "    ")]
    if is_unchecked:
        return [Line(UNCHECKED, "bad"), *told]
    return told or [Line("no check was run yet", "faint")]


def tell_transcript(messages: Sequence[Message]) -> list[Line]:
    """What model and tools said to each other."""
    told: list[Line] = []
    for message in messages:
        head = f"▎{message.role}{f' {message.name}' if message.name else ''}"
        told.append(Line(show_line(head), "mine" if message.role is Role.ASSISTANT else "strong"))
        text = without_fences(message.content) if message.role is Role.TOOL else message.content
        ink = "faint" if message.role is Role.TOOL else "plain"
        if text:
            told += lines_of(text[:LONGEST_MESSAGE].rstrip(), ink, "  ")
        if len(text) > LONGEST_MESSAGE:
            told.append(Line(f"  … {len(text) - LONGEST_MESSAGE:,} more characters", "faint"))
        told += [
            Line(f"  → {call.name} {show_line(call.arguments[:LONGEST_MESSAGE])}", "good") for call in message.calls
        ]
        told.append(Line(""))
    return told or [NOTHING]


def tell_log(file: Path) -> list[Line]:
    """The last part of a run's log."""
    try:
        with file.open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(0, size - TAIL_BYTES))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return [Line("this run has written no log yet", "faint")]
    cut = [Line(f"… {size - TAIL_BYTES:,} bytes before this: {file}", "faint")] if size > TAIL_BYTES else []
    return [*cut, *lines_of(text.rstrip("\n"))]


def tell_why(explanation: Explanation) -> list[Line]:
    """Why a ticket is where it is, and what the person can do."""
    told = [*lines_of(explanation.state, "strong"), Line("")]
    for part in (explanation.waits_for, explanation.happens_next):
        told += [*lines_of(part), Line("")] if part else []
    ways = explanation.ways_on
    return [*told, *([Line("You can:", "strong")] if ways else []), *(Line(f"  {way}", "good") for way in ways)]


def tell_artifact(artifact: Artifact, file: Path) -> list[Line]:
    """What an artifact holds, when it is text that is here."""
    head = Line(f"{artifact.kind}, {artifact.size:,} bytes, from run {artifact.run_id}", "faint")
    try:
        with file.open("rb") as opened:
            raw = opened.read(TAIL_BYTES)
    except OSError:
        return [head, Line("it is not on this machine", "faint")]
    if b"\0" in raw:
        return [head, Line("it is no text; y copies its path, to open it elsewhere", "faint")]
    return [head, Line(""), *lines_of(raw.decode("utf-8", "replace"))]


def tell_arguments(arguments: object) -> list[Line]:
    """Each argument of a call. The gutter keeps a value from looking like another argument."""
    told: list[Line] = []
    for name, lines in spell_arguments(arguments):
        told += [Line(name, "strong"), *(Line(line, gutter="  │ ") for line in lines)]
    return told


def tell_time(at: float) -> str:
    """A time, here."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _ink_of(event: Event) -> str:
    if event.verb == "check_failed" or event.new_status in (Status.BLOCKED, Status.STALE, Status.CANCELLED):
        return "bad"
    return "good" if event.verb == "check_passed" or event.new_status == Status.DONE else "plain"
