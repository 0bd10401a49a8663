"""Servers without a parser: calls and thoughts come as text in the words of the model.

Sources: deepseek-ai/DeepSeek-V3.2 encoding (DSML, with the full-width bar U+FF5C; a parameter that is no string has
string="false"), NousResearch/Hermes-Function-Calling (`<tool_call>` with JSON), QwenLM/Qwen3-Coder chat template
(`<function=…>`), vllm docs/features/tool_calling.md (what comes when no --tool-call-parser is given) and
docs/features/reasoning_outputs.md (`<think>` without a --reasoning-parser).
"""

import json
from collections.abc import Callable
from typing import Any

from tests.support.providers.chat import Wire
from tests.support.providers.local import LlamaCpp
from tests.support.providers.script import Call, Request, Script, Turn
from tests.support.providers.server import WINDOW

Writer = Callable[[Call], str]


def write_dsml(one: Call) -> str:
    """DeepSeek's markup."""
    parameters = "".join(
        f'<｜DSML｜parameter name="{name}" string="{_is_text(value)}">{_plain(value)}</｜DSML｜parameter>\n'
        for name, value in json.loads(one.arguments).items()
    )
    invoke = f'<｜DSML｜invoke name="{one.tool}">\n{parameters}</｜DSML｜invoke>\n'
    return f"<｜DSML｜function_calls>\n{invoke}</｜DSML｜function_calls>"


def write_hermes(one: Call) -> str:
    """The markup of Hermes and Qwen."""
    return f'<tool_call>\n{{"name": "{one.tool}", "arguments": {one.arguments}}}\n</tool_call>'


def write_qwen(one: Call) -> str:
    """The markup of Qwen's coders."""
    parameters = "".join(
        f"<parameter={name}>\n{_plain(value)}\n</parameter>\n" for name, value in json.loads(one.arguments).items()
    )
    return f"<tool_call>\n<function={one.tool}>\n{parameters}</function>\n</tool_call>"


def write_fenced(one: Call) -> str:
    """A block of JSON, as small models write it."""
    return f'```json\n{{"name": "{one.tool}", "arguments": {one.arguments}}}\n```'


WRITERS: dict[str, Writer] = {"dsml": write_dsml, "hermes": write_hermes, "qwen": write_qwen, "fenced": write_fenced}


class CallsAsText(LlamaCpp):
    """A server that hands calls through as text, in the markup of `writer`."""

    thoughts_field = None

    def __init__(self, script: Script, writer: str = "hermes", window: int = WINDOW) -> None:
        super().__init__(script, window)
        self._write = WRITERS[writer]

    def make_message(self, request: Request, turn: Turn) -> Wire:
        parts = [turn.words, *(self._write(one) for one in turn.calls)]
        return {"role": "assistant", "content": "\n".join(filter(None, parts))}

    def finish_of(self, turn: Turn) -> str:
        return turn.stop or "stop"


class ThoughtsAsText(LlamaCpp):
    """A server that leaves thoughts in the words, between `<think>` and `</think>`."""

    thoughts_field = None

    def thinks(self, request: Request) -> bool:
        return True

    def make_message(self, request: Request, turn: Turn) -> Wire:
        message = super().make_message(request, turn)
        return message | {"content": f"<think>\n{turn.thoughts}\n</think>\n\n{turn.words}"}


def _is_text(value: Any) -> str:
    return str(isinstance(value, str)).lower()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
