"""Reads `~/.ssh/config`, with the files that it includes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kanban.errors import ExecutionError

if TYPE_CHECKING:
    from paramiko import SSHConfig

DEPTH = 16  # files that include each other; ssh stops there too
ALWAYS = ("all",)
KEYWORD = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*)")


def config_file() -> Path:
    """The person's own."""
    return Path("~/.ssh/config").expanduser()


def look_up(name: str) -> Mapping[str, str | list[str] | None]:
    """What the person's file says about `name`, with lower-case keys in the order of the file."""
    if not config_file().is_file():
        return {}
    try:
        found = _read().lookup(name)
    except Exception as error:  # a dozen kinds, from wrong UTF-8 to a name that cannot be canonicalized
        raise _refusal(name, str(error) or type(error).__name__) from error
    if found.get("hostname") == name:
        del found["hostname"]  # set by paramiko, not by the person
    return found


def _refusal(name: str, why: str) -> ExecutionError:
    return ExecutionError(
        f"{config_file()} cannot be used for host {name}: {why}",
        f"mend it, or write `config: false` and all that is needed at {name} in hosts.yaml",
    )


def _read() -> SSHConfig:
    from paramiko import SSHConfig

    class PlainConfig(SSHConfig):
        """Leaves %h and its like to whoever knows what hosts.yaml puts above this file."""

        TOKENS_BY_CONFIG_KEY = {  # noqa: RUF012
            key: SSHConfig.TOKENS_BY_CONFIG_KEY[key] for key in ("hostname", "match-exec")
        }

    return PlainConfig.from_text("\n".join(_expand(config_file(), ALWAYS, DEPTH)))


def _expand(file: Path, outer: tuple[str, ...], depth: int) -> Iterator[str]:
    """The lines of `file` with those of its includes, which hold only where the line that includes them does."""
    if depth == 0:
        raise ValueError("too many files include each other")
    conditions = outer
    yield _heading(conditions)
    for line in file.read_text().splitlines():
        parts = KEYWORD.match(line)
        word, rest = parts.groups() if parts else ("", "")
        match word.lower():
            case "include":
                for included in _included(rest):
                    yield from _expand(included, conditions, depth - 1)
                yield _heading(conditions)
            case "host":
                conditions = _both(outer, ("originalhost", ",".join(shlex.split(rest))))
                yield _heading(conditions)
            case "match":
                # paramiko knows `all` only where it stands alone
                words = tuple(condition for condition in shlex.split(rest) if condition != "all")
                conditions = _both(outer, words or ALWAYS)
                yield _heading(conditions)
            case _:
                yield line


def _both(outer: tuple[str, ...], inner: tuple[str, ...]) -> tuple[str, ...]:
    if outer == ALWAYS:
        return inner
    return outer if inner == ALWAYS else outer + inner


def _heading(conditions: tuple[str, ...]) -> str:
    return "Match " + shlex.join(conditions)


def _included(patterns: str) -> Iterator[Path]:
    for pattern in shlex.split(patterns):
        path = config_file().parent / Path(pattern).expanduser()
        yield from sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
