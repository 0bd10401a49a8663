"""The cell: the sandbox round every command that a run starts on this machine.

In it a command sees its workspace, the folders that are named for it, a /tmp of its run, the system's programs, and
its own processes. Not the home of the board, nor the person's files, keys and processes. What it leaves running ends
with it.
"""

import ctypes
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from kanban.domain.profile import CommandLimits, Network

PROBE_SECONDS = 10.0
MEGABYTE = 1 << 20
KEYCTL = {"x86_64": 250, "aarch64": 219}  # <asm/unistd.h>
JOIN_SESSION_KEYRING = 1  # <linux/keyctl.h>

# Of /etc what programs need to find users, hosts, libraries and certificates: no passwords, no keys.
ETC = (
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "group",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "nsswitch.conf",
    "passwd",
    "pki/ca-trust",
    "pki/tls/certs",
    "protocols",
    "resolv.conf",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
)
SYSTEM = ("/usr", "/opt", "/nix/store", "/gnu/store")
LINKED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")  # folders of their own, or links into /usr


@dataclass(frozen=True)
class Walls:
    """What a command finds inside of its cell, besides the system's programs.

    `workspace`, and `tmp` as its /tmp; the person's folders that it may change (`writable`) or read (`readable`).
    `hidden` folders are empty, whatever else shows them, but for the run's own: `workspace` and `outputs`.
    Where it is `read_only` nothing but /tmp can be changed.
    """

    workspace: Path
    tmp: Path
    writable: Sequence[Path] = ()
    readable: Sequence[Path] = ()
    hidden: Sequence[Path] = ()
    outputs: Sequence[Path] = ()
    network: Network = Network.HOST
    read_only: bool = False


class Cell(Protocol):
    """One make of sandbox."""

    @property
    def make(self) -> str:
        """Its name, for a person."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether it keeps anything from a command."""
        ...

    def wrap(self, command: Sequence[str], walls: Walls) -> list[str]:
        """The words that start `command` in the workspace, inside of the walls."""
        ...


class Bubblewrap:
    """Namespaces by bubblewrap: https://github.com/containers/bubblewrap."""

    make = "bubblewrap"
    is_closed = True

    def __init__(self, program: str) -> None:
        self._program = program

    def wrap(self, command: Sequence[str], walls: Walls) -> list[str]:
        """The words that start `command` in a cell."""
        words = [
            self._program,
            "--unshare-user",
            "--unshare-all",
            "--disable-userns",
            "--die-with-parent",
            "--new-session",
        ]
        words += ["--cap-drop", "ALL", "--setenv", "HOME", "/tmp", "--unsetenv", "TMPDIR"]
        if walls.network is Network.HOST:
            words.append("--share-net")
        # a file of /proc that its owner may write is root's own for root, whose commands have no capabilities here
        words += ["--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--dir", "/var"]
        words += ["--symlink", "/tmp", "/var/tmp", "--bind", str(walls.tmp), "/tmp"]
        words += _show_system()
        words += _bind("--ro-bind-try", walls.readable)
        words += _bind("--ro-bind-try" if walls.read_only else "--bind-try", walls.writable)
        for path in walls.hidden:
            words += ["--tmpfs", str(path)]
        words += _bind("--ro-bind-try", walls.outputs)
        words += _bind("--ro-bind" if walls.read_only else "--bind", [walls.workspace])
        return [*words, "--chdir", str(walls.workspace), "--", *command]


class Open:
    """No sandbox: a command can do what the person's account can."""

    is_closed = False

    def __init__(self, make: str = "none") -> None:
        self.make = make

    def wrap(self, command: Sequence[str], walls: Walls) -> list[str]:
        """The words of the command itself."""
        return list(command)


@dataclass(frozen=True)
class Probed:
    """What this machine offers: the cell, and what keeps a better one from working; empty where nothing does."""

    cell: Cell
    problem: str


def choose_cell(is_wanted: bool) -> Probed:
    """The best cell that works here, found by starting something in it."""
    return _probe() if is_wanted else Probed(Open("off"), "")


@cache
def _probe() -> Probed:
    program = shutil.which("bwrap")
    if program is None:
        return Probed(Open(), "bubblewrap is not installed: its package is called bubblewrap")
    walls = Walls(Path(tempfile.gettempdir()), Path(tempfile.gettempdir()), network=Network.NONE)
    words = Bubblewrap(program).wrap(["true"], walls)
    try:
        tried = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PROBE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Probed(Open(), f"bubblewrap does not start: {error}")
    if tried.returncode == 0:
        return Probed(Bubblewrap(program), "")
    said = " ".join(tried.stdout.decode(errors="replace").split())
    return Probed(Open(), f"bubblewrap does not work here: {said} ({_advise(said)})")


def _advise(said: str) -> str:
    """What makes the usual refusals go away."""
    if "uid map" in said or "namespace" in said or "Permission denied" in said or "not permitted" in said:
        return (
            "user namespaces are denied: on Ubuntu give bwrap an AppArmor profile, elsewhere look at "
            "kernel.unprivileged_userns_clone and user.max_user_namespaces; in a container allow them"
        )
    return "try `bwrap --ro-bind / / true`"


def leave_session_keyring() -> None:
    """Give this process and all that it starts a keyring of their own: the kernel's keys go through every wall.

    keyctl(2), KEYCTL_JOIN_SESSION_KEYRING without a name. Nothing happens on a processor whose number of it is unknown.
    """
    number = KEYCTL.get(platform.machine())
    if sys.platform == "linux" and number is not None:
        ctypes.CDLL(None).syscall(number, JOIN_SESSION_KEYRING, None)


def limit_resources(command: Sequence[str], limits: CommandLimits) -> list[str]:
    """The words that start `command` within limits that its processes inherit; itself where the system has no way.

    The number of processes is not limited for root.
    """
    program = _find_prlimit()
    if program is None:
        return list(command)
    memory, file_size = limits.memory_mb * MEGABYTE, limits.file_mb * MEGABYTE
    return [program, f"--data={memory}", f"--nproc={limits.processes}", f"--fsize={file_size}", "--", *command]


@cache
def _show_system() -> list[str]:
    """The words that show the system's programs and what they need of /etc."""
    words = _bind("--ro-bind-try", [*map(Path, SYSTEM), *(Path("/etc", name) for name in ETC)])
    for place in LINKED:
        words += _show_linked(Path(place))
    return words


@cache
def _find_prlimit() -> str | None:
    return shutil.which("prlimit", path="/usr/bin:/bin")


def _show_linked(path: Path) -> list[str]:
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.is_dir() else []


def _bind(how: str, paths: Sequence[Path]) -> list[str]:
    return [word for path in paths for word in (how, str(path), str(path))]
