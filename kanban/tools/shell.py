"""Commands, in the workspace or on a host."""

from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from kanban.domain.tool import Tier
from kanban.execution.base import CommandResult
from kanban.files.settings import Settings
from kanban.tools.base import Arguments, Tool, ToolResult
from kanban.tools.files import HOST
from kanban.tools.kinds import mask_binary
from kanban.tools.paging import cut
from kanban.tools.places import Workshop

SHELL = "shell"


class Shell(Arguments):
    command: str = Field(min_length=1, description="Shell command; no terminal, nothing on standard input.")
    host: str = HOST
    timeout: float | None = Field(default=None, gt=0, description="Seconds after which it is stopped.")


def make_shell_tool(workshop: Workshop, settings: Settings, keep: Callable[[Path], None]) -> Tool[Shell]:
    """The shell; `keep` is called with the file of an output that was too long to show."""

    def shell(asked: Shell) -> ToolResult:
        timeout = min(asked.timeout or settings.tool_timeout_seconds, settings.command_timeout_seconds)
        result = workshop.run(asked.host, asked.command, timeout)
        if result.full_output is not None:
            keep(result.full_output)
        return ToolResult(describe_result(result, timeout, settings.output_limit_chars))

    return Tool(SHELL, "Run a command in the workspace, or on a host.", Shell, Tier.SAFE, shell)


def describe_result(result: CommandResult, timeout: float, limit: int) -> str:
    """How a command ended and what it printed, in `limit` characters for a model."""
    ended = f"stopped after {timeout:g} s" if result.timed_out else f"exit status {result.exit_status}"
    size = result.full_output.stat().st_size if result.full_output else None
    printed = mask_binary(result.output, size)
    if printed == result.output and result.full_output is not None:
        ended += f"; read on in the full text with `from_line` {_find_gap(result.output, result.full_output)}"
    return cut(f"{ended}\n{printed}".rstrip(), limit, "the rest is not shown")


def _find_gap(output: str, full_output: Path) -> int:
    """The number of the first line that is not shown whole: the gap is marked with the name of the file."""
    marked = output.find(str(full_output))
    return output.count("\n", 0, output.rfind("\n", 0, marked)) + 1
