"""What a played model does, turn by turn, in whichever dialect a server speaks."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.support.providers.tokens import count, cut

Request = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A call of `tool`; `arguments` is sent as it stands, JSON or not."""

    tool: str
    arguments: str = "{}"


@dataclass(frozen=True)
class Turn:
    """One reply. `hidden` adds thoughts that only the provider can read, where it has such.

    `stop` is why the reply ended, in OpenAI's words; None takes `tool_calls` or `stop` by the calls.
    """

    thoughts: str = ""
    words: str = ""
    calls: tuple[Call, ...] = ()
    hidden: bool = False
    stop: str | None = None

    @property
    def finish(self) -> str:
        return self.stop or ("tool_calls" if self.calls else "stop")


Script = Sequence[Turn] | Callable[[Request], Turn]

NO_MORE_TURNS = Turn(words="(the script has no more turns)")

# Thoughts with what a careless copy loses: other alphabets, quotes, escapes, empty lines and spaces at both ends.
CONVERSATION = (
    Turn('  Erst schauen: „notes.md“ – "was" ist da?\n\nLook first.  \n', "", (Call("shell", '{"command": "ls"}'),)),
    Turn(
        "读两个文件 👩‍🔬 C:\\temp\\new\t'both'\r\n",
        "Two files to read.",
        (Call("read_file", '{"path": "notes.md"}'), Call("read_file", '{"path": "läufe.md"}')),
        hidden=True,
    ),
    Turn('\n{"not": "a call"} <b>&amp;</b> e\u0301 \u00e9 ', "", (Call("shell", '{"command": "wc -l *.md"}'),)),
    Turn("Now say it. ", "Zwei Dateien – all counted."),
)

# Characters that JSON holds as they are and at which a careless reader ends a line.
LINE_ENDS = (
    Turn(
        "one\u2028two\u2029three\u0085four", "five\u2028six", (Call("shell", '{"command": "echo \u2028seven\u0085"}'),)
    ),
    Turn("done", "eight\u2029nine"),
)


def call(tool: str, /, **arguments: Any) -> Call:
    """A call with these arguments as a JSON object."""
    return Call(tool, json.dumps(arguments, ensure_ascii=False))


def pick_turn(script: Script, request: Request, answered: int) -> Turn:
    """The turn that follows `answered` replies."""
    if callable(script):
        return script(request)
    return script[answered] if answered < len(script) else NO_MORE_TURNS


def whole_calls(turn: Turn) -> list[Call]:
    """The calls whose arguments are JSON, for a wire that has no room for half of one."""
    return [one for one in turn.calls if _is_json(one.arguments)]


def tokens_of(turn: Turn) -> int:
    """The tokens of everything the model wrote."""
    return count(turn.thoughts) + count(turn.words) + sum(count(one.tool + one.arguments) for one in turn.calls)


def cut_turn(turn: Turn, limit: int | None) -> Turn:
    """`turn` as far as `limit` tokens reach: thoughts first, then words, then the arguments of each call."""
    if limit is None or tokens_of(turn) <= limit:
        return turn
    thoughts = cut(turn.thoughts, limit)
    left = limit - count(thoughts)
    words = cut(turn.words, left)
    left -= count(words)
    calls: list[Call] = []
    for one in turn.calls:
        left -= count(one.tool)
        if left <= 0:
            break
        calls.append(Call(one.tool, cut(one.arguments, left)))
        left -= count(one.arguments)
    return replace(turn, thoughts=thoughts, words=words, calls=tuple(calls), stop="length")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
