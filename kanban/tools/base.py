"""A tool: what the model is told of it, what its arguments must be, and what it does."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from kanban.domain.message import ToolSpec
from kanban.domain.outcome import Ending
from kanban.domain.tool import Tier
from kanban.errors import InvalidInput, did_you_mean
from kanban.tools.reading import read_arguments
from kanban.tools.schema import shape_of


class Arguments(BaseModel):
    """Base of every tool's arguments; each field's description is what the model reads."""

    model_config = ConfigDict(extra="forbid")


A = TypeVar("A", bound=Arguments)

SHOWN_GIVEN = 60  # characters of a wrong value that are said back


@dataclass(frozen=True)
class ToolResult:
    """What a call gave: a text for the model and, for an ending verb that was accepted, how the run ends."""

    text: str
    ending: Ending | None = None


def tells_failure(answer: str) -> bool:
    """Whether a tool's answer says that nothing was done."""
    return answer.startswith(("error", "refused", "Nothing was"))


@dataclass(frozen=True)
class Tool(Generic[A]):
    """A verb of an agent.

    `repeatable`: doing it twice does no harm, so a call that a crash cut off is simply done again.
    `shown`: what the model is told that the arguments are, where that is less than `arguments`, which always decide.
    """

    name: str
    description: str
    arguments: type[A]
    tier: Tier
    act: Callable[[A], ToolResult]
    repeatable: bool = False
    shown: type[BaseModel] | None = None

    def spec(self) -> ToolSpec:
        """The tool as the model is told of it."""
        return ToolSpec(self.name, self.description, deepcopy(shape_of(self.shown or self.arguments)))

    def parse(self, text: str) -> A:
        """The arguments of a call. Raises InvalidInput with words that a model can act on."""
        data = read_arguments(text, self.name, shape_of(self.arguments))
        try:
            return self.arguments.model_validate_json(json.dumps(data, ensure_ascii=False).encode(), strict=True)
        except ValidationError as error:
            told = _explain(error, self.arguments)
        except UnicodeEncodeError:
            told = f"{_find_broken(data)}: Input should be a valid string, and it holds half a character"
        raise InvalidInput(f"the arguments of {self.name} do not fit: {told}")


def _find_broken(data: dict[str, Any]) -> str:
    """The names of the fields that hold what is no Unicode text."""
    broken = [name for name, value in data.items() if not _is_text([name, value])]
    return ", ".join(broken).encode(errors="backslashreplace").decode()


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _explain(error: ValidationError, model: type[BaseModel]) -> str:
    problems = []
    for part in error.errors(include_url=False)[:8]:
        place = ".".join(map(str, part["loc"])) or "arguments"
        hint = ""
        if part["type"] == "extra_forbidden" and len(part["loc"]) == 1 and model.model_fields:
            hint = f" ({did_you_mean(str(part['loc'][0]), model.model_fields)})"
        problems.append(f"{place}: {part['msg']}{hint}{_show_given(part)}")
    return "; ".join(problems)


def _show_given(problem: ErrorDetails) -> str:
    """What was sent for one value, where that is short and says more than the message does."""
    given = problem["input"]
    if problem["type"] in ("missing", "extra_forbidden", "json_invalid") or isinstance(given, dict | list):
        return ""
    shown = json.dumps(given, ensure_ascii=False)
    return f", not {shown[:SHOWN_GIVEN]}{'…' if len(shown) > SHOWN_GIVEN else ''}"


AnyTool = Tool[Any]
