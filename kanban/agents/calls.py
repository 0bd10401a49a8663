"""Carries out the calls of a run: each is read, passes the gate, is marked where it must not be repeated, and acts."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kanban.agents.prompts import Prompts
from kanban.domain.message import ToolCall
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import BlockReason
from kanban.domain.tool import BOARD, Section, ToolStatus, drop_empty
from kanban.errors import BoardError, InvalidInput, KanbanError, MovedOn, did_you_mean
from kanban.store.records import Records, Scribe
from kanban.tools.base import AnyTool, ToolResult, failed
from kanban.trust.gate import Gate, Passed, Refused, Waiting


@dataclass(frozen=True)
class CallExecutor:
    """The tools of one run, behind its gate. `ending_verbs` are those that end it; none in a conversation."""

    tools: Mapping[str, AnyTool]
    gate: Gate
    records: Records
    scribe: Scribe
    prompts: Prompts
    clock: Callable[[], float]
    ending_verbs: Sequence[str] = ()

    def carry_out(self, call: ToolCall, resumed: bool) -> ToolResult | Ending:
        """What a call gave, or the end of the run that waits for its approval.

        `resumed`: a run before this one may have been killed in the middle of it. Raises MovedOn and BoardError.
        """
        tool = self.tools.get(call.name)
        if tool is None:
            told = f"error: no tool is called {call.name!r}; {did_you_mean(call.name, self.tools)}"
            return ToolResult(told, status=ToolStatus.INVALID)
        signature = tool.signature
        try:
            arguments = signature.parse(call.arguments)
        except InvalidInput as error:
            return ToolResult(f"error: {error.tell()}", status=ToolStatus.INVALID)
        if self.records.was_started(self.scribe, call.id):
            return self._tell_of_unknown_effect(call)
        match self.gate.pass_call(call, signature.attempt(arguments)):
            case Refused(why):
                return ToolResult(f"refused: {why}", status=ToolStatus.REFUSED)
            case Waiting(approval_id, why):
                return Ending(Outcome.PARKED, f"approval {approval_id}: {call.name} ({why})")
            case Passed(approval_id):
                return self._act(call, tool, arguments, approval_id, resumed)

    def _tell_of_unknown_effect(self, call: ToolCall) -> ToolResult:
        """A call that a crash cut off may have acted. A risky one is the person's to look into, not the model's."""
        told = self.prompts.render("unknown_effect", tool=call.name, arguments=call.arguments)
        if not self.gate.was_approved(call):
            return ToolResult(told)
        question = (
            f"{call.name} {call.arguments[:500]} was approved and begun, and nobody knows whether it took effect."
        )
        asked = f"{question} Look, then let the ticket go on with a note."
        return ToolResult(told, Ending(Outcome.BLOCKED, asked, BlockReason.NEEDS_INPUT, asked))

    def _act(
        self, call: ToolCall, tool: AnyTool, arguments: object, approval_id: int | None, resumed: bool
    ) -> ToolResult:
        if approval_id is not None or not tool.signature.repeatable:
            self.records.mark_started(self.scribe, call.id, self.clock(), approval_id)
        elif resumed and call.name not in self.ending_verbs and not self._may_repeat(call):
            return failed("error: this call took the run down twice; it is not tried again. Find another way.")
        try:
            return tool.act(arguments)
        except (MovedOn, BoardError):
            raise  # the board's own trouble is none of a model's
        except KanbanError as error:
            return self._tell_error(tool, arguments, str(error), error.hint)
        except Exception as error:
            traceback.print_exc()
            told = f"{call.name} failed: {type(error).__name__}: {error}"
            return self._tell_error(tool, arguments, told, "try it another way, or block and say so")

    def _tell_error(self, tool: AnyTool, arguments: object, told: str, hint: str) -> ToolResult:
        """An error as the model reads it; what comes from beside the board may hold the words of others."""
        place = tool.signature.find_place(arguments)
        if place == BOARD:
            return failed(f"error: {told} ({hint})" if hint else f"error: {told}")
        remedy = f"({hint})" if hint else ""
        return failed(drop_empty(Section("error:"), Section(told, f"an error of {place}"), Section(remedy)))

    def _may_repeat(self, call: ToolCall) -> bool:
        """Whether a call that a crash cut off is carried out once more: the second time only."""
        again = f"{call.id}~again"
        if self.records.was_started(self.scribe, again):
            return False
        self.records.mark_started(self.scribe, again, self.clock())
        return True
