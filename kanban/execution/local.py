"""Runs commands and touches files on this machine."""

import logging
import os
import selectors
import shutil
import stat
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from kanban.domain.brief import LOCAL
from kanban.domain.profile import CommandLimits, Network
from kanban.errors import ExecutionError, PathRefused
from kanban.execution.base import (
    DRAIN_SECONDS,
    OUTPUT_LIMIT,
    CommandResult,
    Entry,
    check_command,
    check_is_file,
    check_path,
    explain_file_error,
    kind_of_mode,
)
from kanban.execution.cell import Cell, Open, Walls, limit_resources
from kanban.execution.lifeline import MARK
from kanban.execution.output import CappedOutput
from kanban.execution.processes import end_marked_processes, end_process_tree, process_started

CHUNK = 65_536
GRACE_SECONDS = 1.0  # between SIGTERM and SIGKILL
POLL = 0.1  # seconds between two looks whether the shell has ended while its output is still open

logger = logging.getLogger(__name__)


class LocalBackend:
    """Works in `workspace`; files may also lie in the `allowed` folders, and be read in the `readable` ones.

    What lies in a `hidden` folder is out of reach, but for the workspace and the run's `outputs`. Commands run in
    `cell`, whose /tmp is the folder `tmp`. They see exactly `environment` and a mark, by which what they leave running
    is found wherever it went.
    """

    def __init__(
        self,
        workspace: Path,
        allowed: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
        *,
        readable: Sequence[Path] = (),
        hidden: Sequence[Path] = (),
        outputs: Sequence[Path] = (),
        cell: Cell | None = None,
        tmp: Path | None = None,
        network: Network = Network.HOST,
        limits: CommandLimits | None = None,
        read_only: bool = False,
    ) -> None:
        self._mark = uuid.uuid4().hex
        self._environment = {**(environment or {}), MARK: self._mark}
        self._workspace = workspace.resolve()
        self._cell = cell or Open()
        self._limits = limits
        self._walls = Walls(
            self._workspace,
            tmp or workspace / "tmp",
            self._resolve_all(allowed),
            self._resolve_all(readable),
            self._resolve_all(hidden),
            self._resolve_all(outputs),
            network,
            read_only,
        )
        self._background: list[tuple[int, float | None]] = []
        self._has_run = False

    @property
    def host(self) -> str:
        return LOCAL

    def run(
        self,
        command: str,
        *,
        timeout: float,
        full_output: Path | None = None,
        on_output: Callable[[bytes], None] | None = None,
        limit: int = OUTPUT_LIMIT,
    ) -> CommandResult:
        check_command(command)
        deadline = time.monotonic() + timeout
        with CappedOutput(limit, full_output, on_output) as output, self._started(command) as process:
            exit_status = _follow(process, output, deadline)
            if exit_status is None:
                end_process_tree(process.pid, None, GRACE_SECONDS)
                _follow(process, output, time.monotonic() + DRAIN_SECONDS)
            return output.result(exit_status)

    @contextmanager
    def _started(self, command: str) -> Iterator[subprocess.Popen[bytes]]:
        """A running shell in a session of its own; whatever goes wrong, nothing of it is left running."""
        process = self._start(command)
        started = process_started(process.pid)
        try:
            yield process
        except BaseException:
            end_process_tree(process.pid, started, GRACE_SECONDS)
            raise
        finally:
            assert process.stdout
            process.stdout.close()
            process.poll()
        if _group_exists(process.pid):
            self._background.append((process.pid, started))

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        shell = shutil.which("bash", path="/bin:/usr/bin") or "/bin/sh"
        self._has_run = True
        try:
            if self._cell.is_closed:
                self._walls.tmp.mkdir(parents=True, exist_ok=True)
            words = self._cell.wrap([shell, "-c", command], self._walls)
            return subprocess.Popen(
                words if self._limits is None else limit_resources(words, self._limits),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self._workspace,
                env=self._environment,
                start_new_session=True,
            )
        except OSError as error:
            raise ExecutionError(
                f"the command could not be started in {self._workspace}: {error.strerror}",
                "check that the workspace exists and that the machine has memory and processes to spare",
            ) from error

    def look(self, path: str) -> Entry:
        with self._explaining(path):
            real = self._resolve(path)
            status = real.stat()
            return Entry(real.name, kind_of_mode(status.st_mode), status.st_size)

    def size(self, path: str) -> int:
        return self.look(path).size

    def read_bytes(self, path: str, limit: int) -> bytes:
        check_is_file(self.host, path, self.look(path).kind)
        with self._explaining(path), self._resolve(path).open("rb") as file:
            return file.read(limit)

    def write_bytes(self, path: str, data: bytes) -> None:
        with self._explaining(path):
            real = self._resolve(path, to_change=True)
            existing = real.stat() if real.exists() else None
            if existing:
                check_is_file(self.host, path, kind_of_mode(existing.st_mode))
            real.parent.mkdir(parents=True, exist_ok=True)
            _replace(real, data, existing)

    def list_dir(self, path: str) -> list[Entry]:
        with self._explaining(path), os.scandir(self._resolve(path)) as found:
            entries = [_entry(item) for item in found]
        return sorted((entry for entry in entries if entry), key=lambda entry: entry.name)

    def close(self) -> None:
        all_ended = True
        while self._background:
            all_ended &= end_process_tree(*self._background.pop())
        if self._has_run:
            all_ended &= end_marked_processes(MARK, self._mark)
        if not all_ended:
            logger.warning("some of what commands in %s left running could not be ended", self._workspace)
        self._has_run = False

    def _resolve_all(self, folders: Sequence[Path]) -> list[Path]:
        return [self._expand(str(folder)).resolve() for folder in folders]

    def _resolve(self, path: str, to_change: bool = False) -> Path:
        """The real path. Raises PathRefused for one that a command would not find inside of the walls."""
        check_path(path)
        walls = self._walls
        own = [walls.workspace] if to_change else [walls.workspace, *walls.outputs]
        named = walls.writable if to_change else [*walls.writable, *walls.readable]
        try:
            real = (self._workspace / self._expand(path)).resolve()
        except RuntimeError:
            raise ExecutionError(f"{path} on {self.host}: links that point at each other", "name the file") from None
        if _is_in(real, own) or (_is_in(real, named) and not _is_in(real, walls.hidden)):
            return real
        may_touch = ", ".join(map(str, [walls.workspace, *named]))
        raise PathRefused(
            f"{path} lies outside what this run may touch",
            f"it may touch {may_touch}; `local: paths:` in hosts.yaml adds more folders",
        )

    def _expand(self, path: str) -> Path:
        if path == "~" or path.startswith("~/"):
            return Path(self._environment.get("HOME") or Path.home(), path[2:])
        return Path(path)

    @contextmanager
    def _explaining(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise explain_file_error(self.host, path, error) from error


def _is_in(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _follow(process: subprocess.Popen[bytes], output: CappedOutput, deadline: float) -> int | None:
    """Collect output until the command ends and return its exit status; None when it goes on after `deadline`.

    Children that keep the output open do not hold it up for more than DRAIN_SECONDS after the shell is gone.
    """
    assert process.stdout
    ended: float | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (now := time.monotonic()) < (deadline if ended is None else ended + DRAIN_SECONDS):
            if selector.select(min(POLL, max(deadline - now, 0)) if ended is None else POLL):
                data = os.read(process.stdout.fileno(), CHUNK)
                if not data:
                    return _wait(process, deadline)
                output.feed(data)
            if ended is None and process.poll() is not None:
                ended = time.monotonic()
    return _exit_status(process.poll())


def _wait(process: subprocess.Popen[bytes], deadline: float) -> int | None:
    try:
        return _exit_status(process.wait(max(deadline - time.monotonic(), 0)))
    except subprocess.TimeoutExpired:
        return None


def _exit_status(returncode: int | None) -> int | None:
    return 128 - returncode if returncode is not None and returncode < 0 else returncode


def _group_exists(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except OSError:
        return False
    return True


def _entry(item: os.DirEntry[str]) -> Entry | None:
    try:
        status = item.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None  # removed since the folder was read
    return Entry(os.fsencode(item.name).decode(errors="replace"), kind_of_mode(status.st_mode), status.st_size)


def _replace(path: Path, data: bytes, existing: os.stat_result | None) -> None:
    """Write a new file beside `path` and move it there; it gets the mode and, if possible, the owner of the old."""
    part = path.parent / f".kanban-{uuid.uuid4().hex}.part"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if existing else 0o666), "wb") as file:
            file.write(data)
        if existing:
            with suppress(PermissionError):
                os.chown(part, existing.st_uid, existing.st_gid)
            part.chmod(stat.S_IMODE(existing.st_mode))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
