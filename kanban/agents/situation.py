"""What Ginger is told of the board beside her constant prompt: rubric, profiles, hosts, memories and the day.

It changes while a conversation goes on for days, so it never stands in the system message; what has changed since it
was told is told again before the person's next words.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from kanban.agents.context import Context
from kanban.domain.message import Message, Role
from kanban.domain.rubric import Condition, Rubric
from kanban.store.queries import Remembered

SITUATION = "situation"  # the name of the messages that tell it
SHOWN_MEMORIES = 20  # of the person's, and as many of all others
PARTS = ("_rubric", "_places", "_memories", "_today")  # what changes most often comes last


def describe_board(context: Context) -> dict[str, object]:
    """The values that the prompts of every kind of run of Ginger's are given."""
    return {
        "profile": context.profile,
        "profiles": list(context.in_force.profiles.values()),
        "hosts": context.in_force.hosts.hosts,
        "rubric_summary": summarize_rubric(context.in_force.rubric),
        "memories": recall_newest(context),
        "today": datetime.fromtimestamp(context.clock(), UTC).strftime("%A, %d %B %Y"),
    }


def recall_newest(context: Context) -> list[Remembered]:
    """The newest memories: the person's cannot be pushed out by however many notes of runs."""
    return [
        *context.store.queries.recall("", SHOWN_MEMORIES, persons=True),
        *context.store.queries.recall("", SHOWN_MEMORIES, persons=False),
    ]


def tell_situation(context: Context, board: Mapping[str, object]) -> Message:
    """All of it, for the beginning of a run; `board` as `describe_board` gave it."""
    return _make_message(context, _render_parts(context, board))


def tell_changes(context: Context, board: Mapping[str, object], transcript: Sequence[Message]) -> list[Message]:
    """The parts that are not as the transcript tells them; no message when nothing has changed."""
    told = [message.content for message in transcript if message.name == SITUATION]
    changed = [part for part in _render_parts(context, board) if not _is_known(part, told)]
    return [_make_message(context, changed)] if changed else []


def summarize_rubric(rubric: Rubric) -> str:
    """The rules and boundaries, a line each."""
    rules = [f"- {rule.name}: {_describe_condition(rule.when)} → {rule.assign}" for rule in rubric.rules]
    never = [f"- never {', '.join(limit.profiles)}: {limit.reason}" for limit in rubric.boundaries]
    return "\n".join([*rules, *never])


def _describe_condition(when: Condition) -> str:
    """What a brief can be written for; the words of a title decide only where it names no category."""
    kinds = ", ".join(when.category)
    bounds = when.model_copy(update={"category": [], "words": []}).describe()
    return "; ".join(part for part in (kinds, bounds) if part and part != "always") or "everything else"


def _render_parts(context: Context, board: Mapping[str, object]) -> list[str]:
    return [context.prompts.render(part, **board) for part in PARTS]


def _make_message(context: Context, parts: Sequence[str]) -> Message:
    return Message(Role.USER, context.prompts.render("situation", parts=parts), name=SITUATION)


def _is_known(part: str, told: Sequence[str]) -> bool:
    """Whether the last message that tells of this part tells it as it is now."""
    heading = part.partition("\n")[0]
    last = next((text for text in reversed(told) if heading in text), "")
    return part.strip() in last
