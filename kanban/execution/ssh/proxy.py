"""A ProxyCommand as a socket."""

import os
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from typing import IO

SHOWN = 300  # bytes of what it said


class ProxyProcess:
    """The person's command, in a shell as ssh runs it; `socket` is its stdin and stdout."""

    def __init__(self, command: str) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        self.socket, its_end = socket.socketpair()
        with its_end:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=its_end.fileno(),
                stdout=its_end.fileno(),
                stderr=self._said,
                start_new_session=True,
            )

    def words(self) -> str:
        """What it wrote on stderr."""
        self._said.seek(0)
        return " ".join(self._said.read(SHOWN).decode(errors="replace").split())

    def close(self) -> None:
        """End it and all it started."""
        self.socket.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._said.close()
