"""Runs a script in the `sh` of a host, whatever the login shell is.

Only BOOTSTRAP goes through the login shell: no quote, backslash, `!` or newline stands where a shell could read it in
its own way. The script follows on stdin once `sh` has said that it is there, its length before it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from kanban.errors import ExecutionError
from kanban.execution.ssh.envelope import Envelope, Report

if TYPE_CHECKING:
    from paramiko import Channel

# Nothing is sent after the script before it runs, so that it does no harm if `head` reads ahead.
BOOTSTRAP = (
    "sh -c 'echo kanban-sh-$((6*7)); read -r n && "
    's=$(head -c $n 2>/dev/null || dd bs=1 count=$n 2>/dev/null) && eval "$s"\''
)
READY = b"kanban-sh-42\n"  # not a word of BOOTSTRAP, which some shells print before they run it
START_SECONDS = 30.0  # for the login shell to read its files
CLOSE_SECONDS = 0.5
CHUNK = 65_536
SHOWN = 300  # characters of a login shell's words in an error


class CommandsRefused(ExecutionError):
    """The server would not even start the login shell."""


class Call:
    """One script under way on a host; what is sent on `channel` is its stdin."""

    def __init__(self, host: str, channel: Channel) -> None:
        self.channel = channel
        self.is_closed = False
        self._host = host
        self._envelope = Envelope()
        self._output = b""

    @property
    def report(self) -> Report | None:
        """How the script ended, once it has."""
        return self._envelope.report

    @property
    def is_over(self) -> bool:
        """Whether the script has ended and its output was taken."""
        return (self.report is not None or self.is_closed) and not self._output

    @property
    def noise(self) -> str:
        """What the login shell printed by itself."""
        return self._envelope.noise.replace(READY, b"").decode(errors="replace")

    def start(self, script: str) -> None:
        """Start `script` and wait until it runs. Raises ExecutionError when the login shell did not run it."""
        deadline = time.monotonic() + START_SECONDS
        self._send_bootstrap()
        while READY not in self._envelope.noise:
            self._expect(deadline)
        text = f"nonce={self._envelope.nonce}\n{script}".encode()
        self.channel.settimeout(START_SECONDS)
        self.channel.sendall(b"%d\n%s" % (len(text), text))
        while not self._envelope.is_open:
            self._expect(deadline)

    def give_input(self, data: bytes) -> None:
        """Send the whole stdin of the script; what ends before it has read all says why in its report."""
        with suppress(OSError):
            self.channel.sendall(data)
            self.channel.shutdown_write()

    def receive(self, seconds: float) -> bytes:
        """The next output, which may be empty. Raises TimeoutError when nothing came within `seconds`."""
        if self._output:
            output, self._output = self._output, b""
            return output
        self.channel.settimeout(seconds)
        data = self.channel.recv(CHUNK)
        self.is_closed = not data
        return self._envelope.feed(data) if data else self._envelope.finish()

    def close(self) -> None:
        """Let go of the channel. The host closes it first where the script has ended.

        dropbear mixes up the files of two channels when a new one opens before it is done with one that we have shut.
        """
        deadline = time.monotonic() + CLOSE_SECONDS
        with suppress(TimeoutError):
            while self.report and not self.is_closed:
                self.receive(max(deadline - time.monotonic(), 0))
            while self.is_closed and not self.channel.closed and time.monotonic() < deadline:
                time.sleep(0.002)
        self.channel.close()

    def require_report(self) -> Report:
        """How the script ended. Raises ExecutionError when it was ended before it could say so."""
        if self.report and self.report.exit_status is not None:
            return self.report
        self._require_connection()
        raise ExecutionError(
            f"the shell that ran the command on {self._host} was ended before it could tell the exit status",
            "the command may have run in part: look before you repeat it",
        )

    def _send_bootstrap(self) -> None:
        from paramiko import SSHException

        self.channel.set_combine_stderr(True)
        try:
            self.channel.exec_command(BOOTSTRAP)
        except SSHException:
            self._require_connection()
            raise CommandsRefused(
                f"host {self._host} does not let this login run commands",
                f"allow it in sshd_config or authorized_keys there, then: kanban host check {self._host}",
            ) from None

    def _expect(self, deadline: float) -> None:
        try:
            self._output += self.receive(max(deadline - time.monotonic(), 0))
        except TimeoutError:
            raise self._explain_silence(f"nothing for {START_SECONDS:g} s") from None
        if self.is_closed:
            self._require_connection()
            status = self.channel.recv_exit_status() if self.channel.status_event.wait(1) else -1
            raise self._explain_silence("it ended" if status < 0 else f"it ended with {status}")

    def _explain_silence(self, what: str) -> ExecutionError:
        words = " ".join(self.noise.split())[:SHOWN]
        return ExecutionError(
            f"the login shell of {self._host} did not run it: {what}" + (f", and said: {words}" if words else ""),
            f"the login must allow commands and have a POSIX `sh` in its PATH; then: kanban host check {self._host}",
        )

    def _require_connection(self) -> None:
        transport = self.channel.get_transport()
        if not transport.is_active():
            raise EOFError("the connection ended")
