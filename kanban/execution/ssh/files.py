"""How a host's files are reached: the protocol that SFTP and the shell both keep."""

from typing import Protocol

from kanban.execution.base import Entry


class Files(Protocol):
    """Files of one host. Paths are absolute or relative to the login's home; failures are OSErrors."""

    @property
    def is_open(self) -> bool:
        """Whether it can still be used."""
        ...

    def look(self, path: str) -> Entry:
        """Kind and size, following links."""
        ...

    def read(self, path: str, limit: int) -> bytes:
        """The first bytes of a regular file."""
        ...

    def write(self, path: str, data: bytes, exists: bool) -> None:
        """Put `data` in place of a file, or into a new one and the folders above it, all or nothing."""
        ...

    def list(self, path: str) -> list[Entry]:
        """What is in a folder, in any order."""
        ...
