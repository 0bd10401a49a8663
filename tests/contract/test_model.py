"""Every model keeps one contract; then what only a model behind HTTP can get wrong."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from kanban.domain.message import Message, Reply, Role, ToolSpec
from kanban.domain.profile import Price, Profile
from kanban.errors import FailureClass, ModelError
from kanban.llm import LiteLLMModel, Model, Piece, PieceKind, Script, ScriptedModel, load_script, open_model
from kanban.llm.base import TEXT_CAP
from tests.support.openai_server import Answer, OpenAIServer, call, call_raw, cut, fail, hang, raw, say

SHELL = ToolSpec(
    "shell",
    "Runs a command",
    {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
)
ASK = [Message(Role.SYSTEM, "You are Cody"), Message(Role.USER, "Look around")]
SCRIPT = load_script(
    {
        "scenes": [
            {
                "name": "look around",
                "when": "Look around",
                "steps": [
                    {
                        "say": "Let me see.",
                        "calls": [
                            {"tool": "shell", "arguments": {"command": "ls"}},
                            {"tool": "shell", "arguments": {"command": "printf 'ü \"{x}\"\\n'"}},
                        ],
                    },
                    {"say": "Two files.\n\nThat is all."},
                    {},
                ],
            }
        ]
    }
)


@pytest.fixture(params=["litellm", "scripted"])
def model(request: pytest.FixtureRequest, openai_server: OpenAIServer) -> Model:
    if request.param == "scripted":
        return ScriptedModel(SCRIPT)
    openai_server.play(SCRIPT)
    return model_at(openai_server)


def profile_at(server: OpenAIServer, **changes: Any) -> Profile:
    return Profile.model_validate(
        {"name": "cody", "role": "worker", "model": "openai/test-model", "api_base": server.url} | changes
    )


def model_at(
    server: OpenAIServer,
    keys: dict[str, str] | None = None,
    sleep: Callable[[float], None] = lambda seconds: None,
    **changes: Any,
) -> LiteLLMModel:
    return LiteLLMModel(profile_at(server, **({"timeout": 10.0} | changes)), keys or {}, sleep)


def words_of(piece: Piece) -> str:
    return piece.text if piece.kind is PieceKind.WORDS else ""


def after(messages: list[Message], reply: Reply) -> list[Message]:
    """The conversation once `reply` was given and each of its calls answered."""
    results = [Message(Role.TOOL, "ok", call_id=one.id, name=one.name) for one in reply.calls]
    return [*messages, reply.as_message(), *results]


# The contract


def test_text_and_several_calls_come_in_one_reply(model: Model) -> None:
    reply = model.complete(ASK, [SHELL])
    assert reply.text == "Let me see."
    assert [one.name for one in reply.calls] == ["shell", "shell"]
    assert [json.loads(one.arguments)["command"] for one in reply.calls] == ["ls", "printf 'ü \"{x}\"\\n'"]
    assert len({one.id for one in reply.calls}) == 2


def test_streamed_the_reply_is_the_same_and_its_pieces_make_the_text(model: Model) -> None:
    pieces: list[str] = []
    streamed = model.complete(ASK, [SHELL], lambda piece: pieces.append(words_of(piece)))
    at_once = model.complete(ASK, [SHELL])
    assert "".join(pieces) == streamed.text == at_once.text
    assert len(pieces) > 1
    assert [(c.name, c.arguments) for c in streamed.calls] == [(c.name, c.arguments) for c in at_once.calls]
    assert streamed.usage == at_once.usage


def test_the_conversation_goes_on_after_the_results_of_tools(model: Model) -> None:
    first = model.complete(ASK, [SHELL])
    second = model.complete(after(ASK, first), [SHELL])
    assert second.text == "Two files.\n\nThat is all."
    assert second.calls == ()


@pytest.mark.parametrize("on_piece", [None, lambda piece: None])
def test_an_empty_reply_is_a_reply(model: Model, on_piece: Any) -> None:
    conversation = after(after(ASK, model.complete(ASK, [SHELL])), Reply("Two files."))
    reply = model.complete(conversation, [SHELL], on_piece)
    assert (reply.text, reply.calls) == ("", ())


def test_usage_grows_with_the_conversation(model: Model) -> None:
    first = model.complete(ASK, [SHELL])
    second = model.complete(after(ASK, first), [SHELL])
    assert 0 < first.usage.prompt_tokens < second.usage.prompt_tokens
    assert first.usage.completion_tokens > 0


def test_no_tools_is_fine(model: Model) -> None:
    assert model.complete(ASK, []).text == "Let me see."


def test_a_request_it_cannot_answer_is_a_bad_request(model: Model) -> None:
    with pytest.raises(ModelError) as caught:
        model.complete([Message(Role.USER, "something else")], [])
    assert caught.value.failure_class is FailureClass.BAD_REQUEST


def test_what_the_listener_raises_comes_through_as_it_is(model: Model) -> None:
    class Enough(Exception):
        pass

    def stop(piece: str) -> None:
        raise Enough

    with pytest.raises(Enough):
        model.complete(ASK, [SHELL], stop)


# What is sent


def test_the_request_carries_the_conversation_the_tools_and_the_settings(openai_server: OpenAIServer) -> None:
    reply = Reply("on it", ScriptedModel(SCRIPT).complete(ASK, []).calls[:1])
    model_at(openai_server, temperature=0.25).complete(after(ASK, reply), [SHELL])
    [request] = openai_server.requests
    assert request["model"] == "test-model"
    assert request["temperature"] == 0.25
    assert [tool["function"]["name"] for tool in request["tools"]] == ["shell"]
    assert [message["role"] for message in request["messages"]] == ["system", "user", "assistant", "tool"]
    assert request["messages"][2]["tool_calls"][0]["id"] == request["messages"][3]["tool_call_id"]


@pytest.mark.parametrize("name", ["qwen3:8b", "deepseek-ai/DeepSeek-V3", "kimi-k2.7-code"])
def test_a_bare_name_at_an_api_base_is_asked_for_as_it_stands(openai_server: OpenAIServer, name: str) -> None:
    model_at(openai_server, model=name).complete(ASK, [])
    assert openai_server.requests[0]["model"] == name


def test_the_key_is_the_one_that_the_profile_names(openai_server: OpenAIServer) -> None:
    keys = {"MY_KEY": "sk-mine", "OPENAI_API_KEY": "sk-other"}
    model_at(openai_server, keys, api_key_env="MY_KEY").complete(ASK, [])
    assert openai_server.headers[0]["Authorization"] == "Bearer sk-mine"


def test_no_key_goes_to_a_server_that_asks_for_none(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    model_at(openai_server, {"OPENAI_API_KEY": "sk-secret"}).complete(ASK, [])
    assert "sk-secret" not in openai_server.headers[0]["Authorization"]


@pytest.mark.parametrize("keys", [{}, {"MY_KEY": ""}])
def test_a_key_that_is_not_set_is_named(openai_server: OpenAIServer, keys: dict[str, str]) -> None:
    with pytest.raises(ModelError, match="MY_KEY is not set") as caught:
        model_at(openai_server, keys, api_key_env="MY_KEY").complete(ASK, [])
    assert caught.value.failure_class is FailureClass.MODEL_DOWN
    assert "MY_KEY" in caught.value.hint
    assert ".env" in caught.value.hint
    assert openai_server.requests == []


def test_without_api_base_the_missing_key_of_the_provider_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    model = LiteLLMModel(Profile(name="ginger", role="orchestrator", model="deepseek/deepseek-v4-pro"), {})
    with pytest.raises(ModelError, match="DEEPSEEK_API_KEY is not set") as caught:
        model.complete(ASK, [])
    assert caught.value.failure_class is FailureClass.MODEL_DOWN
    assert "DEEPSEEK_API_KEY" in caught.value.hint


def test_a_model_of_no_known_provider_is_down_and_says_how_to_name_it() -> None:
    with pytest.raises(ModelError, match="mystery-9") as caught:
        LiteLLMModel(Profile(name="cody", role="worker", model="mystery-9"), {}).complete(ASK, [])
    assert caught.value.failure_class is FailureClass.MODEL_DOWN
    assert "api_base" in caught.value.hint


# What comes back


def test_malformed_arguments_are_handed_on_untouched(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda request: call_raw("shell", '{"command": "ls')
    assert model_at(openai_server).complete(ASK, [SHELL]).calls[0].arguments == '{"command": "ls'
    assert model_at(openai_server).complete(ASK, [SHELL], print).calls[0].arguments == '{"command": "ls'


def test_malformed_arguments_in_the_conversation_do_not_break_the_next_request(openai_server: OpenAIServer) -> None:
    openai_server.answers(call_raw("shell", "not json"), say("sorry"))
    model = model_at(openai_server)
    assert model.complete(after(ASK, model.complete(ASK, [SHELL])), [SHELL]).text == "sorry"


@pytest.mark.parametrize("on_piece", [None, lambda piece: None])
def test_calls_without_an_id_get_one_each(openai_server: OpenAIServer, on_piece: Any) -> None:
    twice = Answer(calls=(("shell", "{}"), ("shell", "{}")), ids=False)
    openai_server.answer = lambda request: twice
    calls = model_at(openai_server).complete(ASK, [SHELL], on_piece).calls
    assert len({one.id for one in calls if one.id}) == 2


def test_null_text_is_empty(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda request: say(None)
    assert model_at(openai_server).complete(ASK, []).text == ""


@pytest.mark.parametrize("on_piece", [None, lambda piece: None])
def test_thoughts_are_not_taken_for_words(openai_server: OpenAIServer, on_piece: Any) -> None:
    openai_server.answer = lambda request: say("42", reasoning="six times nine")
    assert model_at(openai_server).complete(ASK, [], on_piece).text == "42"


@pytest.mark.parametrize("on_piece", [None, lambda piece: None])
def test_very_long_text_is_cut(openai_server: OpenAIServer, on_piece: Any) -> None:
    openai_server.answer = lambda request: say("x" * 700_000, piece_size=50_000)
    text = model_at(openai_server, max_output=100_000).complete(ASK, [], on_piece).text
    assert len(text) < TEXT_CAP + 200
    assert "cut" in text[TEXT_CAP:]


@pytest.mark.parametrize("on_piece", [None, lambda piece: None])
def test_a_reply_without_an_end_is_ended_and_counts_as_a_bad_reply(openai_server: OpenAIServer, on_piece: Any) -> None:
    openai_server.answer = lambda request: say("x" * 10_000_000, piece_size=50_000)
    with pytest.raises(ModelError, match="no end after") as caught:
        model_at(openai_server, max_output=1000).complete(ASK, [], on_piece)
    assert caught.value.failure_class is FailureClass.BAD_REPLY


def test_text_arrives_while_the_model_is_still_writing(openai_server: OpenAIServer) -> None:
    heard = threading.Event()

    def wait_until_heard(number: int) -> None:
        if number == 1:
            assert heard.wait(10)

    openai_server.answer = lambda request: say("first second", piece_size=6, before_piece=wait_until_heard)
    assert model_at(openai_server).complete(ASK, [], lambda piece: heard.set()).text == "first second"


# Tokens and money


def test_an_unknown_model_has_tokens_but_no_cost(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda request: say("x", usage=(1000, 50))
    usage = model_at(openai_server).complete(ASK, []).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cost_usd) == (1000, 50, None)


@pytest.mark.parametrize("name", ["deepseek/deepseek-v4-pro", "moonshot/kimi-k2.7-code", "zai/glm-5.1"])
@pytest.mark.parametrize("on_piece", [None, lambda piece: None])
def test_a_known_model_has_a_cost(openai_server: OpenAIServer, name: str, on_piece: Any) -> None:
    openai_server.answer = lambda request: say("x", usage=(1_000_000, 0))
    cost = model_at(openai_server, model=name).complete(ASK, [SHELL], on_piece).usage.cost_usd
    assert cost is not None
    assert 0.01 < cost < 20


@pytest.mark.parametrize("name", ["openai/test-model", "deepseek/deepseek-v4-pro"])
def test_the_price_in_the_profile_wins(openai_server: OpenAIServer, name: str) -> None:
    openai_server.answer = lambda request: say("x", usage=(500_000, 10_000))
    price = Price(prompt=2.0, completion=30.0)
    usage = model_at(openai_server, model=name, price=price).complete(ASK, []).usage
    assert usage.cost_usd == pytest.approx(1.3)


@pytest.mark.parametrize("on_piece", [None, lambda piece: None])
def test_tokens_that_a_server_does_not_count_are_counted_here(openai_server: OpenAIServer, on_piece: Any) -> None:
    openai_server.answer = lambda request: say("one two three", usage=None)
    usage = model_at(openai_server, model="llama-3-8b").complete(ASK, [], on_piece).usage
    assert 5 < usage.prompt_tokens < 50
    assert 2 < usage.completion_tokens < 10


def test_tokens_that_were_counted_here_are_priced(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda request: say("one two three", usage=None)
    usage = model_at(openai_server, model="deepseek/deepseek-v4-pro").complete(ASK, []).usage
    assert usage.cost_usd and usage.cost_usd > 0


# Failures

DOWN, LIMITED = FailureClass.MODEL_DOWN, FailureClass.RATE_LIMITED
OVERFLOW, BAD = FailureClass.CONTEXT_OVERFLOW, FailureClass.BAD_REQUEST
MOONSHOT_OVERFLOW = "Invalid request: Your request exceeded model token limit: 262144 (requested: 269030)"
ZAI_OVERFLOW = "tokens in request more than max tokens allowed"
DEEPSEEK_OVERFLOW = "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens"


@pytest.mark.parametrize(
    ("answer", "failure_class", "tries"),
    [
        pytest.param(fail(401, "invalid key"), DOWN, 1, id="refused key"),
        pytest.param(fail(402, "Insufficient Balance"), DOWN, 1, id="no credit"),
        pytest.param(fail(403, "not from here"), DOWN, 1, id="forbidden"),
        pytest.param(fail(404, "no such model"), DOWN, 1, id="missing model"),
        pytest.param(fail(400, "no such model", code="1211"), DOWN, 1, id="missing model, by code"),
        pytest.param(fail(500, "oops"), DOWN, 4, id="server error"),
        pytest.param(fail(503, "overloaded"), DOWN, 4, id="overloaded"),
        pytest.param(fail(504, "too slow"), DOWN, 4, id="gateway timeout"),
        pytest.param(cut(), DOWN, 4, id="connection reset"),
        pytest.param(fail(429, "slow down"), LIMITED, 4, id="too many requests"),
        pytest.param(fail(429, "pay", code="insufficient_quota"), LIMITED, 1, id="quota used up"),
        pytest.param(fail(429, "pay", code="1113"), LIMITED, 1, id="quota used up, Z.AI"),
        pytest.param(fail(400, "too long", code="context_length_exceeded"), OVERFLOW, 1, id="overflow by code"),
        pytest.param(fail(400, "Prompt exceeds max length", code="1261"), OVERFLOW, 1, id="overflow, Z.AI by code"),
        pytest.param(fail(400, MOONSHOT_OVERFLOW, kind="invalid_request_error"), OVERFLOW, 1, id="overflow, Moonshot"),
        pytest.param(fail(400, ZAI_OVERFLOW, code="1210"), OVERFLOW, 1, id="overflow, Z.AI"),
        pytest.param(fail(400, DEEPSEEK_OVERFLOW, code="invalid_request_error"), OVERFLOW, 1, id="overflow, DeepSeek"),
        pytest.param(fail(400, "temperature is out of range"), BAD, 1, id="bad request"),
    ],
)
@pytest.mark.parametrize("on_piece", [None, lambda piece: None], ids=["whole", "streamed"])
def test_each_failure_has_its_class_and_its_number_of_tries(
    openai_server: OpenAIServer, answer: Answer, failure_class: FailureClass, tries: int, on_piece: Any
) -> None:
    openai_server.answer = lambda request: answer
    with pytest.raises(ModelError) as caught:
        model_at(openai_server).complete(ASK, [SHELL], on_piece)
    assert caught.value.failure_class is failure_class
    assert caught.value.hint
    assert len(openai_server.requests) == tries


@pytest.mark.parametrize("body", [b"<html>please log in</html>", b"{}", b"[]", b"\xff\xfe"])
def test_f58_an_answer_that_is_no_completion_is_a_bad_reply_and_is_kept(
    openai_server: OpenAIServer, body: bytes
) -> None:
    openai_server.answer = lambda request: raw(body)
    with pytest.raises(ModelError) as caught:
        model_at(openai_server).complete(ASK, [SHELL])
    assert caught.value.failure_class is FailureClass.BAD_REPLY
    assert caught.value.body == body.decode(errors="replace")


@pytest.mark.parametrize("on_piece", [None, lambda piece: None])
def test_an_unprocessable_request_is_a_bad_one_in_the_providers_words(
    openai_server: OpenAIServer, on_piece: Any
) -> None:
    openai_server.answer = lambda request: fail(422, "tools must be few")
    with pytest.raises(ModelError, match="tools must be few") as caught:
        model_at(openai_server).complete(ASK, [SHELL], on_piece)
    assert caught.value.failure_class is BAD


@pytest.mark.parametrize("name", ["deepseek/deepseek-v4-pro", "moonshot/kimi-k2.7-code", "zai/glm-5.1"])
@pytest.mark.parametrize(("status", "failure_class"), [(401, DOWN), (402, DOWN), (429, LIMITED), (400, BAD)])
def test_the_status_decides_for_every_provider(
    openai_server: OpenAIServer, name: str, status: int, failure_class: FailureClass
) -> None:
    openai_server.answer = lambda request: fail(status, "the provider's own words")
    with pytest.raises(ModelError, match="the provider's own words") as caught:
        model_at(openai_server, model=name).complete(ASK, [])
    assert caught.value.failure_class is failure_class


@pytest.mark.parametrize("words", ["the author is unknown", "rate limit", "error 429", "authentication", "quota"])
def test_f02_words_of_an_error_do_not_decide_its_class(openai_server: OpenAIServer, words: str) -> None:
    openai_server.answer = lambda request: fail(400, f"cannot parse: {words}")
    with pytest.raises(ModelError) as caught:
        model_at(openai_server).complete(ASK, [])
    assert caught.value.failure_class is BAD
    assert len(openai_server.requests) == 1


def test_f02_a_server_error_that_speaks_of_context_is_a_server_error(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda request: fail(500, DEEPSEEK_OVERFLOW)
    with pytest.raises(ModelError) as caught:
        model_at(openai_server).complete(ASK, [])
    assert caught.value.failure_class is DOWN


def test_f19_the_message_names_model_place_profile_and_the_providers_words(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda request: fail(401, "key sk-mine was revoked")
    with pytest.raises(ModelError) as caught:
        model_at(openai_server, {"MY_KEY": "sk-mine"}, api_key_env="MY_KEY").complete(ASK, [])
    assert str(caught.value) == f"openai/test-model at {openai_server.url} (profile cody): key [key] was revoked"
    assert "MY_KEY" in caught.value.hint


def test_long_words_of_a_provider_are_cut(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda request: fail(400, "x" * 100_000)
    with pytest.raises(ModelError) as caught:
        model_at(openai_server).complete(ASK, [])
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("on_piece", [None, lambda piece: None])
def test_a_server_that_is_not_there_is_down(openai_server: OpenAIServer, on_piece: Any) -> None:
    openai_server.stop()
    waits: list[float] = []
    with pytest.raises(ModelError, match="Connection refused") as caught:
        model_at(openai_server, sleep=waits.append).complete(ASK, [], on_piece)
    assert caught.value.failure_class is DOWN
    assert len(waits) == 3


def test_a_silent_server_is_down_and_not_waited_for_again(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda request: hang()
    with pytest.raises(ModelError) as caught:
        model_at(openai_server, timeout=0.2).complete(ASK, [])
    assert caught.value.failure_class is DOWN
    assert len(openai_server.requests) == 1


@pytest.mark.parametrize("name", ["deepseek/deepseek-v4-pro", "moonshot/kimi-k2.7-code", "zai/glm-5.1", "groq/any"])
@pytest.mark.parametrize("on_piece", [None, lambda piece: None])
def test_no_provider_is_tried_more_often_than_we_say(openai_server: OpenAIServer, name: str, on_piece: Any) -> None:
    openai_server.answer = lambda request: fail(500)
    with pytest.raises(ModelError):
        model_at(openai_server, model=name).complete(ASK, [], on_piece)
    assert len(openai_server.requests) == 4


def test_what_passes_is_tried_again_with_growing_waits(openai_server: OpenAIServer) -> None:
    openai_server.answers(fail(500), cut(), fail(429), say("at last"))
    waits: list[float] = []
    assert model_at(openai_server, sleep=waits.append).complete(ASK, []).text == "at last"
    assert [low <= wait <= low + 1 for low, wait in zip([1, 2, 4], waits, strict=True)] == [True] * 3


@pytest.mark.parametrize("status", [429, 503])
def test_a_short_retry_after_is_honoured(openai_server: OpenAIServer, status: int) -> None:
    openai_server.answers(fail(status, headers={"Retry-After": "7"}), say("now"))
    waits: list[float] = []
    assert model_at(openai_server, sleep=waits.append).complete(ASK, []).text == "now"
    assert waits == [7.0]


@pytest.mark.slow
def test_a_long_retry_after_is_left_to_the_caller(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda request: fail(429, headers={"Retry-After": "3600"})
    with pytest.raises(ModelError) as caught:
        model_at(openai_server).complete(ASK, [])
    assert (caught.value.failure_class, caught.value.retry_after) == (LIMITED, 3600.0)
    assert len(openai_server.requests) == 1


def test_retry_after_may_be_a_date(openai_server: OpenAIServer) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    openai_server.answer = lambda request: fail(429, headers={"Retry-After": date})
    with pytest.raises(ModelError) as caught:
        model_at(openai_server).complete(ASK, [])
    assert caught.value.retry_after == pytest.approx(3600, abs=10)


def test_a_retry_after_that_means_nothing_is_ignored(openai_server: OpenAIServer) -> None:
    openai_server.answers(fail(429, headers={"Retry-After": "soon"}), say("now"))
    assert model_at(openai_server).complete(ASK, []).text == "now"


def test_a_stream_that_breaks_before_its_first_word_is_tried_again(openai_server: OpenAIServer) -> None:
    openai_server.answers(cut("never heard", after=0), say("heard"))
    pieces: list[str] = []
    assert model_at(openai_server).complete(ASK, [], lambda piece: pieces.append(words_of(piece))).text == "heard"
    assert "".join(pieces) == "heard"


def test_a_stream_that_breaks_later_says_nothing_twice(openai_server: OpenAIServer) -> None:
    openai_server.answer = lambda request: cut("these words are never finished", after=2)
    pieces: list[str] = []
    with pytest.raises(ModelError) as caught:
        model_at(openai_server).complete(ASK, [], lambda piece: pieces.append(words_of(piece)))
    assert caught.value.failure_class is DOWN
    assert "".join(pieces) == "these word"
    assert len(openai_server.requests) == 1


# Manners


@pytest.mark.parametrize("name", ["openai/test-model", "deepseek/deepseek-v4-pro", "moonshot/kimi-k2.7-code"])
def test_nothing_is_printed(openai_server: OpenAIServer, capfd: pytest.CaptureFixture[str], name: str) -> None:
    model = model_at(openai_server, model=name)
    openai_server.answers(
        call("shell", command="ls"), say("streamed"), fail(500), fail(400), cut("broken off", after=1)
    )
    asked = after(ASK, model.complete(ASK, [SHELL]))
    model.complete(asked, [SHELL], lambda piece: None)
    for on_piece in (None, lambda piece: None):
        with pytest.raises(ModelError):
            model.complete(asked, [SHELL], on_piece)
    assert capfd.readouterr() == ("", "")


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_importing_the_package_imports_no_model_library() -> None:
    heavy = run_python(
        "import sys, kanban.llm; print([m for m in ('litellm', 'openai', 'httpx', 'tenacity') if m in sys.modules])"
    )
    assert heavy == "[]\n"


PRELOAD = """
import os, socket, sys, threading
asked = []
class Watched(socket.socket):
    def connect(self, address):
        asked.append(address[0])
        return super().connect(address)
socket.socket = Watched
def forbid(*args, **kwargs):
    if args[0] not in ("127.0.0.1", "localhost"):
        asked.append(args[0])
    return resolve(*args, **kwargs)
resolve, socket.getaddrinfo = socket.getaddrinfo, forbid
from kanban.llm import preload
preload(["deepseek/deepseek-v4-pro", "moonshot/kimi-k2.7-code", "mystery-9"])
print(sorted(set(asked)), [t.name for t in threading.enumerate()], os.environ.get("STRANGER"))
"""


@pytest.mark.slow
def test_preload_leaves_one_thread_asks_nobody_and_reads_no_strangers_env(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("STRANGER=came in\n")
    assert run_python(PRELOAD) == "['127.0.0.1'] ['MainThread'] None\n"


@pytest.mark.slow
def test_after_preload_a_forked_process_imports_nothing_for_its_first_call(openai_server: OpenAIServer) -> None:
    code = f"""
import os, sys
from kanban.domain.message import Message, Role, ToolSpec
from kanban.domain.profile import Profile
from kanban.llm import LiteLLMModel, preload
preload()
before = set(sys.modules)
if os.fork() == 0:
    profile = Profile(name="cody", role="worker", model="test-model", api_base={openai_server.url!r})
    model, ask = LiteLLMModel(profile, {{}}), [Message(Role.USER, "hi")]
    tools = [ToolSpec("shell", "", {{"type": "object"}})]
    said = model.complete(ask, tools).text, model.complete(ask, tools, lambda piece: None).text
    print(said, sorted(set(sys.modules) - before), flush=True)
    os._exit(0)
os.wait()
"""
    assert run_python(code) == "('ok', 'ok') []\n"


def test_a_profile_of_a_script_needs_no_key_and_costs_nothing() -> None:
    scripts: dict[str, Script] = {"demo": SCRIPT}
    profile = Profile(name="cody", role="worker", model="scripted/demo")
    model = open_model(profile, {}, scripts.__getitem__)
    assert model.name == "scripted/demo"
    assert model.complete(ASK, []).usage.cost_usd == 0.0


def test_any_other_profile_is_reached_through_litellm(openai_server: OpenAIServer) -> None:
    model = open_model(profile_at(openai_server), {}, {}.__getitem__)
    assert (model.name, model.complete(ASK, []).text) == ("openai/test-model", "ok")
