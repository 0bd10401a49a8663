"""A model that plays scenes: for the demo, for tests, and for trying a home without a key."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from kanban.domain.message import Message, Reply, Role, ToolCall, ToolSpec, Usage
from kanban.errors import FailureClass, InvalidInput, ModelError
from kanban.llm.base import Calls, OnPiece, Piece, PieceKind

NO_MORE_STEPS = "(the script has no more steps)"
CHARACTERS_PER_TOKEN = 4


def _check_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


class ScriptCall(BaseModel):
    """A tool call; `arguments` as text is sent as it stands, even when it is no JSON."""

    model_config = ConfigDict(extra="forbid")

    tool: str
    arguments: dict[str, Any] | str = {}


class Step(BaseModel):
    """One reply, given after `pause` seconds. `{name}` stands for the named group of the scene's `when`."""

    model_config = ConfigDict(extra="forbid")

    say: str = ""
    calls: list[ScriptCall] = []
    pause: float = Field(default=0.0, ge=0)


class Scene(BaseModel):
    """Steps for the conversations in which `when` is found; `^` and `$` match at lines."""

    model_config = ConfigDict(extra="forbid")

    name: str
    when: Annotated[str, AfterValidator(_check_pattern)]
    steps: list[Step]

    def search(self, text: str) -> re.Match[str] | None:
        """Where `when` is found in `text`."""
        return re.search(self.when, text, re.MULTILINE)

    @property
    def is_catch_all(self) -> bool:
        """Whether `when` is found in any text at all."""
        return self.search("") is not None


class Script(BaseModel):
    """Scenes in order of precedence."""

    model_config = ConfigDict(extra="forbid")

    scenes: list[Scene]


def load_script(data: object) -> Script:
    """The script written as plain data (`{"scenes": [...]}`); raises InvalidInput naming each wrong key."""
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc'])) or 'script'}: {e['msg']}" for e in error.errors()]
        raise InvalidInput(
            f"the script is wrong: {'; '.join(wrong)}",
            "It has `scenes`, each with a `name`, a regular expression `when`, and `steps` (`say`, `calls`, `pause`).",
        ) from error


class ScriptedModel:
    """Plays a script. It holds no state: the step to play is read off the conversation."""

    def __init__(self, script: Script, name: str = "scripted", sleep: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self._script = script
        self._sleep = sleep

    @property
    def window(self) -> None:
        """A script reads whatever it is given."""
        return None

    def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_piece: OnPiece | None = None,
        calls: Calls = Calls.FREE,
    ) -> Reply:
        """Play the next step of the scene that fits; raises ModelError (bad_request) when none does."""
        step, groups = self._find_step(messages)
        self._sleep(step.pause)
        text = _fill(step.say, groups)
        if on_piece:
            _stream_words(text, on_piece)
        turn = sum(message.role is Role.ASSISTANT for message in messages)
        made = tuple(_make_call(call, groups, f"call_{turn}_{n}") for n, call in enumerate(step.calls))
        return Reply(text, made, _estimate_usage(messages, text, made), self.name)

    def _find_step(self, messages: Sequence[Message]) -> tuple[Step, dict[str, str]]:
        system = "\n".join(message.content for message in messages if message.role is Role.SYSTEM)
        asked = self._last_asked(messages)
        users = [m.content for m in messages if m.role is Role.USER] if asked is None else [messages[asked].content]
        text = "\n".join([system, *users])
        for scene in self._script.scenes:
            found = scene.search(text)
            if found:
                start = asked if asked is not None and scene.search(messages[asked].content) else 0
                return _step_after(scene, messages[start:]), {k: v or "" for k, v in found.groupdict().items()}
        raise ModelError(
            FailureClass.BAD_REQUEST,
            f"no scene of {self.name} fits the conversation; looked for {self._patterns()} in {text[:300]!r}",
            "Add a scene whose `when` is found in the system or user messages.",
        )

    def _last_asked(self, messages: Sequence[Message]) -> int | None:
        """Where the last user message stands that a scene is meant for; reminders from the loop fit none."""
        scenes = [scene for scene in self._script.scenes if not scene.is_catch_all]
        for index in range(len(messages) - 1, -1, -1):
            message = messages[index]
            if message.role is Role.USER and any(scene.search(message.content) for scene in scenes):
                return index
        return None

    def _patterns(self) -> str:
        return ", ".join(f"{scene.when!r} ({scene.name})" for scene in self._script.scenes) or "nothing"


def _step_after(scene: Scene, messages: Sequence[Message]) -> Step:
    played = sum(message.role is Role.ASSISTANT for message in messages)
    return scene.steps[played] if played < len(scene.steps) else Step(say=NO_MORE_STEPS)


def _make_call(call: ScriptCall, groups: Mapping[str, str], call_id: str) -> ToolCall:
    arguments = _fill(call.arguments, groups)
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCall(call_id, call.tool, text)


def _fill(value: Any, groups: Mapping[str, str]) -> Any:
    """`value` with `{name}` replaced in every string in it, for the names in `groups` and no others."""
    match value:
        case str() if groups:
            names = "|".join(map(re.escape, groups))
            return re.sub(rf"\{{({names})\}}", lambda found: groups[found[1]], value)
        case list():
            return [_fill(item, groups) for item in value]
        case dict():
            return {key: _fill(item, groups) for key, item in value.items()}
        case _:
            return value


def _stream_words(text: str, on_piece: OnPiece) -> None:
    for piece in re.findall(r"\s*\S+|\s+$", text):
        on_piece(Piece(PieceKind.WORDS, piece))


def _estimate_usage(messages: Sequence[Message], text: str, calls: Sequence[ToolCall]) -> Usage:
    asked = sum(len(message.content) for message in messages)
    answered = len(text) + sum(len(call.arguments) for call in calls)
    return Usage(-(-asked // CHARACTERS_PER_TOKEN), -(-answered // CHARACTERS_PER_TOKEN), 0.0)
