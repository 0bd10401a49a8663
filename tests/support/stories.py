"""What the models say in a test: parts, each for one profile and one subject."""

import json
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kanban.store.tables import Event
from tests.support.openai_server import Answer, OpenAIServer, fail
from tests.support.providers.script import Request
from tests.support.scripted import read_plain

Line = Answer | Callable[[Request, "re.Match[str]"], Answer]


@dataclass(frozen=True)
class Part:
    """Lines that `profile` says, one a turn, in conversations in which `about` is found."""

    profile: str
    about: re.Pattern[str]
    lines: tuple[Line, ...]


class Stage:
    """Answers each request by who is asked, what about, and how far the conversation has come; it keeps no place.

    A later part wins over an earlier one. Where no part or no line fits, the model refuses.
    """

    def __init__(self, server: OpenAIServer) -> None:
        self.server = server
        self._parts: list[Part] = []
        self._given: list[Answer] = []  # an answer's calls are named after its id, so all of them stay alive
        server.answer = self.answer

    def part(self, profile: str, about: str, *lines: Line) -> None:
        """Give `profile` lines for conversations in which the regular expression `about` is found."""
        self._parts.insert(0, Part(profile, re.compile(about), lines))

    def answer(self, request: Request) -> Answer:
        given = replace(self._find_line(request))
        self._given.append(given)
        return given

    def requests_of(self, profile: str, about: str = "") -> list[Request]:
        """The requests that a profile's model got, in order of arrival."""
        return [
            request
            for request in self.server.requests
            if request["model"] == profile and re.search(about, _asked(request["messages"]))
        ]

    def _find_line(self, request: Request) -> Answer:
        messages = request["messages"]
        for part in self._parts:
            found = part.about.search(_asked(messages))
            if part.profile != request["model"] or not found:
                continue
            turn = _turns_since(messages, part.about)
            if turn >= len(part.lines):
                return fail(400, f"the part of {part.profile} about {part.about.pattern!r} has {len(part.lines)} lines")
            line = part.lines[turn]
            return line if isinstance(line, Answer) else line(request, found)
        return fail(400, f"{request['model']} has no part for this")


def find_answer(request: Request, pattern: str) -> "re.Match[str]":
    """Where a tool's answer anywhere in the conversation holds `pattern`."""
    answers = (read_plain(message["content"]) for message in request["messages"] if message["role"] == "tool")
    return next(found for answer in answers if (found := re.search(pattern, answer)))


def tool_names(request: Request) -> set[str]:
    """The tools that a model was offered."""
    return {tool["function"]["name"] for tool in request.get("tools", [])}


def last_answers(request: Request) -> list[str]:
    """What the tool calls of the model's last turn gave, without the marks of fences."""
    answers: list[str] = []
    for message in reversed(request["messages"]):
        if message["role"] == "assistant":
            break
        if message["role"] == "tool":
            answers.insert(0, read_plain(message["content"]))
    return answers


def count_repeated(requests: list[Request]) -> int:
    """How many requests were sent twice: what a recorded turn that is paid for again would show."""
    return len(requests) - len({json.dumps(request["messages"]) for request in requests})


def most_running(events: Iterable[Event], tickets: Collection[int]) -> int:
    """How many of these tickets were running at the same time, at most, as the log tells it."""
    running: set[int | None] = set()
    most = 0
    for event in events:
        if event.new_status == "running" and event.ticket_id in tickets:
            running.add(event.ticket_id)
        elif event.old_status == "running":
            running.discard(event.ticket_id)
        most = max(most, len(running))
    return most


@contextmanager
def serve_page(title: str, text: str) -> Iterator[str]:
    """A web site of one page on the loopback; gives its address."""
    html = f"<html><head><title>{title}</title></head><body><h1>{title}</h1><pre>{text}</pre></body></html>".encode()

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(html)))
            self.end_headers()
            self.wfile.write(html)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def _asked(messages: list[dict[str, Any]]) -> str:
    return "\n".join(str(message["content"]) for message in messages if message["role"] in ("system", "user"))


def _turns_since(messages: list[dict[str, Any]], about: re.Pattern[str]) -> int:
    """The model's turns since it was last asked about this."""
    start = 0
    for position, message in enumerate(messages):
        if message["role"] == "user" and about.search(str(message["content"])):
            start = position
    return sum(message["role"] == "assistant" for message in messages[start:])
