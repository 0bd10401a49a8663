"""What becomes of a claim that a ticket is done: it is not believed, every check is executed, before and after."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kanban.agents.checks import CheckResult, run_checks
from kanban.agents.context import Context
from kanban.agents.delivered import find_missing, keep_files, locate_files, tell_place
from kanban.agents.describe import shorten
from kanban.agents.sealing import find_broken_seals, seal_files
from kanban.domain.authority import Verb
from kanban.domain.brief import LOCAL, Brief, Criterion
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import Kind
from kanban.store.queries import TicketView
from kanban.tools.paging import cut

UNSAID = "The worker did not say so; its checks passed."
PROVES_NOTHING = (
    "Before any work was done these checks pass, so they prove nothing of it. Either what the ticket asks for is there "
    "already, or the check must be one that fails now; what has to stay as it is, is marked `holds_already`:"
)
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


def begin(context: Context, view: TicketView) -> str:
    """Seal what decides the checks of a ticket; when it is new, also run them, and tell of those that pass already."""
    if view.brief is None:
        return ""
    seal = context.store.records.read_seal(view.ticket.id)
    worked = any(run.turns for run in view.runs if run.purpose == Purpose.WORK)
    passing = _find_passing(context, view.brief.criteria) if seal is None and not worked else []
    seal_files(context, view, view.brief, seal)
    if not passing:
        return ""
    told = "\n".join(f"- {result.text} (`{result.check}`)" for result in passing)
    return f"{PROVES_NOTHING}\n{told}"


def accept(context: Context, claim: Claim) -> Accepted | SentBack:
    """Run the checks of the run's ticket, and keep what was delivered if they pass.

    Raises InvalidInput when the claim names a file that is not there.
    """
    ticket_id, brief = _read_ticket(context)
    for name, text in claim.texts:
        context.workshop.backend(LOCAL).write_bytes(name, context.redact(text).encode())
    files = locate_files(context, brief, [*(name for name, _ in claim.texts), *claim.artifacts])
    problems = _find_problems(context, ticket_id, brief)
    results = _run_all_checks(context, ticket_id, brief)
    failures = [result for result in results if not result.passed]
    if failures or problems:
        return SentBack(_tell_failures(context, failures, problems))
    keep_files(context, ticket_id, files)
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
    if _find_problems(context, ticket_id, brief):
        return None
    results = _run_all_checks(context, ticket_id, brief)
    if not results or not all(result.passed for result in results):
        return None
    keep_files(context, ticket_id, locate_files(context, brief, []))
    unchecked = [criterion.text for criterion in brief.criteria if not criterion.command] if brief else []
    claim = Claim(f"{UNSAID} Its last words: {shorten(words, LONGEST_WORDS)}")
    told = _describe_delivery(claim, results)
    if unchecked:
        told += "\n\nNobody has checked:\n" + "\n".join(f"- {text}" for text in unchecked)
    context.store.board.comment(ticket_id, context.caller, context.redact(told), context.clock())
    return Accepted(context.redact(claim.summary))


def _find_passing(context: Context, criteria: Sequence[Criterion]) -> list[CheckResult]:
    """The checks that pass before any work, though their criterion is not said to hold already."""
    open_criteria = [criterion for criterion in criteria if not criterion.holds_already]
    seconds = context.in_force.settings.tool_timeout_seconds
    results = run_checks(open_criteria, context.workshop, context.decide_check, seconds, lambda _: None)
    return [result for result in results if result.passed]


def _read_ticket(context: Context) -> tuple[int, Brief | None]:
    assert context.run.ticket_id is not None
    brief, _ = context.store.queries.read_brief(context.run.ticket_id)
    return context.run.ticket_id, brief


def _find_problems(context: Context, ticket_id: int, brief: Brief | None) -> list[str]:
    """What no check says: what was asked for and is missing, and what was changed that decides the checks."""
    if brief is None:
        return []
    seal = context.store.records.read_seal(ticket_id)
    broken = find_broken_seals(context, ticket_id, brief, seal)
    changed = [f"{tell_place(place)} is not what it was before the work: restore it" for place in broken.changed]
    added = [f"{tell_place(place)} was not there before the work: remove it" for place in broken.added]
    return [*find_missing(context, brief, seal.files if seal else ()), *changed, *added]


def _tell_failures(context: Context, failures: list[CheckResult], problems: list[str]) -> str:
    """The checks that failed with what they printed, each in its share of what may be shown."""
    limit = context.in_force.settings.output_limit_chars
    share = max(limit // max(len(failures), 1) - FAILURE_ROOM, LEAST_OUTPUT)
    shown = [replace(failure, output=shorten(failure.output, share)) for failure in failures]
    told = context.prompts.render("checks_failed", failures=shown, problems=problems)
    return cut(told, limit, "the rest is not shown: mend these first")


def _run_all_checks(context: Context, ticket_id: int, brief: Brief | None) -> list[CheckResult]:
    def note(result: CheckResult) -> None:
        verb = Verb.CHECK_PASSED if result.passed else Verb.CHECK_FAILED
        why = context.redact(result.text)
        context.store.board.note(ticket_id, verb, why, context.caller, context.clock())

    criteria = brief.criteria if brief else []
    seconds = context.in_force.settings.tool_timeout_seconds
    return run_checks(criteria, context.workshop, context.decide_check, seconds, note)


def _describe_delivery(claim: Claim, results: list[CheckResult]) -> str:
    parts = [claim.summary]
    if claim.evidence:
        parts.append("Evidence:\n" + "\n".join(f"- {line}" for line in claim.evidence))
    if results:
        parts.append("Checks passed:\n" + "\n".join(f"- {result.text} (`{result.check}`)" for result in results))
    return "\n\n".join(parts)
