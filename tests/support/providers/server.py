"""What all provider servers share: a script, and a record of requests and refusals."""

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.support.providers.http import Answer, HTTPServer, Plan, Silence, Streamed, Whole, event
from tests.support.providers.script import CONVERSATION, Request, Script

__all__ = ["WINDOW", "Answer", "Plan", "ProviderServer", "Refusal", "Refused", "Silence", "Streamed", "Whole", "event"]

WINDOW = 128_000


@dataclass(frozen=True)
class Refusal:
    """A request that was refused: its place in `requests`, and why."""

    number: int
    status: int
    reason: str


class Refused(Exception):
    """A rule that the request breaks, in the provider's words; `details` are further fields of its envelope."""

    def __init__(self, reason: str, status: int = 400, **details: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.details = details


class ProviderServer(ABC):
    """A provider on the loopback. Used as a context manager; `url` is what a profile names as `api_base`.

    `requests` holds every body in order of arrival and `paths` and `headers` what came with it; `refusals` what was
    refused and why; `alterations` what came back otherwise than it was sent although the provider does not refuse it.
    `planned` answers are given, each once, before the script is played on.
    """

    base_path = "/v1"

    def __init__(self, script: Script = CONVERSATION, window: int = WINDOW) -> None:
        self.script = script
        self.window = window
        self.requests: list[Request] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.refusals: list[Refusal] = []
        self.alterations: list[str] = []
        self.planned: deque[Plan] = deque()
        self.before_piece: Callable[[int], None] = lambda number: None
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._http = HTTPServer(self)

    @property
    def url(self) -> str:
        return f"{self._http.root_url}{self.base_path}"

    @abstractmethod
    def play(self, path: str, request: Request) -> Answer:
        """The answer to `request`; raises Refused."""

    @abstractmethod
    def refuse(self, refused: Refused) -> Whole:
        """`refused` in the provider's envelope."""

    def respond(self, path: str, headers: dict[str, str], request: Request) -> Answer:
        """Record the request and answer it."""
        with self._lock:
            self.requests.append(request)
            self.paths.append(path)
            self.headers.append(headers)
            if self.planned:
                plan = self.planned.popleft()
                return plan(request) if callable(plan) else plan
            try:
                return self.play(path, request)
            except Refused as refused:
                return self._record(refused)
            except Exception as error:  # a request of a form that nobody thought of is shown, not hung up on
                return self._record(Refused(f"the server cannot read this: {error!r}", 500))

    def _record(self, refused: Refused) -> Whole:
        self.refusals.append(Refusal(len(self.requests) - 1, refused.status, refused.reason))
        return self.refuse(refused)

    def stop(self) -> None:
        """Close the port and let go of whoever waits."""
        self._http.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
