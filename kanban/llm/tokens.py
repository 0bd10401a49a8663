"""How many tokens a text has, near enough and at once, and whether a server has read them all."""

import json
import re
from collections.abc import Sequence

from kanban.domain.message import Message, Role, ToolSpec

MESSAGE_OVERHEAD = 6  # tokens round each message and call
LEAST_READ = 1_000  # tokens; a server that reads fewer than these reports something else than what it read
CUT_SHARE = 0.5  # of the least that was added to a request; a server which reads it all reports more
MOST_CHARACTERS = 8  # of plain words in one token
_RUNS = re.compile(r"(.)\1{2,}", re.DOTALL)  # of one character, which some tokenizers make one token of

# Characters of one kind that make up a token, measured with cl100k on code, prose, logs, JSON and base64; the counts
# come out somewhat high on all but long runs of base64.
_LOWER, _UPPER, _DIGITS, _SPACE, _OTHER, _HIGH = 4.0, 1.6, 1.7, 10.0, 1.5, 2.3
_KINDS = (
    (bytes(range(97, 123)), _LOWER),
    (bytes(range(65, 91)), _UPPER),
    (b"0123456789", _DIGITS),
    (b" \t\n\r", _SPACE),
    (bytes(range(128, 256)), _HIGH),
)
_DIGITS_AT, _DIGITS_AMONG_WORDS = 2, 2.0


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` has for any of today's models; 200,000 tokens take some milliseconds."""
    data = text.encode("utf-8", "replace")
    counts = [len(data) - len(data.translate(None, characters)) for characters, _ in _KINDS]
    tokens = sum(count / per_token for count, (_, per_token) in zip(counts, _KINDS, strict=True))
    tokens += (len(data) - sum(counts)) / _OTHER
    # where words are very short, or many lines are, their number tells more than their letters
    words = data.count(b" ") - 2 * data.count(b"  ") + data.count(b"\n")
    return int(max(tokens, words + counts[_DIGITS_AT] / _DIGITS_AMONG_WORDS)) + 1


def estimate_message(message: Message) -> int:
    """About how many tokens one message has, with its calls and what goes back to the provider."""
    calls = sum(estimate_tokens(call.arguments) + MESSAGE_OVERHEAD for call in message.valid_calls)
    opaque = estimate_tokens(message.opaque.data) if message.opaque else 0
    return estimate_tokens(message.content) + calls + opaque + MESSAGE_OVERHEAD


def estimate_tools(tools: Sequence[ToolSpec]) -> int:
    """About how many tokens the tools have."""
    return sum(
        estimate_tokens(f"{tool.name} {tool.description} {json.dumps(tool.parameters)}") + MESSAGE_OVERHEAD
        for tool in tools
    )


class CutDetector:
    """Notices a server that cuts off what does not fit its window and answers the rest as if nothing were missing.

    It shows when it reports fewer prompt tokens than the plain words of a request can have, or when its count stops
    growing with the conversation. Thoughts do not count: they may rightly be dropped.
    """

    def __init__(self) -> None:
        self._least = self._reported = 0
        self._last: list[Message] = []
        self._known: dict[int, tuple[Message, int]] = {}  # of the last request; its messages come again

    def find_cut(self, messages: Sequence[Message], reported: int) -> int | None:
        """How many tokens the server has read, if it cannot have read all of these; else None."""
        self._known = {id(message): self._known.get(id(message)) or _with_tokens(message) for message in messages}
        least = sum(self._known[id(message)][1] for message in messages)
        goes_on = self._last == list(messages[: len(self._last)])
        grown, told = least - self._least, reported - self._reported
        first = not self._last
        self._last, self._least, self._reported = list(messages), least, reported
        if reported < LEAST_READ or not goes_on:
            return None
        is_cut = least > reported if first else grown > LEAST_READ and told < CUT_SHARE * grown
        return reported if is_cut else None


def _with_tokens(message: Message) -> tuple[Message, int]:
    return message, _least_tokens(message)


def _least_tokens(message: Message) -> int:
    """The fewest tokens that any tokenizer makes of a message's plain words."""
    if message.role is Role.ASSISTANT:
        return 0
    text = _RUNS.sub(r"\1", message.content.encode("ascii", "ignore").decode())
    return len(text) // MOST_CHARACTERS
