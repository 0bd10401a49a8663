"""The connection to one host: made when it is first needed, and again when it was lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from kanban.domain.host import Host
from kanban.errors import ExecutionError, HostUnreachable, KanbanError
from kanban.execution.ssh.call import Call, CommandsRefused
from kanban.execution.ssh.connection import Connection, connect
from kanban.execution.ssh.login import Login, find_login
from kanban.execution.ssh.pulse import Pulse

if TYPE_CHECKING:
    from paramiko import Channel

LOOK_FIRST = "the command may have run in part: look before you repeat it"
TRY_AGAIN = "the connection is made again when it is next needed: try again"


class Session:
    """Starts scripts on the host `name`. `greeting` is what its login shell printed by itself before the last one."""

    def __init__(self, name: str, host: Host) -> None:
        self.name = name
        self.greeting = ""
        self._host = host
        self._connection: Connection | None = None

    @property
    def is_usable(self) -> bool:
        """Whether there is a connection that gives signs of life."""
        return bool(self._connection and self._connection.is_usable)

    @property
    def pulse(self) -> Pulse:
        """The signs of life of the connection. Raises EOFError when there is none any more."""
        if not self._connection:
            raise EOFError("the connection ended")
        return self._connection.pulse

    def find_login(self) -> Login:
        """The login in force, from hosts.yaml and ~/.ssh/config."""
        return find_login(self.name, self._host)

    @contextmanager
    def calling(self, script: str) -> Iterator[Call]:
        """A script that runs on the host; at the end of the block it loses its lifeline."""
        call = self.start(script)
        with closing(call):
            yield call

    def start(self, script: str) -> Call:
        """Start a script on a channel of its own. Raises ExecutionError when the host does not run it."""
        try:
            return self._try_to_start(script)
        except CommandsRefused:
            self.drop()  # dropbear does so when it has mixed up channels: a new connection shows whether it was that
            return self._try_to_start(script)

    def _try_to_start(self, script: str) -> Call:
        call = Call(self.name, self.open_channel())
        try:
            with self.noticing_loss("", LOOK_FIRST):
                call.start(script)
        except BaseException:
            call.channel.close()
            raise
        self.greeting = call.noise
        return call

    def open_channel(self) -> Channel:
        """A new channel on the connection, which is made if need be, also where a server allows one channel only."""
        from paramiko import ChannelException, SSHException

        limit = self._host.connect_timeout
        with self.noticing_loss("", TRY_AGAIN):
            if self._connection and self._connection.is_usable:
                with suppress(EOFError, OSError, SSHException):
                    return self._connection.open_channel(limit)
            self.drop()
            self._connection = connect(self.find_login())
            try:
                return self._connection.open_channel(limit)
            except ChannelException as error:
                raise ExecutionError(
                    f"host {self.name} opens no session: {error.text}", "allow it: MaxSessions in its sshd_config"
                ) from error

    @contextmanager
    def noticing_loss(self, when: str, hint: str) -> Iterator[None]:
        """Turn a connection that breaks into HostUnreachable and forget it; no library's exception passes."""
        from paramiko import SSHException

        try:
            yield
        except KanbanError:
            raise
        except (EOFError, OSError, SSHException) as error:
            self.drop()
            why = str(error) or "end of data"
            raise HostUnreachable(f"the connection to host {self.name} was lost{when}: {why}", hint) from error
        except Exception as error:
            raise ExecutionError(
                f"host {self.name} did something unforeseen: {type(error).__name__}: {error}",
                f"`kanban host check {self.name}` may show what is wrong with its login",
            ) from error

    def drop(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()
