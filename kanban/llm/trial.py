"""One real exchange with a model, to find out what works with it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from kanban.domain.message import Message, Reply, Role, ToolSpec
from kanban.errors import KanbanError
from kanban.llm.base import Calls, Model, Piece, PieceKind
from kanban.llm.markup import TOOL_PARSER

_NUMBER = 7
_REPORT = ToolSpec(
    "report",
    "Report a number.",
    {
        "type": "object",
        "properties": {"number": {"type": "integer", "description": "The number."}},
        "required": ["number"],
        "additionalProperties": False,
    },
)
_QUESTION = [
    Message(Role.SYSTEM, "You test whether tools work. Do exactly what you are told, in as few words as you can."),
    Message(Role.USER, f"Call the tool `report` with the number {_NUMBER}. When it has answered, say: done."),
]


@dataclass
class Trial:
    """What came of a try: both replies (`second` follows the tool's answer), the times of them, and what went wrong.

    `first_token` is the seconds until anything came.
    """

    first: Reply | None = None
    second: Reply | None = None
    first_token: float | None = None
    seconds: float = 0.0
    problem: str = ""
    advice: list[str] = field(default_factory=list)

    @property
    def tools(self) -> str:
        """How the call came: `called`, `as text` or `not called`."""
        if self.first is None or not self.first.calls:
            return "not called"
        return "as text" if self.first.parsed_markup else "called"

    @property
    def works(self) -> bool:
        """Whether a run can use the model: it called the tool and went on after the answer."""
        return not self.problem and self.tools != "not called" and self.second is not None


def try_model(model: Model, clock: Callable[[], float] = time.monotonic) -> Trial:
    """Have a model make a call and go on after its answer: the turn at which thinking models refuse what is missing."""
    trial, began = Trial(), clock()

    def hear(piece: Piece) -> None:
        if trial.first_token is None and (piece.text or piece.kind is PieceKind.CALL):
            trial.first_token = clock() - began

    try:
        trial.first = model.complete(_QUESTION, [_REPORT], hear, Calls.EXPECTED)
        if trial.first.calls:
            results = [Message(Role.TOOL, "noted", call_id=call.id, name=call.name) for call in trial.first.calls]
            trial.second = model.complete([*_QUESTION, trial.first.as_message(), *results], [_REPORT], hear)
    except KanbanError as error:
        trial.problem = error.tell()
    trial.seconds = clock() - began
    trial.advice = list(_advise(trial, model))
    return trial


def answers(model: Model) -> bool:
    """Whether a model answers at all."""
    try:
        model.complete([Message(Role.USER, "Answer with one word: ready.")], [])
    except KanbanError:
        return False
    return True


def _advise(trial: Trial, model: Model) -> list[str]:
    advice = []
    if trial.first is not None and trial.tools == "not called":
        advice.append(
            f"It called no tool. Start the server with a tool parser {TOOL_PARSER}, "
            "or take a model that was trained to call tools."
        )
    if trial.tools == "as text":
        advice.append(
            f"Its call came as text and was read from there. A server with a tool parser {TOOL_PARSER} does it better."
        )
    if trial.first is not None and trial.first.usage.estimated:
        advice.append("The server counts no tokens; they are estimated here, and so is what they cost.")
    if trial.first is not None and trial.first.usage.cost_usd is None:
        advice.append("No price is known: set `price: {prompt: …, completion: …}` (dollars per million tokens).")
    if model.window is None:
        advice.append("No window is known: set `window:` to the tokens that the server reads, so that nothing is lost.")
    return advice
