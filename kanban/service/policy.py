"""What the gate says of a command, and whether it says what people expect of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kanban.domain.brief import LOCAL, Brief
from kanban.domain.profile import Profile
from kanban.domain.scope import TicketScope, find_scope
from kanban.domain.tool import GateRule, KnownCommand
from kanban.errors import InvalidInput, did_you_mean
from kanban.files.inforce import InForce
from kanban.files.settings import Settings
from kanban.files.yamlfile import load_model
from kanban.tools.shell import SHELL, Shell
from kanban.trust.patterns import Searcher, TooSlow
from kanban.trust.plan import known_commands, make_plan
from kanban.trust.policy import SEARCH_SECONDS, Attempt, Decision, Judged, Verdict, is_meant, judge, matches, settle
from kanban.trust.script import read_script


@dataclass(frozen=True)
class Explained:
    """What becomes of a command, what is said of each part of it, and what the ticket that it is for is about."""

    decision: Decision
    judged: Sequence[Judged]
    scope: TicketScope


class Expected(BaseModel):
    """What a person expects of a command. Without a host it runs on this machine, in the sandbox."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: str
    host: str = LOCAL
    verdict: Verdict


class Expectations(BaseModel):
    """A file for `kanban policy test`."""

    model_config = ConfigDict(extra="forbid")

    commands: list[Expected]


def explain_command(
    people: InForce, command: str, host: str, profile: Profile, brief: Brief | None = None, has_cell: bool = True
) -> Explained:
    """What the gate says of a command of a worker. Raises InvalidInput for a host that nobody knows."""
    known = people.hosts.names()
    if host not in known:
        raise InvalidInput(f"no host is called {host!r}", did_you_mean(host, known))
    attempt = SHELL.attempt(Shell(command=command, host=host))
    plan = make_plan(people, find_scope(brief, people.hosts), has_cell)
    judged = judge(attempt, plan)
    return Explained(settle(judged, attempt, profile, plan), judged, plan.scope)


def find_surprises(people: InForce, file: Path, profile: Profile) -> tuple[int, list[str]]:
    """How many commands a file has, and which are judged otherwise than it says. Raises InvalidFile, InvalidInput."""
    expected = load_model(file, Expectations).commands
    surprises = []
    for each in expected:
        decision = explain_command(people, each.command, each.host, profile).decision
        if decision.verdict is not each.verdict:
            place = "" if each.host == LOCAL else f" on {each.host}"
            surprises.append(f"`{each.command}`{place}: {decision.verdict}, not {each.verdict} ({decision.why})")
    return len(expected), surprises


def count_examples(settings: Settings) -> int:
    """How many examples the rows in force have."""
    return sum(len(row.match) + len(row.not_match) for row in _list_rows(settings))


def _list_rows(settings: Settings) -> list[GateRule | KnownCommand]:
    return [*settings.gate, *settings.harmless, *known_commands()]


def find_wrong_examples(settings: Settings) -> Iterator[str]:
    """The examples of the rows in force that a row does not do justice to."""
    for row in _list_rows(settings):
        name = row.reason if isinstance(row, GateRule) else row.argv
        yield from (f"{name}: does not match `{shown}`" for shown in row.match if not _means(row, shown))
        yield from (f"{name}: matches `{shown}`" for shown in row.not_match if _means(row, shown))


def _means(row: GateRule | KnownCommand, example: str) -> bool:
    """Whether a row means any command of an example."""
    searcher, commands = Searcher(SEARCH_SECONDS), read_script(example, SEARCH_SECONDS).commands
    try:
        if isinstance(row, KnownCommand):
            return any(is_meant(row, command, searcher) for command in commands)
        shell = row.model_copy(update={"tool": "*", "host": "*"})
        attempt = Attempt(SHELL.name, SHELL.tier, SHELL.find_place(Shell(command=example)), example, runs_command=True)
        return any(matches(shell, attempt, searcher, command) for command in [*commands, None])
    except TooSlow:
        return False
