"""Runs commands and touches files on a host, over one SSH connection."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kanban.domain.host import Host
from kanban.errors import ExecutionError, HostUnreachable
from kanban.execution.base import (
    DRAIN_SECONDS,
    OUTPUT_LIMIT,
    CommandResult,
    Entry,
    check_command,
    check_is_file,
    check_path,
    explain_file_error,
)
from kanban.execution.lifeline import GRACE_SECONDS, command_script, guardian_script
from kanban.execution.output import CappedOutput
from kanban.execution.ssh.call import Call
from kanban.execution.ssh.envelope import Report
from kanban.execution.ssh.files import Files
from kanban.execution.ssh.login import Login
from kanban.execution.ssh.session import LOOK_FIRST, TRY_AGAIN, Session
from kanban.execution.ssh.sftp import FILE_TIMEOUT, SFTPFiles
from kanban.execution.ssh.shell_files import ShellFiles

POLL = 0.1  # seconds between two looks whether the command has ended while its output is still open
END_TIMEOUT = GRACE_SECONDS + 5.0  # seconds for the host to end a command and say so
ANSWER_TIMEOUT = 5.0  # seconds for a server that is asked whether it is still there
logger = logging.getLogger(__name__)


class SSHBackend:
    """Works on the host `name` as its login; relative paths start at the login's home.

    Connects when first used and again when the connection was lost, but never runs a command twice.
    """

    def __init__(self, name: str, host: Host) -> None:
        self._name = name
        self._session = Session(name, host)
        self._mark = secrets.token_hex(8)
        self._commands = 0
        self._files: Files | None = None
        self._guardian: Call | None = None
        self._has_lost_commands = False

    @property
    def host(self) -> str:
        return self._name

    @property
    def greeting(self) -> str:
        """What its login shell printed by itself before the last command."""
        return self._session.greeting

    def find_login(self) -> Login:
        """The login in force, from hosts.yaml and ~/.ssh/config."""
        return self._session.find_login()

    def has_sftp(self) -> bool:
        """Whether files are reached over SFTP; else commands do it. Raises ExecutionError when neither works."""
        with self._touching(".") as (files, _):
            return isinstance(files, SFTPFiles)

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
        self._commands += 1
        script = command_script(command, f"{self._mark}.{self._commands}.", timeout + END_TIMEOUT)
        with CappedOutput(limit, full_output, on_output) as output:
            with self._session.calling(script) as call, self._remembering_loss():
                began = time.monotonic()
                if not self._follow(call, output, began, began + timeout):
                    return self._stop(call, output, began)
                with self._session.noticing_loss(f" after {time.monotonic() - began:.0f} s", LOOK_FIRST):
                    report = call.require_report()
            if report.left:
                self._guard(report.left)
            return output.result(report.exit_status)

    @contextmanager
    def _remembering_loss(self) -> Iterator[None]:
        """A command whose connection was lost may still run: what is left of it is ended with this backend."""
        try:
            yield
        except HostUnreachable:
            self._has_lost_commands = True
            raise

    def _follow(self, call: Call, output: CappedOutput, began: float, deadline: float) -> bool:
        """Collect output until the command ends; False when it goes on after `deadline`.

        Children that keep the output open do not hold it up for more than DRAIN_SECONDS after the shell is gone.
        """
        ended: float | None = None
        while (now := time.monotonic()) < (deadline if ended is None else ended + DRAIN_SECONDS):
            data = self._receive(call, min(POLL, max(deadline - now, 0.001)) if ended is None else POLL, now - began)
            if data:
                output.feed(data)
            if call.is_closed:
                return True
            if ended is None and call.report:
                ended = time.monotonic()
        return call.report is not None

    def _receive(self, call: Call, seconds: float, since: float) -> bytes:
        """The next output, if any. Raises HostUnreachable when the host has given no sign of life for long."""
        with self._session.noticing_loss(f" after {since:.0f} s", LOOK_FIRST):
            pulse = self._session.pulse
            try:
                data = call.receive(seconds)
                pulse.hear()
                return data
            except TimeoutError:
                if pulse.is_lost:
                    raise EOFError("it no longer answers") from None
                return b""

    def _stop(self, call: Call, output: CappedOutput, began: float) -> CommandResult:
        """End a command at its timeout; what is left of it is told in the output."""
        with self._session.noticing_loss("", LOOK_FIRST):
            call.channel.shutdown_write()
        is_over = self._follow(call, output, began, time.monotonic() + END_TIMEOUT)
        if not is_over:
            with self._session.noticing_loss(f" after {time.monotonic() - began:.0f} s", LOOK_FIRST):
                if not self._session.pulse.is_answered(ANSWER_TIMEOUT):
                    raise EOFError("it no longer answers")
        if not is_over or not call.report:
            self._session.drop()
            self._has_lost_commands = True
            output.feed(_tell(f"{self.host} did not say whether the stopped command has ended"))
        elif call.report.left:
            output.feed(_tell(f"still running on {self.host}, could not be ended: {_show(call.report.left)}"))
        return output.result(None)

    def _guard(self, left: tuple[str, ...]) -> None:
        """Have what a command left running ended with this backend, also when this process dies."""
        try:
            guardian = self._open_guardian()
            with self._session.noticing_loss("", LOOK_FIRST):
                guardian.channel.sendall("".join(f"{process}\n" for process in left).encode())
        except ExecutionError as error:
            logger.warning("what a command left running on %s is not watched: %s", self.host, error)

    def _open_guardian(self) -> Call:
        """What ends on the host what commands left running, started unless it is there."""
        if not self._guardian or self._guardian.channel.closed:
            self._guardian = self._session.start(guardian_script(f"{self._mark}."))
        return self._guardian

    def look(self, path: str) -> Entry:
        with self._touching(path) as (files, place):
            return files.look(place)

    def size(self, path: str) -> int:
        return self.look(path).size

    def read_bytes(self, path: str, limit: int) -> bytes:
        check_is_file(self.host, path, self.look(path).kind)
        with self._touching(path) as (files, place):
            return files.read(place, limit)

    def write_bytes(self, path: str, data: bytes) -> None:
        with self._touching(path) as (files, place):
            try:
                existing = files.look(place)
            except FileNotFoundError:
                existing = None
            if existing:
                check_is_file(self.host, path, existing.kind)
            files.write(place, data, existing is not None)

    def list_dir(self, path: str) -> list[Entry]:
        with self._touching(path) as (files, place):
            entries = files.list(place)
        return sorted(entries, key=lambda entry: entry.name)

    def close(self) -> None:
        try:
            if self._guardian or self._has_lost_commands:
                self._end_background()
        finally:
            self._guardian, self._files, self._has_lost_commands = None, None, False
            self._session.drop()

    def _end_background(self) -> None:
        """End what commands left running. What cannot be ended is told in the log of the run."""
        try:
            guardian = self._open_guardian()
            with self._session.noticing_loss("", LOOK_FIRST):
                report = _finish(guardian)
        except ExecutionError as error:
            logger.warning("what commands left running on %s may still run: %s", self.host, error)
            return
        if report.left:
            logger.warning("still running on %s, could not be ended: %s", self.host, _show(report.left))

    @contextmanager
    def _touching(self, path: str) -> Iterator[tuple[Files, str]]:
        """The host's files and where `path` is among them; what goes wrong is explained."""
        check_path(path)
        place = path.removeprefix("~").lstrip("/") or "." if _in_home(path) else path
        with self._session.noticing_loss("", TRY_AGAIN):
            try:
                yield self._open_files(), place
            except UnicodeDecodeError as error:
                raise ExecutionError(
                    f"{path} on {self.host} holds a name that is not UTF-8", "look at the folder with a command: ls -b"
                ) from error
            except OSError as error:
                if isinstance(error, TimeoutError) or not self._has_open_files():
                    raise EOFError(str(error)) from error
                raise explain_file_error(self.host, path, error) from error

    def _open_files(self) -> Files:
        """The host's files: over SFTP, or with commands where it is not offered or the login spoils it."""
        if self._files and self._has_open_files():
            return self._files
        channel = self._session.open_channel()
        try:
            self._files = SFTPFiles(channel)
        except Exception:
            channel.close()
            if not self._session.is_usable:
                raise
            self._files = ShellFiles(self._send)
        return self._files

    def _has_open_files(self) -> bool:
        return bool(self._files and self._files.is_open and self._session.is_usable)

    def _send(self, script: str, data: bytes) -> tuple[int | None, bytes]:
        """Run a script with an input; its exit status and output."""
        output = bytearray()
        with self._session.calling(script) as call, self._session.noticing_loss("", LOOK_FIRST):
            call.channel.settimeout(FILE_TIMEOUT)
            call.give_input(data)
            while not call.is_over:
                output += call.receive(FILE_TIMEOUT)
            return call.require_report().exit_status, bytes(output)


def _finish(guardian: Call) -> Report:
    guardian.channel.shutdown_write()
    deadline = time.monotonic() + END_TIMEOUT
    while not guardian.is_over:
        guardian.receive(max(deadline - time.monotonic(), 0.001))
    return guardian.require_report()


def _in_home(path: str) -> bool:
    return path in ("", "~") or path.startswith("~/")


def _show(left: tuple[str, ...]) -> str:
    """Processes as PID-START-NAME in words."""
    parts = [process.split("-", 2) for process in left]
    return ", ".join(f"{part[0]} ({part[-1]})" for part in parts)


def _tell(words: str) -> bytes:
    return f"\n[… {words} …]\n".encode()
