"""What every model here can do."""

from collections.abc import Callable, Sequence
from typing import Protocol

from kanban.domain.message import Message, Reply, ToolSpec

OnText = Callable[[str], None]

TEXT_CAP = 200_000


class Model(Protocol):
    """One model behind one profile; `name` is the model id as the profile writes it."""

    @property
    def name(self) -> str: ...

    def complete(self, messages: Sequence[Message], tools: Sequence[ToolSpec], on_text: OnText | None = None) -> Reply:
        """Answer `messages`. With `on_text` the pieces of the text are handed over as they arrive.

        Raises ModelError, whose `failure_class` says what the caller may do next.
        """
        ...


def cap_text(text: str) -> str:
    """`text`, cut to TEXT_CAP characters with a note saying so."""
    if len(text) <= TEXT_CAP:
        return text
    return f"{text[:TEXT_CAP]}\n[the reply was cut here after {TEXT_CAP} characters]"
