"""Verbs that decide: Ginger's over a stuck ticket, and the checker's over delivered work. Each ends its run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pydantic import Field

from kanban.agents.checks import CheckResult, run_checks
from kanban.agents.context import Context
from kanban.agents.verbs.board import INVESTIGATE, REASSIGN, TICKET, UNBLOCK, AskUser, make_steering_tools
from kanban.agents.verbs.filing import SPLIT, make_filing_tools
from kanban.domain.brief import Brief
from kanban.domain.message import Message, Role
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import BlockReason
from kanban.domain.tool import Effect, Section, Tier, ToolStatus, drop_empty
from kanban.errors import InvalidInput, Refused
from kanban.tools.base import AnyTool, Arguments, Signature, ToolResult
from kanban.tools.paging import cut
from kanban.tools.toolset import Toolset


class GiveUp(Arguments):
    ticket: int = TICKET
    why: str = Field(min_length=1, description="Why it cannot be done, for the person to read.")


class RunCheck(Arguments):
    criterion: int = Field(ge=1, description="Number of the criterion in the ticket, from 1.")


class GiveVerdict(Arguments):
    passed: bool = Field(description="Whether every criterion holds and every claim is true.")
    findings: list[str] = Field(
        min_length=1, description="What is wrong, where and how it shows; or what you looked at."
    )


GIVE_UP = Signature("give_up", "Give the ticket up.", GiveUp, Effect.BOARD, Tier.SAFE)
ASK_PERSON = Signature("ask_user", "Put the ticket before the person.", AskUser, Effect.BOARD, Tier.SAFE)
RUN_CHECK = Signature(
    "run_check", "Execute the check of a criterion again.", RunCheck, Effect.LOOK, Tier.READ, repeatable=True
)
VERDICT = Signature("verdict", "Say whether the work holds.", GiveVerdict, Effect.BOARD, Tier.READ)


def make_diagnosis_verbs(context: Context) -> list[AnyTool]:
    """The six ways on for the ticket of this run."""
    steering = {tool.name: tool for tool in (*make_steering_tools(context), *make_filing_tools(context))}

    def give_up(asked: GiveUp) -> ToolResult:
        context.store.board.cancel(asked.ticket, context.caller, context.clock(), context.redact(asked.why))
        return ToolResult(f"#{asked.ticket} is given up; the person is told")

    def ask_user(asked: AskUser) -> ToolResult:
        question = context.redact(asked.question)
        context.store.verdicts.ask_person(_own_ticket(context), question, context.caller, context.clock())
        return ToolResult("asked; the ticket waits for the person", Ending(Outcome.DONE, question))

    verbs: list[AnyTool] = [
        replace(steering["unblock"], act=_not_for_failure_limit(context, steering["unblock"].act)),
        steering["reassign"],
        steering["split"],
        steering["investigate"],
        GIVE_UP.bind(give_up),
    ]
    decided = [replace(verb, act=_as_verdict(context, verb)) for verb in verbs]
    return [*decided, ASK_PERSON.bind(ask_user)]


DIAGNOSING: Toolset[Context] = Toolset(
    "diagnosing", [UNBLOCK, REASSIGN, SPLIT, INVESTIGATE, GIVE_UP, ASK_PERSON], make_diagnosis_verbs
)


def make_checker_verbs(context: Context) -> list[AnyTool]:
    """`run_check` and `verdict`."""
    ticket_id = _own_ticket(context)
    brief, _ = context.store.queries.read_brief(ticket_id)
    criteria = brief.criteria if brief else []
    checked: dict[int, CheckResult] = {}

    def run_check(asked: RunCheck) -> ToolResult:
        if asked.criterion > len(criteria) or not criteria[asked.criterion - 1].command:
            raise InvalidInput(f"criterion {asked.criterion} has no check", f"the ticket has {len(criteria)} criteria")
        chosen = criteria[asked.criterion - 1]
        seconds = context.in_force.settings.tool_timeout_seconds
        [result] = run_checks([chosen], context.workshop, context.decide_check, seconds, lambda _: None)
        checked[asked.criterion] = result
        held = "passed" if result.passed else f"failed, exit status {result.exit_status}"
        output = cut(result.output.rstrip(), context.in_force.settings.output_limit_chars, "the rest is not shown")
        return ToolResult(drop_empty(Section(held), Section(output, "the check")))

    def verdict(asked: GiveVerdict) -> ToolResult:
        if asked.passed and brief:
            _refuse_unseen(brief, checked, context.store.records.read_transcript(context.scribe.transcript_id))
        findings = context.redact("\n".join(f"- {finding}" for finding in asked.findings))
        status = context.store.verdicts.review(ticket_id, asked.passed, findings, context.caller, context.clock())
        return ToolResult(f"the ticket is {status}", Ending(Outcome.DONE, findings))

    return [RUN_CHECK.bind(run_check), VERDICT.bind(verdict)]


CHECKING: Toolset[Context] = Toolset("checking", [RUN_CHECK, VERDICT], make_checker_verbs)


def _refuse_unseen(brief: Brief, checked: Mapping[int, CheckResult], transcript: Sequence[Message]) -> None:
    """Raise Refused while a criterion was not looked at, or its check has just failed.

    One that no command decides was looked at once the run has read anything; where nothing is left to read, the
    ticket itself is all there is.
    """
    commanded = {number for number, criterion in enumerate(brief.criteria, 1) if criterion.command}
    unseen = sorted(commanded - checked.keys())
    if unseen:
        told = " and ".join(f"criterion {number}" for number in unseen)
        raise Refused(f"you have not looked at {told}", "run_check executes its check; then give the verdict")
    failed = next((number for number in sorted(checked) if checked[number].exit_status not in (0, None)), None)
    if failed:
        raise Refused(f"the check of criterion {failed} has failed, so it does not hold", "say passed: false, and why")
    by_reading = len(commanded) < len(brief.criteria) or not brief.criteria
    if by_reading and (brief.targets or brief.deliverables) and not _has_read(transcript):
        raise Refused("you have read none of the results", "look at what was delivered; then give the verdict")


def _has_read(transcript: Sequence[Message]) -> bool:
    own = {RUN_CHECK.name, VERDICT.name}
    return any(
        entry.role is Role.TOOL and entry.status is ToolStatus.OK and entry.name not in own for entry in transcript
    )


def _as_verdict(context: Context, verb: AnyTool) -> Callable[..., ToolResult]:
    """The same verb for the run's own ticket only; when it took effect, the run is over."""

    def decide(asked: Arguments) -> ToolResult:
        own = _own_ticket(context)
        named = getattr(asked, "ticket", own)
        if named != own:
            raise Refused(f"this run decides about ticket {own}, not {named}", f"name ticket {own}")
        result = verb.act(asked)
        if result.status is not ToolStatus.OK:
            return result  # the lint sent the drafts back
        return replace(result, ending=Ending(Outcome.DONE, result.text))

    return decide


def _not_for_failure_limit(context: Context, act: Callable[..., ToolResult]) -> Callable[..., ToolResult]:
    """Unblocked, a ticket at its failure limit would be blocked again at once."""

    def unblock(asked: Arguments) -> ToolResult:
        if context.store.queries.get_ticket(_own_ticket(context)).block_reason == BlockReason.FAILURE_LIMIT:
            raise Refused("it has failed as often as it may", "reassign it, split it, investigate it or ask the person")
        return act(asked)

    return unblock


def _own_ticket(context: Context) -> int:
    assert context.run.ticket_id is not None
    return context.run.ticket_id
