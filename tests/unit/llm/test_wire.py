import json

from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.message import Message, Role, ToolCall, ToolSpec
from kanban.llm.wire import NO_WORDS, from_openai, to_openai, tools_to_openai

names = st.text("abcdefgh_", min_size=1, max_size=10)
json_objects = st.dictionaries(st.text(), st.none() | st.integers() | st.text()).map(json.dumps)
calls = st.builds(ToolCall, id=names, name=names, arguments=json_objects)
messages = st.lists(
    st.one_of(
        st.builds(Message, role=st.sampled_from([Role.SYSTEM, Role.USER]), content=st.text()),
        st.builds(
            Message, role=st.just(Role.ASSISTANT), content=st.text(), calls=st.lists(calls, min_size=1).map(tuple)
        ),
        st.builds(Message, role=st.just(Role.ASSISTANT), content=st.text(min_size=1)),
        st.builds(Message, role=st.just(Role.TOOL), content=st.text(), call_id=names, name=names),
    )
)


@given(messages)
def test_a_transcript_survives_the_way_there_and_back(transcript: list[Message]) -> None:
    assert from_openai(json.loads(json.dumps(to_openai(transcript)))) == transcript


@given(st.text())
def test_every_call_in_a_history_carries_a_json_object(arguments: str) -> None:
    [message] = to_openai([Message(Role.ASSISTANT, "", (ToolCall("1", "shell", arguments),))])
    assert isinstance(json.loads(message["tool_calls"][0]["function"]["arguments"]), dict)


def test_malformed_arguments_stay_readable_in_the_history() -> None:
    [message] = to_openai([Message(Role.ASSISTANT, "", (ToolCall("1", "shell", '{"command": "ls'),))])
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"malformed_arguments": '{"command": "ls'}


def test_an_empty_answer_is_never_sent_as_nothing() -> None:
    assert to_openai([Message(Role.ASSISTANT, "")]) == [{"role": "assistant", "content": NO_WORDS}]


def test_text_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "image_url", "image_url": {}}, {"type": "text", "text": "two"}]
    assert from_openai([{"role": "user", "content": parts}]) == [Message(Role.USER, "one two")]


def test_a_tool_is_declared_as_a_function() -> None:
    schema = {"type": "object", "properties": {"command": {"type": "string"}}}
    [declared] = tools_to_openai([ToolSpec("shell", "Runs a command", schema)])
    assert declared == {
        "type": "function",
        "function": {"name": "shell", "description": "Runs a command", "parameters": schema},
    }
