"""Replies as servers on one's own machine give them, and replies that are none."""

import itertools

import pytest

from kanban.domain.message import Stop
from kanban.errors import FailureClass, ModelError
from kanban.llm import Calls
from tests.contract.played import ASK, TOOLS, Listener, model_at, play, words_of
from tests.support.providers import CONVERSATION, Silence, Turn, broken, call
from tests.support.providers.broken import UNREADABLE
from tests.support.providers.local import LlamaCpp, OnlyStreams
from tests.support.providers.markup import WRITERS, CallsAsText, ThoughtsAsText

# Servers on one's own machine


def test_a_server_that_only_streams_is_asked_to_stream(on_text: Listener) -> None:
    with OnlyStreams() as server:
        assert play(model_at(server, "openai/some-model"), on_text)[-1].content == CONVERSATION[-1].words


@pytest.mark.parametrize("writer", WRITERS)
def test_calls_that_come_as_text_are_calls(writer: str, on_text: Listener) -> None:
    script = (Turn("", "Let me see.", (call("shell", command='grep -c "ü" a\nls'),)), Turn("", "done"))
    with CallsAsText(script, writer) as server:
        reply = model_at(server, "openai/some-model").complete(ASK, TOOLS, on_text, Calls.EXPECTED)
        assert [(one.name, one.arguments) for one in reply.calls] == [("shell", script[0].calls[0].arguments)]
        assert reply.text.strip() == "Let me see."


@pytest.mark.parametrize(
    "prose",
    [
        "In Hermes one writes `<tool_call>` and JSON.",
        'The file holds\n```json\n{"name": "webb", "port": 80}\n```\nand no more.',
        "`<function=shell>` is how Qwen writes it.",
        "The marker is <｜DSML｜function_calls> there.",
    ],
)
def test_prose_about_markup_stays_prose(prose: str, on_text: Listener) -> None:
    with LlamaCpp((Turn("", prose),)) as server:
        reply = model_at(server, "openai/some-model").complete(ASK, TOOLS, on_text)
        assert (reply.text, reply.calls) == (prose, ())


def test_thoughts_that_come_as_text_are_thoughts(on_text: Listener) -> None:
    heard: list[str] = []
    with ThoughtsAsText() as server:
        listener = (lambda piece: heard.append(words_of(piece))) if on_text else None
        for number, turn in enumerate(CONVERSATION):
            heard.clear()
            messages = play(model_at(server, "openai/some-model"), None, number)
            reply = model_at(server, "openai/some-model").complete(messages, TOOLS, listener)
            assert (reply.text.strip(), reply.thoughts.strip()) == (turn.words, turn.thoughts.strip())
            assert "<think>" not in "".join(heard)


# Replies that are none


@pytest.mark.parametrize("kind", [one for one in UNREADABLE if not one.startswith("arguments")])
def test_a_reply_that_cannot_be_read_is_the_reply_s_fault(kind: str, on_text: Listener) -> None:
    """It is tried again, then told, without a traceback; the model is not taken for down."""
    with broken.Broken(UNREADABLE[kind]) as server:
        with pytest.raises(ModelError) as caught:
            model_at(server, "openai/some-model").complete(ASK, TOOLS, on_text)
        assert caught.value.failure_class not in (FailureClass.MODEL_DOWN, FailureClass.RATE_LIMITED)
        assert "Traceback" not in caught.value.tell()


@pytest.mark.parametrize("kind", [one for one in UNREADABLE if not one.startswith("arguments")])
def test_a_reply_that_cannot_be_read_once_is_asked_for_again(kind: str, on_text: Listener) -> None:
    with LlamaCpp() as server:
        server.planned.append(UNREADABLE[kind])
        try:
            reply = model_at(server, "openai/some-model").complete(ASK, TOOLS, on_text)
        except ModelError as error:
            assert error.failure_class is not FailureClass.MODEL_DOWN
        else:
            assert reply.calls


@pytest.mark.parametrize("kind", [one for one in UNREADABLE if one.startswith("arguments")])
def test_odd_arguments_are_a_call_or_an_error_and_never_a_crash(kind: str, on_text: Listener) -> None:
    with broken.Broken(UNREADABLE[kind]) as server:
        try:
            reply = model_at(server, "openai/some-model").complete(ASK, TOOLS, on_text)
        except ModelError as error:
            assert error.failure_class is not FailureClass.MODEL_DOWN
            assert "Traceback" not in error.tell()
        else:
            assert [one.name for one in reply.calls] == ["shell"]
            assert all(isinstance(one.arguments, str) for one in reply.calls)


@pytest.mark.slow
@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("part", ["content", "reasoning_content", "arguments"])
def test_a_model_that_rambles_is_ended(part: str, same: bool, on_text: Listener) -> None:
    """Ended by a cap or a clock, and never taken for a model that is down."""
    with LlamaCpp() as server:
        server.planned.extend(itertools.repeat(broken.rambling(server, part, same), 10))
        model = model_at(server, "openai/some-model", timeout=3.0, max_output=2000)
        try:
            reply = model.complete(ASK, TOOLS, on_text)
        except ModelError as error:
            assert error.failure_class is not FailureClass.MODEL_DOWN
        else:
            assert reply.stop is Stop.CUT_OFF


@pytest.mark.slow
@pytest.mark.parametrize("begun", [False, True])
def test_a_server_that_says_nothing_is_told_by_name(begun: bool, on_text: Listener) -> None:
    with LlamaCpp() as server:
        server.planned.extend(itertools.repeat(Silence(begun and on_text is not None), 10))
        with pytest.raises(ModelError, match="some-model") as caught:
            model_at(server, "openai/some-model", timeout=2.0).complete(ASK, TOOLS, on_text)
        assert caught.value.failure_class is FailureClass.MODEL_DOWN
