"""What is wrong with a check command, as far as reading it can tell."""

import re
from collections.abc import Collection
from itertools import pairwise

from kanban.briefs.findings import shorten

SSH_TO = re.compile(r"\bssh\s+(?:-\w+\s+(?:\d+\s+)?)*(?:[\w.-]{1,64}@)?([A-Za-z0-9][\w.-]{0,62})")
_NEVER_FAILS = re.compile(r"^(?:true|:|exit 0|(?:echo|printf)\b[^|&;<>]*)$|(?:\|\||;)\s*(?:true|:|exit 0)$")
_GOES_ON = re.compile(r"^\s*\w+=|(?:\\|&&|\|\|?|;|[({]|\b(?:do|then|else|in)|\|\|\s*(?:exit|return) \d+)\s*$")
_TAKES_UP = re.compile(r"\s*(?:&&|\||[)}]|(?:done|fi|else|elif|esac)\b)")


def find_check_problem(check: str, hosts: Collection[str]) -> str:
    """What to change in `check`, or an empty string."""
    check = check.strip()
    shown = f"“{shorten(check)}”"
    if not check:
        return "the check is empty: write a command whose exit status is 0 when the criterion holds, or leave it out"
    if check.startswith(("`", "$ ")):
        return f"{shown}: write the bare command, without backticks or prompt"
    if _NEVER_FAILS.search(check):
        return f"{shown} succeeds whatever was done: write a command that fails until the work is done"
    if (ssh := SSH_TO.match(check)) and ssh[1] in hosts:
        return f"{shown}: write only the command that runs there, and host: {ssh[1]} in the criterion"
    if _loses_failures(check):
        return f"{shown}: only the last of these lines decides; join them with && or begin with set -e"
    return ""


def _loses_failures(check: str) -> bool:
    """Whether `check` is a list of plain commands in lines, of which all but the last may fail unseen."""
    if "\n" not in check or any(mark in check for mark in ("<<", "set -e", "'", '"')):
        return False
    lines = [line for line in check.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return any(not _GOES_ON.search(line) and not _TAKES_UP.match(following) for line, following in pairwise(lines))
