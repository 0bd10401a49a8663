"""Runs commands and touches files on a host, over one SSH connection. The only code that knows paramiko."""

from __future__ import annotations

import io
import logging
import posixpath
import socket
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kanban.domain.host import Host
from kanban.errors import ExecutionError, HostKeyMismatch, HostUnreachable
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
from kanban.execution.lifeline import GRACE_SECONDS, wrap_command
from kanban.execution.output import CappedOutput

if TYPE_CHECKING:
    from paramiko import Channel, PKey, SFTPAttributes, SFTPClient, SSHClient

CHUNK = 65_536
POLL = 0.1  # seconds between two looks whether the command has ended while its output is still open
KEEPALIVE = 30  # seconds
FILE_TIMEOUT = 60.0  # seconds without any answer to a file operation
END_TIMEOUT = GRACE_SECONDS + 3.0  # seconds for the host to end a command and say so
ATTEMPTS = 3


class SSHBackend:
    """Works on the host `name` as its login; relative paths start at the login's home.

    Connects when first used and again when the connection was lost, but never runs a command twice.
    """

    def __init__(self, name: str, host: Host) -> None:
        self._name = name
        self._login = host
        self._client: SSHClient | None = None
        self._files: SFTPClient | None = None

    @property
    def host(self) -> str:
        return self._name

    def run(
        self,
        command: str,
        *,
        timeout: float,
        full_output: Path | None = None,
        on_output: Callable[[], None] | None = None,
        limit: int = OUTPUT_LIMIT,
    ) -> CommandResult:
        check_command(command)
        with CappedOutput(limit, full_output, on_output) as output, closing(self._open_channel()) as channel:
            deadline = time.monotonic() + timeout
            with self._noticing_loss("the command may have run in part: look at what it did before you run it again"):
                channel.set_combine_stderr(True)
                channel.exec_command(wrap_command(command, timeout + END_TIMEOUT))
                finished = _follow(channel, output, deadline)
                if not finished:
                    self._end_command(channel, output)
                return output.result(self._exit_status(channel) if finished else None)

    def _end_command(self, channel: Channel, output: CappedOutput) -> None:
        channel.shutdown_write()
        if not _follow(channel, output, time.monotonic() + END_TIMEOUT):
            self.close()

    def _exit_status(self, channel: Channel) -> int:
        status = channel.recv_exit_status()
        if status < 0:
            raise EOFError("the connection ended before the command did")
        return status

    def look(self, path: str) -> Entry:
        with self._touching(path) as (files, place):
            return _entry(posixpath.basename(place), files.stat(place))

    def size(self, path: str) -> int:
        return self.look(path).size

    def read_bytes(self, path: str, limit: int) -> bytes:
        entry = self.look(path)
        check_is_file(self.host, path, entry.kind)
        with self._touching(path) as (files, place), files.open(place, "rb") as file:
            if entry.size > CHUNK:
                file.prefetch(min(entry.size, limit))
            return file.read(limit)

    def write_bytes(self, path: str, data: bytes) -> None:
        with self._touching(path) as (files, place):
            existing = _stat_or_none(files, place)
            if existing:
                check_is_file(self.host, path, kind_of_mode(existing.st_mode or 0))
                place = files.normalize(place)
            else:
                _make_folders(files, posixpath.dirname(place))
            _replace(files, place, data, existing)

    def list_dir(self, path: str) -> list[Entry]:
        with self._touching(path) as (files, place):
            entries = [_entry(found.filename, found) for found in files.listdir_attr(place)]
        return sorted(entries, key=lambda entry: entry.name)

    def close(self) -> None:
        client, self._client, self._files = self._client, None, None
        if client:
            client.close()

    @contextmanager
    def _touching(self, path: str) -> Iterator[tuple[SFTPClient, str]]:
        """The host's files and where `path` is among them; what goes wrong is explained."""
        check_path(path)
        with self._noticing_loss("the connection is made again when it is next needed: try again"):
            try:
                yield self._open_files(), path.removeprefix("~").lstrip("/") or "." if _in_home(path) else path
            except UnicodeDecodeError as error:
                raise ExecutionError(
                    f"{path} on {self.host} holds a name that is not UTF-8", "look at the folder with a command: ls -b"
                ) from error
            except OSError as error:
                if isinstance(error, TimeoutError) or not self._has_open_files():
                    raise EOFError(str(error)) from error
                raise explain_file_error(self.host, path, error) from error

    @contextmanager
    def _noticing_loss(self, hint: str) -> Iterator[None]:
        """Turn a connection that breaks into HostUnreachable and forget it."""
        from paramiko import SSHException

        try:
            yield
        except (EOFError, OSError, SSHException) as error:
            self.close()
            raise HostUnreachable(
                f"the connection to host {self.host} was lost: {error or 'end of data'}", hint
            ) from error

    def _open_files(self) -> SFTPClient:
        if not self._files or not self._has_open_files():
            self._files = self._start_sftp(self._open_channel())
        return self._files

    def _start_sftp(self, channel: Channel) -> SFTPClient:
        from paramiko import SFTPClient, SSHException

        channel.settimeout(FILE_TIMEOUT)
        try:
            channel.invoke_subsystem("sftp")
            return SFTPClient(channel)
        except (EOFError, SSHException) as error:
            if not self._is_connected():
                raise
            raise ExecutionError(
                f"host {self.host} offers no SFTP, so its files cannot be reached",
                "enable it there (`Subsystem sftp internal-sftp` in sshd_config), or use commands",
            ) from error

    def _has_open_files(self) -> bool:
        channel = self._files.get_channel() if self._files else None
        return bool(channel and not channel.closed and self._is_connected())

    def _open_channel(self) -> Channel:
        """A new channel on the connection, which is made if need be: transient failures are tried again."""
        from tenacity import (
            Retrying,
            retry_if_exception,
            stop_after_attempt,
            stop_before_delay,
            wait_exponential_jitter,
        )

        limit = self._login.connect_timeout
        retrying = Retrying(
            retry=retry_if_exception(_is_transient),
            stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(limit),
            wait=wait_exponential_jitter(multiplier=0.2, max=1, jitter=0.2),
            reraise=True,
        )
        deadline = time.monotonic() + limit
        try:
            return retrying(self._try_channel, deadline)
        except Exception as error:
            raise self._explain_connection_error(error) from error

    def _try_channel(self, deadline: float) -> Channel:
        left = max(deadline - time.monotonic(), 0.1)
        try:
            if not self._is_connected():
                self._connect(left)
            assert self._client
            transport = self._client.get_transport()
            assert transport
            return transport.open_session(timeout=left)
        except BaseException:
            self.close()
            raise

    def _is_connected(self) -> bool:
        transport = self._client.get_transport() if self._client else None
        return bool(transport and transport.is_active())

    def _connect(self, seconds: float) -> None:
        from paramiko import SSHClient

        logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # it logs whole tracebacks of what is raised anyway
        self.close()
        self._client = client = SSHClient()
        self._load_known_hosts(client)
        key = self._key_file()
        client.connect(
            self._login.address or self.host,
            self._login.port,
            self._login.user,
            key_filename=key,
            allow_agent=key is None,
            look_for_keys=key is None,
            timeout=seconds,
            banner_timeout=seconds,
            auth_timeout=seconds,
            channel_timeout=seconds,
        )
        transport = client.get_transport()
        assert transport
        transport.set_keepalive(KEEPALIVE)
        if isinstance(transport.sock, socket.socket):
            transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # saves 40 ms a command

    def _load_known_hosts(self, client: SSHClient) -> None:
        from paramiko import MissingHostKeyPolicy
        from paramiko.hostkeys import InvalidHostKey

        refuse = self._unknown_key

        class RefuseUnknown(MissingHostKeyPolicy):
            def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:
                raise refuse(key)

        client.set_missing_host_key_policy(RefuseUnknown())
        try:
            client.load_host_keys(str(self._known_hosts))
        except FileNotFoundError:
            return  # nobody is known yet
        except (OSError, ValueError, InvalidHostKey) as error:
            raise HostKeyMismatch(
                f"{self._known_hosts} cannot be read: {error}", f"mend the file, then: kanban host check {self.host}"
            ) from error

    @property
    def _known_hosts(self) -> Path:
        return Path(self._login.known_hosts or "~/.ssh/known_hosts").expanduser()

    def _key_file(self) -> str | None:
        if self._login.key is None:
            return None
        path = Path(self._login.key).expanduser()
        if not path.is_file():
            raise HostUnreachable(
                f"the key file {path} of host {self.host} is missing", f"correct `key` of {self.host} in hosts.yaml"
            )
        return str(path)

    def _unknown_key(self, key: PKey) -> HostKeyMismatch:
        return HostKeyMismatch(
            f"host {self.host} ({self._where}) is not in {self._known_hosts}; its key is {key.fingerprint}",
            f"compare it with `ssh-keygen -lf` of the key in /etc/ssh on the host; if it is the same: {self._scan}",
        )

    def _changed_key(self, key: PKey) -> HostKeyMismatch:
        return HostKeyMismatch(
            f"host {self.host} ({self._where}) has another key than {self._known_hosts} says: {key.fingerprint}",
            "this may be another machine. Only if you know why the key changed: "
            f"ssh-keygen -f {self._known_hosts} -R '{self._known_name}' && {self._scan}",
        )

    def _explain_connection_error(self, error: Exception) -> Exception:
        from paramiko import AuthenticationException, BadHostKeyException

        check = f"then: kanban host check {self.host}"
        match error:
            case ExecutionError():
                return error
            case BadHostKeyException():
                return self._changed_key(error.key)
            case AuthenticationException():
                reason = f"does not accept the login {self._login.user}: {error}"
                hint = f"check `user` and `key` of {self.host} in hosts.yaml and authorized_keys on the host, {check}"
            case socket.gaierror():
                reason = f"has an address that nobody knows: {error.strerror}"
                hint = f"correct `address` of {self.host} in hosts.yaml, {check}"
            case TimeoutError():
                reason = f"did not answer within {self._login.connect_timeout:g} s"
                hint = f"see that it is up and its address and port in hosts.yaml are right, {check}"
            case _:
                words = error.strerror if isinstance(error, OSError) else str(error)
                reason = f"cannot be reached: {words or type(error).__name__}"
                hint = f"see that it is up, runs an SSH server, and its address and port are right, {check}"
        return HostUnreachable(f"host {self.host} ({self._where}) {reason}", hint)

    @property
    def _where(self) -> str:
        return f"{self._login.address or self.host}:{self._login.port}"

    @property
    def _known_name(self) -> str:
        address = self._login.address or self.host
        return address if self._login.port == 22 else f"[{address}]:{self._login.port}"

    @property
    def _scan(self) -> str:
        address = self._login.address or self.host
        return f"ssh-keyscan -p {self._login.port} {address} >> {self._known_hosts} && kanban host check {self.host}"


def _is_transient(error: BaseException) -> bool:
    from paramiko import AuthenticationException, BadHostKeyException, SSHException

    if isinstance(error, (AuthenticationException, BadHostKeyException, socket.gaierror)):
        return False
    return isinstance(error, (OSError, EOFError, SSHException))


def _follow(channel: Channel, output: CappedOutput, deadline: float) -> bool:
    """Collect output until the command ends; False when it goes on after `deadline`.

    Children that keep the output open do not hold it up for more than DRAIN_SECONDS after the shell is gone.
    """
    ended: float | None = None
    while (now := time.monotonic()) < (deadline if ended is None else ended + DRAIN_SECONDS):
        channel.settimeout(min(POLL, max(deadline - now, 0.001)) if ended is None else POLL)
        with suppress(TimeoutError):
            data = channel.recv(CHUNK)
            if not data:
                return channel.status_event.wait(max(deadline - time.monotonic(), 0))
            output.feed(data)
        if ended is None and channel.exit_status_ready():
            ended = time.monotonic()
    return channel.exit_status_ready()


def _in_home(path: str) -> bool:
    return path in ("", "~") or path.startswith("~/")


def _entry(name: str, found: SFTPAttributes) -> Entry:
    return Entry(name, kind_of_mode(found.st_mode or 0), found.st_size or 0)


def _stat_or_none(files: SFTPClient, path: str) -> SFTPAttributes | None:
    try:
        return files.stat(path)
    except FileNotFoundError:
        return None


def _make_folders(files: SFTPClient, folder: str) -> None:
    if folder in ("", "/") or _stat_or_none(files, folder):
        return
    _make_folders(files, posixpath.dirname(folder))
    files.mkdir(folder)


def _replace(files: SFTPClient, path: str, data: bytes, existing: SFTPAttributes | None) -> None:
    """Write a new file beside `path` and move it there; it gets the mode and, if possible, the owner of the old."""
    part = posixpath.join(posixpath.dirname(path), f".kanban-{uuid.uuid4().hex}.part")
    try:
        if existing:
            files.open(part, "wx").close()
            files.chmod(part, 0o600)
        files.putfo(io.BytesIO(data), part)
        if existing:
            with suppress(PermissionError):
                files.chown(part, existing.st_uid or 0, existing.st_gid or 0)
            files.chmod(part, stat.S_IMODE(existing.st_mode or 0))
        files.posix_rename(part, path)
    except BaseException:
        with suppress(OSError, EOFError):
            files.remove(part)
        raise
