"""The clean room: how a check is executed, so that nothing a worker left behind decides it.

No start-up file of a shell or of Python is read, nor bytecode that lies about; programs are found in the system's
folders, and a command that fails in the middle of a pipe fails.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# where systems that keep their programs elsewhere have them: Homebrew, Entware, NixOS, Synology
OTHER_PATHS = "/opt/homebrew/bin:/opt/bin:/opt/sbin:/run/current-system/sw/bin:/usr/syno/bin:/usr/syno/sbin"

# $1 is the check. A producer that could not write on because its reader had seen enough, as `grep -q` has, is no
# failure: SIGPIPE ends most with 141, curl with 23. A shell without pipefail decides by the last command of a pipe.
_JUDGE = """
if command -v bash >/dev/null 2>&1; then
  bash --noprofile --norc -o pipefail -c "$1"
  status=$?
  case "$status $1" in
    "141 "*) ;;
    "23 "*curl*) ;;
    *) exit "$status" ;;
  esac
  exec bash --noprofile --norc -c "$1"
fi
exec sh -c "$1"
"""
_ON_A_HOST = (
    'exec env -i PATH={path} HOME="$HOME" USER="$USER" LOGNAME="$LOGNAME" LANG="$LANG" '
    'XDG_RUNTIME_DIR="/run/user/$(id -u)" {python} sh -c {judge} check {check}'
)
# No packages of the login's, and no bytecode that lies about: what does not match its source would be run all the same.
_PYTHON = {"PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/dev/null/none"}


def judge_command(check: str) -> str:
    """The command that executes `check` on this machine, in an environment that is clean already."""
    return f"exec sh -c {quote(_JUDGE)} check {quote(check)}"


def judge_command_on_host(check: str) -> str:
    """The command that executes `check` on a host, without what the login's start-up files have set."""
    python = " ".join(f"{name}={value}" for name, value in _PYTHON.items())
    path = f"{SYSTEM_PATH}:{OTHER_PATHS}"
    return _ON_A_HOST.format(path=path, python=python, judge=quote(_JUDGE), check=quote(check))


def clean_room_environment(environment: Mapping[str, str], changeable: Sequence[Path]) -> dict[str, str]:
    """`environment` without folders of programs in which the run may have changed something."""
    kept = [
        folder
        for folder in environment.get("PATH", SYSTEM_PATH).split(os.pathsep)
        if Path(folder).is_absolute() and not _is_below(Path(folder).resolve(), changeable)
    ]
    return {**environment, **_PYTHON, "PATH": os.pathsep.join(kept)}


def _is_below(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder.resolve()) for folder in folders)
