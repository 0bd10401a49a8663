"""Reads a reply once into typed parts, the same for one that is streamed and one that comes whole."""

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kanban.domain.message import Opaque, Stop, ToolCall, Usage
from kanban.llm.base import OnPiece, Piece, PieceKind, ReplyFailed, cap_text
from kanban.llm.dialect import Dialect

# Fields of a message or call that hold what a provider wants back, by parts of their names: `reasoning_content`,
# `reasoning_details`, `thinking_blocks`, `thought_signature`, `extra_content`, `encrypted_content`.
_OPAQUE_NAME = re.compile(r"reason|think|thought|signature|extra_content|encrypted")
_NOT_ON_THE_WIRE = ("provider_specific_fields", "thinking_blocks", "reasoning_items")
MOST_TOKENS = 1_000_000_000  # of one call; a server that reports more, or fewer than none, is not believed
_OPENING, _CLOSING = "<think>", "</think>"
_STOPS = {
    "length": Stop.CUT_OFF,
    "max_tokens": Stop.CUT_OFF,
    "model_length": Stop.CUT_OFF,
    "model_context_window_exceeded": Stop.CUT_OFF,
    "content_filter": Stop.FILTERED,
    "sensitive": Stop.FILTERED,
}
# Not the model's end of a reply: DeepSeek, Z.AI, vLLM and OpenRouter say so when they give up.
BROKEN_OFF = frozenset({"error", "abort", "network_error", "insufficient_system_resource"})
_THINK_BLOCK = re.compile(r"\A\s*<think>(.*?)(?:</think>\s*|\Z)", re.DOTALL)
_THINK_END = re.compile(r"\A(.*?)^</think>[ \t]*$\s*", re.DOTALL | re.MULTILINE)


@dataclass
class ThoughtSorter:
    """Tells words from thoughts that a server leaves among them, between `<think>` and `</think>` at the beginning."""

    _kind: PieceKind | None = None  # None until it is clear how the words begin
    _held: str = ""

    def sort(self, text: str) -> Iterator[Piece]:
        """The pieces that `text` brings; what may still become a mark is held back."""
        self._held += text
        if self._kind is None:
            begun = self._held.lstrip()
            if _OPENING.startswith(begun):
                return
            self._kind = PieceKind.THOUGHTS if begun.startswith(_OPENING) else PieceKind.WORDS
            self._held = begun.removeprefix(_OPENING) if self._kind is PieceKind.THOUGHTS else self._held
        if self._kind is PieceKind.THOUGHTS:
            thoughts, mark, words = self._held.partition(_CLOSING)
            kept = 0 if mark else next((n for n in range(7, 0, -1) if thoughts.endswith(_CLOSING[:n])), 0)
            self._held = words.lstrip() if mark else thoughts[len(thoughts) - kept :]
            if thoughts[: len(thoughts) - kept]:
                yield Piece(PieceKind.THOUGHTS, thoughts[: len(thoughts) - kept])
            self._kind = PieceKind.WORDS if mark else self._kind
        if self._kind is PieceKind.WORDS and self._held:
            yield Piece(PieceKind.WORDS, self._held)
            self._held = ""

    def finish(self) -> Iterator[Piece]:
        """What was held back, at the end of the reply."""
        if self._held:
            yield Piece(self._kind or PieceKind.WORDS, self._held)
            self._held = ""


@dataclass
class _Call:
    """A call while its pieces arrive."""

    index: object = None
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    opaque: dict[str, Any] = field(default_factory=dict)


@dataclass
class ReplyReader:
    """Takes the pieces of one reply and tells what it amounts to.

    `most_characters` is how long words, thoughts and arguments may grow in all before the model is taken to ramble.
    """

    most_characters: int
    on_piece: OnPiece | None = None
    usage: Any = None
    stop: Stop = Stop.SAID_ALL
    _words: list[str] = field(default_factory=list)
    _thoughts: list[str] = field(default_factory=list)
    _calls: list[_Call] = field(default_factory=list)
    _opaque: dict[str, Any] = field(default_factory=dict)
    _length: int = 0
    _sorter: ThoughtSorter = field(default_factory=ThoughtSorter)

    def take_chunk(self, chunk: Any) -> None:
        """Take one chunk of a stream. Raises ReplyFailed when the model rambles or the chunk cannot be read."""
        if getattr(chunk, "usage", None) is not None:
            self.usage = chunk.usage
        for choice in (chunk.choices or [])[:1]:
            self.take_part(choice.delta)
            self._note_finish(choice.finish_reason)

    def take_whole(self, response: Any) -> None:
        """Take a reply that came whole. Raises ReplyFailed when it holds no message."""
        self.usage = getattr(response, "usage", None)
        if not response.choices or response.choices[0].message is None:
            raise ReplyFailed("the reply holds no message")
        self.take_part(response.choices[0].message)
        self._note_finish(response.choices[0].finish_reason or "stop")

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all came."""
        return not (self._words or self._thoughts or self._calls)

    @property
    def said_anything(self) -> bool:
        """Whether any word was handed on."""
        return bool(self._words)

    def text(self) -> str:
        """The words, without thoughts that stand among them."""
        return cap_text(_join_halves(self._split_words()[1]))

    def thoughts(self) -> str:
        """The thoughts, for counting."""
        return _join_halves("".join(self._thoughts) or self._split_words()[0])

    def calls(self) -> tuple[ToolCall, ...]:
        """The calls, each with an id of its own."""
        read: dict[str, ToolCall] = {}
        for call in self._calls:
            call_id = call.id if call.id and call.id not in read else new_call_id()
            read[call_id] = ToolCall(call_id, call.name, _join_halves("".join(call.arguments)))
        return tuple(read.values())

    def reread(self, parts: Iterable[Any]) -> "ReplyReader":
        """The same reply read off its messages or deltas as they stood on the wire: the library drops some of them.

        Raises ReplyFailed for one that cannot be read and of which the library made nothing either.
        """
        reader = ReplyReader(self.most_characters, usage=self.usage, stop=self.stop)
        try:
            for part in parts:
                reader.take_part(part)
        except ReplyFailed:
            if self.is_empty:
                raise
            return self
        return self if reader.is_empty else reader

    def opaque(self, origin: str, dialect: Dialect) -> Opaque | None:
        """What the provider wants back, shaped as a request must hold it; None if it sent nothing of the kind."""
        message, *calls = (_shape(fields, dialect) for fields in (self._opaque, *(call.opaque for call in self._calls)))
        if not message and not any(calls):
            return None
        data = json.dumps({"message": message, "calls": calls}, ensure_ascii=False)
        return Opaque(origin, _join_halves(data))

    def _split_words(self) -> tuple[str, str]:
        """Thoughts and words: some servers put the thoughts before the words, between marks or before one."""
        said = "".join(self._words)
        found = _THINK_BLOCK.match(said) or (_THINK_END.match(said) if "<think>" not in said else None)
        if found and "```" in found[1]:
            found = None  # who quotes the mark in code speaks about it
        return (found[1], said[found.end() :]) if found else ("", said)

    def note_raw_finish(self, reason: str) -> None:
        """Take the reason as the provider wrote it: the library tells those that it does not know as a usual end."""
        if reason in BROKEN_OFF:
            raise ReplyFailed(f"the provider broke the reply off: {reason}")
        self.stop = _STOPS.get(reason, self.stop)

    def _note_finish(self, reason: str | None) -> None:
        if reason in BROKEN_OFF:
            raise ReplyFailed(f"the provider broke the reply off: {reason}")
        if reason:
            self._hand_on(self._sorter.finish())
            self.stop = _STOPS.get(reason, Stop.SAID_ALL)

    def take_part(self, part: Any) -> None:
        """Take a message or a delta, as the library has it or as it stood on the wire (a dict)."""
        thoughts = _get(part, "reasoning_content") or _get(part, "reasoning")
        self._hear(PieceKind.THOUGHTS, thoughts, self._thoughts)
        self._hear(PieceKind.WORDS, _get(part, "content"), self._words)
        for call in _get(part, "tool_calls") or ():
            self._take_call(call)
        _merge(self._opaque, _opaque_fields(part))

    def _hear(self, kind: PieceKind, text: Any, into: list[str]) -> None:
        if not text:
            return
        if not isinstance(text, str):
            raise ReplyFailed(f"the {kind} of the reply are no text")
        into.append(text)
        self._grow(len(text))
        self._hand_on(self._sorter.sort(text) if kind is PieceKind.WORDS else [Piece(kind, text)])

    def _take_call(self, piece: Any) -> None:
        call = self._find_call(piece)
        function = _get(piece, "function")
        name, arguments = _get(function, "name") or "", _get(function, "arguments") or ""
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments, ensure_ascii=False)
        if not isinstance(arguments, str):
            raise ReplyFailed(f"the arguments of a call of {name!r} are no text")
        call.name = call.name or name
        call.id = call.id or str(_get(piece, "id") or "")
        call.arguments.append(arguments)
        _merge(call.opaque, _opaque_fields(piece))
        _merge(call.opaque, _opaque_fields(function))
        self._grow(len(arguments))
        self._hand_on([Piece(PieceKind.CALL, arguments, call.name)])

    def _find_call(self, piece: Any) -> _Call:
        """The call that a piece belongs to. Some servers give no ids, others give every call the index 0."""
        index, call_id = _get(piece, "index"), str(_get(piece, "id") or "")
        name = _get(_get(piece, "function"), "name")
        last = next((call for call in reversed(self._calls) if index is not None and call.index == index), None)
        names_another = bool(last and name and call_id and last.id and call_id != last.id)
        says_more = bool(_get(_get(piece, "function"), "arguments"))
        begins_again = bool(last and not call_id and name and last.name and says_more and _is_whole(last))
        if last is None or names_another or begins_again:
            last = _Call(index)
            self._calls.append(last)
        return last

    def _hand_on(self, pieces: Iterable[Piece]) -> None:
        if self.on_piece is not None:
            for piece in pieces:
                self.on_piece(piece)

    def _grow(self, characters: int) -> None:
        self._length += characters
        if self._length > self.most_characters:
            raise ReplyFailed(f"the reply had no end after {self._length} characters", rambled=True)


def read_usage(usage: Any, raw: Mapping[str, Any]) -> Usage:
    """The tokens of a reply in parts; `raw` is the usage as the server wrote it."""
    prompt, completion = _number(usage, "prompt_tokens"), _number(usage, "completion_tokens")
    details, said = getattr(usage, "prompt_tokens_details", None), getattr(usage, "completion_tokens_details", None)
    # DeepSeek and Moonshot report beside the details, Anthropic under a name of its own
    named = ("prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens")
    beside = [value for name in named for value in (getattr(usage, name, 0), raw.get(name)) if isinstance(value, int)]
    cached = _number(details, "cached_tokens") or max(beside, default=0)
    return Usage(prompt, completion, None, min(cached, prompt), _number(said, "reasoning_tokens"))


def new_call_id() -> str:
    """An id for a call that came without one."""
    return f"call_{uuid.uuid4().hex[:24]}"


def _join_halves(text: str) -> str:
    """Characters that came as two halves, in two pieces, as one; a half that stays alone as a mark."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _get(part: Any, name: str) -> Any:
    return part.get(name) if isinstance(part, dict) else getattr(part, name, None)


def _number(holder: Any, name: str) -> int:
    value = getattr(holder, name, None)
    return value if isinstance(value, int) and 0 <= value <= MOST_TOKENS else 0


def _is_whole(call: _Call) -> bool:
    try:
        json.loads("".join(call.arguments))
    except (ValueError, RecursionError):
        return False
    return True


def _opaque_fields(part: Any) -> dict[str, Any]:
    """The fields of a message, a delta or a call that its provider may want back, nested as the library has them."""
    if isinstance(part, dict):
        fields = part
    else:
        fields = dict(getattr(part, "__dict__", {})) | dict(getattr(part, "model_extra", None) or {})
    found = {name: _plain(value) for name, value in fields.items() if value and _OPAQUE_NAME.search(name)}
    nested = fields.get("provider_specific_fields")
    if isinstance(nested, Mapping):
        kept = {name: _plain(value) for name, value in nested.items() if value and _OPAQUE_NAME.search(name)}
        kept = {name: value for name, value in kept.items() if name not in found}
        if kept:
            found["provider_specific_fields"] = kept
    return found


def _shape(fields: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """What is given back: the library's own fields where it translates, else the provider's, under their own names."""
    if dialect.native_fields is not None:
        return {name: value for name, value in fields.items() if name in dialect.native_fields}
    nested: dict[str, Any] = fields.get("provider_specific_fields", {})
    own: dict[str, Any] = {name: value for name, value in fields.items() if name not in _NOT_ON_THE_WIRE} | nested
    if "reasoning_details" in own:
        own.pop("reasoning", None)
        own.pop("reasoning_content", None)
    elif dialect.thoughts_field == "reasoning" and "reasoning_content" in own:
        own.setdefault("reasoning", own.pop("reasoning_content"))
    return own


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(exclude_none=True)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


def _merge(into: dict[str, Any], pieces: Mapping[str, Any]) -> None:
    """Add the pieces of a stream: texts are joined, lists of blocks joined block by block, the rest is replaced."""
    for name, value in pieces.items():
        known = into.get(name)
        if isinstance(known, str) and isinstance(value, str):
            into[name] = known + value
        elif isinstance(known, dict) and isinstance(value, Mapping):
            _merge(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            _join_blocks(known, value)
        else:
            into[name] = value


def _join_blocks(known: list[Any], pieces: Iterable[Any]) -> None:
    """Continue the last block with each piece of the same kind and index; a signature ends a block."""
    for piece in pieces:
        last = known[-1] if known else None
        if isinstance(last, dict) and isinstance(piece, dict) and _continues(last, piece):
            _merge(last, {key: value for key, value in piece.items() if key not in ("type", "index", "id", "format")})
        else:
            known.append(dict(piece) if isinstance(piece, Mapping) else piece)


def _continues(last: Mapping[str, Any], piece: Mapping[str, Any]) -> bool:
    if last.get("type") != piece.get("type") or last.get("index") != piece.get("index"):
        return False
    if "data" in piece:
        return piece.get("index") is not None  # where blocks have no number, an encrypted one comes whole
    return not last.get("signature") or not (piece.get("thinking") or piece.get("text"))
