"""Every provider, by the rules it documents: what it wants back comes back, and what it says is understood."""

import itertools
import json
from typing import Any

import pytest

from kanban.domain.message import Message, Role, Stop
from kanban.errors import FailureClass, ModelError
from tests.contract.played import (
    ASK,
    BY_KIND,
    CLAUDE,
    DEEPSEEK,
    DEEPSEEK_OVER_OPENAI,
    GEMINI,
    GLM,
    GPT,
    KIMI,
    ROUTER,
    TOOLS,
    Listener,
    Provider,
    after,
    model_at,
    model_of,
    of_each_kind,
    of_each_provider,
    play,
    words_of,
)
from tests.support.providers import (
    CONVERSATION,
    ZAI,
    Anthropic,
    DeepSeek,
    GeminiOverOpenAI,
    Moonshot,
    OpenRouter,
    Turn,
    anthropic,
    call,
    deepseek,
    gemini,
    moonshot,
    openai,
    openrouter,
    zai,
)
from tests.support.providers.anthropic_rules import thinks
from tests.support.providers.ollama import Ollama
from tests.support.providers.script import LINE_ENDS

# What a provider wants back


@of_each_provider
def test_a_run_of_four_turns_gives_back_what_the_provider_sent(provider: Provider, on_text: Listener) -> None:
    with provider.kind() as server:
        model, messages = model_of(server, provider), list(ASK)
        for turn in CONVERSATION:
            reply = model.complete(messages, TOOLS, on_text)
            assert reply.text == turn.words
            assert [one.name for one in reply.calls] == [one.tool for one in turn.calls]
            assert reply.thoughts == (turn.thoughts if provider.shows else "")
            messages = after(messages, reply)
        assert (server.refusals, server.alterations) == ([], [])
        assert len(server.requests) == len(CONVERSATION)


def test_thoughts_come_back_in_every_later_request(on_text: Listener) -> None:
    with DeepSeek() as server:
        play(model_at(server, "deepseek/deepseek-v4-pro"), on_text)
        for number, request in enumerate(server.requests):
            carried = [one["reasoning_content"] for one in request["messages"] if one["role"] == "assistant"]
            assert carried == [turn.thoughts for turn in CONVERSATION[:number]]


@of_each_kind
def test_a_conversation_that_was_begun_whole_goes_on_streamed(provider: Provider) -> None:
    with provider.kind() as server:
        messages = play(model_of(server, provider), None, 2)
        model_of(server, provider).complete(messages, TOOLS, lambda piece: None)
        assert (server.refusals, server.alterations) == ([], [])


TAKEN_OVER = [(one, BY_KIND[(n + by) % len(BY_KIND)]) for n, one in enumerate(BY_KIND) for by in (1, 4)]


@pytest.mark.parametrize(("first", "second"), TAKEN_OVER, ids=str)
def test_another_model_takes_over(first: Provider, second: Provider) -> None:
    """A model that takes over gets nothing that only the one before can read, and what it cannot do without."""
    with first.kind() as begun, second.kind() as taken_over:
        messages = play(model_of(begun, first), turns=2)
        model = model_of(taken_over, second)
        reply = model.complete(messages, TOOLS)
        assert [one.name for one in reply.calls] == ["shell"]
        assert model.complete(after(messages, reply), TOOLS).text == CONVERSATION[-1].words
        assert taken_over.refusals == []


@of_each_kind
def test_a_transcript_of_an_older_version_has_no_opaque_part(provider: Provider, on_text: Listener) -> None:
    with provider.kind() as server:
        model, messages = model_of(server, provider), list(ASK)
        for _ in CONVERSATION:
            reply = model.complete(messages, TOOLS, on_text)
            known, *results = after(messages, reply)[len(messages) :]
            messages = [*messages, Message(Role.ASSISTANT, known.content, known.calls), *results]
        assert server.refusals == []


@of_each_kind
def test_thoughts_are_not_streamed_as_words(provider: Provider) -> None:
    heard: list[str] = []
    with provider.kind() as server:
        for turn in CONVERSATION:
            heard.clear()
            messages = play(model_of(server, provider), turns=CONVERSATION.index(turn))
            model_of(server, provider).complete(messages, TOOLS, lambda piece: heard.append(words_of(piece)))
            assert "".join(heard) == turn.words


PARALLEL = (
    Turn("both", "", (call("shell", command="a"), call("shell", command="b"), call("read_file", path="c"))),
    Turn("", "done"),
)


@of_each_provider
def test_calls_in_one_reply_stay_apart(provider: Provider, on_text: Listener) -> None:
    with provider.kind(PARALLEL) as server:
        model = model_of(server, provider)
        reply = model.complete(ASK, TOOLS, on_text)
        assert [one.arguments for one in reply.calls] == [one.arguments for one in PARALLEL[0].calls]
        assert len({one.id for one in reply.calls}) == 3
        assert model.complete(after(ASK, reply), TOOLS, on_text).text == "done"
        assert (server.refusals, server.alterations) == ([], [])


@of_each_provider
def test_characters_that_end_lines_elsewhere_are_kept(provider: Provider, on_text: Listener) -> None:
    with provider.kind(LINE_ENDS) as server:
        model = model_of(server, provider)
        reply = model.complete(ASK, TOOLS, on_text)
        assert reply.text == LINE_ENDS[0].words
        assert [json.loads(one.arguments) for one in reply.calls] == [json.loads(LINE_ENDS[0].calls[0].arguments)]
        assert model.complete(after(ASK, reply), TOOLS, on_text).text == LINE_ENDS[1].words
        assert (server.refusals, server.alterations) == ([], [])


def test_thinking_that_is_turned_off_stays_off(on_text: Listener) -> None:
    with DeepSeek() as server:
        play(model_at(server, "deepseek/deepseek-v4-pro", reasoning="none"), on_text)
        assert all(request["thinking"] == {"type": "disabled"} for request in server.requests)
        assert server.refusals == []


def test_anthropic_thinks_when_the_profile_says_so() -> None:
    with Anthropic() as server:
        play(model_at(server, "anthropic/claude-opus-4-5", reasoning="medium"))
        assert all(thinks(request) for request in server.requests)


# Why a reply ended, and what it cost


@of_each_provider
def test_a_reply_that_was_cut_off_says_so(provider: Provider, on_text: Listener) -> None:
    half = Turn("thinking", "half of a", (), stop="length")
    with provider.kind((half,)) as server:
        reply = model_of(server, provider).complete(ASK, TOOLS, on_text)
        assert (reply.stop, reply.text) == (Stop.CUT_OFF, "half of a")


@pytest.mark.parametrize("provider", [DEEPSEEK, DEEPSEEK_OVER_OPENAI, CLAUDE], ids=str)
def test_a_call_that_was_cut_off_is_none(provider: Provider, on_text: Listener) -> None:
    """Half a call carried out is half a file that passes for a whole one."""
    long = Turn("t", "", (call("write_file", content="line\n" * 2_000),))
    with provider.kind((long,)) as server:
        settings = provider.settings | {"max_output": 1500}
        reply = model_at(server, provider.model, **settings).complete(ASK, TOOLS, on_text)
        assert reply.stop is Stop.CUT_OFF
        assert [one for one in reply.calls if one.arguments == long.calls[0].arguments] == []


@of_each_provider
def test_a_whole_reply_ends_by_itself(provider: Provider, on_text: Listener) -> None:
    with provider.kind() as server:
        model = model_of(server, provider)
        replies = [model.complete(ASK, TOOLS, on_text), model.complete(play(model, turns=3), TOOLS, on_text)]
        assert [bool(reply.calls) for reply in replies] == [True, False]
        assert {reply.stop for reply in replies} == {Stop.SAID_ALL}


@pytest.mark.parametrize("provider", [one for one in BY_KIND if one.kind not in (Anthropic, GeminiOverOpenAI)], ids=str)
def test_what_the_provider_had_in_its_cache_is_counted(provider: Provider, on_text: Listener) -> None:
    if provider.kind is Moonshot and on_text:
        pytest.skip("litellm drops Moonshot's cached_tokens from every chunk of a stream")
    with provider.kind() as server:
        long = [Message(Role.SYSTEM, "You are Cody. " * 700), ASK[1]]
        model = model_of(server, provider)
        first = model.complete(long, TOOLS, on_text)
        asked = len(server.requests)
        second = model.complete(long, TOOLS, on_text)
        assert first.usage.cached_tokens == 0 or asked > 1  # a request that had to be sent again finds its own prefix
        assert 2000 < second.usage.cached_tokens <= second.usage.prompt_tokens


def test_anthropic_gets_marks_and_reads_its_cache(on_text: Listener) -> None:
    with Anthropic() as server:
        model = model_at(server, "anthropic/claude-opus-4-5")
        long = [Message(Role.SYSTEM, "You are Cody. " * 700), ASK[1]]
        first = model.complete(long, TOOLS, on_text)
        second = model.complete(after(long, first), TOOLS, on_text)
        assert 2000 < second.usage.cached_tokens <= second.usage.prompt_tokens
        assert server.refusals == []


@pytest.mark.parametrize("provider", [DEEPSEEK, GPT, ROUTER], ids=str)
def test_tokens_of_thoughts_are_counted(provider: Provider, on_text: Listener) -> None:
    with provider.kind() as server:
        usage = model_of(server, provider).complete(ASK, TOOLS, on_text).usage
        assert 0 < usage.reasoning_tokens < usage.completion_tokens


def test_openrouter_says_what_it_cost(on_text: Listener) -> None:
    with OpenRouter() as server:
        usage = model_at(server, "openrouter/some/model").complete(ASK, TOOLS, on_text).usage
        assert usage.cost_usd == pytest.approx((usage.prompt_tokens + usage.completion_tokens) / 1_000_000)


# What a provider refuses

FAILURES = [
    (DEEPSEEK, deepseek.insufficient_balance(), FailureClass.MODEL_DOWN, "Insufficient Balance"),
    (KIMI, moonshot.quota_exceeded(), FailureClass.RATE_LIMITED, "insufficient balance"),
    (GLM, zai.no_balance(), FailureClass.RATE_LIMITED, "Insufficient balance"),
    (GPT, openai.insufficient_quota(), FailureClass.RATE_LIMITED, "exceeded your current quota"),
    (CLAUDE, anthropic.no_credit(), FailureClass.MODEL_DOWN, "credit balance is too low"),
    (ROUTER, openrouter.no_credits(), FailureClass.MODEL_DOWN, "Insufficient credits"),
]


@pytest.mark.parametrize(("provider", "answer", "failure", "words"), FAILURES, ids=lambda one: str(one)[:20])
def test_an_empty_account_is_told_in_the_words_of_the_provider(
    provider: Provider, answer: Any, failure: FailureClass, words: str, on_text: Listener
) -> None:
    with provider.kind() as server:
        server.planned.append(answer)
        with pytest.raises(ModelError, match=words) as caught:
            model_of(server, provider).complete(ASK, TOOLS, on_text)
        assert caught.value.failure_class is failure
        assert len(server.requests) == 1


PASSING = [
    (DEEPSEEK, deepseek.rate_limited()),
    (DEEPSEEK, deepseek.overloaded()),
    (KIMI, moonshot.rate_limited()),
    (KIMI, moonshot.overloaded()),
    (GLM, zai.rate_limited()),
    (GPT, openai.rate_limited()),
    (CLAUDE, anthropic.overloaded()),
    (CLAUDE, anthropic.rate_limited()),
    (GEMINI, gemini.resource_exhausted()),
    (GEMINI, gemini.overloaded()),
]


@pytest.mark.parametrize(("provider", "answer"), PASSING, ids=lambda one: str(one)[:30])
def test_what_passes_is_tried_again(provider: Provider, answer: Any, on_text: Listener) -> None:
    with provider.kind() as server:
        server.planned.append(answer)
        assert model_of(server, provider).complete(ASK, TOOLS, on_text).calls
        assert len(server.requests) == 2


@pytest.mark.parametrize("code", [429, 502])
def test_an_error_inside_a_good_status_keeps_its_words_and_its_class(code: int, on_text: Listener) -> None:
    answer = openrouter.error_in_mid_stream if on_text else openrouter.error_in_200
    with OpenRouter() as server:
        server.planned.extend(itertools.repeat(answer(code, "the upstream is gone"), 10))
        with pytest.raises(ModelError, match="the upstream is gone") as caught:
            model_at(server, "openrouter/some/model").complete(ASK, TOOLS, on_text)
        expected = FailureClass.RATE_LIMITED if code == 429 else FailureClass.MODEL_DOWN
        assert caught.value.failure_class is expected


@of_each_provider
def test_a_prompt_beyond_the_window_is_an_overflow(provider: Provider, on_text: Listener) -> None:
    with provider.kind(window=200) as server:
        long = [*ASK, Message(Role.USER, "word " * 400)]
        with pytest.raises(ModelError) as caught:
            model_of(server, provider).complete(long, TOOLS, on_text)
        assert caught.value.failure_class is FailureClass.CONTEXT_OVERFLOW
        assert len(server.refusals) <= 2  # once more without a longest reply, where that was counted in


@pytest.mark.parametrize("model", ["openai/qwen3", "ollama_chat/qwen3"])
def test_a_server_that_cuts_the_prompt_without_a_word_is_found_out(model: str, on_text: Listener) -> None:
    with Ollama(window=4096) as server:
        long = [*ASK, *(Message(Role.USER, f"{n} " + "word " * 2000) for n in range(6))]
        with pytest.raises(ModelError) as caught:
            model_at(server, model).complete(long, TOOLS, on_text)
        assert caught.value.failure_class is FailureClass.CONTEXT_OVERFLOW
        assert server.dropped[0] > 0


@pytest.mark.parametrize("model", ["openai/qwen3", "ollama_chat/qwen3"])
def test_ollama_plays_to_the_end(model: str, on_text: Listener) -> None:
    with Ollama() as server:
        assert play(model_at(server, model), on_text)[-1].content == CONVERSATION[-1].words
        assert (server.refusals, server.dropped) == ([], [0, 0, 0, 0])


@pytest.mark.parametrize("model", ["deepseek/deepseek-v4-pro", "openai/deepseek-v4-pro", "hosted_vllm/deepseek-v4"])
def test_what_a_profile_adds_arrives_as_it_stands(model: str) -> None:
    with DeepSeek() as server:
        play(model_at(server, model, extra={"thinking": {"type": "enabled"}, "top_k": 5}), turns=1)
        assert (server.requests[0]["thinking"], server.requests[0]["top_k"]) == ({"type": "enabled"}, 5)


def test_zai_is_told_not_to_think() -> None:
    with ZAI() as server:
        play(model_at(server, "zai/glm-5.1", reasoning="none"), turns=1)
        assert server.requests[0]["thinking"] == {"type": "disabled"}
