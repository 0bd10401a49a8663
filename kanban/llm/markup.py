"""Calls that arrive as text, because the server did not read its model's markup: read strictly, or told what is wrong.

The forms are those that open models are trained to write (their makers publish the chat templates): Hermes and Qwen
(`<tool_call>`), Qwen Coder and Llama (`<function=…>`), GLM (`<arg_key>`), DeepSeek (DSML, and its older marks), Kimi,
Mistral, and JSON in a code fence. Prose about markup stays prose: a call stands at the beginning of a line, outside of
code, and ends the reply.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kanban.domain.message import Reply, Stop, ToolCall, ToolSpec
from kanban.errors import did_you_mean
from kanban.llm.reply import new_call_id

# A fence may be indented, as in a list, or begin at the end of a line.
_FENCE_BEGINS = re.compile(r"(?:^[ \t]*|\s)(`{3,}|~{3,})[^`\n]*$")
_FENCE_ENDS = re.compile(r"[ \t]*(`{3,}|~{3,})(?=\s|$)")
_JSON_FENCE = re.compile(r"^`{3,}(?:json|tool_call|tool_code)?[ \t]*\n(.*?)(?:`{3,}|\Z)\s*+", re.DOTALL | re.MULTILINE)
_CALL_KEYS = frozenset({"name", "arguments", "parameters", "type", "id"})
_AS_CODE = re.compile(r"^[ \t]*`*(\w+)\((.*)\)`*\s*\Z", re.DOTALL | re.MULTILINE)
TOOL_PARSER = "(llama-server --jinja; vllm serve --enable-auto-tool-choice --tool-call-parser …)"  # what to start
LONGEST_MARKUP = 400_000  # characters
LONGEST_CODE = 4_000
LONGEST_FENCE = 200  # characters of a line in which a fence begins
MOST_CALLS = 50  # in one reply


class _Unreadable(Exception):
    """Markup that is none of the form it began as."""


@dataclass(frozen=True)
class _Written:
    """A call as it stood in the text. Values of `loose` arguments are text that the schema must type."""

    name: str
    arguments: Any
    loose: bool = False


@dataclass(frozen=True)
class _Form:
    """One way to write calls: how it begins, and how all of it, up to the end of the reply, is read."""

    opening: re.Pattern[str]
    read: Callable[[str], list[_Written]]


def read_markup(reply: Reply, tools: Sequence[ToolSpec], *, expected: bool) -> Reply:
    """The reply with the calls that its text holds, or with what is wrong with them in `markup`.

    `expected`: a reply without a call would be a slip, so JSON after other words counts as a call too.
    """
    text = reply.text
    if not tools or reply.stop is not Stop.SAID_ALL or not text.strip() or len(text) > LONGEST_MARKUP:
        return reply
    known = {tool.name: tool for tool in tools}
    found = _find_form(text) or _find_json(text, known, expected)
    if found is None:
        return replace(reply, markup=_find_code(text, known) if expected else "")
    start, written = found
    try:
        calls = tuple(_check(one, known) for one in written())
    except _Unreadable as problem:
        return replace(reply, markup=str(problem))
    return replace(reply, text=text[:start].rstrip(), calls=calls, parsed_markup=True)


def tell_problem(text: str, tools: Sequence[ToolSpec], *, expected: bool) -> str:
    """What is wrong with a call that stands in `text` and could not be read; empty when none does."""
    return read_markup(Reply(text), tools, expected=expected).markup


def _find_form(text: str) -> tuple[int, Callable[[], list[_Written]]] | None:
    """Where markup begins, outside of code, and how to read it from there."""
    begins, ends = _find_fences(text)
    for form in _FORMS:
        for opening in form.opening.finditer(text):
            start = opening.start()
            place = bisect_right(begins, start) - 1
            if place < 0 or start >= ends[place]:
                return start, lambda form=form, start=start: form.read(text[start:].strip())
    return None


def _find_fences(text: str) -> tuple[list[int], list[int]]:
    """Where the fences of code begin and end that are closed, in their order."""
    begins, ends, open_mark, opened, place = list[int](), list[int](), "", 0, 0
    for line in text.splitlines(keepends=True):
        plain = line.rstrip()
        closing = _FENCE_ENDS.match(plain) if open_mark else None
        if closing and closing[1].startswith(open_mark):
            begins.append(opened)
            ends.append(place + len(line))
            open_mark = ""
        elif not open_mark and (opening := _FENCE_BEGINS.search(plain[-LONGEST_FENCE:])):
            open_mark, opened = opening[1], place
        place += len(line)
    return begins, ends


def _find_json(
    text: str, known: Mapping[str, ToolSpec], expected: bool
) -> tuple[int, Callable[[], list[_Written]]] | None:
    """JSON of calls, in code fences or bare, that is the whole reply or, where a call is expected, its end."""
    start, inner = _find_last_fences(text)
    if (text[:start].strip() and not expected) or not inner.lstrip().startswith(("{", "[")):
        return None
    objects = _read_objects(inner)
    if not objects:
        return None
    if all(_names_tool(one, known, expected) for one in objects):
        return start, lambda: [_from_object(one) for one in objects]
    meant = [_find_meant(one, known) for one in objects] if expected else [None]
    if all(meant):
        return start, lambda: [_Written(str(name), one) for name, one in zip(meant, objects, strict=True)]
    return None


def _find_last_fences(text: str) -> tuple[int, str]:
    """Where the fences begin that end a text, and what stands in them; the whole text where none do."""
    start, end, inner = 0, None, text
    for fence in _JSON_FENCE.finditer(text):
        follows = end is not None and fence.start() == end
        start, inner = (start, f"{inner}\n{fence[1]}") if follows else (fence.start(), fence[1])
        end = fence.end()
    return (start, inner) if end == len(text) else (0, text)


def _read_objects(text: str) -> list[dict[str, Any]]:
    """The objects that a text is made of, one after the other or in a list; none if anything else stands there.

    Closing brackets that are missing at the very end are added: nothing else can be meant.
    """
    decoder, objects, rest = json.JSONDecoder(), list[dict[str, Any]](), text.strip()
    while rest:
        try:
            data, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError):
            data, end = _close(rest), len(rest)
        listed = data if isinstance(data, list) else [data]
        if not all(isinstance(one, dict) for one in listed):
            return []
        objects += listed
        if len(objects) > MOST_CALLS:
            return []
        rest = rest[end:].lstrip(" \t\r\n,;")
    return objects


def _close(text: str) -> Any:
    for ending in ("}", "}}", "]}}", "]}"):
        try:
            return json.loads(text + ending)
        except (ValueError, RecursionError):
            continue
    return None


def _names_tool(data: Mapping[str, Any], known: Mapping[str, ToolSpec], expected: bool) -> bool:
    """Whether an object is a call: it names a known tool or, where a call is expected, has the form of one."""
    name = data.get("name")
    if not isinstance(name, str):
        return False
    if {"arguments", "parameters"} & data.keys():
        return name in known or (expected and data.keys() <= _CALL_KEYS)
    return expected and name in known and len(data) > 1


def _find_meant(data: Mapping[str, Any], known: Mapping[str, ToolSpec]) -> str | None:
    """The tool whose arguments these are: the only one that they fit."""
    fitting = [name for name, tool in known.items() if tool.parameters.get("required") and _fits(data, tool)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(data: Mapping[str, Any], tool: ToolSpec) -> bool:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(tool.parameters).is_valid(data)


def _find_code(text: str, known: Mapping[str, ToolSpec]) -> str:
    """What is wrong with a reply that ends like a line of code that calls a tool."""
    found = _AS_CODE.search(text[-LONGEST_CODE:])
    return f"you wrote a call of `{found[1]}` as text" if found and found[1] in known else ""


def _check(written: _Written, known: Mapping[str, ToolSpec]) -> ToolCall:
    """The call, if there is such a tool and its arguments fit. Raises _Unreadable."""
    from jsonschema import Draft202012Validator

    tool = known.get(written.name)
    if tool is None:
        raise _Unreadable(f"no tool is called {written.name!r}; {did_you_mean(written.name, known)}")
    arguments = _type_values(written.arguments, tool.parameters) if written.loose else written.arguments
    wrong = next(iter(Draft202012Validator(tool.parameters).iter_errors(arguments)), None)
    if wrong is not None:
        where = ".".join(map(str, wrong.absolute_path)) or "arguments"
        raise _Unreadable(f"the arguments of `{tool.name}` do not fit: {where}: {wrong.message[:300]}")
    return ToolCall(new_call_id(), tool.name, json.dumps(arguments, ensure_ascii=False))


def _type_values(arguments: Mapping[str, str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that are all text, read as what the schema says each is; a string stays as it stands."""
    properties = schema.get("properties", {})
    typed: dict[str, Any] = {}
    for name, value in arguments.items():
        typed[name] = value
        if properties.get(name, {}).get("type") != "string":
            try:
                typed[name] = json.loads(value)
            except (ValueError, RecursionError):
                continue  # the schema says what is wrong with it
    return typed


def _from_object(data: Any) -> _Written:
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise _Unreadable("a call is an object with `name` and `arguments`")
    if not {"arguments", "parameters"} & data.keys() and data.keys() - {"name"}:
        return _Written(data["name"], {key: value for key, value in data.items() if key != "name"})
    arguments = data.get("arguments", data.get("parameters", {}))
    return _Written(data["name"], _from_json(arguments) if isinstance(arguments, str) else arguments)


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Unreadable(f"the arguments of a call are not JSON: {error}") from None


def _split(text: str, part: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """The parts that `text` is made of. Raises _Unreadable when anything else stands among or after them."""
    place = 0
    while place < len(text):
        found = part.match(text, place)
        if found is None:
            raise _Unreadable(f"a call written as text is not complete at {text[place : place + 60]!r}")
        yield found
        place = found.end()


_TAGGED = re.compile(r"\s*+<tool_call>(.*?)(?:</tool_call>\s*+|\Z)", re.DOTALL)
_FUNCTION = re.compile(r"\s*+<function=([\w.-]+)>(.*?)</function>\s*+", re.DOTALL)
_PARAMETER = re.compile(r"\s*+<parameter=([\w.-]+)>\n?(.*?)\n?</parameter>\s*+", re.DOTALL)
_GLM = re.compile(r"([\w.-]+)\s*(?=<arg_key>|\Z)")
_GLM_PAIR = re.compile(r"\s*+<arg_key>(.*?)</arg_key>\s*+<arg_value>(.*?)</arg_value>\s*+", re.DOTALL)
_DSML = re.compile(
    r"<｜DSML｜(?:function_calls|tool_calls)>(.*)</｜DSML｜(?:function_calls|tool_calls)>\s*\Z", re.DOTALL
)
_DSML_CALL = re.compile(r'\s*+<｜DSML｜invoke name="([^"]+)">(.*?)</｜DSML｜invoke>\s*+', re.DOTALL)
_DSML_PARAMETER = re.compile(
    r'\s*+<｜DSML｜parameter name="([^"]+)"(?: string="(true|false)")?>(.*?)</｜DSML｜parameter>\s*+', re.DOTALL
)
_DEEPSEEK = re.compile(r"<｜tool▁calls▁begin｜>(.*?)(?:<｜tool▁calls▁end｜>\s*)?\Z", re.DOTALL)
_DEEPSEEK_CALL = re.compile(
    r"\s*+<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?([\w.-]++)(?:<｜tool▁sep｜>)?(.*?)<｜tool▁call▁end｜>\s*+",
    re.DOTALL,
)
_KIMI = re.compile(r"<\|tool_calls_section_begin\|>(.*?)(?:<\|tool_calls_section_end\|>\s*)?\Z", re.DOTALL)
_KIMI_CALL = re.compile(
    r"\s*+<\|tool_call_begin\|>\s*+(?:functions\.)?([\w.-]+?)(?::\d+)?\s*<\|tool_call_argument_begin\|>(.*?)<\|tool_call_end\|>\s*+",
    re.DOTALL,
)


def _read_tagged(text: str) -> list[_Written]:
    return [call for found in _split(text, _TAGGED) for call in _read_tag(found[1].strip())]


def _read_tag(inner: str) -> list[_Written]:
    if inner.startswith("<function="):
        return _read_functions(inner)
    glm = _GLM.match(inner)
    if glm:
        return [
            _Written(glm[1], {pair[1].strip(): pair[2] for pair in _split(inner[glm.end() :], _GLM_PAIR)}, loose=True)
        ]
    return [_from_object(_from_json(inner))]


def _read_functions(text: str) -> list[_Written]:
    calls = []
    for found in _split(text, _FUNCTION):
        inner = found[2].strip()
        if inner.startswith("{"):
            calls.append(_Written(found[1], _from_json(inner)))
        else:
            values = {parameter[1]: parameter[2] for parameter in _split(inner, _PARAMETER)}
            calls.append(_Written(found[1], values, loose=True))
    return calls


def _read_dsml(text: str) -> list[_Written]:
    calls = []
    for found in _split(_inner(_DSML, text), _DSML_CALL):
        values = {
            parameter[1]: _from_json(parameter[3]) if parameter[2] == "false" else parameter[3]
            for parameter in _split(found[2], _DSML_PARAMETER)
        }
        calls.append(_Written(found[1], values))
    return calls


def _read_deepseek(text: str) -> list[_Written]:
    return [
        _Written(found[1], _from_json(_unfence(found[2]))) for found in _split(_inner(_DEEPSEEK, text), _DEEPSEEK_CALL)
    ]


def _unfence(text: str) -> str:
    return text.strip().removeprefix("```json").removesuffix("```")


def _read_kimi(text: str) -> list[_Written]:
    return [_Written(found[1], _from_json(found[2])) for found in _split(_inner(_KIMI, text), _KIMI_CALL)]


def _read_mistral(text: str) -> list[_Written]:
    data = _from_json(text.removeprefix("[TOOL_CALLS]").strip())
    return [_from_object(one) for one in (data if isinstance(data, list) else [data])]


def _inner(form: re.Pattern[str], text: str) -> str:
    found = form.match(text)
    if found is None:
        raise _Unreadable("a call written as text is not complete")
    return found[1]


def _at_line(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*{pattern}", re.MULTILINE)


def _mark(pattern: str) -> re.Pattern[str]:
    """A mark that nobody writes by chance: it counts wherever it is not quoted."""
    return re.compile(rf"(?<![`'\"“]){pattern}")


_FORMS = (
    _Form(_at_line(r"<tool_call>\s*(?:\{|<function=|[\w.-]+\s*<arg_key>|[\w.-]+\s*</tool_call>)"), _read_tagged),
    _Form(_at_line(r"<function=[\w.-]+>\s*[{<]"), _read_functions),
    _Form(_mark(r"<｜DSML｜(?:function_calls|tool_calls)>"), _read_dsml),
    _Form(_mark(r"<｜tool▁calls▁begin｜>"), _read_deepseek),
    _Form(_mark(r"<\|tool_calls_section_begin\|>"), _read_kimi),
    _Form(_at_line(r"\[TOOL_CALLS\]\s*[\[{]"), _read_mistral),
)
