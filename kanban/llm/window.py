"""Fits a transcript into a model's window: the same transcript always gives the same request.

Nothing is shortened as long as the request is small. When it has grown past its room, the oldest results of tools
become stubs, so many at once that the next turns need no new ones and the provider's cache of what stands before them
survives. The transcript on the board stays whole.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from kanban.domain.message import Message, Role, ToolCall
from kanban.domain.transcript import HANDOVER, NEWS
from kanban.llm.tokens import estimate_message, estimate_tokens

LOW_WATER = 0.5  # the share of its room that a request has left once stubs were made
SHORT = 600  # characters of a result or argument that are not worth a stub
KEPT_NEWS = 3  # messages of what the run was last told, such as a person's words, that outlast a hand-over note
LEAST_SHOWN = 2_000  # characters of a result of the last turn that a model must be able to see

# Given the result of a tool: in words, where the whole of it can be read.
KeepResult = Callable[[Message], str]


@dataclass(frozen=True)
class Plan:
    """What is sent. `fits` is False when even the shortest form is larger than the room.

    `is_crowded`: all that is old is shortened already and still takes half of the room: only a hand-over note helps.
    """

    messages: list[Message]
    tokens: int
    fits: bool = True
    is_crowded: bool = False


class Forms:
    """The forms that a message may be sent in, with their tokens, each worked out once: a transcript only grows.

    Messages go by identity and are held on to, so it is made for one run.
    """

    def __init__(self) -> None:
        self._sizes: dict[int, tuple[Message, int]] = {}
        self._stubs: dict[tuple[int, str], tuple[Message, Message]] = {}
        self._stripped: dict[int, tuple[Message, Message]] = {}

    def measure(self, message: Message) -> int:
        """About how many tokens a message has."""
        known = self._sizes.get(id(message))
        if known is None:
            known = self._sizes[id(message)] = (message, estimate_message(message))
        return known[1]

    def shorten(self, message: Message, where: str = "") -> Message:
        """The stub of a message."""
        known = self._stubs.get((id(message), where))
        if known is None:
            known = self._stubs[id(message), where] = (message, _stub(message, where))
        return known[1]

    def strip(self, message: Message) -> Message:
        """A message without what its provider would want back."""
        if message.opaque is None:
            return message
        known = self._stripped.get(id(message))
        if known is None:
            known = self._stripped[id(message)] = (message, replace(message, opaque=None))
        return known[1]


def plan_request(
    transcript: Sequence[Message], fixed: int, room: int, keep: KeepResult, forms: Forms | None = None
) -> Plan:
    """The messages of the next request: at most `room` tokens together with the `fixed` ones of the tools.

    `keep` is called for each result that becomes a stub and says where its whole text can be read. `forms` is what
    was worked out for the requests before.
    """
    forms = forms or Forms()
    total = fixed + sum(map(forms.measure, transcript))
    if total <= room and not any(message.name == HANDOVER for message in transcript):
        return Plan(list(transcript), total)
    start = _find_handover(transcript)
    opening = _count_opening(transcript)
    told = [message for message in transcript[opening:start] if message.name == NEWS][-KEPT_NEWS:]
    return _Planner([*transcript[:opening], *told, *transcript[max(start, opening) :]], fixed, room, keep, forms).plan()


def drop_middle(plan: Plan, room: int, fixed: int) -> list[Message]:
    """The opening and as many of the last turns of a plan as fit: for the request that asks for a hand-over note."""
    opening = _count_opening(plan.messages)
    head, rest = plan.messages[:opening], plan.messages[opening:]
    sizes = [estimate_message(message) for message in rest]
    left = room - fixed - sum(map(estimate_message, head))
    first = len(rest)
    while first > 0 and sizes[first - 1] <= left:
        first -= 1
        left -= sizes[first]
    while first < len(rest) and rest[first].role is Role.TOOL:
        first += 1  # a result without its call is refused
    return [*head, *rest[first:]]


@dataclass
class _Planner:
    """Plans one request."""

    messages: list[Message]
    fixed: int
    room: int
    keep: KeepResult
    forms: Forms

    def plan(self) -> Plan:
        """Shorten as far as needed, the oldest first."""
        opening, last = _count_opening(self.messages), self._find_last_turn()
        measure, shorten, strip = self.forms.measure, self.forms.shorten, self.forms.strip
        whole = [measure(message) for message in self.messages]
        stubs = [measure(shorten(message)) for message in self.messages]
        stubbed = self._find_boundary(whole, stubs, opening, last)
        sizes = stubs[:stubbed] + whole[stubbed:]
        sizes[:opening] = whole[:opening]
        stripped = opening
        if self.fixed + sum(sizes) > self.room:
            bare = [measure(strip(shorten(message))) for message in self.messages]
            stripped = self._find_boundary(sizes, bare, opening, last)
        shown = [self._show(i, opening <= i < stubbed, opening <= i < stripped) for i in range(len(self.messages))]
        old = sum(map(measure, shown[opening:last]))
        free = self.room - self.fixed - sum(whole[:opening])
        return self._squeeze_last_turn(shown, last, is_crowded=stubbed == last and old > free * LOW_WATER)

    def _find_boundary(self, whole: list[int], short: list[int], opening: int, last: int) -> int:
        """Up to where messages are shortened: the same at each turn until the request outgrows its room again.

        It is found by going through the conversation as it grew, so that a run that starts again finds it too.
        """
        gains = [w - s for w, s in zip(whole[opening:], short[opening:], strict=True)]
        saved = [*[0] * opening, 0, *accumulate(gains)]
        boundary, total, turn = opening, self.fixed, opening
        for place, size in enumerate(whole):
            if self.messages[place].role is Role.ASSISTANT and place >= opening:
                boundary = self._move(boundary, turn, total, saved)
                turn = place
            total += size
        return min(self._move(boundary, last, total, saved), last)

    def _move(self, boundary: int, limit: int, total: int, saved: list[int]) -> int:
        if total - saved[boundary] <= self.room:
            return boundary
        while boundary < limit and total - saved[boundary] > self.room * LOW_WATER:
            boundary += 1
        return boundary

    def _find_last_turn(self) -> int:
        """Where the last reply with its results begins."""
        for place in range(len(self.messages) - 1, -1, -1):
            if self.messages[place].role is Role.ASSISTANT:
                return place
        return len(self.messages)

    def _show(self, index: int, stubbed: bool, stripped: bool) -> Message:
        message = self.messages[index]
        if stubbed:
            where = self.keep(message) if _is_long_result(message) else ""
            message = self.forms.shorten(message, where)
        return self.forms.strip(message) if stripped else message

    def _squeeze_last_turn(self, shown: list[Message], last: int, is_crowded: bool) -> Plan:
        """Where the last turn alone is too long, shorten what it called, and show the ends of each of its results."""
        sizes = [self.forms.measure(message) for message in shown]
        total = self.fixed + sum(sizes)
        if total > self.room and last < len(shown):
            shown[last] = self.forms.shorten(shown[last], "")
            total -= sizes[last] - self.forms.measure(shown[last])
            sizes[last] = self.forms.measure(shown[last])
        results = [i for i in range(last, len(shown)) if _is_long_result(shown[i])]
        if total <= self.room or not results:
            return Plan(shown, total, total <= self.room, is_crowded)
        share = (self.room - total + sum(sizes[i] for i in results)) // len(results)
        for i in results:
            if sizes[i] > share:
                limit = max(LEAST_SHOWN // len(results), len(shown[i].content) * max(share - 60, 0) // max(sizes[i], 1))
                where = self.keep(shown[i])
                shown[i] = replace(shown[i], content=_show_ends(shown[i].content, limit, where))
                sizes[i] = estimate_message(shown[i])
        total = self.fixed + sum(sizes)
        return Plan(shown, total, total <= self.room, is_crowded)


def _count_opening(messages: Sequence[Message]) -> int:
    """How many messages come before the first reply: what the run is about, which is always sent."""
    return next((i for i, message in enumerate(messages) if message.role is Role.ASSISTANT), len(messages))


def _find_handover(transcript: Sequence[Message]) -> int:
    """Where the last hand-over note stands; 0 without one."""
    for place in range(len(transcript) - 1, 0, -1):
        if transcript[place].name == HANDOVER and transcript[place - 1].role is Role.ASSISTANT:
            return place - 1
    return 0


def _is_long_result(message: Message) -> bool:
    return message.role is Role.TOOL and len(message.content) > SHORT


def _stub(message: Message, where: str) -> Message:
    """The message in short: a result is named with its place, arguments and words are cut."""
    if _is_long_result(message):
        return replace(
            message, content=f"[This result of {message.name} had {len(message.content)} characters. {where}]"
        )
    if message.role is Role.ASSISTANT:
        calls = tuple(map(_stub_call, message.calls))
        return replace(message, content=_show_ends(message.content, SHORT), calls=calls)
    return message


def _stub_call(call: ToolCall) -> ToolCall:
    if len(call.arguments) <= SHORT:
        return call
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        arguments = {"malformed_arguments": call.arguments}
    return replace(call, arguments=json.dumps(_shorten(arguments), ensure_ascii=False))


def _shorten(value: object) -> object:
    match value:
        case str() if len(value) > SHORT:
            return f"{value[: SHORT // 4]} [{len(value) - SHORT // 4} more characters were sent]"
        case list() if estimate_tokens(json.dumps(value)) > SHORT:
            return [_shorten(item) for item in value[:3]] + ([f"[{len(value) - 3} more]"] if len(value) > 3 else [])
        case list():
            return [_shorten(item) for item in value]
        case dict():
            return {key: _shorten(item) for key, item in value.items()}
        case _:
            return value


def _show_ends(text: str, limit: int, where: str = "") -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[{len(text) - 2 * half} characters are left out here. {where}]\n{text[-half:]}"
