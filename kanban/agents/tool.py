"""A tool: what the model is told of it, what its arguments must be, and what it does."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from kanban.domain.message import ToolSpec
from kanban.domain.outcome import Ending
from kanban.domain.tool import Tier
from kanban.errors import InvalidInput, did_you_mean


class Arguments(BaseModel):
    """Base of every tool's arguments; each field's description is what the model reads."""

    model_config = ConfigDict(extra="forbid")


A = TypeVar("A", bound=Arguments)


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
    """

    name: str
    description: str
    arguments: type[A]
    tier: Tier
    act: Callable[[A], ToolResult]
    repeatable: bool = False

    def spec(self) -> ToolSpec:
        """The tool as the model is told of it."""
        schema = self.arguments.model_json_schema()
        return ToolSpec(self.name, self.description, _without_titles(schema))

    def parse(self, text: str) -> A:
        """The arguments of a call. Raises InvalidInput with words that a model can act on."""
        try:
            data = json.loads(text or "{}")
        except (ValueError, RecursionError) as error:  # also numbers and nesting beyond what Python reads
            raise InvalidInput(
                f"the arguments of {self.name} are not JSON: {error}",
                "send the whole call again with one JSON object as arguments",
            ) from None
        try:
            return self.arguments.model_validate(data)
        except ValidationError as error:
            raise InvalidInput(f"the arguments of {self.name} do not fit: {_explain(error, self.arguments)}") from None


def _explain(error: ValidationError, model: type[BaseModel]) -> str:
    problems = []
    for part in error.errors(include_url=False)[:8]:
        place = ".".join(map(str, part["loc"])) or "arguments"
        hint = ""
        if part["type"] == "extra_forbidden" and len(part["loc"]) == 1:
            hint = f" ({did_you_mean(str(part['loc'][0]), model.model_fields)})"
        problems.append(f"{place}: {part['msg']}{hint}")
    return "; ".join(problems)


def _without_titles(schema: Any) -> Any:
    """Pydantic titles every field; to a model they are only noise that is paid for at each turn."""
    if isinstance(schema, list):
        return [_without_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _without_titles(part) for name, part in value.items()}
        if key in ("properties", "$defs")
        else _without_titles(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


AnyTool = Tool[Any]
