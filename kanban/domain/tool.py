"""How much harm a verb can do, and which verbs each role may ever hold."""

import re
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator


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


class AgentRole(StrEnum):
    """What a profile is for."""

    ORCHESTRATOR = "orchestrator"
    WORKER = "worker"
    CHECKER = "checker"


_LOOKS = frozenset({"read_file", "list_dir", "search_files", "web_search", "web_fetch", "remember", "recall"})

WORKER_TOOLS = _LOOKS | {"shell", "write_file", "edit_file", "comment", "complete", "block"}
ORCHESTRATOR_TOOLS = _LOOKS | {
    "file_tickets",
    "list_tickets",
    "show_ticket",
    "comment",
    "reassign",
    "unblock",
    "split",
    "cancel_ticket",
    "investigate",
    "ask_user",
    "answer",
    "propose_rule",
    "list_profiles",
    "list_hosts",
}
CHECKER_TOOLS = frozenset({"read_file", "list_dir", "search_files", "run_check", "verdict"})

TOOLS_OF_ROLE: dict[AgentRole, frozenset[str]] = {
    AgentRole.ORCHESTRATOR: ORCHESTRATOR_TOOLS,
    AgentRole.WORKER: WORKER_TOOLS,
    AgentRole.CHECKER: CHECKER_TOOLS,
}
ALL_TOOLS = WORKER_TOOLS | ORCHESTRATOR_TOOLS | CHECKER_TOOLS

# Verbs that change something beside the board: an orchestrator's or checker's profile that names one is refused.
CHANGING_TOOLS = frozenset({"shell", "write_file", "edit_file"})


def check_pattern(pattern: str) -> str:
    """The pattern itself. Raises ValueError, with what is wrong, for one that is no regular expression."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
    return pattern


class GateRule(BaseModel):
    """One row of the gate: calls like this have that tier. Rows are tried in order and the first match wins.

    `tool` and `host` are globs; `command` is a regular expression searched for in the command of the call.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str = Field(min_length=1)
    host: str = "*"
    command: str | None = None
    tier: Tier
    reason: str = Field(min_length=1)

    @field_validator("command")
    @classmethod
    def _compiles(cls, command: str | None) -> str | None:
        return command if command is None else check_pattern(command)
