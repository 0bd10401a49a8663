"""Files of a host over SFTP."""

from __future__ import annotations

import io
import posixpath
import stat
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from kanban.execution.base import Entry, kind_of_mode

if TYPE_CHECKING:
    from paramiko import Channel, SFTPAttributes, SFTPClient

CHUNK = 65_536
FILE_TIMEOUT = 60.0  # seconds without any answer to a file operation


class SFTPFiles:
    """Keeps the protocol Files over one channel."""

    def __init__(self, channel: Channel) -> None:
        """Start SFTP. Raises whatever paramiko does when the host offers none or prints something of its own."""
        from paramiko import SFTPClient

        channel.settimeout(FILE_TIMEOUT)
        channel.invoke_subsystem("sftp")
        self._channel = channel
        self._client: SFTPClient = SFTPClient(channel)

    @property
    def is_open(self) -> bool:
        return not self._channel.closed

    def look(self, path: str) -> Entry:
        return _entry(posixpath.basename(path), self._client.stat(path))

    def read(self, path: str, limit: int) -> bytes:
        with self._client.open(path, "rb") as file:
            size = file.stat().st_size or 0
            if size > CHUNK:
                file.prefetch(min(size, limit))
            return file.read(limit)

    def write(self, path: str, data: bytes, exists: bool) -> None:
        if not exists:
            _make_folders(self._client, posixpath.dirname(path))
            _replace(self._client, path, data, None)
            return
        real = self._client.normalize(path)
        _replace(self._client, real, data, self._client.stat(real))

    def list(self, path: str) -> list[Entry]:
        return [_entry(found.filename, found) for found in self._client.listdir_attr(path)]


def _entry(name: str, found: SFTPAttributes) -> Entry:
    return Entry(name, kind_of_mode(found.st_mode or 0), found.st_size or 0)


def _make_folders(files: SFTPClient, folder: str) -> None:
    if folder in ("", "/") or _exists(files, folder):
        return
    _make_folders(files, posixpath.dirname(folder))
    files.mkdir(folder)


def _exists(files: SFTPClient, path: str) -> bool:
    try:
        files.stat(path)
    except FileNotFoundError:
        return False
    return True


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
