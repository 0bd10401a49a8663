"""What passes over the wire of one model call: its status, headers and raw body, within a clock and a size."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from kanban.llm.base import ReplyFailed

MOST_BYTES = 32_000_000  # of one body; a reply of a million tokens has some four
KEPT_TAIL = 8_000  # of the end of a body, where a stream has its usage
KEPT_BYTES = 4_000_000  # of a body, for whoever looks at it as it came


@dataclass
class Exchange:
    """One model call as it was seen on the wire. `status` is None as long as no answer began.

    `deadline` is on the monotonic clock. `ended` says that the body came to its end.
    """

    deadline: float
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    received: int = 0
    ended: bool = False
    close: Callable[[], None] = lambda: None
    _body: bytearray = field(default_factory=bytearray)
    _last: bytes = b""

    def begin(self, status: int, headers: Mapping[str, str], close: Callable[[], None]) -> None:
        """Note that an answer began, and how it is let go; a redirect or a second try begins another."""
        self.status, self.headers, self.close = status, headers, close
        self.received, self.ended, self._last = 0, False, b""
        self._body.clear()

    def take(self, piece: bytes) -> None:
        """Note a piece of the body. Raises TimeoutError past the deadline and ReplyFailed past the size."""
        self.received += len(piece)
        self._last = (self._last + piece)[-KEPT_TAIL:]
        if len(self._body) < KEPT_BYTES:
            self._body += piece[: KEPT_BYTES - len(self._body)]
        if time.monotonic() > self.deadline:
            raise TimeoutError("the reply did not end in time")
        if self.received > MOST_BYTES:
            raise ReplyFailed(f"the reply is larger than {MOST_BYTES} bytes", rambled=True)

    def finish_reason(self) -> str | None:
        """Why the reply ended, in the provider's words; None if it did not say, "" if the body is too long to tell."""
        if self.received > KEPT_BYTES:
            return ""
        found = _FINISH.findall(self.body)
        return str(found[-1]) if found else None

    @property
    def is_stream(self) -> bool:
        """Whether the body is a stream of events of OpenAI's protocol."""
        return "event-stream" in self.headers.get("content-type", "") and '"choices"' in self.body

    @property
    def is_done(self) -> bool:
        """Whether a stream said that nothing more comes."""
        return "data: [DONE]" in self.tail

    def parts(self) -> Iterator[dict[str, Any]]:
        """The messages or deltas of OpenAI's protocol as they stood on the wire; none of a body too long to keep."""
        if self.received > KEPT_BYTES:
            return
        body = self.body
        for line in body.splitlines() if body.lstrip().startswith(("data:", ":", "event:")) else [body]:
            try:
                choice = read_event(line)["choices"][0]
                part = choice.get("delta") or choice.get("message")
            except (AttributeError, TypeError, LookupError):
                continue
            if isinstance(part, dict):
                yield part

    @property
    def tail(self) -> str:
        """The end of the body as text."""
        return self._last.decode(errors="replace")

    @property
    def is_overdue(self) -> bool:
        """Whether the reply did not end before the deadline."""
        return not self.ended and time.monotonic() > self.deadline

    @property
    def body(self) -> str:
        """The beginning of the body as text."""
        return self._body.decode(errors="replace")


def read_event(line: str) -> dict[str, Any]:
    """The object that a line of a stream, or a whole body, holds; empty when it holds none."""
    try:
        data = json.loads(line.removeprefix("data:").strip())
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


_FINISH = re.compile(r'"finish_reason"\s*:\s*"(\w+)"')
_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def current_exchange() -> Exchange | None:
    """The exchange that this thread watches, if it watches one."""
    return _current.get()


@contextmanager
def watching(seconds: float) -> Iterator[Exchange]:
    """Watch the calls that this thread makes through a WatchedTransport; each must end within `seconds`."""
    exchange = Exchange(time.monotonic() + seconds)
    token = _current.set(exchange)
    try:
        yield exchange
    finally:
        _current.reset(token)
        exchange.close()  # the library leaves streams open, and the collector may wait for ever to end one
