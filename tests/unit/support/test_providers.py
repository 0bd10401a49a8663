"""The servers that play providers: each rule refuses what it should and takes what is right."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from kanban.llm.library import load_litellm
from tests.support.providers import (
    CONVERSATION,
    ZAI,
    Anthropic,
    DeepSeek,
    Gemini,
    GeminiOverOpenAI,
    Moonshot,
    OpenAI,
    OpenRouter,
    OpenRouterSigned,
    ProviderServer,
    broken,
    deepseek,
)
from tests.support.providers.gemini import STANDS_FOR_NONE
from tests.support.providers.local import LlamaCpp, OnlyStreams
from tests.support.providers.markup import WRITERS, CallsAsText, ThoughtsAsText
from tests.support.providers.ollama import Ollama
from tests.support.providers.script import Turn, call
from tests.support.providers.tokens import PrefixStore, count

Wire = dict[str, Any]
Change = Callable[[Wire], Any]

ASK = [{"role": "system", "content": "You are Cody"}, {"role": "user", "content": "Count the lines"}]
THINK = {"type": "enabled", "budget_tokens": 1024}
CHAT_SERVERS = [DeepSeek, Moonshot, ZAI, OpenAI, OpenRouter, OpenRouterSigned, GeminiOverOpenAI, LlamaCpp]


def post(server: ProviderServer, body: Wire, path: str = "/chat/completions") -> httpx.Response:
    return httpx.post(server.url + path, json=body)


def play_chat(server: ProviderServer, **options: Any) -> Wire:
    """The whole conversation, each message sent back as it came; returns the last request."""
    body: Wire = {"model": "played", "messages": list(ASK), **options}
    for _ in CONVERSATION[:-1]:
        message = post(server, body).json()["choices"][0]["message"]
        results = [{"role": "tool", "tool_call_id": one["id"], "content": "ok"} for one in message["tool_calls"]]
        body = body | {"messages": [*body["messages"], _without_nones(message), *results]}
    return body


def play_anthropic(server: ProviderServer, **options: Any) -> Wire:
    body: Wire = {"model": "claude", "max_tokens": 9000, "messages": [{"role": "user", "content": "Count"}], **options}
    for _ in CONVERSATION[:-1]:
        content = post(server, body, "/v1/messages").json()["content"]
        used = [block["id"] for block in content if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": one, "content": "ok"} for one in used]
        said = [{"role": "assistant", "content": content}, {"role": "user", "content": results}]
        body = body | {"messages": [*body["messages"], *said]}
    return body


def play_gemini(server: ProviderServer) -> Wire:
    body: Wire = {"contents": [{"role": "user", "parts": [{"text": "Count"}]}]}
    for _ in CONVERSATION[:-1]:
        content = post(server, body, "/models/m:generateContent").json()["candidates"][0]["content"]
        names = [part["functionCall"]["name"] for part in content["parts"] if "functionCall" in part]
        results = [{"functionResponse": {"name": name, "response": {"result": "ok"}}} for name in names]
        body = {"contents": [*body["contents"], content, {"role": "user", "parts": results}]}
    return body


def _without_nones(message: Wire) -> Wire:
    return {name: value for name, value in message.items() if value is not None}


# What is right is taken


@pytest.mark.parametrize("kind", CHAT_SERVERS)
def test_a_conversation_that_brings_everything_back_is_played_to_its_end(kind: type[ProviderServer]) -> None:
    with kind() as server:
        last = post(server, play_chat(server)).json()["choices"][0]
        assert (last["message"]["content"], last["finish_reason"]) == (CONVERSATION[-1].words, "stop")
        assert (server.refusals, server.alterations) == ([], [])
        assert len(server.requests) == 4


@pytest.mark.parametrize("thinking", [None, THINK])
def test_anthropic_plays_to_the_end_with_and_without_thinking(thinking: Wire | None) -> None:
    with Anthropic() as server:
        body = play_anthropic(server, **({"thinking": thinking} if thinking else {}))
        reply = post(server, body, "/v1/messages").json()
        assert reply["stop_reason"] == "end_turn"
        assert (server.refusals, server.alterations) == ([], [])
        kinds = [block["type"] for block in body["messages"][3]["content"]]
        assert kinds == [*(["thinking", "redacted_thinking"] if thinking else []), "text", "tool_use", "tool_use"]


def test_gemini_plays_to_the_end() -> None:
    with Gemini() as server:
        reply = post(server, play_gemini(server), "/models/m:generateContent").json()
        assert reply["candidates"][0]["finishReason"] == "STOP"
        assert (server.refusals, server.alterations) == ([], [])


# What is wrong is refused, in the provider's words


def drop(name: str, number: int = 2) -> Change:
    return lambda body: body["messages"][number].pop(name)


def put(value: Any, *path: Any) -> Change:
    def change(body: Wire) -> None:
        place: Any = body
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


CHAT_REFUSALS: list[tuple[type[ProviderServer], Change, str]] = [
    (
        DeepSeek,
        drop("reasoning_content"),
        "The `reasoning_content` in the thinking mode must be passed back to the API.",
    ),
    (DeepSeek, put(None, "messages", 4, "reasoning_content"), "must be passed back"),
    (DeepSeek, put("developer", "messages", 0, "role"), "unknown variant `developer`"),
    (DeepSeek, put("nobody", "messages", 3, "tool_call_id"), "must be a response to a preceding message"),
    (DeepSeek, lambda body: body["messages"].pop(), "did not have response messages"),
    (DeepSeek, put({"type": "maybe"}, "thinking"), "unknown variant `maybe`"),
    (Moonshot, drop("reasoning_content"), "reasoning_content is missing in assistant tool call message at index 2"),
    (Moonshot, put("required", "tool_choice"), "tool_choice 'required' is incompatible with thinking enabled"),
    (Moonshot, put({"type": "function"}, "tool_choice"), "tool_choice 'specified' is incompatible"),
    (Moonshot, put(0.3, "temperature"), "invalid temperature: only 1 is allowed"),
    (Moonshot, put({"type": "disabled"}, "thinking"), "only type=enabled"),
    (Moonshot, lambda body: body["messages"].append({"role": "assistant", "content": ""}), "must not be empty"),
    (OpenAI, put("thoughts", "messages", 2, "reasoning_content"), "Unknown parameter: 'messages[2].reasoning_content'"),
    (OpenAI, put({}, "messages", 2, "tool_calls", 0, "extra_content"), "tool_calls[0].extra_content'"),
    (OpenAI, put(100, "max_tokens"), "Use 'max_completion_tokens' instead"),
    (OpenAI, put(0.2, "temperature"), "'temperature' does not support 0.2"),
    (GeminiOverOpenAI, lambda body: body["messages"][2]["tool_calls"][0].pop("extra_content"), "missing a thought_sig"),
    (
        GeminiOverOpenAI,
        put({"google": {"thought_signature": "AAAA"}}, "messages", 4, "tool_calls", 0, "extra_content"),
        "Corrupted thought signature",
    ),
    (OpenRouter, drop("reasoning_details"), "must be passed back"),
    (OpenRouterSigned, put("x", "messages", 2, "reasoning_details", 0, "text"), "are not as they were sent"),
    (OpenRouterSigned, put("x", "messages", 2, "reasoning_details", 0, "signature"), "are not as they were sent"),
    (OpenRouterSigned, lambda body: body["messages"][4]["reasoning_details"].pop(), "are not as they were sent"),
]


@pytest.mark.parametrize(("kind", "change", "words"), CHAT_REFUSALS)
def test_a_rule_refuses(kind: type[ProviderServer], change: Change, words: str) -> None:
    with kind() as server:
        body = copy.deepcopy(play_chat(server))
        change(body)
        answer = post(server, body)
        assert answer.status_code == 400
        assert words in answer.json()[0]["error"]["message"] if kind is GeminiOverOpenAI else words in _words(answer)
        assert [(one.number, one.status) for one in server.refusals] == [(3, 400)]


def _words(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["message"]) + str(answer.json()["error"].get("metadata", {}).get("raw", ""))


@pytest.mark.parametrize("kind", [DeepSeek, Moonshot, ZAI])
def test_thoughts_that_come_back_otherwise_are_recorded_where_they_are_not_refused(kind: type[ProviderServer]) -> None:
    with kind() as server:
        body = copy.deepcopy(play_chat(server))
        body["messages"][2]["reasoning_content"] = CONVERSATION[0].thoughts.strip()
        assert post(server, body).status_code == 200
        assert len(server.alterations) == 1
        assert "message 2: reasoning_content" in server.alterations[0]


ANTHROPIC_REFUSALS: list[tuple[Change, str]] = [
    (
        lambda body: body["messages"][5]["content"].pop(0),
        "Expected `thinking` or `redacted_thinking`, but found `tool_use`",
    ),
    (put("changed", "messages", 1, "content", 0, "thinking"), "Invalid `signature` in `thinking` block"),
    (put("AAAA", "messages", 5, "content", 0, "signature"), "Invalid `signature`"),
    (put("AAAA", "messages", 3, "content", 1, "data"), "Invalid `data` in `redacted_thinking` block"),
    (lambda body: body.pop("thinking"), "When thinking is disabled, an `assistant` message in the final position"),
    (put({"type": "any"}, "tool_choice"), "Thinking may not be enabled when tool_choice forces tool use"),
    (lambda body: body.pop("max_tokens"), "max_tokens: Field required"),
    (put(1024, "max_tokens"), "must be greater than `thinking.budget_tokens`"),
    (put(0.5, "temperature"), "`temperature` may only be set to 1"),
    (put("nobody", "messages", 2, "content", 0, "tool_use_id"), "ids were found without `tool_result` blocks"),
    (lambda body: body["messages"].pop(), "ids were found without `tool_result` blocks"),
    (
        put([{"type": "text", "text": "x", "cache_control": {}}] * 5, "system"),
        "A maximum of 4 blocks with cache_control",
    ),
    (put("", "messages", 0, "content"), "text content blocks must be non-empty"),
    (put("system", "messages", 0, "role"), "first message must use the user role"),
]


@pytest.mark.parametrize(("change", "words"), ANTHROPIC_REFUSALS)
def test_a_rule_of_anthropic_refuses(change: Change, words: str) -> None:
    with Anthropic() as server:
        body = copy.deepcopy(play_anthropic(server, thinking=THINK))
        change(body)
        answer = post(server, body, "/v1/messages")
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
        assert words in answer.json()["error"]["message"]
        assert len(server.refusals) == 1


def test_gemini_refuses_a_call_of_the_current_turn_without_its_signature_and_takes_the_stand_in() -> None:
    with Gemini() as server:
        body = copy.deepcopy(play_gemini(server))
        part = body["contents"][1]["parts"][0]
        signature = part.pop("thoughtSignature")
        answer = post(server, body, "/models/m:generateContent")
        assert "is missing a thought_signature" in answer.json()["error"]["message"]
        part["thoughtSignature"] = signature[:-4] + "AAA="
        assert "Corrupted" in post(server, body, "/models/m:generateContent").json()["error"]["message"]
        part["thoughtSignature"] = STANDS_FOR_NONE
        assert post(server, body, "/models/m:generateContent").status_code == 200
        assert len(server.alterations) == 1
        asked = [*body["contents"], {"role": "user", "parts": [{"text": "And now?"}]}]
        part.pop("thoughtSignature")
        assert post(server, {"contents": asked}, "/models/m:generateContent").status_code == 200


def test_gemini_refuses_a_call_without_its_response() -> None:
    with Gemini() as server:
        body = play_gemini(server)
        body["contents"].pop()
        assert "function response" in post(server, body, "/models/m:generateContent").json()["error"]["message"]


# The window, the cache, the limit of output


@pytest.mark.parametrize("kind", [*CHAT_SERVERS])
def test_a_prompt_beyond_the_window_is_refused_with_the_numbers(kind: type[ProviderServer]) -> None:
    with kind(window=100) as server:
        long = [{"role": "user", "content": "word " * 200}]
        assert post(server, {"model": "m", "messages": long}).status_code == 400
        assert server.refusals


def test_llama_cpp_says_how_large_its_window_is() -> None:
    with LlamaCpp(window=100) as server:
        error = post(server, {"model": "m", "messages": [{"role": "user", "content": "word " * 200}]}).json()["error"]
        assert (error["type"], error["n_ctx"]) == ("exceed_context_size_error", 100)
        assert error["n_prompt_tokens"] > 200


def test_ollama_drops_the_oldest_messages_and_reports_the_smaller_prompt() -> None:
    with Ollama(window=120) as server:
        messages = [*ASK, *[{"role": "user", "content": f"{n} " + "word " * 50} for n in range(5)]]
        usage = post(server, {"model": "m", "messages": messages}).json()["usage"]
        assert server.dropped == [5]
        assert usage["prompt_tokens"] <= 120


def test_what_was_seen_before_is_counted_as_cached() -> None:
    with DeepSeek() as server:
        play_chat(server)
        usage = post(server, play_chat(server)).json()["usage"]
        assert usage["prompt_cache_hit_tokens"] + usage["prompt_cache_miss_tokens"] == usage["prompt_tokens"]
        assert usage["prompt_cache_hit_tokens"] > usage["prompt_tokens"] // 2


def test_a_change_at_the_beginning_costs_the_whole_prefix() -> None:
    store = PrefixStore(unit=4)
    assert store.look_up(tuple(range(20))) == 0
    assert store.look_up(tuple(range(22))) == 20
    assert store.look_up((9, *range(1, 22))) == 0
    assert store.look_up((*range(10), 99)) == 8


def test_anthropic_reads_again_what_was_marked() -> None:
    with Anthropic() as server:
        mark = {"type": "text", "text": "word " * 2000, "cache_control": {"type": "ephemeral"}}
        body = {"model": "claude", "max_tokens": 100, "messages": [{"role": "user", "content": "Go"}], "system": [mark]}
        first = post(server, body, "/v1/messages").json()["usage"]
        again = post(server, body, "/v1/messages").json()["usage"]
        assert first["cache_creation_input_tokens"] == again["cache_read_input_tokens"] > 2000
        assert first["cache_read_input_tokens"] == again["cache_creation_input_tokens"] == 0
        body["system"] = [mark | {"text": "Word " + mark["text"]}]
        assert post(server, body, "/v1/messages").json()["usage"]["cache_read_input_tokens"] == 0


def test_a_limit_of_output_cuts_the_reply_off() -> None:
    with DeepSeek() as server:
        limit = count(CONVERSATION[0].thoughts) + 4
        choice = post(server, {"model": "m", "messages": ASK, "max_tokens": limit}).json()["choices"][0]
        assert choice["finish_reason"] == "length"
        assert choice["message"]["reasoning_content"] == CONVERSATION[0].thoughts
        arguments = choice["message"]["tool_calls"][0]["function"]["arguments"]
        assert arguments
        assert CONVERSATION[0].calls[0].arguments.startswith(arguments)
        assert arguments != CONVERSATION[0].calls[0].arguments


# Local servers and odd answers


def test_a_server_that_only_streams_refuses_a_whole_reply() -> None:
    with OnlyStreams() as server:
        assert post(server, {"model": "m", "messages": ASK}).status_code == 400
        assert "data: [DONE]" in post(server, {"model": "m", "messages": ASK, "stream": True}).text


@pytest.mark.parametrize("writer", WRITERS)
def test_calls_come_as_text(writer: str) -> None:
    with CallsAsText((Turn("", "", (call("shell", command="ls"),)),), writer) as server:
        choice = post(server, {"model": "m", "messages": ASK}).json()["choices"][0]
        assert "tool_calls" not in choice["message"]
        assert "shell" in choice["message"]["content"]
        assert choice["finish_reason"] == "stop"


def test_thoughts_come_as_text() -> None:
    with ThoughtsAsText() as server:
        message = post(server, {"model": "m", "messages": ASK}).json()["choices"][0]["message"]
        assert message["content"].startswith(f"<think>\n{CONVERSATION[0].thoughts}\n</think>")
        assert message["tool_calls"]


def test_a_rambling_stream_ends_only_with_its_client() -> None:
    with LlamaCpp() as server:
        server.planned.append(broken.rambling(server, "reasoning_content"))
        with httpx.stream("POST", f"{server.url}/chat/completions", json={"messages": ASK, "stream": True}) as answer:
            lines = (line for line in answer.iter_lines() if line)
            assert all("reasoning_content" in next(lines) for _ in range(50))


def test_planned_answers_come_first() -> None:
    with DeepSeek() as server:
        server.planned.extend([deepseek.insufficient_balance(), deepseek.rate_limited("3")])
        body = {"model": "m", "messages": ASK}
        answers = [post(server, body) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [402, 429, 200]
        assert answers[1].headers["Retry-After"] == "3"


# Through LiteLLM, whole and streamed


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request: pytest.FixtureRequest) -> Iterator[bool]:
    yield request.param


@pytest.mark.parametrize(
    ("kind", "model", "options"),
    [
        (DeepSeek, "deepseek/deepseek-v4-pro", {}),
        (DeepSeek, "openai/deepseek-v4-pro", {}),
        (Moonshot, "moonshot/kimi-k2.7-code", {}),
        (ZAI, "zai/glm-5.1", {}),
        (OpenAI, "openai/gpt-5", {}),
        (Anthropic, "anthropic/claude-opus-4-5", {"reasoning_effort": "low"}),
        (Gemini, "gemini/gemini-3.1-pro-preview", {"reasoning_effort": "low"}),
    ],
)
def test_litellm_carries_the_thoughts_back(
    kind: type[ProviderServer], model: str, options: Wire, streamed: bool
) -> None:
    with kind() as server:
        messages = list(ASK)
        for turn in CONVERSATION:
            message = _ask(server, model, messages, streamed, options)
            assert (message.get("content") or "") == turn.words
            assert message.get("reasoning_content") == (None if kind is OpenAI else turn.thoughts)
            messages += [message, *_results_of(message)]
        assert (server.refusals, server.alterations) == ([], [])


def _ask(server: ProviderServer, model: str, messages: list[Wire], streamed: bool, options: Wire) -> Wire:
    litellm = load_litellm()
    reply = litellm.completion(
        model=model, messages=messages, api_base=server.url, api_key="k", max_retries=0, stream=streamed, **options
    )
    if streamed:
        reply = litellm.stream_chunk_builder(list(reply))
    message = _without_nones(reply.choices[0].message.model_dump())
    if not isinstance(server, Gemini):
        message.pop("provider_specific_fields", None)
    return message


def _results_of(message: Wire) -> list[Wire]:
    calls = message.get("tool_calls") or []
    return [{"role": "tool", "tool_call_id": one["id"], "content": "ok"} for one in calls]
