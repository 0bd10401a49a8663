"""The person's known_hosts, line by line: what it says of a host holds, whatever stands there of others."""

import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paramiko import HostKeys, PKey

from kanban.domain.host import Host
from kanban.errors import HostKeyMismatch
from kanban.execution.ssh import SSHBackend
from kanban.execution.ssh.known_hosts import Judgement, KnownHosts, Trust
from tests.support.sshd import SSHServer

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIO0FJ6aCzxq1VPe8DZ4yYvBaFHJtv2E5Bse2Xc3yJ6Jv"  # of nobody


@pytest.fixture
def known(sshd: SSHServer, tmp_path: Path) -> Callable[[str], Host]:
    """Makes a login whose known_hosts is a text; {name} and {key} in it are the host's."""

    def known(text: str) -> Host:
        key = " ".join((sshd.folder / "host_key.pub").read_text().split()[:2])
        (tmp_path / "known_hosts").write_text(text.format(name=f"[127.0.0.1]:{sshd.port}", key=key))
        return sshd.host.model_copy(update={"known_hosts": str(tmp_path / "known_hosts")})

    return known


def log_in(host: Host) -> bool:
    backend = SSHBackend("webb", host)
    try:
        return backend.run("true", timeout=60).exit_status == 0
    finally:
        backend.close()


def judge(host: Host) -> Judgement:
    """What the file says of the key that the host shows."""
    assert host.known_hosts and host.key
    public = (Path(host.key).parent / "host_key.pub").read_text().split()
    key = PKey.from_type_string(public[0], b64decode(public[1]))
    return KnownHosts.read([Path(host.known_hosts)]).judge("127.0.0.1", host.port, key)


@pytest.mark.parametrize(
    "text",
    [
        "{name} {key}",
        "other,{name}\t{key}  a comment",
        "127.0.0.1 {key}",  # without the port, as ssh takes it too
        "[127.0.0.*]:* {key}",
        f"{{name}} ssh-ed25519 {KEY}\n{{name}} {{key}}",  # either of two keys
        "nas ssh-ed25519 AAAAbroken===\nnas\n@what is this\n\x00\n{name} {key}",
        "@revoked nas {key}\n{name} {key}",
        f"@cert-authority *.lan ssh-ed25519 {KEY}\n{{name}} {{key}}",
        f"@cert-authority * ssh-ed25519 {KEY}\n{{name}} {{key}}",
        "|1|broken|hash= {key}\n{name} {key}",
    ],
)
def test_f49_a_host_is_known_whatever_stands_there_of_others(known: Callable[[str], Host], text: str) -> None:
    assert judge(known(text)).trust is Trust.KNOWN


def test_f49_a_login_works_beside_lines_that_are_broken_or_of_others(
    known: Callable[[str], Host], sshd: SSHServer
) -> None:
    hashed = HostKeys.hash_host(f"[127.0.0.1]:{sshd.port}")
    others = f"@cert-authority * ssh-ed25519 {KEY}\nnas ssh-rsa AAAA\n\xff\n@revoked * ssh-ed25519 {KEY}\n"
    assert log_in(known(f"{others}{hashed} {{key}}"))


@pytest.mark.parametrize(
    ("text", "trust", "detail"),
    [
        ("@revoked * {key}\n{name} {key}", Trust.REVOKED, "known_hosts:1"),
        ("{name} {key}\n@revoked {name} {key}", Trust.REVOKED, "known_hosts:2"),
        (f"{{name}} ssh-ed25519 {KEY}", Trust.CHANGED, "known_hosts:1"),
        ("[127.0.0.1]:1 {key}\nnas {key}", Trust.UNKNOWN, ""),
        ("!{name},!127.0.0.1,* {key}", Trust.UNKNOWN, ""),
        ("{name} ssh-ed25519 AAAAbroken===", Trust.UNKNOWN, "known_hosts:1 names it but holds no key"),
        (f"@cert-authority * ssh-ed25519 {KEY}", Trust.UNKNOWN, ":1 names an authority for it, but it shows no cert"),
    ],
)
def test_a_host_that_is_not_vouched_for_is_told_why(
    known: Callable[[str], Host], text: str, trust: Trust, detail: str
) -> None:
    judgement = judge(known(text))
    assert judgement.trust is trust and detail in judgement.detail


def test_a_revoked_key_is_refused(known: Callable[[str], Host]) -> None:
    with pytest.raises(HostKeyMismatch, match=r"host webb .* has a key that is revoked in .*known_hosts:2") as caught:
        log_in(known("{name} {key}\n@revoked {name} {key}"))
    assert "kanban host check webb" in caught.value.hint


def test_a_file_that_is_there_and_cannot_be_read_is_an_error(sshd: SSHServer, tmp_path: Path) -> None:
    with pytest.raises(HostKeyMismatch, match="cannot be read: Is a directory"):
        log_in(sshd.host.model_copy(update={"known_hosts": str(tmp_path)}))


# certificates


class Authority:
    """Signs the key of a host."""

    def __init__(self, folder: Path) -> None:
        self.key = folder / "authority"
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key]
        subprocess.run(make, check=True)

    @property
    def line(self) -> str:
        return f"@cert-authority * {self.key.with_suffix('.pub').read_text()}"

    def sign(self, server: SSHServer, *options: str) -> None:
        sign = ["ssh-keygen", "-q", "-s", self.key, "-I", "test", *options, server.folder / "host_key.pub"]
        subprocess.run(sign, check=True)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory, sshd: SSHServer) -> Iterator[SSHServer]:
    """An sshd that shows the certificate in `host_key-cert.pub`."""
    server = SSHServer(tmp_path_factory.mktemp("certified"))
    with (server.folder / "sshd_config").open("a") as config:
        config.write(f"HostCertificate {server.folder / 'host_key-cert.pub'}\n")
    Authority(server.folder).sign(server, "-h", "-n", "127.0.0.1")
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("-h", "-n", "127.0.0.1,webb"), ""),
        (("-h", "-n", "webb"), "is not for 127.0.0.1"),
        (("-h",), "is not for 127.0.0.1"),
        (("-h", "-n", "127.0.0.1", "-V", "20200101:20200102"), "is not valid at this time"),
    ],
)
def test_f49_a_certificate_is_verified(
    certified: SSHServer, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    authority = Authority(tmp_path)
    authority.sign(certified, *options)
    certified.restart()
    host = login_by(authority.line, certified, tmp_path)
    if not told:
        assert log_in(host)
        return
    with pytest.raises(HostKeyMismatch, match=f"cannot be verified: its certificate, by the authority of .*:1, {told}"):
        log_in(host)


def test_a_certificate_of_another_authority_or_of_a_revoked_one_is_refused(
    certified: SSHServer, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    authority, other = Authority(tmp_path), Authority(tmp_path / "other")
    authority.sign(certified, "-h", "-n", "127.0.0.1")
    certified.restart()
    with pytest.raises(HostKeyMismatch, match=r"another authority signed its certificate than .*known_hosts:1 names"):
        log_in(login_by(other.line, certified, tmp_path))
    revoked = authority.line + authority.line.replace("@cert-authority", "@revoked")
    with pytest.raises(HostKeyMismatch, match=r"revoked in .*known_hosts:2"):
        log_in(login_by(revoked, certified, tmp_path))


def login_by(text: str, server: SSHServer, folder: Path) -> Host:
    (folder / "known_hosts").write_text(text)
    return server.host.model_copy(update={"known_hosts": str(folder / "known_hosts")})
