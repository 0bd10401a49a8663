"""What is known of a stuck ticket: how its runs went, what the last one did, and whether its hosts answer."""

from collections import Counter
from collections.abc import Sequence

from kanban.agents.context import Context
from kanban.agents.describe import describe_ticket, shorten, tell_turns
from kanban.domain.brief import LOCAL
from kanban.domain.message import Message
from kanban.domain.outcome import Purpose
from kanban.errors import KanbanError
from kanban.store.queries import TicketView
from kanban.trust.fences import untrusted

SHOWN_EVENTS = 15
HOST_SECONDS = 5.0


def gather_evidence(context: Context, view: TicketView) -> str:
    """The diagnostic pack of a ticket, fenced and bounded: state, last turns, repeated calls, events, hosts."""
    parts = [describe_ticket(view)]
    last = context.store.queries.last_run(view.ticket.id, Purpose.WORK)
    if last is not None:
        transcript = context.store.queries.transcript(last)
        parts.append(
            f"The last run, {last.id}, ended as {last.outcome} after {last.turns} turns; its last activity was "
            f"{(last.ended_at or last.activity_at) - last.activity_at:.0f} s before its end."
        )
        parts.append(untrusted(tell_turns(transcript), f"the last turns of run {last.id}"))
        parts += _tell_repeats(transcript)
    for worrell in context.store.queries.investigations(view.ticket.id):
        found = shorten(worrell.verdict or worrell.explanation or "nothing yet")
        parts.append(untrusted(found, f"the investigation #{worrell.id}, which is {worrell.status}"))
    events = context.store.queries.last_events(view.ticket.id, SHOWN_EVENTS)
    told = [
        f"{event.actor} {event.verb} {event.old_status or ''}→{event.new_status or ''} {event.why}" for event in events
    ]
    parts.append(untrusted(shorten("\n".join(told)), "what happened to the ticket lately"))
    parts += [_try_host(context, host) for host in _hosts_of(view)]
    return "\n\n".join(parts)


def _tell_repeats(transcript: Sequence[Message]) -> list[str]:
    calls = Counter((call.name, call.arguments) for message in transcript for call in message.valid_calls)
    repeated = [(count, name, arguments) for (name, arguments), count in calls.items() if count > 2]
    if not repeated:
        return []
    told = "\n".join(f"{count} × {name} {shorten(arguments, 300)}" for count, name, arguments in sorted(repeated)[-5:])
    return [untrusted(told, "calls that were made again and again")]


def _hosts_of(view: TicketView) -> list[str]:
    targets = view.brief.targets if view.brief else []
    return sorted({target.host for target in targets} - {LOCAL})


def _try_host(context: Context, host: str) -> str:
    try:
        result = context.workshop.run(host, "true", HOST_SECONDS)
    except KanbanError as error:
        return untrusted(f"{error}", f"a try to reach host {host}: it failed")
    return f"Host {host} answers." if result.exit_status == 0 else f"Host {host} lets nobody run a command."
