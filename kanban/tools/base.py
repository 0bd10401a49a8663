"""A tool: what the model is told of it, what its arguments must be, what it changes and where, and what it does."""

import json
import logging
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from kanban.domain.message import ToolSpec
from kanban.domain.outcome import Ending
from kanban.domain.tool import BOARD, UNKNOWN, Effect, Place, Section, Tier, ToolStatus, place_of_host
from kanban.errors import InvalidInput, did_you_mean
from kanban.tools.reading import read_arguments
from kanban.tools.schema import shape_of
from kanban.trust.fences import fence_all
from kanban.trust.policy import Attempt

logger = logging.getLogger(__name__)


class Arguments(BaseModel):
    """Base of every tool's arguments; each field's description is what the model reads."""

    model_config = ConfigDict(extra="forbid")


A = TypeVar("A", bound=Arguments)

SHOWN_GIVEN = 60  # characters of a wrong value that are said back


@dataclass(frozen=True)
class ToolResult:
    """What a call gave, and for an ending verb that was accepted, how the run ends.

    `said` is the board's own text, or sections, of which those that others wrote are fenced before a model reads them.
    """

    said: str | Sequence[Section]
    ending: Ending | None = None
    status: ToolStatus = ToolStatus.OK

    @property
    def text(self) -> str:
        """What the model reads."""
        return self.said if isinstance(self.said, str) else fence_all(self.said)


def failed(said: str | Sequence[Section]) -> ToolResult:
    """The result of a call that did nothing, for a reason that the model is told."""
    return ToolResult(said, status=ToolStatus.FAILED)


def on_board(arguments: object) -> Place:
    """The place of a verb of the board."""
    return BOARD


def name_ticket(arguments: object) -> str:
    """What a verb of the board is about: the ticket that it names."""
    ticket = getattr(arguments, "ticket", None)
    return "" if ticket is None else f"#{ticket}"


def at_host(arguments: Any) -> Place:
    """The place of a call that names a `host`."""
    return place_of_host(arguments.host)


@dataclass(frozen=True)
class Signature(Generic[A]):
    """All that can be said of a tool before there is a run.

    `place` says where a call acts and `subject` what it is about: a command, a path, an address, a ticket. A tool that
    changes something beside the board has to say both.
    `runs_command`: its subject is a command; `writes_file`: a file that it writes. `repeatable`: doing it twice does no
    harm, so a call that a crash cut off is simply done again. `is_claim`: a refusal says that the work does not hold,
    so the same call again is hopeless.
    `shown`: what the model is told that the arguments are, where that is less than `arguments`, which always decide.
    """

    name: str
    description: str
    arguments: type[A]
    effect: Effect
    tier: Tier
    place: Callable[[A], Place] = on_board
    subject: Callable[[A], str] = name_ticket
    repeatable: bool = False
    runs_command: bool = False
    writes_file: bool = False
    is_claim: bool = False
    shown: type[BaseModel] | None = None

    def __post_init__(self) -> None:
        if self.effect is Effect.CHANGE and (self.place is on_board or self.subject is name_ticket):
            raise ValueError(f"{self.name} changes something: it must say where (`place`) and what (`subject`)")

    def bind(self, act: Callable[[A], ToolResult]) -> "Tool[A]":
        """The tool in the hands of one run."""
        return Tool(self, act)

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

    def attempt(self, arguments: A) -> Attempt:
        """A call as the gate sees it."""
        place, subject = self.find_place(arguments), self.find_subject(arguments)
        return Attempt(self.name, self.tier, place, subject, self.runs_command, self.writes_file)

    def find_place(self, arguments: A) -> Place:
        """Where a call acts; UNKNOWN where the tool cannot say."""
        try:
            return self.place(arguments)
        except Exception:  # a plug-in's own fault must not open the gate
            logger.exception("the place of a call of %s", self.name)
            return UNKNOWN

    def find_subject(self, arguments: A) -> str:
        """What a call is about; the arguments whole where the tool cannot say."""
        try:
            return self.subject(arguments)
        except Exception:
            logger.exception("the subject of a call of %s", self.name)
            return arguments.model_dump_json()


@dataclass(frozen=True)
class Tool(Generic[A]):
    """A tool that one run can use. `act` carries a call out; a KanbanError that it raises is told to the model."""

    signature: Signature[A]
    act: Callable[[A], ToolResult]

    @property
    def name(self) -> str:
        """Its name."""
        return self.signature.name


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


AnySignature = Signature[Any]
AnyTool = Tool[Any]
