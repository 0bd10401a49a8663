"""Keys in files and in the agent: the one that `key:` names is found wherever it is, and a refusal is final."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanban.domain.host import Host
from kanban.errors import HostUnreachable
from kanban.execution.ssh import SSHBackend
from tests.support.needs import need
from tests.support.sshd import SSHServer
from tests.support.waiting import wait_until

PASSPHRASE = "correct horse"


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The socket of an empty agent, which the program sees."""
    need("ssh-agent", "ssh-add")
    socket = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    assert wait_until(socket.exists, 30)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    monkeypatch.setenv("HOME", str(tmp_path))
    yield socket
    process.terminate()
    process.wait()


@pytest.fixture(params=["OpenSSH", "PEM"])
def locked(request: pytest.FixtureRequest, sshd: SSHServer, tmp_path: Path) -> Path:
    """The login key with a passphrase, in either format, its public key beside it."""
    path = tmp_path / "locked"
    shutil.copy(sshd.folder / "user_key", path)
    shutil.copy(sshd.folder / "user_key.pub", tmp_path / "locked.pub")
    if request.param == "PEM":
        make = ["ssh-keygen", "-q", "-t", "ecdsa", "-m", "PEM", "-N", PASSPHRASE, "-f", tmp_path / "pem"]
        subprocess.run(make, check=True)
        with (sshd.folder / "authorized_keys").open("a") as keys:
            keys.write((tmp_path / "pem.pub").read_text())
        return tmp_path / "pem"
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", PASSPHRASE, "-f", path], check=True, stdout=subprocess.DEVNULL)
    return path


def add(agent: Path, key: Path) -> None:
    """Give a key to the agent, with the passphrase."""
    asks = key.parent / "ask"
    asks.write_text(f"#!/bin/sh\necho '{PASSPHRASE}'\n")
    asks.chmod(0o700)
    environment = {**os.environ, "SSH_ASKPASS": str(asks), "SSH_ASKPASS_REQUIRE": "force", "SSH_AUTH_SOCK": str(agent)}
    subprocess.run(["ssh-add", "-q", key], check=True, env=environment, stdin=subprocess.DEVNULL)


def log_in(host: Host) -> bool:
    backend = SSHBackend("webb", host)
    try:
        return backend.run("true", timeout=60).exit_status == 0
    finally:
        backend.close()


def named(sshd: SSHServer, key: Path) -> Host:
    return sshd.host.model_copy(update={"key": str(key)})


def test_f50_a_key_with_a_passphrase_that_the_agent_holds_is_used(agent: Path, sshd: SSHServer, locked: Path) -> None:
    add(agent, locked)
    assert log_in(named(sshd, locked))


def test_the_agent_is_asked_for_exactly_that_key(agent: Path, sshd: SSHServer, locked: Path, tmp_path: Path) -> None:
    for number in range(8):  # more than a server lets anybody try
        key = tmp_path / f"other{number}"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        add(agent, key)
    add(agent, locked)
    assert log_in(named(sshd, locked))
    (tmp_path / "locked_only.pub").write_text(locked.with_name(f"{locked.name}.pub").read_text())
    assert log_in(named(sshd, tmp_path / "locked_only.pub"))  # the public half names it too
    with pytest.raises(HostUnreachable, match=r"hung up after \d keys") as caught:
        log_in(Host(**sshd.host.model_dump(exclude={"key"})))
    assert "IdentitiesOnly" in caught.value.hint


@pytest.mark.usefixtures("agent")
def test_f50_a_key_with_a_passphrase_in_no_agent_gets_its_own_words(sshd: SSHServer, locked: Path) -> None:
    with pytest.raises(HostUnreachable, match=f"the key {locked} has a passphrase, and no agent holds it") as caught:
        log_in(named(sshd, locked))
    assert f"ssh-add {locked}" in caught.value.hint


def test_the_config_names_key_and_agent(
    agent: Path, sshd: SSHServer, locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(agent, locked)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "no agent"))
    (tmp_path / ".ssh").mkdir()
    config = f"Host webb\n  IdentityFile {locked}\n  IdentitiesOnly yes\n"
    (tmp_path / ".ssh" / "config").write_text(f"{config}  IdentityAgent {agent}\n")
    assert log_in(Host(**sshd.host.model_dump(exclude={"key", "config"})))
    (tmp_path / ".ssh" / "config").write_text(f"{config}  IdentityAgent none\n")
    with pytest.raises(HostUnreachable, match=r"no key to offer; the key .* has a passphrase"):
        log_in(Host(**sshd.host.model_dump(exclude={"key", "config"})))


@pytest.mark.usefixtures("agent")
def test_a_refusal_is_final(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    server = SSHServer(tmp_path_factory.mktemp("refusing"))  # whose log tells of these logins only
    server.start()
    try:
        with pytest.raises(HostUnreachable, match="does not accept the login"):
            log_in(named(server, tmp_path / "other"))
        with pytest.raises(HostUnreachable):
            log_in(named(server, tmp_path / "missing"))
        assert server.log().count("Connection closed by authenticating user") <= 2
    finally:
        server.stop()


def test_a_crowded_server_is_waited_for(tmp_path_factory: pytest.TempPathFactory, sshd: SSHServer) -> None:
    server = SSHServer(tmp_path_factory.mktemp("crowded"))
    config = (server.folder / "sshd_config").read_text().replace("MaxStartups 100", "MaxStartups 1:100:1")
    (server.folder / "sshd_config").write_text(f"{config}LoginGraceTime 1\n")
    server.start()
    try:
        with server.hold_line():  # a login under way, which the server ends after a second
            assert log_in(server.host)
        assert "drop connection" in server.log() or "exceeded MaxStartups" in server.log()
    finally:
        server.stop()
