"""Commands, in the workspace or on a host."""

import signal
from pathlib import Path

from pydantic import Field

from kanban.domain.tool import Effect, Section, Tier, drop_empty
from kanban.execution.base import CommandResult
from kanban.tools.base import AnyTool, Arguments, Signature, ToolResult, at_host
from kanban.tools.files import HOST, name_host
from kanban.tools.kinds import mask_binary
from kanban.tools.paging import cut
from kanban.tools.toolset import Scope, Toolset
from kanban.trust.fences import FENCE_ROOM

FILE_TOO_LARGE = 128 + signal.SIGXFSZ


class Shell(Arguments):
    command: str = Field(min_length=1, description="Shell command; no terminal, nothing on standard input.")
    host: str = HOST
    timeout: float | None = Field(default=None, gt=0, description="Seconds after which it is stopped.")


SHELL = Signature(
    "shell",
    "Run a command in the workspace, or on a host.",
    Shell,
    Effect.CHANGE,
    Tier.SAFE,
    place=at_host,
    subject=lambda asked: asked.command,
    runs_command=True,
)


def make_shell(scope: Scope) -> list[AnyTool]:
    """The shell of one run."""
    settings = scope.settings

    def shell(asked: Shell) -> ToolResult:
        timeout = min(asked.timeout or settings.tool_timeout_seconds, settings.command_timeout_seconds)
        result = scope.workshop.run(asked.host, asked.command, timeout)
        if result.full_output is not None:
            scope.keep_output(result.full_output)
        return ToolResult(describe_result(result, asked.host, timeout, settings.output_limit_chars))

    return [SHELL.bind(shell)]


SHELL_TOOLS: Toolset[Scope] = Toolset("shell", [SHELL], make_shell)


def describe_result(result: CommandResult, host: str, timeout: float, limit: int) -> list[Section]:
    """How a command ended and what it printed, in `limit` characters for a model."""
    ended = f"stopped after {timeout:g} s" if result.timed_out else f"exit status {result.exit_status}"
    if result.exit_status == FILE_TOO_LARGE:
        ended += " (a file grew past `limits: file_mb` of the profile)"
    size = result.full_output.stat().st_size if result.full_output else None
    printed = mask_binary(result.output, size)
    if printed == result.output and result.full_output is not None:
        ended += f"; read on in the full text with `from_line` {_find_gap(result.output, result.full_output)}"
    source = f"a command on {name_host(host)}"
    room = limit - len(ended) - FENCE_ROOM - len(source)
    return drop_empty(Section(ended), Section(cut(printed.rstrip(), room, "the rest is not shown"), source))


def _find_gap(output: str, full_output: Path) -> int:
    """The number of the first line that is not shown whole: the gap is marked with the name of the file."""
    marked = output.find(str(full_output))
    return output.count("\n", 0, output.rfind("\n", 0, marked)) + 1
