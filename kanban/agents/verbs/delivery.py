"""How a worker ends its run: it completes, and the board checks that, or it says why it is blocked."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kanban.agents.checks import CheckResult, run_checks
from kanban.agents.context import Context
from kanban.agents.describe import shorten
from kanban.domain.authority import Verb
from kanban.domain.brief import LOCAL, Brief
from kanban.domain.outcome import Ending, Outcome
from kanban.domain.ticket import BlockReason, Kind
from kanban.domain.tool import Tier
from kanban.errors import InvalidInput, KanbanError
from kanban.execution.base import check_is_file
from kanban.store.tables import REMOTE
from kanban.tools.base import AnyTool, Arguments, Tool, ToolResult
from kanban.tools.paging import cut

# What a worker may say; the other reasons are the board's own to find.
WorkersReason = Literal["needs_input", "missing_access", "dependency", "budget", "other"]


UNSAID = "The worker did not say so; its checks passed."
LONGEST_WORDS = 1_500  # characters of the last words of a worker that said nothing else
FAILURE_ROOM = 500  # characters that a failed check takes besides its output
LEAST_OUTPUT = 200


class TextArtifact(BaseModel):
    """A text handed over as it is; it is kept as a file of this name in the workspace."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[^/\x00][^\x00]{0,200}$", description="File name.")
    text: str = Field(description="The whole text.")


class Complete(Arguments):
    summary: str = Field(min_length=1, description="One paragraph: what was done and what is now true.")
    evidence: list[str] = Field(
        default=[], description="For each criterion what shows it: the command and its output, the path, the address."
    )
    artifacts: list[str | TextArtifact] = Field(
        default=[], description="Files to keep, by path (`host:path` on a host), or whole texts with a name."
    )


class Report(Complete):
    """How an investigation ends: its verdict is read by machine."""

    cause: str = Field(min_length=1, description="What keeps the ticket from going on, as far as it could be found.")
    recommendation: Literal["unblock", "reassign", "split", "ask_user", "give_up"] = Field(
        description="What should be done with the ticket that was looked into."
    )
    note: str = Field(min_length=1, description="What whoever goes on must know or do differently, exactly.")


class Block(Arguments):
    reason: WorkersReason = Field(
        description="`needs_input`: the person must decide; `missing_access`: a host, file or key is out of reach; "
        "`dependency`: what another ticket should have made is missing; `budget`: it is larger than your turns."
    )
    explanation: str = Field(min_length=1, description="What you tried, what happened word for word, what would help.")
    question: str = Field(default="", description="With `needs_input`: the one question for the person.")


def make_delivery_tools(context: Context) -> list[AnyTool]:
    """`complete` and `block`."""
    ticket_id = context.run.ticket_id
    assert ticket_id is not None
    brief, _ = context.store.queries.read_brief(ticket_id)
    investigates = context.store.queries.get_ticket(ticket_id).kind == Kind.WORRELL

    def complete(asked: Complete) -> ToolResult:
        paths = [*(_keep(context, artifact) for artifact in asked.artifacts), *_deliverables_left(context, brief)]
        files = [_locate_artifact(context, path) for path in dict.fromkeys(paths)]
        results = _run_all_checks(context, ticket_id, brief)
        failures = [result for result in results if not result.passed]
        if failures:
            return ToolResult(_tell_failures(context, failures))
        _add_artifacts(context, ticket_id, files)
        told = context.redact(_describe_delivery(asked, results))
        context.store.board.comment(ticket_id, context.caller, told, context.clock())
        if isinstance(asked, Report):
            verdict = context.redact(asked.model_dump_json(include={"cause", "recommendation", "note"}))
            context.store.verdicts.report(ticket_id, verdict, context.caller)
        return ToolResult("done", Ending(Outcome.DONE, context.redact(asked.summary)))

    def block(asked: Block) -> ToolResult:
        reason = BlockReason(asked.reason)
        if reason is BlockReason.NEEDS_INPUT and not asked.question:
            raise InvalidInput("needs_input needs a question", "ask the person one question that they can answer")
        explanation = context.redact(f"{asked.explanation} {asked.question}".strip())
        return ToolResult("blocked", Ending(Outcome.BLOCKED, explanation, reason, asked.question))

    return [
        Tool(
            "complete",
            "Hand the work over. The board runs every check of the ticket first.",
            Report if investigates else Complete,
            Tier.SAFE,
            complete,
            True,
        ),
        Tool("block", "Say that you cannot go on, and why.", Block, Tier.SAFE, block, True),
    ]


def deliver_without_word(context: Context, words: str) -> Ending | None:
    """Hand over the work of a run that ended in mere words, if the checks of its ticket pass; None if they do not."""
    ticket_id = context.run.ticket_id
    assert ticket_id is not None
    brief, _ = context.store.queries.read_brief(ticket_id)
    if context.store.queries.get_ticket(ticket_id).kind == Kind.WORRELL:
        return None  # its verdict is the work
    results = _run_all_checks(context, ticket_id, brief)
    if not results or not all(result.passed for result in results):
        return None
    _add_artifacts(context, ticket_id, [_locate_artifact(context, path) for path in _deliverables_left(context, brief)])
    unchecked = [criterion.text for criterion in brief.criteria if not criterion.check] if brief else []
    claim = Complete(summary=f"{UNSAID} Its last words: {shorten(words, LONGEST_WORDS)}")
    told = _describe_delivery(claim, results)
    if unchecked:
        told += "\n\nNobody has checked:\n" + "\n".join(f"- {text}" for text in unchecked)
    context.store.board.comment(ticket_id, context.caller, context.redact(told), context.clock())
    return Ending(Outcome.DONE, context.redact(claim.summary))


def _add_artifacts(context: Context, ticket_id: int, files: list[tuple[str, str, str, int]]) -> None:
    for name, path, kind, size in files:
        context.store.records.add_artifact(context.run_id, ticket_id, name, path, kind, size, context.clock())


def _tell_failures(context: Context, failures: list[CheckResult]) -> str:
    """The checks that failed with what they printed, each in its share of what may be shown."""
    limit = context.in_force.settings.output_limit_chars
    share = max(limit // len(failures) - FAILURE_ROOM, LEAST_OUTPUT)
    shown = [replace(failure, output=shorten(failure.output, share)) for failure in failures]
    return cut(
        context.prompts.render("checks_failed", failures=shown), limit, "the rest is not shown: mend these first"
    )


def _run_all_checks(context: Context, ticket_id: int, brief: Brief | None) -> list[CheckResult]:
    def note(result: CheckResult) -> None:
        verb = Verb.CHECK_PASSED if result.passed else Verb.CHECK_FAILED
        why = context.redact(result.text)
        context.store.board.note(ticket_id, verb, why, context.caller, context.clock())

    criteria = brief.criteria if brief else []
    return run_checks(criteria, context.workshop, context.decide, context.in_force.settings.tool_timeout_seconds, note)


def _keep(context: Context, artifact: str | TextArtifact) -> str:
    """The path of an artifact; a text becomes a file in the workspace."""
    if isinstance(artifact, str):
        return artifact
    context.workshop.backend(LOCAL).write_bytes(artifact.name, context.redact(artifact.text).encode())
    return artifact.name


def _deliverables_left(context: Context, brief: Brief | None) -> list[str]:
    """Deliverables that are plain paths in the workspace and are there; they are kept even when nobody names them."""
    named = [name.strip("`") for name in brief.deliverables] if brief else []
    return [name for name in named if not name.startswith(("/", "~")) and _is_file(context, name)]


def _is_file(context: Context, path: str) -> bool:
    try:
        return context.workshop.backend(LOCAL).look(path).kind == "file"
    except KanbanError:  # most deliverables are sentences, not paths
        return False


def _locate_artifact(context: Context, path: str) -> tuple[str, str, str, int]:
    """Name, path, kind and size in bytes of an artifact. Raises InvalidInput when there is no such file."""
    host, _, rest = path.partition(":")
    if rest and host != LOCAL and host in context.in_force.hosts.hosts:
        return rest, path, REMOTE, _file_size(context, host, rest)
    path = rest if rest and host == LOCAL else path
    size = _file_size(context, LOCAL, path)
    full = (context.workshop.workspace / path).resolve()
    home = context.home.path.resolve()
    kept = full.relative_to(home) if full.is_relative_to(home) else full
    return Path(path).name, str(kept), "file", size


def _file_size(context: Context, host: str, path: str) -> int:
    try:
        entry = context.workshop.backend(host).look(path)
        check_is_file(host, path, entry.kind)
    except KanbanError as error:
        hint = "name files that are there: relative to the workspace, or `host:path`"
        raise InvalidInput(f"artifact {path}: {error}", hint) from None
    return entry.size


def _describe_delivery(asked: Complete, results: list[CheckResult]) -> str:
    parts = [asked.summary]
    if asked.evidence:
        parts.append("Evidence:\n" + "\n".join(f"- {line}" for line in asked.evidence))
    if results:
        parts.append("Checks passed:\n" + "\n".join(f"- {result.text} (`{result.check}`)" for result in results))
    return "\n\n".join(parts)
