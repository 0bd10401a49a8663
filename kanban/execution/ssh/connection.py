"""Connects to a host, through its jump hosts, and verifies the key of each."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from kanban.errors import ExecutionError, HostKeyMismatch, HostUnreachable
from kanban.execution.ssh.keys import authenticate
from kanban.execution.ssh.known_hosts import Judgement, KnownHosts, Trust
from kanban.execution.ssh.login import Login
from kanban.execution.ssh.proxy import ProxyProcess
from kanban.execution.ssh.pulse import Pulse

if TYPE_CHECKING:
    from paramiko import Channel, PKey, Transport

ATTEMPTS = 3
ATTEMPTS_WHEN_CROWDED = 12
CERTIFIABLE = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512")


class Accident(Exception):
    """A connection that failed in a way that may pass: worth another attempt."""

    attempts = ATTEMPTS


class Crowded(Accident):
    """The server hung up before it said a word, as one does that has too many logins under way."""

    attempts = ATTEMPTS_WHEN_CROWDED


class Connection:
    """A connection to a host that is logged in; the jump hosts' are closed with it."""

    def __init__(self, login: Login, seconds: float) -> None:
        logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # it logs whole tracebacks of what is raised anyway
        deadline = time.monotonic() + seconds
        with ExitStack() as opened:
            through: Transport | None = None
            for hop in login.via:
                through = _log_in(hop, login, opened, deadline, through)
            self.transport = _log_in(login, login, opened, deadline, through)
            self.pulse = Pulse(self.transport, *login.keepalive)
            self.pulse.start()
            opened.callback(self.pulse.stop)
            self._opened = opened.pop_all()

    @property
    def is_usable(self) -> bool:
        """Whether it is open and the server gives signs of life."""
        return self.transport.is_active() and not self.pulse.is_lost

    def open_channel(self, seconds: float) -> Channel:
        """A new session on it."""
        return self.transport.open_session(timeout=seconds)

    def close(self) -> None:
        """Let go of it; harmless when done twice."""
        self._opened.close()


def connect(login: Login) -> Connection:
    """Connect and log in. What may pass is tried again within the time of the login, a refusal never.

    Raises HostKeyMismatch or HostUnreachable.
    """
    from tenacity import (
        RetryCallState,
        Retrying,
        retry_if_exception_type,
        stop_before_delay,
        wait_exponential_jitter,
    )

    limit = login.connect_timeout

    is_late = stop_before_delay(limit)

    def is_enough(state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        return isinstance(error, Accident) and state.attempt_number >= error.attempts

    retrying = Retrying(
        retry=retry_if_exception_type(Accident),
        stop=lambda state: is_enough(state) or is_late(state),
        wait=wait_exponential_jitter(multiplier=0.2, max=1, jitter=0.2),
        reraise=True,
    )
    deadline = time.monotonic() + limit
    try:
        return retrying(lambda: Connection(login, max(deadline - time.monotonic(), 0.1)))
    except Accident as accident:
        raise accident.__cause__ or accident from None


def _log_in(hop: Login, login: Login, opened: ExitStack, deadline: float, before: Transport | None) -> Transport:
    """Connect to one hop, through the one before, verify its key and log in."""
    from paramiko import Transport

    with _explaining(hop, login) as stage:
        left = max(deadline - time.monotonic(), 0.1)
        line, proxy = _open_line(hop, opened, before, left)
        stage.proxy = proxy
        transport = Transport(line)
        opened.callback(transport.close)
        stage.transport = transport
        transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = left
        known = KnownHosts.read(hop.known_hosts)
        offered = transport.get_security_options()
        certifiable = [kind for kind in offered.key_types if kind in CERTIFIABLE]
        offered.key_types = known.algorithms(hop.known_as, hop.port, offered.key_types, certifiable)
        transport.start_client(timeout=left)
        key = transport.get_remote_server_key()
        _verify(hop, login, known.judge(hop.known_as, hop.port, key), key)
        authenticate(transport, hop)
        return transport


def _open_line(
    hop: Login, opened: ExitStack, before: Transport | None, seconds: float
) -> tuple[socket.socket | Channel, ProxyProcess | None]:
    if before is not None:
        return before.open_channel("direct-tcpip", (hop.address, hop.port), ("127.0.0.1", 0), timeout=seconds), None
    if hop.proxy_command:
        proxy = ProxyProcess(hop.proxy_command)
        opened.callback(proxy.close)
        return proxy.socket, proxy
    line = socket.create_connection((hop.address, hop.port), timeout=seconds)
    opened.callback(line.close)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # saves 40 ms a command
    return line, None


def _verify(hop: Login, login: Login, judgement: Judgement, key: PKey) -> None:
    if judgement.trust is Trust.KNOWN:
        return
    host = _name(hop, login)
    files = ", ".join(map(str, hop.known_hosts))
    check = f"kanban host check {login.name}"
    remember = _how_to_remember(hop)
    match judgement.trust:
        case Trust.REVOKED:
            words = f"{host} has a key that is {judgement.detail}: {key.fingerprint}"
            hint = f"this may be another machine. Give the host a new key, then: {check}"
        case Trust.BAD_CERTIFICATE:
            words = f"{host} cannot be verified: {judgement.detail}"
            hint = f"have its key signed anew, or correct the @cert-authority line, then: {check}"
        case Trust.CHANGED:
            words = f"{host} has another key than {judgement.detail} says: {key.fingerprint}"
            file = judgement.detail.rpartition(":")[0]
            hint = (
                "this may be another machine. Only if you know why the key changed: "
                f"ssh-keygen -f {file} -R '{_known_name(hop)}' && {remember} && {check}"
            )
        case _:
            words = f"{host} is not in {files}; its key is {key.fingerprint}"
            words += f" ({judgement.detail})" if judgement.detail else ""
            hint = (
                "compare it with `ssh-keygen -lf` of the key in /etc/ssh on the host; "
                f"if it is the same: {remember} && {check}"
            )
    raise HostKeyMismatch(words, hint)


def _how_to_remember(hop: Login) -> str:
    if hop.via or hop.proxy_command or not hop.known_hosts:
        return f"ssh {hop.name}"
    return f"ssh-keyscan -p {hop.port} {hop.address} >> {hop.known_hosts[0]}"


def _known_name(hop: Login) -> str:
    return hop.known_as if hop.port == 22 else f"[{hop.known_as}]:{hop.port}"


def _name(hop: Login, login: Login) -> str:
    if hop is login:
        return f"host {login.name} ({login.where})"
    return f"jump host {hop.name} ({hop.where}) of host {login.name}"


class _Stage:
    """How far a login has come, for the words of an error."""

    transport: Transport | None = None
    proxy: ProxyProcess | None = None

    @property
    def is_before_greeting(self) -> bool:
        return self.transport is not None and not self.transport.remote_version


@contextmanager
def _explaining(hop: Login, login: Login) -> Iterator[_Stage]:
    """Say of every failure which host it was and what to do; what may pass is an Accident."""
    from paramiko import ChannelException, SSHException
    from paramiko.ssh_exception import IncompatiblePeer

    stage = _Stage()
    try:
        yield stage
    except HostUnreachable as error:
        raise HostUnreachable(f"{_name(hop, login)} {error}", error.hint) from error
    except (socket.gaierror, IncompatiblePeer, ChannelException) as error:
        raise _explain(error, hop, login, stage) from error
    except (EOFError, OSError, SSHException) as error:
        kind = Crowded if stage.is_before_greeting and not isinstance(error, TimeoutError) else Accident
        raise kind(str(error)) from _explain(error, hop, login, stage)
    except ExecutionError:
        raise
    except Exception as error:
        raise _explain(error, hop, login, stage) from error


def _explain(error: Exception, hop: Login, login: Login, stage: _Stage) -> HostUnreachable:
    from paramiko import ChannelException
    from paramiko.ssh_exception import IncompatiblePeer

    check = f"then: kanban host check {login.name}"
    match error:
        case _ if stage.proxy and stage.is_before_greeting:
            reason = f"cannot be reached through its ProxyCommand: {stage.proxy.words() or error or 'it ended'}"
            hint = f"try `{hop.proxy_command}` by hand, {check}"
        case socket.gaierror():
            reason = f"has an address that nobody knows: {error.strerror}"
            hint = f"correct `address` of {hop.name} in hosts.yaml, {check}"
        case ChannelException():
            reason = f"cannot be reached from the jump host before it: {error.text}"
            hint = f"see that the address is right there and the jump host allows forwarding, {check}"
        case IncompatiblePeer():
            reason = f"speaks none of the algorithms that are used here: {error}"
            hint = f"update its SSH server, {check}"
        case TimeoutError():
            reason = f"did not answer within {login.connect_timeout:g} s"
            hint = f"see that it is up and its address and port in hosts.yaml are right, {check}"
        case _:
            words = error.strerror if isinstance(error, OSError) else str(error)
            reason = f"cannot be reached: {words or type(error).__name__}"
            hint = f"see that it is up, runs an SSH server, and its address and port are right, {check}"
    return HostUnreachable(f"{_name(hop, login)} {reason}", hint)
