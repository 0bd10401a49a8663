"""OpenAI's chat completions, the wire that most providers speak, with what each of them makes of it left open."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.providers.script import CONVERSATION, Request, Script, Turn, cut_turn, pick_turn, tokens_of
from tests.support.providers.server import WINDOW, Answer, ProviderServer, Refused, Streamed, Whole, event
from tests.support.providers.tokens import PrefixStore, count, encode_parts

Wire = dict[str, Any]

PIECE = 7
DONE = b"data: [DONE]\n\n"
# Shared by all servers, as no two providers ever give the same id.
CALL_NUMBERS = itertools.count()
PROMPT_FIELDS = ("role", "content", "tool_calls", "tool_call_id")


class ChatServer(ProviderServer):
    """Plays the script over `/chat/completions`, whole and streamed, and holds the order of messages.

    A dialect says what it checks (`check`), how its reply looks (`make_message`) and what it reports (`make_usage`).
    """

    roles: tuple[str, ...] = ("system", "user", "assistant", "tool")
    thoughts_field: str | None = "reasoning_content"

    def __init__(self, script: Script = CONVERSATION, window: int = WINDOW) -> None:
        super().__init__(script, window)
        self.cache = PrefixStore()
        self.sent: dict[str, Wire] = {}

    # What a dialect changes

    def check(self, request: Request) -> None:
        """Raise Refused for what this provider does not take."""

    def thinks(self, request: Request) -> bool:
        """Whether the model thinks before it answers."""
        return bool(self.thoughts_field)

    def make_message(self, request: Request, turn: Turn) -> Wire:
        """The assistant message of `turn`."""
        message: Wire = {"role": "assistant", "content": turn.words}
        if self.thoughts_field and self.thinks(request):
            message[self.thoughts_field] = turn.thoughts
        if turn.calls:
            message["tool_calls"] = self.make_calls(turn)
        return message

    def make_usage(self, prompt: int, cached: int, completion: int, thoughts: int) -> Wire:
        """The tokens as this provider names them."""
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def finish_of(self, turn: Turn) -> str:
        """Why the reply ended."""
        return turn.finish

    def overflow(self, prompt: int, limit: int) -> Refused:
        """What the provider says of a prompt that exceeds the window; its words are not documented."""
        return Refused(f"the prompt has {prompt} tokens, the window {self.window}")

    def make_deltas(self, message: Wire) -> Iterator[Wire]:
        """`message` in pieces."""
        yield {"role": "assistant", "content": ""}
        for name in filter(None, (self.thoughts_field, "content")):
            for piece in pieces_of(message.get(name) or ""):
                yield {name: piece}
        for index, one in enumerate(message.get("tool_calls", ())):
            yield {"tool_calls": [{"index": index, **one, "function": {**one["function"], "arguments": ""}}]}
            for piece in pieces_of(one["function"]["arguments"]):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    # The wire

    def play(self, path: str, request: Request) -> Answer:
        if not path.endswith("/chat/completions"):
            raise Refused(f"there is nothing at {path}", 404)
        check_roles(request["messages"], self.roles)
        check_calls_are_answered(request["messages"])
        self.check(request)
        prompt = self.count_prompt(request)
        turn = self.choose(request)
        return self.send(request, turn, prompt)

    def choose(self, request: Request) -> Turn:
        answered = sum(message["role"] == "assistant" for message in request["messages"])
        turn = pick_turn(self.script, request, answered)
        limit = request.get("max_completion_tokens") or request.get("max_tokens")
        return cut_turn(turn, limit)

    def count_prompt(self, request: Request) -> tuple[int, int]:
        """The tokens of the prompt, and how many of them were seen before."""
        tokens = encode_parts(self.prompt_parts(request))
        if len(tokens) > self.window:
            raise self.overflow(len(tokens), request.get("max_tokens") or 0)
        return len(tokens), self.cache.look_up(tokens)

    def prompt_parts(self, request: Request) -> list[Any]:
        """What the model reads, in the order in which it reads it."""
        fields = (*PROMPT_FIELDS, self.thoughts_field)
        messages = [{name: m[name] for name in fields if name and m.get(name)} for m in request["messages"]]
        return [request.get("tools") or [], *messages]

    def send(self, request: Request, turn: Turn, prompt: tuple[int, int]) -> Answer:
        thinks = self.thinks(request)
        thoughts = count(turn.thoughts) if thinks else 0
        completion = tokens_of(turn) - (0 if thinks else count(turn.thoughts))
        usage = self.make_usage(*prompt, completion, thoughts)
        message = self.make_message(request, turn)
        for one in message.get("tool_calls", ()):
            self.sent[one["id"]] = message
        if request.get("stream"):
            return Streamed(self.make_events(request, message, self.finish_of(turn), usage))
        choice = {"index": 0, "message": message, "finish_reason": self.finish_of(turn)}
        return Whole.of({**envelope(request, "chat.completion"), "choices": [choice], "usage": usage})

    def make_events(self, request: Request, message: Wire, finish: str, usage: Wire) -> Iterator[bytes]:
        head = envelope(request, "chat.completion.chunk")
        for delta in self.make_deltas(message):
            yield event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        yield event({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if (request.get("stream_options") or {}).get("include_usage"):
            yield event({**head, "choices": [], "usage": usage})
        yield DONE

    def make_calls(self, turn: Turn) -> list[Wire]:
        """The calls of `turn`, each with an id of its own."""
        return [
            {
                "id": f"call_{next(CALL_NUMBERS)}",
                "type": "function",
                "function": {"name": one.tool, "arguments": one.arguments},
            }
            for one in turn.calls
        ]

    def refuse(self, refused: Refused) -> Whole:
        error = {"message": refused.reason, "type": "invalid_request_error", "param": None, "code": None}
        return Whole.of({"error": error | refused.details}, refused.status)

    # What comes back

    def sent_for(self, message: Mapping[str, Any]) -> Wire | None:
        """The message as it was sent, if this server sent it; known by the ids of its calls."""
        return next((self.sent[one["id"]] for one in message.get("tool_calls") or () if one["id"] in self.sent), None)

    def note_alterations(self, request: Request, *fields: str) -> None:
        """Record whatever of `fields` comes back otherwise than it was sent."""
        for number, message in enumerate(request["messages"]):
            sent = self.sent_for(message) if message["role"] == "assistant" else None
            if sent is None:
                continue
            for name in (*fields, "content", "tool_calls"):
                if (message.get(name) or "") != (sent.get(name) or ""):
                    self.alterations.append(
                        f"message {number}: {name} is {message.get(name)!r}, was {sent.get(name)!r}"
                    )


def pieces_of(text: str) -> Iterator[str]:
    """`text` in pieces of a few characters."""
    return (text[start : start + PIECE] for start in range(0, len(text), PIECE))


def envelope(request: Request, kind: str) -> Wire:
    """The head of a completion and of each of its chunks."""
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": request.get("model", "")}


def check_roles(messages: list[Wire], roles: tuple[str, ...]) -> None:
    """Refuse an unknown role."""
    for number, message in enumerate(messages):
        if message.get("role") not in roles:
            known = ", ".join(f"`{role}`" for role in roles)
            raise Refused(f"messages[{number}].role: unknown variant `{message.get('role')}`, expected one of {known}")


def check_calls_are_answered(messages: list[Wire]) -> None:
    """Refuse a call without an answer and an answer without a call.

    https://github.com/openai/openai-openapi: each tool message follows the calls it answers, and each call is answered.
    """
    open_ids: list[str] = []
    for number, message in enumerate(messages):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_ids:
                raise Refused("Messages with role 'tool' must be a response to a preceding message with 'tool_calls'")
            open_ids.remove(message["tool_call_id"])
            continue
        if open_ids:
            break
        open_ids = [one["id"] for one in message.get("tool_calls") or ()]
        if open_ids and number + 1 == len(messages):
            break
    if open_ids:
        raise Refused(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(open_ids)}"
        )
