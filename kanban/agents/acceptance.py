"""What becomes of a claim that a ticket is done: it is not believed, every check is executed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kanban.agents.checks import CheckResult, run_checks
from kanban.agents.context import Context
from kanban.agents.describe import shorten
from kanban.domain.authority import Verb
from kanban.domain.brief import LOCAL, Brief
from kanban.domain.ticket import Kind
from kanban.errors import InvalidInput, KanbanError
from kanban.execution.base import check_is_file
from kanban.store.tables import REMOTE
from kanban.tools.paging import cut
from kanban.trust.fences import untrusted

UNSAID = "The worker did not say so; its checks passed."
LONGEST_WORDS = 1_500  # characters of the last words of a worker that said nothing else
FAILURE_ROOM = 500  # characters that a failed check takes besides its output
LEAST_OUTPUT = 200


@dataclass(frozen=True)
class Claim:
    """What a worker says that it has done, whoever plays it.

    `artifacts` are paths, `host:path` on a host. `texts` are kept as files of these names in the workspace.
    `verdict` is the JSON of an investigation's end, empty for other tickets.
    """

    summary: str
    evidence: Sequence[str] = ()
    artifacts: Sequence[str] = ()
    texts: Sequence[tuple[str, str]] = ()
    verdict: str = ""


@dataclass(frozen=True)
class Accepted:
    """Every check has passed and what was delivered is kept; `summary` is the claim's, without secrets."""

    summary: str


@dataclass(frozen=True)
class SentBack:
    """The claim is not accepted; `findings` tell the worker what to mend."""

    findings: str


def accept(context: Context, claim: Claim) -> Accepted | SentBack:
    """Run the checks of the run's ticket, and keep what was delivered if they pass.

    Raises InvalidInput when the claim names a file that is not there.
    """
    ticket_id, brief = _read_ticket(context)
    for name, text in claim.texts:
        context.workshop.backend(LOCAL).write_bytes(name, context.redact(text).encode())
    paths = [*(name for name, _ in claim.texts), *claim.artifacts, *_deliverables_left(context, brief)]
    files = [_locate_artifact(context, path) for path in dict.fromkeys(paths)]
    results = _run_all_checks(context, ticket_id, brief)
    failures = [result for result in results if not result.passed]
    if failures:
        return SentBack(_tell_failures(context, failures))
    _add_artifacts(context, ticket_id, files)
    told = context.redact(_describe_delivery(claim, results))
    context.store.board.comment(ticket_id, context.caller, told, context.clock())
    if claim.verdict:
        context.store.verdicts.report(ticket_id, context.redact(claim.verdict), context.caller)
    return Accepted(context.redact(claim.summary))


def accept_words(context: Context, words: str) -> Accepted | None:
    """Accept the work of a run that ended in mere words if its ticket has checks and all pass; None otherwise."""
    ticket_id, brief = _read_ticket(context)
    if context.store.queries.get_ticket(ticket_id).kind == Kind.WORRELL:
        return None  # its verdict is the work
    results = _run_all_checks(context, ticket_id, brief)
    if not results or not all(result.passed for result in results):
        return None
    _add_artifacts(context, ticket_id, [_locate_artifact(context, path) for path in _deliverables_left(context, brief)])
    unchecked = [criterion.text for criterion in brief.criteria if not criterion.check] if brief else []
    claim = Claim(f"{UNSAID} Its last words: {shorten(words, LONGEST_WORDS)}")
    told = _describe_delivery(claim, results)
    if unchecked:
        told += "\n\nNobody has checked:\n" + "\n".join(f"- {text}" for text in unchecked)
    context.store.board.comment(ticket_id, context.caller, context.redact(told), context.clock())
    return Accepted(context.redact(claim.summary))


def _read_ticket(context: Context) -> tuple[int, Brief | None]:
    assert context.run.ticket_id is not None
    brief, _ = context.store.queries.read_brief(context.run.ticket_id)
    return context.run.ticket_id, brief


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
        told = error if host == LOCAL else untrusted(error, f"an error of host {host}")
        raise InvalidInput(f"artifact {path}: {told}", hint) from None
    return entry.size


def _describe_delivery(claim: Claim, results: list[CheckResult]) -> str:
    parts = [claim.summary]
    if claim.evidence:
        parts.append("Evidence:\n" + "\n".join(f"- {line}" for line in claim.evidence))
    if results:
        parts.append("Checks passed:\n" + "\n".join(f"- {result.text} (`{result.check}`)" for result in results))
    return "\n\n".join(parts)
