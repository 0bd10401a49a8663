"""What a tool call changes, where, how much harm it can do, and whose words it brings back."""

import re
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kanban.domain.brief import LOCAL


class Tier(StrEnum):
    """How much harm a call can do, from none to too much."""

    READ = "read"
    SAFE = "safe"
    RISKY = "risky"
    FORBIDDEN = "forbidden"

    @property
    def rank(self) -> int:
        """0 for `read` up to 3 for `forbidden`."""
        return list(Tier).index(self)


class Effect(StrEnum):
    """What a call can change: nothing, the board, or anything else."""

    LOOK = "look"
    BOARD = "board"
    CHANGE = "change"


class ToolStatus(StrEnum):
    """How a call went: `invalid` could not be read (no such tool, or arguments that do not fit), `refused` not pass."""

    OK = "ok"
    FAILED = "failed"
    INVALID = "invalid"
    REFUSED = "refused"


@dataclass(frozen=True)
class Place:
    """Where a call acts, such as `local`, `board`, `host:webb` or `web:docs.python.org`."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


BOARD = Place("board")
HERE = Place(LOCAL)
UNKNOWN = Place("unknown")


def place_of_host(host: str) -> Place:
    """The place that a tool's argument `host` means."""
    return HERE if host == LOCAL else Place("host", host)


@dataclass(frozen=True)
class Section:
    """A piece of a result. One with a `source` was written by others; `counts`: by one whose words do.

    Without a source it is the board's own.
    """

    text: str
    source: str = ""
    counts: bool = False


def drop_empty(*sections: Section) -> list[Section]:
    """The sections that say something."""
    return [section for section in sections if section.text]


class AgentRole(StrEnum):
    """What a profile is for."""

    ORCHESTRATOR = "orchestrator"
    WORKER = "worker"
    CHECKER = "checker"


ROLE_EFFECTS: dict[AgentRole, frozenset[Effect]] = {
    AgentRole.ORCHESTRATOR: frozenset({Effect.LOOK, Effect.BOARD}),
    AgentRole.WORKER: frozenset(Effect),
    AgentRole.CHECKER: frozenset({Effect.LOOK, Effect.BOARD}),
}


def check_pattern(pattern: str) -> str:
    """The pattern itself. Raises ValueError, with what is wrong, for one that is no regular expression."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
    return pattern


class GateRule(BaseModel):
    """One row of the gate: calls like this have that tier. Rows are tried in order and the first match wins.

    `tool` and `host` are globs, the second over where a call acts: a host's name, `local`, `board`, `web:ADDRESS`.
    `argv` is a regular expression that a command of a script begins with: its words with one space between them, quotes
    and what starts it (`sudo`, `timeout`, `sh -c`) removed; a file that is written is `> PATH`, a pipe `| FROM TO`.
    `command` is searched for in the whole script as it is written; `subject` in what any call is about: a command, a
    path, an address, a ticket. `match` and `not_match` are commands that show what an `argv` or `command` means.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str = Field(min_length=1)
    host: str = "*"
    argv: str | None = None
    command: str | None = None
    subject: str | None = None
    tier: Tier
    reason: str = Field(min_length=1)
    match: tuple[str, ...] = ()
    not_match: tuple[str, ...] = ()

    @field_validator("argv", "command", "subject")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        return pattern if pattern is None else check_pattern(pattern)


class KnownCommand(BaseModel):
    """Commands that do no harm on any host, so that nobody is asked about them.

    `argv` is as in a row of the gate. `without` is a regular expression that none of the words after the first may be;
    a word that is known only when the command runs might be one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    argv: str
    without: str | None = None
    match: tuple[str, ...] = ()
    not_match: tuple[str, ...] = ()

    @field_validator("argv", "without")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        return pattern if pattern is None else check_pattern(pattern)
