"""Commands, in the workspace or on a host."""

from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from kanban.agents.tool import Arguments, Tool, ToolResult
from kanban.agents.tools.files import HOST
from kanban.agents.workshop import Workshop
from kanban.config import Settings
from kanban.domain.tool import Tier
from kanban.execution.base import CommandResult


class Shell(Arguments):
    command: str = Field(min_length=1, description="What to run, in a shell; no terminal, nothing on standard input.")
    host: str = HOST
    timeout: float | None = Field(default=None, gt=0, description="Seconds after which it is stopped.")


def make_shell_tool(workshop: Workshop, settings: Settings, keep: Callable[[Path], None]) -> Tool[Shell]:
    """The shell; `keep` is called with the file of an output that was too long to show."""

    def shell(asked: Shell) -> ToolResult:
        timeout = min(asked.timeout or settings.tool_timeout_seconds, settings.command_timeout_seconds)
        result = workshop.run(asked.host, asked.command, timeout)
        if result.full_output is not None:
            keep(result.full_output)
        return ToolResult(describe_result(result, timeout))

    return Tool("shell", "Run a command in the workspace, or on a host.", Shell, Tier.SAFE, shell)


def describe_result(result: CommandResult, timeout: float) -> str:
    """How a command ended and what it printed, in words for a model."""
    ended = f"stopped after {timeout:g} s" if result.timed_out else f"exit status {result.exit_status}"
    return f"{ended}\n{result.output}".rstrip()
