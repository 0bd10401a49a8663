"""The person's own SSH set-up: ~/.ssh/config beneath hosts.yaml, jump hosts, and commands that connect."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanban.domain.host import Host, Hosts
from kanban.errors import ExecutionError, HostKeyMismatch, HostUnreachable
from kanban.execution.ssh import SSHBackend
from kanban.execution.ssh.login import CONFIG, DEFAULT, HOSTS, find_login
from tests.support.proxies import write_proxy
from tests.support.sshd import SSHServer, free_port


@pytest.fixture
def ssh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ~/.ssh of the person whose tests these are."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir()
    return tmp_path / ".ssh"


@pytest.fixture(scope="module")
def bastion(tmp_path_factory: pytest.TempPathFactory, sshd: SSHServer) -> Iterator[SSHServer]:
    server = SSHServer(tmp_path_factory.mktemp("bastion"))
    server.start()
    yield server
    server.stop()


def block(name: str, server: SSHServer, *more: str) -> str:
    """What the person would write to have `ssh name` work."""
    lines = [
        f"Host {name}",
        "HostName 127.0.0.1",
        f"Port {server.port}",
        f"User {server.host.user}",
        f"IdentityFile {server.host.key}",
        f"UserKnownHostsFile {server.known_hosts}",
        *more,
    ]
    return "\n  ".join(lines) + "\n"


def client_port(host: Host | None = None, name: str = "webb") -> str:
    """Log in and say from which address and port the host sees us coming."""
    backend = SSHBackend(name, host or Host())
    try:
        return backend.run("echo $SSH_CONNECTION", timeout=60).output
    finally:
        backend.close()


def test_f51_what_the_config_says_of_a_name_is_enough(ssh_folder: Path, sshd: SSHServer) -> None:
    (ssh_folder / "config").write_text(block("webb", sshd))
    assert client_port().endswith(f"127.0.0.1 {sshd.port}\n")


def test_hosts_yaml_lies_above_and_each_setting_says_where_it_comes_from(ssh_folder: Path) -> None:
    (ssh_folder / "config").write_text(
        "Host webb\n  HostName 10.0.0.9\n  Port 2222\n  User deploy\n  IdentityFile ~/.ssh/%h_key\n"
        "  ServerAliveInterval 7\nHost *\n  User nobody\n  IdentitiesOnly yes\n"
    )
    login = find_login("webb", Host(port=22, user="me"))
    assert (login.user, login.where, login.only_these_keys) == ("me", "10.0.0.9:22", True)
    assert login.keys == (ssh_folder / "10.0.0.9_key",)
    assert login.keepalive == (7, 3)
    assert {login.origins[field] for field in ("user", "port")} == {HOSTS}
    assert {login.origins[field] for field in ("address", "key")} == {CONFIG}
    assert login.origins["known_hosts"] == login.origins["jump"] == DEFAULT


def test_without_a_config_and_with_config_false_hosts_yaml_stands_alone(ssh_folder: Path) -> None:
    assert find_login("webb", Host()).where == "webb:22"
    (ssh_folder / "config").write_text("Host *\n  Port 2222\n  ProxyCommand false\n")
    login = find_login("webb", Host(address="webb.lan", config=False))
    assert (login.where, login.user, login.proxy_command) == ("webb.lan:22", "root", None)


def test_what_stands_for_the_address_lies_beneath_what_stands_for_the_name(ssh_folder: Path) -> None:
    (ssh_folder / "config").write_text("Host box\n  HostName 10.0.0.9\n  Port 2222\n  User a\nHost webb\n  User b\n")
    login = find_login("webb", Host(address="box"))
    assert (login.where, login.user) == ("10.0.0.9:2222", "b")


def test_included_files_hold_where_they_are_included(ssh_folder: Path) -> None:
    (ssh_folder / "config.d").mkdir()
    (ssh_folder / "config.d" / "a").write_text("Host webb\n  Port 2222\nHost other\n  Port 1\n")
    (ssh_folder / "only_webb").write_text("User deploy\nHost other\n  User nobody\n")
    (ssh_folder / "config").write_text(
        "Include config.d/*\nHost webb\n  Include ~/.ssh/only_webb\n  HostName 10.0.0.9\nMatch final all\n  User me\n"
    )
    webb, other = find_login("webb", Host()), find_login("other", Host())
    assert (webb.user, webb.where) == ("deploy", "10.0.0.9:2222")
    assert (other.user, other.where) == ("me", "other:1")


def test_a_command_may_decide_what_holds(ssh_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (ssh_folder / "config").write_text('Match exec "test %n = webb"\n  Port 2222\nMatch exec false\n  User nobody\n')
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)  # as in a run: the command would read what is typed here
        webb, other = find_login("webb", Host()), find_login("other", Host())
    assert (webb.where, webb.user, other.where) == ("webb:2222", "root", "other:22")


@pytest.mark.parametrize("text", ["Host webb\n  Port ssh\n", "ProxyCommand\n", "Include config\n", "\xff\n"])
def test_a_config_that_cannot_be_used_is_an_error_with_a_remedy(ssh_folder: Path, text: str) -> None:
    (ssh_folder / "config").write_bytes(text.encode("latin-1"))
    with pytest.raises(ExecutionError, match="webb") as caught:
        find_login("webb", Host())
    assert "~/.ssh/config" in caught.value.hint or "config: false" in caught.value.hint


def test_f51_a_jump_host_of_the_config_is_gone_through(ssh_folder: Path, sshd: SSHServer, bastion: SSHServer) -> None:
    logins = bastion.log().count("Accepted publickey")
    way = f"ProxyJump {bastion.host.user}@bastion"
    (ssh_folder / "config").write_text(block("bastion", bastion) + block("webb", sshd, way))
    assert client_port().endswith(f"127.0.0.1 {sshd.port}\n")
    assert bastion.log().count("Accepted publickey") == logins + 1
    assert find_login("webb", Host(jump="none")).via == ()


def test_several_jump_hosts_of_hosts_yaml_are_gone_through_in_their_order(
    ssh_folder: Path, sshd: SSHServer, bastion: SSHServer
) -> None:
    hosts = Hosts.model_validate(
        {
            "hosts": {
                "first": bastion.host,
                "second": sshd.host,
                "webb": {**sshd.host.model_dump(), "jump": "first,second"},
            }
        }
    ).hosts
    login = find_login("webb", hosts["webb"])
    assert [hop.name for hop in login.via] == ["first", "second"]
    assert login.origins["jump"] == HOSTS
    assert client_port(hosts["webb"])


def test_the_key_of_a_jump_host_is_verified_too(
    ssh_folder: Path, sshd: SSHServer, bastion: SSHServer, tmp_path: Path
) -> None:
    stranger = bastion.host.model_copy(update={"known_hosts": str(tmp_path / "empty")})
    hosts = Hosts(hosts={"bastion": stranger, "webb": sshd.host.model_copy(update={"jump": "bastion"})}).hosts
    with pytest.raises(HostKeyMismatch, match=r"jump host bastion .* of host webb is not in") as caught:
        client_port(hosts["webb"])
    assert f"ssh-keyscan -p {bastion.port}" in caught.value.hint


def test_what_a_jump_host_cannot_reach_is_told_and_not_tried_again(
    ssh_folder: Path, sshd: SSHServer, bastion: SSHServer
) -> None:
    gone = sshd.host.model_copy(update={"port": free_port(), "jump": "bastion"})
    hosts = Hosts(hosts={"bastion": bastion.host, "webb": gone}).hosts
    with pytest.raises(HostUnreachable, match=r"webb .* cannot be reached from the jump host before it"):
        client_port(hosts["webb"])


@pytest.mark.parametrize("jump", ["webb", "bastion"])
def test_jump_hosts_in_a_circle_are_an_error(ssh_folder: Path, jump: str) -> None:
    hosts = Hosts(hosts={"webb": Host(jump=jump), "bastion": Host(jump="webb")}).hosts
    with pytest.raises(ExecutionError, match="in a circle: webb -> "):
        find_login("webb", hosts["webb"])


def test_a_word_that_is_no_jump_host_is_an_error(ssh_folder: Path) -> None:
    with pytest.raises(ExecutionError, match="is no jump host for webb"):
        find_login("webb", Host(jump="a b:x"))


def test_f51_a_command_that_connects_is_used(ssh_folder: Path, sshd: SSHServer, tmp_path: Path) -> None:
    (ssh_folder / "config").write_text(block("webb", sshd, f"ProxyCommand {write_proxy(tmp_path)}"))
    assert client_port().endswith(f"127.0.0.1 {sshd.port}\n")


def test_a_command_that_does_not_connect_is_told_with_its_words(ssh_folder: Path, sshd: SSHServer) -> None:
    (ssh_folder / "config").write_text(block("webb", sshd, "ProxyCommand sh -c 'echo no route >&2; exit 1'"))
    with pytest.raises(HostUnreachable, match="through its ProxyCommand: no route") as caught:
        client_port(Host(connect_timeout=2))
    assert "by hand" in caught.value.hint
