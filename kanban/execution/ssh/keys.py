"""Proves to a host who we are: with the keys that the agent holds and those in files, in the order of ssh."""

from __future__ import annotations

import base64
import binascii
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kanban.errors import HostUnreachable
from kanban.execution.ssh.login import Login

if TYPE_CHECKING:
    from paramiko import AgentKey, PKey, Transport

AGENT_SECONDS = 60.0  # an agent may ask the person to confirm
PRIVATE_HEADER = "-----BEGIN OPENSSH PRIVATE KEY-----"
PRIVATE_MAGIC = b"openssh-key-v1\0"
TOO_MANY = 5  # servers commonly hang up after so many keys


@dataclass(frozen=True)
class Identity:
    """A key file. `key` is None when it cannot be used by itself, and `problem` then says why."""

    path: Path
    public: bytes | None
    key: PKey | None
    problem: str = ""


def authenticate(transport: Transport, login: Login) -> None:
    """Log in. Raises HostUnreachable with the reason when no key is accepted; a lost connection is an EOFError."""
    from paramiko import BadAuthenticationType

    try:
        transport.auth_none(login.user)
        return
    except BadAuthenticationType as error:
        if "publickey" not in error.allowed_types:
            raise _refusal(login, f"takes no keys, only {', '.join(error.allowed_types) or 'nothing'}") from error
    identities = [_read_identity(path) for path in login.keys if login.has_own_key or _exists(path)]
    tried = 0
    for key in _candidates(login, identities):
        tried += 1
        if _is_accepted(transport, login, key, tried):
            return
    raise _explain_refusal(login, identities, tried)


def _is_accepted(transport: Transport, login: Login, key: PKey, tried: int) -> bool:
    from paramiko import AuthenticationException, SSHException

    try:
        more = transport.auth_publickey(login.user, key)
    except AuthenticationException as error:
        if transport.is_active():
            return False
        if tried < TOO_MANY:
            raise EOFError("the connection ended at the login") from error
        raise _refusal(
            login,
            f"hung up after {tried} keys",
            "the agent holds many keys: name the right one as `key:` in hosts.yaml, or IdentitiesOnly in ~/.ssh/config",
        ) from error
    except SSHException:
        if transport.is_active():
            return False  # the agent would not sign with it, or the server does not know its kind
        raise
    if more:
        raise _refusal(login, f"takes the key but wants {', '.join(more)} too", "an agent can give nothing but keys")
    return True


def _candidates(login: Login, identities: Sequence[Identity]) -> Iterator[PKey]:
    held = _agent_keys(login)
    named = {identity.public for identity in identities}
    for identity in identities:
        yield from (key for key in held if key.asbytes() == identity.public)
    if not login.only_these_keys:
        yield from (key for key in held if key.asbytes() not in named)
    yield from (identity.key for identity in identities if identity.key)


def _agent_keys(login: Login) -> Sequence[AgentKey]:
    from paramiko import SSHException
    from paramiko.agent import AgentSSH, get_agent_connection

    class AgentAt(AgentSSH):
        """The agent at a socket of our choice."""

        def __init__(self, connection: socket.socket) -> None:
            super().__init__()
            connection.settimeout(AGENT_SECONDS)
            self._connect(connection)  # type: ignore[attr-defined]  # as Agent does it

    try:
        connection = get_agent_connection() if login.agent is None else _connect_agent(login.agent)
        return AgentAt(connection).get_keys() if connection else ()
    except (OSError, SSHException):
        return ()


def _connect_agent(path: str) -> socket.socket | None:
    if not path:
        return None
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(AGENT_SECONDS)
    connection.connect(path)
    return connection


def _read_identity(path: Path) -> Identity:
    from paramiko import PKey

    public = _public_part(path)
    if not path.is_file() and public is None:
        return Identity(path, None, None, "is missing")
    if path.suffix == ".pub":
        return Identity(path, public, None, "is a public key, and no agent holds the private one")
    try:
        key = PKey.from_path(path)
    except TypeError:
        return Identity(path, public, None, "has a passphrase, and no agent holds it")
    except OSError as error:
        return Identity(path, public, None, f"cannot be read: {error.strerror}")
    except Exception as error:  # a dozen kinds of broken file
        return Identity(path, public, None, f"cannot be used: {error or type(error).__name__}")
    return Identity(path, public or key.asbytes(), key)


def _exists(path: Path) -> bool:
    return path.is_file() or path.with_name(f"{path.name}.pub").is_file()


def _public_part(path: Path) -> bytes | None:
    """The public key of a key file: from the file beside it, or from its own head, which no passphrase hides."""
    beside = path if path.suffix == ".pub" else path.with_name(f"{path.name}.pub")
    try:
        if beside.is_file():
            return base64.b64decode(beside.read_text().split()[1])
        return _public_head(path.read_text())
    except (OSError, ValueError, IndexError, binascii.Error):
        return None


def _public_head(text: str) -> bytes | None:
    from paramiko import Message

    if not text.startswith(PRIVATE_HEADER):
        return None
    lines = [line for line in text.splitlines() if not line.startswith("-----")]
    message = Message(base64.b64decode("".join(lines))[len(PRIVATE_MAGIC) :])
    for _cipher_and_derivation in range(3):
        message.get_binary()
    message.get_int()
    return message.get_binary()


def _explain_refusal(login: Login, identities: Sequence[Identity], tried: int) -> HostUnreachable:
    """Which key was refused, or why none could be offered."""
    problems = [identity for identity in identities if identity.problem]
    if login.has_own_key and problems and not tried:
        problem = problems[0]
        hint = f"correct `key` of {login.name} in hosts.yaml"
        if "passphrase" in problem.problem or problem.path.suffix == ".pub":
            hint = (
                f"`ssh-add {problem.path.with_suffix('') if problem.path.suffix == '.pub' else problem.path}` "
                "gives it to the agent, whose SSH_AUTH_SOCK `kanban up` must see"
            )
        return _refusal(login, f"cannot be logged in to: the key {problem.path} {problem.problem}", hint)
    words = f"does not accept the login {login.user}"
    if not tried:
        words += ": there is no key to offer"
    if problems:
        words += "; " + ", ".join(f"the key {problem.path} {problem.problem}" for problem in problems)
    return _refusal(login, words)


def _refusal(login: Login, words: str, hint: str = "") -> HostUnreachable:
    default = f"check `user` and `key` of {login.name} in hosts.yaml and authorized_keys on the host"
    return HostUnreachable(words, f"{hint or default}, then: kanban host check {login.name}")
