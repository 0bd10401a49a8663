"""Ginger's runs: she talks with the person, writes briefs for what is in triage, and gives the one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kanban.agents.context import Context
from kanban.agents.describe import shorten
from kanban.agents.news import list_notes, name_guides, write_news
from kanban.agents.privacy import hide_answer, hide_private
from kanban.agents.situation import describe_board, tell_changes, tell_situation
from kanban.agents.toolbox import make_toolbox
from kanban.domain.message import Message, Role
from kanban.domain.outcome import CONTINUED, Ending, Outcome
from kanban.domain.ticket import BlockReason
from kanban.domain.transcript import NEWS
from kanban.store.queries import TicketView
from kanban.trust.fences import untrusted


def talk(context: Context, words: str, *, goes_on: bool = False) -> Ending:
    """One exchange of a conversation: the person's words in, Ginger's words out; she may file tickets meanwhile.

    `goes_on`: her transcript holds the words already, and ends with what she did about them.
    """
    said = Message(Role.USER, words, name=NEWS)
    loop = context.make_loop(make_toolbox(context))
    board = describe_board(context)
    system = Message(Role.SYSTEM, context.prompts.render("ginger_chat", **board))
    news = [] if goes_on else [*_tell_what_is_new(context, board), said]
    return loop.run([system, tell_situation(context, board)], news)


def take_over(context: Context) -> Ending:
    """Finish an exchange that broke off; the person is told the answer."""
    assert context.run.request_id is not None
    request = context.store.queries.get_request(context.run.request_id)
    last = context.store.queries.last_talk(request.id, before=context.run_id)
    goes_on = last is not None and last.outcome in CONTINUED and context.store.queries.broke_off_after_words(request)
    ending = talk(context, request.words, goes_on=goes_on)
    if ending.outcome is Outcome.DONE:
        context.store.requests.answer_directly(
            request.id, ending.explanation, context.caller, context.clock(), tell_person=True
        )
    return ending


def decompose(context: Context) -> Ending:
    """Write the brief of a ticket that was put to Ginger, or split it."""
    assert context.run.ticket_id is not None
    view = context.store.queries.view_ticket(context.run.ticket_id)
    request_id = view.ticket.request_id
    guides = name_guides(context)
    values = describe_board(context) | {
        "number": view.ticket.id,
        "title": view.ticket.title,
        "body": view.body,
        "author": view.versions[-1].author,
        "guides": guides,
        "request_words": context.store.queries.get_request(request_id).words if request_id else "",
        "why": view.ticket.explanation or "it was put to you",
    }
    loop = context.make_loop(make_toolbox(context), "split", "ask_user")
    opening = write_opening(context, "ginger_decompose", "ginger_decompose_ticket", values)
    news = write_news(context, view)
    return count_mere_words(loop.run(opening, [*(_tell_what_is_new(context, values) if news else []), *news]))


def synthesize(context: Context) -> Ending:
    """Weave what the tickets of a request came to into one answer."""
    assert context.run.request_id is not None
    request = context.store.queries.get_request(context.run.request_id)
    views = [
        context.store.queries.view_ticket(ticket.id) for ticket in context.store.queries.tickets_of_request(request.id)
    ]
    values: dict[str, object] = {
        "profile": context.profile,
        "request_words": request.words,
        "tickets": [_summarize(context, view) for view in views],
    }
    loop = context.make_loop(make_toolbox(context), "answer")
    system = context.prompts.render("ginger_synthesize", **values)
    asked = context.prompts.render("ginger_synthesize_request", **values)
    return count_mere_words(loop.run([Message(Role.SYSTEM, system), Message(Role.USER, asked)]))


def write_opening(context: Context, system: str, asked: str, values: Mapping[str, object]) -> list[Message]:
    """A constant prompt, the board as it is, and what is asked of this run, each after what changes less often."""
    return [
        Message(Role.SYSTEM, context.prompts.render(system, **values)),
        tell_situation(context, values),
        Message(Role.USER, context.prompts.render(asked, **values)),
    ]


def count_mere_words(ending: Ending) -> Ending:
    """Words alone leave the board as it was: a run that ended so has failed, or it would be started for ever."""
    mere_words = ending.outcome is Outcome.BLOCKED and ending.block_reason is BlockReason.OTHER
    return replace(ending, outcome=Outcome.FAILED) if mere_words else ending


def _tell_what_is_new(context: Context, board: Mapping[str, object]) -> list[Message]:
    """What a transcript that goes on does not tell yet; a new one tells everything at its beginning."""
    if context.run.transcript_of is None:
        return []
    transcript = context.store.records.read_transcript(context.run.transcript_of)
    return [*tell_changes(context, board, transcript), *_tell_answers(context, transcript)]


def _tell_answers(context: Context, transcript: Sequence[Message]) -> list[Message]:
    """Answers to earlier requests of this conversation, which were written in runs of their own."""
    assert context.run.transcript_of is not None
    known = "\n".join(message.content for message in transcript)
    told = [
        f"Request {request.id} was answered:\n{hide_answer(context, request)}"
        for request in context.store.queries.requests_of_conversation(context.run.transcript_of)
        if request.answer and f"Request {request.id} was answered:" not in known and request.answer not in known
    ]
    return [Message(Role.USER, untrusted("\n\n".join(told), "answers given meanwhile"))] if told else []


def _summarize(context: Context, whole: TicketView) -> dict[str, object]:
    view = hide_private(context, whole)
    ticket = view.ticket
    return {
        "number": ticket.id,
        "title": ticket.title,
        "status": ticket.status,
        "assignee": ticket.assignee,
        "summary": shorten(ticket.summary or ticket.explanation),
        "evidence": [(author, shorten(text)) for author, text in list_notes(context, view, view.comments[-3:])],
        "artifacts": [artifact.path for artifact in view.artifacts if artifact.kind != "output"],
        "cost": view.cost_usd,
        "block_reason": ticket.block_reason,
    }
