"""What every model here can do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kanban.domain.message import Message, Reply, ToolSpec

TEXT_CAP = 200_000


class PieceKind(StrEnum):
    WORDS = "words"
    THOUGHTS = "thoughts"
    CALL = "call"


@dataclass(frozen=True)
class Piece:
    """Something of a reply that arrived: words, thoughts, or arguments of a call of `tool`."""

    kind: PieceKind
    text: str
    tool: str = ""


OnPiece = Callable[[Piece], None]


class Calls(StrEnum):
    """Whether a reply may do without a call: it may, it should not, or it is made to call where the provider can."""

    FREE = "free"
    EXPECTED = "expected"
    FORCED = "forced"


class Model(Protocol):
    """One model behind one profile; `name` is the model id as the profile writes it."""

    @property
    def name(self) -> str: ...

    @property
    def window(self) -> int | None:
        """How many tokens a request and its reply may have together; None if nobody knows."""
        ...

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_piece: OnPiece | None = None,
        calls: Calls = Calls.FREE,
    ) -> Reply:
        """Answer `messages`. With `on_piece` the pieces of the reply are handed over as they arrive.

        Raises ModelError, whose `failure_class` says what the caller may do next.
        """
        ...


class ReplyFailed(Exception):
    """A reply that came and is of no use: it cannot be read, or it had no end (`rambled`)."""

    def __init__(self, message: str, rambled: bool = False) -> None:
        super().__init__(message)
        self.rambled = rambled


def cap_text(text: str) -> str:
    """`text`, cut to TEXT_CAP characters with a note saying so."""
    if len(text) <= TEXT_CAP:
        return text
    return f"{text[:TEXT_CAP]}\n[the reply was cut here after {TEXT_CAP} characters]"
