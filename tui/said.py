"""What was said in a conversation, as entries: words, calls, tickets that were filed, answers and failures."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from kanban.app import App
from kanban.domain.message import Message, Role, ToolCall
from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.showing import show_line
from kanban.domain.tool import ToolStatus
from kanban.domain.transcript import NEWS
from kanban.service.views import Request, Run, Ticket
from kanban.trust.fences import without_fences

PAST_REQUESTS = 20  # of a conversation that are shown when it is gone on with
LONGEST_CALL = 120  # characters of one line about a call
LONGEST_VALUE = 60
LONGEST_REASON = 160


class Kind(StrEnum):
    HEAD = "head"  # who speaks
    YOURS = "yours"
    HERS = "hers"
    CALL = "call"
    FILED = "filed"
    ANSWER = "answer"
    FAILED = "failed"


@dataclass(frozen=True)
class Entry:
    """One thing that was said or done. `done` of a call is None as long as it has no answer."""

    kind: Kind
    text: str
    ticket_id: int | None = None
    call_id: str = ""
    done: bool | None = None


@dataclass(frozen=True)
class Past:
    """A conversation as the board knows it; `awaited` are the requests whose answer is still to come."""

    conversation_id: int | None = None
    last_request: int = 0
    entries: list[Entry] = field(default_factory=list)
    awaited: list[int] = field(default_factory=list)


def read_past(kanban: App, after: int = 0, conversation_id: int | None = None) -> Past:
    """What was said after request `after`, in the conversation that was spoken in last unless another is named.

    A request that some process speaks about right now is left for later.
    """
    found = conversation_id or kanban.store.queries.last_conversation()
    if found is None:
        return Past()
    requests = kanban.store.queries.requests_of_conversation(found)
    blocks = _split_transcript(kanban.store.queries.transcript(kanban.store.queries.get_run(found)), requests)
    past = Past(found, after)
    for request, block in list(zip(requests, blocks, strict=True))[-PAST_REQUESTS:]:
        if request.id <= after:
            continue
        talks = [run for run in kanban.store.queries.runs_of_request(request.id) if run.purpose == Purpose.CHAT]
        if talks and talks[-1].ended_at is None and talks[-1].lease_until > kanban.clock():
            break
        past.entries.extend(_tell_request(kanban, request, talks, block))
        past = replace(past, last_request=request.id)
        if request.status == "working" or request.talk_due:
            past.awaited.append(request.id)
    return past


def read_answers(kanban: App, awaited: Sequence[int]) -> dict[int, list[Entry]]:
    """The answers that have come, by request."""
    requests = [kanban.store.queries.get_request(number) for number in awaited]
    return {request.id: list(tell_answer(request)) for request in requests if request.status == "answered"}


def tell_answer(request: Request) -> Iterator[Entry]:
    """An answer that was woven from what the tickets came to."""
    yield Entry(Kind.HEAD, f"the answer to request {request.id}")
    yield Entry(Kind.ANSWER, (request.answer or "").strip())


def tell_filed(tickets: Sequence[Ticket]) -> list[Entry]:
    """The receipts of an exchange."""
    return [tell_ticket(ticket.id, ticket.status, ticket.title, ticket.assignee) for ticket in tickets]


def tell_ticket(ticket_id: int, status: str, title: str, assignee: str | None) -> Entry:
    """A ticket, as the receipt that it is."""
    return Entry(Kind.FILED, f"#{ticket_id} {status:<8} {show_line(title)}  ({assignee or 'anyone'})", ticket_id)


def tell_call(call: ToolCall) -> Entry:
    """A call that is under way, with what it is about."""
    return Entry(Kind.CALL, f"{call.name} {_summarize(call.arguments)}".rstrip()[:LONGEST_CALL], call_id=call.id)


def answer_call(entry: Entry, answer: Message) -> Entry:
    """The call once it has its answer; a failed one says why."""
    failed = answer.status is not ToolStatus.OK
    why = f"\n{show_line(without_fences(answer.content))[:LONGEST_REASON]}" if failed else ""
    return replace(entry, text=entry.text + why, done=not failed)


def _summarize(arguments: str) -> str:
    try:
        data = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return show_line(arguments)
    values = data.items() if isinstance(data, dict) else [("", data)]
    return " · ".join(_shorten(name, value) for name, value in values if value not in (None, "", []))


def _shorten(name: str, value: object) -> str:
    if isinstance(value, list):
        titles = [str(item["title"]) for item in value if isinstance(item, dict) and "title" in item]
        told = ", ".join(titles) if titles else f"{len(value)} {name}"
    elif isinstance(value, dict):
        told = name
    else:
        told = str(value)
    told = show_line(told)
    return told if len(told) <= LONGEST_VALUE else f"{told[: LONGEST_VALUE - 1]}…"


def _split_transcript(transcript: Sequence[Message], requests: Sequence[Request]) -> list[list[Message]]:
    """What followed the words of each request; nothing for one whose words were never sent."""
    blocks: list[list[Message]] = [[] for _ in requests]
    current = -1
    for message in transcript:
        if message.role is Role.USER and message.name == NEWS:
            sent = (n for n in range(current + 1, len(requests)) if requests[n].words == message.content)
            current = next(sent, current)
        elif current >= 0 and message.role in (Role.ASSISTANT, Role.TOOL):
            blocks[current].append(message)
    return blocks


def _tell_request(kanban: App, request: Request, talks: Sequence[Run], block: Sequence[Message]) -> Iterator[Entry]:
    """One request with all that came of it."""
    tickets = kanban.store.queries.tickets_of_request(request.id)
    yield Entry(Kind.HEAD, "you")
    yield Entry(Kind.YOURS, request.words.strip())
    for run in talks[-1:]:
        yield Entry(Kind.HEAD, run.profile)
        said = list(_tell_block(block))
        yield from said
        if request.answer and not tickets and request.answer.strip() not in (entry.text for entry in said):
            yield Entry(Kind.HERS, request.answer.strip())  # a question that she asked by a call
        yield from tell_filed(tickets)
        if run.outcome != Outcome.DONE:
            yield Entry(Kind.FAILED, f"could not finish ({run.outcome or 'its process is gone'}): {run.error}")
    if tickets and request.status == "answered":
        yield from tell_answer(request)


def _tell_block(block: Sequence[Message]) -> Iterator[Entry]:
    answers = {message.call_id: message for message in block if message.role is Role.TOOL}
    for message in block:
        if message.role is Role.ASSISTANT and message.content.strip():
            yield Entry(Kind.HERS, message.content.strip())
        for call in message.valid_calls:
            entry = tell_call(call)
            yield answer_call(entry, answers[call.id]) if call.id in answers else entry
