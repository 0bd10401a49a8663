"""Any model that LiteLLM reaches."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kanban.domain.message import Message, Reply, ToolSpec
from kanban.domain.profile import Profile
from kanban.errors import FailureClass
from kanban.llm.base import Calls, OnPiece, Piece, ReplyFailed
from kanban.llm.dialect import Dialect, find_dialect
from kanban.llm.exchange import Exchange, watching
from kanban.llm.failures import CallFailed, classify
from kanban.llm.library import load_litellm
from kanban.llm.markup import read_markup
from kanban.llm.quirks import Quirks
from kanban.llm.reply import ReplyReader
from kanban.llm.request import Ask, make_request
from kanban.llm.spend import count_usage
from kanban.llm.target import Target, find_target
from kanban.llm.tokens import CutDetector

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

ATTEMPTS = 4
LONGEST_BACKOFF = 20.0
SLOW_SECONDS = 20.0  # a model that takes longer for a reply is streamed from then on: its silence would tell nothing
CLOCK = 3.0  # how often its `timeout` a whole reply may take
CHARACTERS_PER_TOKEN = 8  # more than any text has: what is longer than this allows is no reply of that many tokens
MOST_OUTPUT = 100_000  # tokens of a reply where nothing else is known
# A stream of events, or of lines as Ollama has them, that ends by itself without having said anything.
_SAID_NOTHING = re.compile(
    r'"delta"\s*:\s*\{[^\n]*"finish_reason"\s*:\s*"|"(?:finishReason|stop_reason|done_reason)"\s*:\s*"'
    r'|"finish_reason"\s*:\s*"[^\n]*"delta"\s*:\s*\{'
)


class _ListenerFailed(Exception):
    """What a listener raised, to be told from what the model's side raises."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class LiteLLMModel:
    """The model that `profile` names; `keys` maps variable names to secrets.

    `profile.timeout` (seconds) is how long the provider may be silent, and after it no further try is begun.
    `sleep` takes the seconds between two tries. `streams`: replies come in pieces even where nobody listens; without a
    word they do from a server of one's own, which may be slow, so that its silence means something.
    """

    def __init__(
        self,
        profile: Profile,
        keys: Mapping[str, str],
        sleep: Callable[[float], None] = time.sleep,
        learned_window: int | None = None,
        streams: bool | None = None,
    ) -> None:
        self.name = profile.model
        self._profile = profile
        self._keys = keys
        self._sleep = sleep
        self._learned_window = learned_window
        self._quirks = Quirks(streams=profile.api_base is not None if streams is None else streams)
        self._cuts = CutDetector()

    @cached_property
    def window(self) -> int | None:
        """The profile's word, else what a refusal taught, else what litellm knows."""
        if self._profile.window is not None:
            return self._profile.window
        return self._learned_window or self._known_limit("max_input_tokens")

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_piece: OnPiece | None = None,
        calls: Calls = Calls.FREE,
    ) -> Reply:
        """Ask the model, again when what failed is passing; raises ModelError when it will not answer."""
        ask = Ask(messages, tools, calls)
        while True:
            streams = self._quirks.streams or (on_piece is not None and not self._quirks.refuses_streams)
            try:
                return self._make_retrying()(self._try_once, ask, on_piece, streams)
            except CallFailed as failed:
                mended = self._quirks.mend(failed, calls, streams)
                if mended is None:
                    raise
                self._quirks = mended

    @cached_property
    def _target(self) -> Target:
        return find_target(self._profile, self._keys)

    @cached_property
    def _dialect(self) -> Dialect:
        return find_dialect(self._target.provider, self._target.model_id)

    def _make_retrying(self) -> "Retrying":
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay

        return Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, CallFailed) and error.transient),
            stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(self._profile.timeout),
            wait=_seconds_to_wait,
            sleep=self._sleep,
            reraise=True,
        )

    def _try_once(self, ask: Ask, on_piece: OnPiece | None, streams: bool) -> Reply:
        request = make_request(ask, self._target, self._quirks.adapt(self._dialect), self._quirks)
        most_output = request.get("max_tokens") or self._known_limit("max_output_tokens") or MOST_OUTPUT
        reader = ReplyReader(CHARACTERS_PER_TOKEN * most_output, _guard(on_piece))
        began = time.monotonic()
        with watching(CLOCK * self._profile.timeout) as exchange, self._classified(exchange, reader):
            if streams:
                _read_stream(request, reader, exchange)
            else:
                reader.take_whole(_complete(request))
            if self._dialect.native_fields is None:
                reader = reader.reread(exchange.parts())
                _look_at_end(reader, exchange)
        if time.monotonic() - began > SLOW_SECONDS and not self._quirks.refuses_streams:
            self._quirks = replace(self._quirks, streams=True)
        return self._make_reply(ask, request, reader, exchange)

    @contextmanager
    def _classified(self, exchange: Exchange, reader: ReplyReader) -> Iterator[None]:
        try:
            yield
        except _ListenerFailed as failed:
            raise failed.error from None
        except Exception as error:
            failure = classify(error, self._target, exchange)
            # once words went out a failed stream is final: they would be said twice
            failure.transient = failure.transient and not (reader.said_anything and reader.on_piece)
            raise failure from error

    def _make_reply(self, ask: Ask, request: Mapping[str, Any], reader: ReplyReader, exchange: Exchange) -> Reply:
        usage = count_usage(request, reader, self._target, exchange)
        read = None if usage.estimated else self._cuts.find_cut(ask.messages, usage.prompt_tokens)
        if read is not None:
            raise CallFailed(
                FailureClass.CONTEXT_OVERFLOW,
                f"{self._target}: the server read only {read} tokens and cut off the rest without a word",
                f"start it with a larger context, or write its size as `window` in profiles/{self._profile.name}.yaml",
                window=read,
            )
        opaque = reader.opaque(self._target.origin, self._dialect)
        reply = Reply(reader.text(), reader.calls(), usage, self.name, reader.thoughts(), reader.stop, opaque)
        return reply if reply.calls else read_markup(reply, ask.tools, expected=ask.calls is not Calls.FREE)

    def _known_limit(self, name: str) -> int | None:
        value = self._known.get(name)
        return int(value) if value else None

    @cached_property
    def _known(self) -> Mapping[str, Any]:
        """What litellm knows of the model."""
        with suppress(Exception):  # it raises a bare Exception for a model that it does not know
            return dict(load_litellm().get_model_info(self._target.model_id))
        return {}


def _guard(on_piece: OnPiece | None) -> OnPiece | None:
    if on_piece is None:
        return None

    def hear(piece: Piece) -> None:
        try:
            on_piece(piece)
        except Exception as error:
            raise _ListenerFailed(error) from error

    return hear


def _read_stream(request: Mapping[str, Any], reader: ReplyReader, exchange: Exchange) -> None:
    """Take a reply in pieces; a server that answers in one piece all the same is understood."""
    stream = _complete({**request, "stream": True, "stream_options": {"include_usage": True}})
    for chunk in stream:
        reader.take_chunk(chunk)
    # the library takes anything for a stream that said nothing
    if reader.is_empty and exchange.status is not None and not _SAID_NOTHING.search(exchange.body):
        reader.take_whole(_parse_whole(exchange.body))


def _look_at_end(reader: ReplyReader, exchange: Exchange) -> None:
    """Why the reply ended, as it stood on the wire. Raises ReplyFailed for one that broke off."""
    reason = exchange.finish_reason()
    if exchange.is_stream and reason is None and not exchange.is_done:
        raise ReplyFailed("the stream ended without saying that the reply is over")
    if reason:
        reader.note_raw_finish(reason)


def _parse_whole(body: str) -> Any:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ReplyFailed(f"it is not JSON: {error}") from None
    if not isinstance(data, dict) or not data.get("choices"):
        raise ReplyFailed("it is no completion")
    return load_litellm().ModelResponse(**data)


def _seconds_to_wait(state: "RetryCallState") -> float:
    from tenacity import wait_exponential_jitter

    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, CallFailed) and error.retry_after is not None:
        return error.retry_after
    return wait_exponential_jitter(multiplier=1, max=LONGEST_BACKOFF)(state)


def _complete(request: Mapping[str, Any]) -> Any:
    litellm = load_litellm()
    response = litellm.completion(**request, drop_params=True)
    # Where it may drop parameters, litellm turns a 422 into None; asked again it tells what the provider said.
    return litellm.completion(**request) if response is None else response
