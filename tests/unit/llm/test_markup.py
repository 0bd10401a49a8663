"""Calls that arrive as text are read strictly or told what is wrong; prose about them stays prose."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.message import MARKUP, Reply, Stop, ToolSpec
from kanban.llm.markup import read_markup, tell_problem

SCHEMA = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "content": {"type": "string"}, "lines": {"type": "integer"}},
    "required": ["path"],
    "additionalProperties": False,
}
TOOLS = [ToolSpec("write_file", "Write a file.", SCHEMA), ToolSpec("complete", "End.", {"type": "object"})]
CALL = '{"name": "write_file", "arguments": {"path": "a.md", "content": "1 < 2"}}'
EXPECTED = {"path": "a.md", "content": "1 < 2"}

FORMS = {
    "hermes": f"<tool_call>\n{CALL}\n</tool_call>",
    "hermes, unclosed": f"<tool_call>\n{CALL}",
    "qwen coder": (
        "<tool_call>\n<function=write_file>\n<parameter=path>\na.md\n</parameter>\n<parameter=content>\n1 < 2\n"
        "</parameter>\n</function>\n</tool_call>"
    ),
    "function": f"<function=write_file>{json.dumps(EXPECTED)}</function>",
    "glm": (
        "<tool_call>write_file\n<arg_key>path</arg_key>\n<arg_value>a.md</arg_value>\n"
        "<arg_key>content</arg_key>\n<arg_value>1 < 2</arg_value>\n</tool_call>"
    ),
    "dsml": (
        '<｜DSML｜function_calls>\n<｜DSML｜invoke name="write_file">\n'
        '<｜DSML｜parameter name="path" string="true">a.md</｜DSML｜parameter>\n'
        '<｜DSML｜parameter name="content" string="true">1 < 2</｜DSML｜parameter>\n'
        "</｜DSML｜invoke>\n</｜DSML｜function_calls>"
    ),
    "deepseek": (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>write_file\n```json\n"
        f"{json.dumps(EXPECTED)}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    ),
    "deepseek 3.1": (
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>write_file<｜tool▁sep｜>{json.dumps(EXPECTED)}"
        "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    ),
    "kimi": (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.write_file:0<|tool_call_argument_begin|>"
        f"{json.dumps(EXPECTED)}<|tool_call_end|><|tool_calls_section_end|>"
    ),
    "mistral": f"[TOOL_CALLS][{CALL}]",
    "fenced json": f"```json\n{CALL}\n```",
    "bare json": CALL,
}


def read(text: str, expected: bool = False) -> Reply:
    return read_markup(Reply(text), TOOLS, expected=expected)


@pytest.mark.parametrize("form", FORMS)
def test_f43_each_form_is_read_as_the_call_that_it_is(form):
    reply = read(FORMS[form])
    assert [(call.name, json.loads(call.arguments)) for call in reply.calls] == [("write_file", EXPECTED)]
    assert reply.text == "" and reply.parsed_markup and reply.as_message().name == MARKUP


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"fenced json", "bare json"}))
def test_words_before_a_call_are_kept(form):
    reply = read(f"I write it now.\n\n{FORMS[form]}\n")
    assert (reply.text, len(reply.calls)) == ("I write it now.", 1)


def test_json_after_words_is_a_call_only_where_one_is_expected():
    text = f"I write it now.\n\n{FORMS['fenced json']}"
    assert read(text).calls == () and len(read(text, expected=True).calls) == 1


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        (f"```json\n{CALL}\n{CALL}\n```", ["write_file", "write_file"]),
        (f"```json\n{CALL}\n```\n\n```json\n{CALL}\n```", ["write_file", "write_file"]),
        (f"```\n[{CALL}, {CALL}]\n```", ["write_file", "write_file"]),
        (f"```json\n{CALL[:-1]}\n```", ["write_file"]),
        ('```json\n{"name": "write_file", "path": "a.md", "content": "x"}\n```', ["write_file"]),
        ('{"path": "a.md", "content": "x"}', ["write_file"]),
    ],
)
def test_json_as_small_models_write_it_is_read_where_a_call_is_expected(text, calls):
    assert [call.name for call in read(text, expected=True).calls] == calls


def test_json_of_an_unknown_tool_is_told_where_a_call_is_expected():
    text = '```json\n{"name": "write_files", "arguments": {"path": "a"}}\n```'
    assert "no tool is called 'write_files'" in read(text, expected=True).markup
    assert read(text) == Reply(text)


def test_several_calls_are_read_in_their_order():
    second = CALL.replace("a.md", "b.md")
    reply = read(f"<tool_call>{CALL}</tool_call>\n<tool_call>{second}</tool_call>")
    assert [json.loads(call.arguments)["path"] for call in reply.calls] == ["a.md", "b.md"]
    assert len({call.id for call in reply.calls}) == 2


def test_a_number_is_read_as_its_schema_says_and_a_string_stays_as_it_is_written():
    text = (
        "<function=write_file><parameter=path>1</parameter><parameter=lines>3</parameter>"
        "<parameter=content>true</parameter></function>"
    )
    assert json.loads(read(text).calls[0].arguments) == {"path": "1", "lines": 3, "content": "true"}


@pytest.mark.parametrize(
    "prose",
    [
        "Hermes models write `<tool_call>` before a call, and `</tool_call>` after it.",
        f"A call looks like this:\n\n```\n<tool_call>\n{CALL}\n</tool_call>\n```\n\nThe server turns it into a call.",
        f"A call looks like this:\n\n```json\n{CALL}\n```\n\nThat is all.",
        "<tool_call> is the tag that begins a call.",
        "Write `<｜DSML｜function_calls>` to begin.",
        '```json\n{"name": "Ada", "born": 1815}\n```',
        '{"name": "somebody", "arguments": {}}',
        "complete(summary) ends the run.",
    ],
)
def test_prose_about_markup_stays_prose(prose):
    assert read(prose) == Reply(prose)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('<tool_call>\n{"name": "write_file", "arguments": {"path": "a.md"\n</tool_call>', "not JSON"),
        ('<tool_call>\n{"name": "wrote_file", "arguments": {}}\n</tool_call>', "did you mean 'write_file'?"),
        ('<tool_call>\n{"name": "write_file", "arguments": {"file": "a.md"}}\n</tool_call>', "do not fit"),
        ('<tool_call>\n{"name": "write_file", "arguments": {"path": 3}}\n</tool_call>', "path: 3 is not of type"),
        (f"<tool_call>\n{CALL}\n</tool_call>\nLet me know.", "not complete"),
        ("<function=write_file><parameter=path>a.md", "not complete"),
        ("<｜DSML｜function_calls>\n<｜DSML｜invoke", "not complete"),
        ('```json\n{"name": "write_file", "arguments": {}}\n```', "'path' is a required property"),
    ],
)
def test_what_cannot_be_read_is_told_and_is_no_call(text, told):
    reply = read(text)
    assert reply.calls == () and told in reply.markup and told in tell_problem(text, TOOLS, expected=False)


def test_a_line_of_code_that_calls_a_tool_is_told_where_a_call_is_expected():
    text = 'The file is there.\n\ncomplete("It is done.", [], [])'
    assert read(text, expected=True).markup == "you wrote a call of `complete` as text"
    assert read(text).markup == ""


def test_a_reply_that_was_cut_off_is_not_read():
    reply = Reply(FORMS["hermes"], stop=Stop.CUT_OFF)
    assert read_markup(reply, TOOLS, expected=True) == reply


@given(st.text(max_size=300), st.booleans())
def test_any_text_is_read_or_left_alone(text, expected):
    reply = read(text, expected)
    assert reply.text == text or reply.calls


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_string_comes_out_of_json_markup_as_it_went_in(content):
    call = json.dumps({"name": "write_file", "arguments": {"path": "a", "content": content}})
    reply = read(f"<tool_call>\n{call}\n</tool_call>")
    assert "</tool_call>" in content or json.loads(reply.calls[0].arguments)["content"] == content
