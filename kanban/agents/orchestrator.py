"""Ginger's runs: she talks with the person, writes briefs for what is in triage, and gives the one answer."""

from dataclasses import replace
from datetime import UTC, datetime

from kanban.agents.context import Context
from kanban.agents.describe import shorten
from kanban.agents.news import write_news
from kanban.agents.prompts import untrusted
from kanban.agents.toolbox import make_orchestrator_toolbox
from kanban.domain.message import Message, Role
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.rubric import Rubric
from kanban.domain.ticket import BlockReason
from kanban.domain.transcript import NEWS
from kanban.store.queries import TicketView


def talk(context: Context, words: str) -> Ending:
    """One exchange of a conversation: the person's words in, Ginger's words out; she may file tickets meanwhile."""
    said = Message(Role.USER, words, name=NEWS)
    loop = context.make_loop(make_orchestrator_toolbox(context))
    system = Message(Role.SYSTEM, context.prompts.render("ginger_chat", **describe_board(context)))
    begun = context.run.transcript_of is None
    news = [] if begun else _answers_given_meanwhile(context)
    return loop.run([system], [*news, said])


def decompose(context: Context) -> Ending:
    """Write the brief of a ticket that was put to Ginger, or split it."""
    assert context.run.ticket_id is not None
    view = context.queries.view_ticket(context.run.ticket_id)
    request_id = view.ticket.request_id
    system = context.prompts.render(
        "ginger_decompose",
        **describe_board(context),
        number=view.ticket.id,
        title=view.ticket.title,
        body=view.body,
        request_words=context.queries.get_request(request_id).words if request_id else view.body,
        why=view.ticket.explanation or "it was put to you",
    )
    loop = context.make_loop(make_orchestrator_toolbox(context), "split", "ask_user")
    opening = [Message(Role.SYSTEM, system), Message(Role.USER, "Write or split it now.")]
    return count_mere_words(loop.run(opening, write_news(context, view)))


def synthesize(context: Context) -> Ending:
    """Weave what the tickets of a request came to into one answer."""
    assert context.run.request_id is not None
    request = context.queries.get_request(context.run.request_id)
    views = [context.queries.view_ticket(ticket.id) for ticket in context.queries.tickets_of_request(request.id)]
    system = context.prompts.render(
        "ginger_synthesize", request_words=request.words, tickets=[_summarize(view) for view in views]
    )
    loop = context.make_loop(make_orchestrator_toolbox(context), "answer")
    return count_mere_words(loop.run([Message(Role.SYSTEM, system), Message(Role.USER, "Write the answer now.")]))


def count_mere_words(ending: Ending) -> Ending:
    """Words alone leave the board as it was: a run that ended so has failed, or it would be started for ever."""
    mere_words = ending.outcome is Outcome.BLOCKED and ending.block_reason is BlockReason.OTHER
    return replace(ending, outcome=Outcome.FAILED) if mere_words else ending


def describe_board(context: Context) -> dict[str, object]:
    """What the prompts of every kind of run of Ginger's tell of profiles, hosts, rubric and memories."""
    return {
        "profile": context.profile,
        "profiles": list(context.profiles.values()),
        "hosts": context.hosts.hosts,
        "rubric_summary": summarize_rubric(context.rubric),
        "memories": [memory.text for memory in context.queries.recall("")],
        "today": datetime.fromtimestamp(context.clock(), UTC).strftime("%A, %d %B %Y"),
    }


def _answers_given_meanwhile(context: Context) -> list[Message]:
    """Answers to earlier requests of this conversation, which were written in runs of their own."""
    assert context.run.transcript_of is not None
    known = "\n".join(message.content for message in context.records.read_transcript(context.run.transcript_of))
    told = [
        f"Request {request.id} was answered:\n{request.answer}"
        for request in context.queries.requests_of_conversation(context.run.transcript_of)
        if request.answer and f"Request {request.id} was answered:" not in known and request.answer not in known
    ]
    return [Message(Role.USER, untrusted("\n\n".join(told), "answers given meanwhile"))] if told else []


def summarize_rubric(rubric: Rubric) -> str:
    """The rules and boundaries, a line each."""
    rules = [
        f"- {rule.name} ({', '.join(rule.when.category) or 'any category'}): {rule.reason} → {rule.assign}"
        for rule in rubric.rules
    ]
    never = [f"- never {', '.join(limit.profiles)}: {limit.reason}" for limit in rubric.boundaries]
    return "\n".join([*rules, *never])


def _summarize(view: TicketView) -> dict[str, object]:
    ticket = view.ticket
    return {
        "number": ticket.id,
        "title": ticket.title,
        "status": ticket.status,
        "assignee": ticket.assignee,
        "summary": shorten(ticket.summary or ticket.explanation),
        "evidence": [shorten(comment.text) for comment in view.comments[-3:]],
        "artifacts": [artifact.path for artifact in view.artifacts if artifact.kind != "output"],
        "cost": view.cost_usd,
        "block_reason": ticket.block_reason,
    }
