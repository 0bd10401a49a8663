"""Where commands run and files live: the contract that every backend keeps."""

import errno
import posixpath
import stat
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from kanban.errors import ExecutionError

OUTPUT_LIMIT = 20_000  # characters of output that a caller gets to see
DRAIN_SECONDS = 1.0  # how long output is still read once the shell is gone but something keeps its output open
LONGEST_COMMAND = 120_000  # bytes; Linux takes no argument of 128 KiB or more

EntryKind = Literal["file", "dir", "link", "other"]


@dataclass(frozen=True)
class CommandResult:
    """How a command ended; stdout and stderr are interleaved in `output`.

    `exit_status` is None when the command was ended at its timeout, and 128 + n when signal n ended it.
    `truncated` output keeps head and tail; `full_output` is then the file that holds the whole, if one was asked for.
    """

    exit_status: int | None
    output: str
    timed_out: bool = False
    truncated: bool = False
    full_output: Path | None = None


@dataclass(frozen=True)
class Entry:
    """One name in a folder; `size` is in bytes."""

    name: str
    kind: EntryKind
    size: int


class Backend(Protocol):
    """One place to work: this machine or a host. Used by one thread at a time."""

    @property
    def host(self) -> str:
        """The name that briefs and tools use for this place; `local` is this machine."""
        ...

    def run(
        self,
        command: str,
        *,
        timeout: float,
        full_output: Path | None = None,
        on_output: Callable[[bytes], None] | None = None,
        limit: int = OUTPUT_LIMIT,
    ) -> CommandResult:
        """Run `command` in a shell with an empty stdin and end all its processes after `timeout` seconds.

        What could not be ended is told at the end of the output.

        The whole output goes to the file `full_output` while the command runs; the file stays only if `limit`
        characters could not hold it. `on_output` is called with each piece of output as it arrives.
        Any exception, also one that `on_output` raises, ends the command before it is passed on.
        Raises ExecutionError when the command could not be started or followed.
        """
        ...

    def look(self, path: str) -> Entry:
        """Say what `path` is, following links. Raises ExecutionError when it is missing or out of reach."""
        ...

    def size(self, path: str) -> int:
        """The size of `path` in bytes. Raises ExecutionError when it is missing or out of reach."""
        ...

    def read_bytes(self, path: str, limit: int) -> bytes:
        """The first `limit` bytes of a file. Raises ExecutionError when it is missing or not a regular file."""
        ...

    def write_bytes(self, path: str, data: bytes) -> None:
        """Put `data` into a file, all of it or nothing, making the folders above it.

        An existing file keeps its mode and owner. Raises ExecutionError when it cannot be written.
        """
        ...

    def list_dir(self, path: str) -> list[Entry]:
        """What is in a folder, by name; links are not followed. Raises ExecutionError when it cannot be read."""
        ...

    def close(self) -> None:
        """End what commands left running in the background, log what could not be, and let go of connections.

        On a host stays what a pid file under /run names: a service that a command has started or restarted.
        """
        ...


def walk(backend: Backend, path: str, limit: int = 10_000, skipped: Container[str] = ()) -> Iterator[str]:
    """Yield the files at and below `path`, depth first and by name, without following links.

    Looks at `limit` entries at most; folders called as in `skipped`, and folders further down that cannot be read, are
    passed over.
    Raises ExecutionError when `path` itself cannot be read.
    """
    if backend.look(path).kind == "file":
        yield path
        return
    pending = _entries_below(backend, path)
    for _ in range(limit):
        if not pending:
            return
        inner, kind = pending.pop()
        if kind == "file":
            yield inner
        elif kind == "dir" and posixpath.basename(inner) not in skipped:
            try:
                pending += _entries_below(backend, inner)
            except ExecutionError:
                continue


def _entries_below(backend: Backend, folder: str) -> list[tuple[str, EntryKind]]:
    entries = [(posixpath.join(folder, entry.name), entry.kind) for entry in backend.list_dir(folder)]
    return entries[::-1]


def kind_of_mode(mode: int) -> EntryKind:
    """What the mode bits of a file say it is."""
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "dir"
    return "file" if stat.S_ISREG(mode) else "other"


def check_command(command: str) -> None:
    """Raise ExecutionError for a command that no shell could be given."""
    size = len(_encode("the command", command))
    if size > LONGEST_COMMAND:
        raise ExecutionError(
            f"the command is {size} bytes long; at most {LONGEST_COMMAND} can be passed to a shell",
            "put the long part into a file with write_file and let a short command read it",
        )


def check_path(path: str) -> None:
    """Raise ExecutionError for a path that no file can have."""
    _encode("the path", path)


def check_is_file(host: str, path: str, kind: EntryKind) -> None:
    """Raise ExecutionError unless `kind` is a regular file's."""
    if kind == "dir":
        raise ExecutionError(f"{path} on {host} is a folder", "list_dir shows what is in it; name a file")
    if kind != "file":
        raise ExecutionError(f"{path} on {host} is not a regular file", "name a regular file")


_EXPLANATIONS = {
    errno.ENOENT: ("no such file or folder", "list_dir on the folder above shows what is there"),
    errno.EACCES: ("permission denied", "the account that the run uses may not touch it: take another path or block"),
    errno.EPERM: ("permission denied", "the account that the run uses may not touch it: take another path or block"),
    errno.EISDIR: ("is a folder", "list_dir shows what is in it; name a file"),
    errno.ENOTDIR: (
        "not a folder, or below something that is none",
        "list_dir on the folder above shows what is there",
    ),
    errno.ENOSPC: ("no space left on the disk", "free some space there, then try again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space there, then try again"),
    errno.EROFS: ("the file system is read-only", "take a folder that can be written, such as the workspace"),
    errno.ENAMETOOLONG: ("the name is too long", "take a shorter name"),
    errno.ELOOP: ("links that point at each other", "name the file itself"),
}


def explain_file_error(host: str, path: str, error: OSError) -> ExecutionError:
    """Turn what the system says about a file into an error that says what to do."""
    text, hint = _EXPLANATIONS.get(error.errno or 0, (error.strerror or str(error), "check the path and try again"))
    return ExecutionError(f"{path} on {host}: {text}", hint)


def _encode(what: str, text: str) -> bytes:
    if "\0" in text:
        raise ExecutionError(f"{what} contains a NUL character", "leave it out")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ExecutionError(f"{what} is not valid Unicode: {error.reason}", "write it with valid characters") from None
