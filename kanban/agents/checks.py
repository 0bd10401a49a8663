"""Executes the checks of a brief: a claim is believed when they pass, not before."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kanban.domain.brief import LOCAL, Brief, Criterion, Finding
from kanban.domain.scope import find_scope
from kanban.domain.tool import Tier
from kanban.errors import KanbanError
from kanban.files.inforce import InForce
from kanban.tools.kinds import mask_binary
from kanban.tools.places import Workshop
from kanban.tools.shell import SHELL, Shell
from kanban.trust.plan import make_plan
from kanban.trust.policy import Attempt, Decision, Verdict, judge

ASKS = "check-asks"
NOBODY = "nobody is asked about a check on a host: use commands that only look (test, grep, curl, systemctl is-active)"
SHOWN_OUTPUT = 4_000  # characters of a failed check's output that the worker is shown


@dataclass(frozen=True)
class CheckResult:
    """What a check gave; `exit_status` is None when it was stopped or could not be carried out."""

    text: str
    check: str
    host: str
    exit_status: int | None
    output: str

    @property
    def passed(self) -> bool:
        """Whether the criterion holds."""
        return self.exit_status == 0


def run_checks(
    criteria: Iterable[Criterion],
    workshop: Workshop,
    decide: Callable[[Attempt], Decision],
    timeout: float,
    on_result: Callable[[CheckResult], None],
) -> list[CheckResult]:
    """Run every check where it belongs and return all results; `timeout` is in seconds for each.

    A check is a command like any other: one that `decide` does not allow is not run and has not passed.
    """
    results = []
    for criterion in criteria:
        if check := criterion.command:
            decision = decide(SHELL.attempt(Shell(command=check, host=criterion.host)))
            if decision.verdict is Verdict.ALLOW:
                result = _run_one(criterion, check, workshop, timeout)
            else:
                result = _not_run(criterion, check, f"the gate does not let it run: {decision.why}")
            results.append(result)
            on_result(result)
    return results


def find_checks_that_ask(brief: Brief, people: InForce) -> list[Finding]:
    """The checks on hosts that would not be run: a check has to pass the gate without anybody looking at it."""
    plan, found = make_plan(people, find_scope(brief, people.hosts), has_cell=True), []
    for position, criterion in enumerate(brief.criteria):
        if criterion.command and criterion.host != LOCAL:
            judged = judge(SHELL.attempt(Shell(command=criterion.command, host=criterion.host)), plan)
            strictest = max(judged, key=lambda each: each.tier.rank)
            if strictest.tier.rank >= Tier.RISKY.rank:
                found.append(Finding(code=ASKS, place=f"criteria[{position}]", message=f"{strictest.why}; {NOBODY}"))
    return found


def _not_run(criterion: Criterion, check: str, why: str) -> CheckResult:
    return CheckResult(criterion.text, check, criterion.host, None, mask_binary(why))


def _run_one(criterion: Criterion, check: str, workshop: Workshop, timeout: float) -> CheckResult:
    try:
        result = workshop.judge(criterion.host, check, timeout)
    except KanbanError as error:
        return _not_run(criterion, check, error.tell())
    status = None if result.timed_out else result.exit_status
    output = f"stopped after {timeout:g} s\n{result.output}" if result.timed_out else result.output
    return CheckResult(criterion.text, check, criterion.host, status, mask_binary(output[-SHOWN_OUTPUT:]))
