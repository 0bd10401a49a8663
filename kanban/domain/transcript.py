"""Looks at a transcript: pure, so that a run that goes on after a kill sees what the one before it saw."""

from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile

from kanban.domain.likeness import shape_of_text
from kanban.domain.message import MARKUP, Message, Role, Stop
from kanban.domain.tool import ToolStatus

# Names of messages that the board itself adds; a resumed run knows by them what it has said already.
WARNING = "turns_warning"
LOOPING = "looping_warning"
REMINDER = "ending_reminder"
NEWS = "news"
CUT_OFF = "cut_off"
UNUSABLE = "unusable_reply"
HANDOVER_ASKED = "handover_asked"
HANDOVER = "handover"

LONGEST_IDLE = 1_000  # characters of a call and its answer

Turn = tuple[tuple[str, str, str], ...]  # name, arguments and answer of each call

CUT_MARK = "\n\n[the reply was cut off here]"


def ends_with_words(transcript: Sequence[Message]) -> bool:
    """Whether the last entry is a reply that made no call that counts."""
    last = transcript[-1]
    return last.role is Role.ASSISTANT and not last.valid_calls


def count_turns(transcript: Sequence[Message]) -> int:
    """Turns since the run began or was last told to go on: a person's answer brings a new budget."""
    return sum(message.role is Role.ASSISTANT for message in since_news(transcript))


def was_warned(transcript: Sequence[Message]) -> bool:
    """Whether the model was told since the last news that its turns run out."""
    return any(message.name == WARNING for message in since_news(transcript))


def since_news(transcript: Sequence[Message]) -> list[Message]:
    """The entries after the last news, the newest first."""
    return list(takewhile(lambda message: message.name != NEWS, reversed(transcript)))


def was_said(transcript: Sequence[Message], name: str) -> bool:
    """Whether the board has said this since the model last made a call or was told news."""
    return count_said(transcript, name) > 0


def count_said(transcript: Sequence[Message], name: str) -> int:
    """How often the board has said this since the model last made a call or was told news."""
    return sum(message.name == name and message.role is Role.USER for message in _since_last_call(transcript))


def count_markup(transcript: Sequence[Message]) -> int:
    """How many calls of this transcript came as text, whether or not they could be read."""
    return sum(message.name == MARKUP for message in transcript)


def join_words(transcript: Sequence[Message]) -> str:
    """The words of the last reply; what was continued after it was cut off is joined, what ends cut off is marked."""
    parts: list[str] = []
    for message in reversed(transcript):
        if message.role is Role.ASSISTANT:
            if parts and message.stop is not Stop.CUT_OFF:
                break
            parts.append(message.content)
        elif message.name not in (CUT_OFF, UNUSABLE, WARNING):
            break
    mark = CUT_MARK if transcript[-1].stop is Stop.CUT_OFF else ""
    return "".join(reversed(parts)) + mark


def gather_words(transcript: Sequence[Message]) -> str:
    """All prose of a model that would not end: what it found may stand before the reminder, not after it."""
    words = [
        message.content
        for message in _since_last_call(transcript)
        if message.role is Role.ASSISTANT and message.content.strip()
    ]
    return "\n\n".join(reversed(words)) or "the model said nothing"


def count_repeats(transcript: Sequence[Message]) -> int:
    """How many turns in a row, up to the last, made the same calls and got the same answers."""
    return _count_equal(_tell_turns(transcript))


def count_idle(transcript: Sequence[Message], looking: Collection[str]) -> int:
    """How many turns in a row, up to the last, made like calls of `looking` tools and got like answers.

    What differs only in a number or a time is alike; long calls and answers are never taken for idle.
    """
    return _count_equal(_shape(turn, looking) for turn in _tell_turns(transcript))


def is_invalid(transcript: Sequence[Message]) -> bool:
    """Whether no call of the last turn could be read."""
    answers = list(takewhile(lambda message: message.role is Role.TOOL, reversed(transcript)))
    return bool(answers) and all(answer.status is ToolStatus.INVALID for answer in answers)


def count_claims(transcript: Sequence[Message], claiming: Collection[str], changing: Collection[str]) -> int:
    """How often the last turn, a claim that work is done, got the same answer since something was changed."""
    turns = takewhile(lambda turn: not any(name in changing for name, _, _ in turn), _tell_turns(transcript))
    last = next(turns, ())
    is_claim = bool(last) and all(name in claiming for name, _, _ in last)
    return 1 + sum(turn == last for turn in turns) if is_claim else 0


def _count_equal(turns: Iterator[Turn | None]) -> int:
    """How many of the first turns are equal; none where the first tells nothing."""
    first = next(turns, None)
    return 0 if not first else 1 + sum(1 for _ in takewhile(lambda turn: turn == first, turns))


def _shape(turn: Turn, looking: Collection[str]) -> Turn | None:
    if any(name not in looking or len(arguments + answer) > LONGEST_IDLE for name, arguments, answer in turn):
        return None
    return tuple((name, shape_of_text(arguments), shape_of_text(answer)) for name, arguments, answer in turn)


def _since_last_call(transcript: Sequence[Message]) -> Iterator[Message]:
    for message in reversed(transcript):
        if message.valid_calls or message.name == NEWS:
            return
        yield message


def _tell_turns(transcript: Sequence[Message]) -> Iterator[Turn]:
    """The calls of each turn with their answers, the last turn first."""
    answers: dict[str, str] = {}
    for message in reversed(transcript):
        if message.role is Role.TOOL:
            answers[message.call_id] = message.content
        elif message.valid_calls:
            yield tuple((call.name, call.arguments, answers.get(call.id, "")) for call in message.valid_calls)
        elif message.role is Role.ASSISTANT or message.name == NEWS:
            return
