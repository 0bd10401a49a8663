"""What a server turned out to want otherwise: learned from a refusal, and asked for at once from then on."""

import re
from dataclasses import dataclass, replace

from kanban.errors import FailureClass
from kanban.llm.base import Calls
from kanban.llm.dialect import Dialect
from kanban.llm.failures import CallFailed

_REFUSES_FIELD = re.compile(r"unsupported|unknown|unrecognized|extra|not (allowed|permitted|supported)")
_IN_MESSAGES = re.compile(r"(\d+) in the messages")
_STREAMS = re.compile(r"\bstream(s|ed|ing)?\b")


@dataclass(frozen=True)
class Quirks:
    """How a server is asked.

    streams: replies come in pieces even where nobody listens
    refuses_streams: never in pieces
    forces: it can be made to call a tool
    fills_thoughts: replies without thoughts are given blank ones
    sends_thoughts: thoughts go back at all
    joins_users: user messages that follow each other are sent as one
    limits_output: where the profile sets no longest reply, one is set here
    """

    streams: bool = False
    refuses_streams: bool = False
    forces: bool = True
    fills_thoughts: bool = False
    sends_thoughts: bool = True
    joins_users: bool = False
    limits_output: bool = True

    def adapt(self, dialect: Dialect) -> Dialect:
        """The dialect with what was learned."""
        return replace(
            dialect,
            wants_thoughts=self.sends_thoughts and (dialect.wants_thoughts or self.fills_thoughts),
            takes_thoughts=self.sends_thoughts,
            wants_alternation=self.joins_users,
        )

    def mend(self, failed: CallFailed, calls: Calls, streamed: bool) -> "Quirks | None":
        """How to ask again after a refusal; None when nothing can be asked otherwise.

        The words of a refusal only choose what is tried next, never what the failure counts as.
        """
        words = str(failed).lower()
        overflow = failed.failure_class is FailureClass.CONTEXT_OVERFLOW
        if self.limits_output and (overflow or _is_refusal(failed)) and _blames_output(words, failed.window):
            return replace(self, limits_output=False)
        speaks_of_streams = bool(_STREAMS.search(words)) and failed.failure_class is not FailureClass.RATE_LIMITED
        if speaks_of_streams and streamed and not self.refuses_streams:
            return replace(self, streams=False, refuses_streams=True)
        if not _is_refusal(failed):
            return None
        if speaks_of_streams and not streamed and not self.refuses_streams:
            return replace(self, streams=True)
        if "alternat" in words and not self.joins_users:
            return replace(self, joins_users=True)
        if calls is Calls.FORCED and self.forces:
            return replace(self, forces=False)
        if ("reasoning" in words or "thinking" in words) and not self.fills_thoughts:
            return replace(self, fills_thoughts=True)
        if "reasoning" in words and _REFUSES_FIELD.search(words) and self.sends_thoughts:
            return replace(self, sends_thoughts=False)
        return None


def _blames_output(words: str, window: int | None) -> bool:
    """Whether a request was too long, or wrong, for the longest reply that it asked for."""
    asked = _IN_MESSAGES.search(words)
    return "max_tokens" in words or (asked is not None and window is not None and int(asked[1]) <= window)


def _is_refusal(failed: CallFailed) -> bool:
    return failed.failure_class is FailureClass.BAD_REQUEST
