"""Any model that LiteLLM reaches."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kanban.domain.message import Message, Reply, ToolCall, ToolSpec, Usage
from kanban.domain.profile import Profile
from kanban.llm.base import TEXT_CAP, OnText, cap_text
from kanban.llm.failures import CallFailed, classify
from kanban.llm.library import load_litellm, speaks_openai
from kanban.llm.target import Target, find_target
from kanban.llm.wire import to_openai, tools_to_openai

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

ATTEMPTS = 4
LONGEST_BACKOFF = 20.0
TIMEOUT = 600.0
MILLION = 1_000_000


class LiteLLMModel:
    """The model that `profile` names; `keys` maps variable names to secrets.

    `timeout` (seconds) is how long the provider may be silent, and after it no further try is begun.
    `sleep` takes the seconds between two tries.
    """

    def __init__(
        self,
        profile: Profile,
        keys: Mapping[str, str],
        timeout: float = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = profile.model
        self._profile = profile
        self._keys = keys
        self._timeout = timeout
        self._sleep = sleep

    def complete(self, messages: Sequence[Message], tools: Sequence[ToolSpec], on_text: OnText | None = None) -> Reply:
        """Ask the model, again when what failed is passing; raises ModelError when it will not answer."""
        request = self._make_request(messages, tools)
        response = self._make_retrying()(self._try_once, request, on_text)
        return self._make_reply(request, response)

    @cached_property
    def _target(self) -> Target:
        return find_target(self._profile, self._keys)

    def _make_request(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> dict[str, Any]:
        target = self._target
        request = {
            "model": target.model_id,
            "messages": to_openai(messages),
            "tools": tools_to_openai(tools) or None,
            "api_base": self._profile.api_base,
            "api_key": target.key or None,
            "temperature": self._profile.temperature,
            "timeout": self._timeout,
            "max_retries": 0,
            # Z.AI and others would drop max_retries, and the client below litellm would try again by itself.
            "allowed_openai_params": ["max_retries"] if speaks_openai(target.provider) else None,
        }
        return {name: value for name, value in request.items() if value is not None}

    def _make_retrying(self) -> "Retrying":
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay

        return Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, CallFailed) and error.transient),
            stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(self._timeout),
            wait=_seconds_to_wait,
            sleep=self._sleep,
            reraise=True,
        )

    def _try_once(self, request: dict[str, Any], on_text: OnText | None) -> Any:
        if on_text is None:
            with self._classified():
                return _complete(request)
        chunks = self._pass_on(self._stream(request), on_text)
        with self._classified():
            return load_litellm().stream_chunk_builder(chunks, messages=request["messages"])

    def _stream(self, request: dict[str, Any]) -> Iterator[Any]:
        """The chunks of a streamed reply; once words went out a broken stream is final, lest they are said twice."""
        spoken = False
        try:
            with self._classified():
                for chunk in _complete({**request, "stream": True, "stream_options": {"include_usage": True}}):
                    spoken = spoken or bool(_words_in(chunk))
                    _name_calls(chunk)
                    yield chunk
        except CallFailed as failed:
            failed.transient = failed.transient and not spoken
            raise

    @staticmethod
    def _pass_on(stream: Iterator[Any], on_text: OnText) -> list[Any]:
        """The chunks, each one's words handed on, as far as a reply may be long."""
        chunks, length = [], 0
        for chunk in stream:
            chunks.append(chunk)
            words = _words_in(chunk)
            if words:
                on_text(words)
            length += len(words)
            if length > TEXT_CAP:
                break
        return chunks

    @contextmanager
    def _classified(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise classify(error, self._target) from error

    def _make_reply(self, request: dict[str, Any], response: Any) -> Reply:
        message = response.choices[0].message if response.choices else None
        text = cap_text((message and message.content) or "")
        calls = _read_calls((message and message.tool_calls) or ())
        self._count_missing_tokens(request, response, text)
        return Reply(text, calls, self._read_usage(response), self.name)

    def _count_missing_tokens(self, request: dict[str, Any], response: Any, text: str) -> None:
        """Count here what a server without usage left out."""
        litellm = load_litellm()
        usage = getattr(response, "usage", None)
        if usage is None or not usage.prompt_tokens:
            prompt = litellm.token_counter(model="", messages=request["messages"], tools=request.get("tools"))
            completion = litellm.token_counter(model="", text=text)
            response.usage = litellm.Usage(prompt_tokens=prompt, completion_tokens=completion)
            response._hidden_params.pop("response_cost", None)  # it was made out without them

    def _read_usage(self, response: Any) -> Usage:
        usage, price = response.usage, self._profile.price
        if price is None:
            cost = self._known_cost(response)
        else:
            cost = (usage.prompt_tokens * price.prompt + usage.completion_tokens * price.completion) / MILLION
        return Usage(usage.prompt_tokens, usage.completion_tokens, cost)

    def _known_cost(self, response: Any) -> float | None:
        known = response._hidden_params.get("response_cost")  # of a reply that came whole it is made out already
        if known is not None:
            return float(known)
        try:
            return float(load_litellm().completion_cost(response, model=self._target.model_id))
        except Exception:  # litellm raises a bare Exception for a model without a price
            return None


def _seconds_to_wait(state: "RetryCallState") -> float:
    from tenacity import wait_exponential_jitter

    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, CallFailed) and error.retry_after is not None:
        return error.retry_after
    return wait_exponential_jitter(multiplier=1, max=LONGEST_BACKOFF)(state)


def _complete(request: dict[str, Any]) -> Any:
    litellm = load_litellm()
    response = litellm.completion(**request, drop_params=True)
    # Where it may drop parameters, litellm turns a 422 into None; asked again it tells what the provider said.
    return litellm.completion(**request) if response is None else response


def _words_in(chunk: Any) -> str:
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""


def _name_calls(chunk: Any) -> None:
    """Give calls an id where the server gave none: litellm loses those."""
    for call in (chunk.choices[0].delta.tool_calls or ()) if chunk.choices else ():
        if call.function.name and not call.id:
            call.id = _new_call_id()


def _new_call_id() -> str:
    return f"call_{uuid.uuid4().hex}"


def _read_calls(calls: Sequence[Any]) -> tuple[ToolCall, ...]:
    """The calls, each with an id of its own."""
    read: dict[str, ToolCall] = {}
    for call in calls:
        call_id = call.id if call.id and call.id not in read else _new_call_id()
        read[call_id] = ToolCall(call_id, call.function.name or "", call.function.arguments or "")
    return tuple(read.values())
