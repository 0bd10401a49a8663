"""A real sshd on the loopback, with keys of its own, for tests that work on a host."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from kanban.domain.host import Host
from tests.support.needs import need

SSHD = "/usr/sbin/sshd"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether a server listens on the loopback at `port`."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class SSHServer:
    """`host` is ready to be used; `root` is an empty folder on that host, which is this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.root = folder / "root"
        self.root.mkdir()
        self.known_hosts = folder / "known_hosts"
        self._make_key("user_key")
        shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
        self._make_key("host_key")
        self.trust_host_key()
        self._write_config()
        self.host = Host(
            address="127.0.0.1",
            user=getpass.getuser(),
            port=self.port,
            key=str(folder / "user_key"),
            known_hosts=str(self.known_hosts),
            config=False,  # whatever the person who runs the tests has in theirs
            connect_timeout=5,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [SSHD, "-D", "-f", self.folder / "sshd_config", "-E", self.folder / "sshd.log"], start_new_session=True
        )
        deadline = time.monotonic() + 10
        while not accepts(self.port):
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.01)

    def stop(self) -> None:
        """End the server and cut its connections; what clients started there is left to itself."""
        if self._process:
            self.cut_connections()
            self._process.kill()
            self._process.wait()

    def restart(self, *, new_host_key: bool = False) -> None:
        """Stop and start again; with a new host key the server is a stranger to `known_hosts`."""
        self.stop()
        if new_host_key:
            self._make_key("host_key")
        self.start()

    def add_login(self, command: str) -> Host:
        """Another key for the same user, whose every command and subsystem is given to `command` instead."""
        name = f"key_{len(list(self.folder.glob('key_*.pub')))}"
        self._make_key(name)
        quoted = command.replace("\\", "\\\\").replace('"', '\\"')
        with (self.folder / "authorized_keys").open("a") as keys:
            keys.write(f'command="{quoted}" {(self.folder / f"{name}.pub").read_text()}')
        return self.host.model_copy(update={"key": str(self.folder / name)})

    def trust_host_key(self) -> None:
        """Write the present host key into `known_hosts`, in place of any other."""
        kind, key, _ = (self.folder / "host_key.pub").read_text().split()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")

    def log(self) -> str:
        """What the server wrote down."""
        return (self.folder / "sshd.log").read_text()

    @contextmanager
    def hold_line(self) -> Iterator[None]:
        """Have a connection open that never logs in."""
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.recv(100)
            yield

    def cut_connections(self) -> None:
        """Kill the processes that serve the open connections."""
        assert self._process
        for process in psutil.Process(self._process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if process.name().startswith("sshd"):
                    process.kill()

    def _make_key(self, name: str) -> None:
        path = self.folder / name
        path.unlink(missing_ok=True)
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def _write_config(self) -> None:
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.folder / 'host_key'}",
            f"PidFile {self.folder / 'sshd.pid'}",
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'}",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "UsePAM no",
            "StrictModes no",
            "MaxStartups 100",
            "Subsystem sftp internal-sftp",
            "SetEnv SHLVL=2",  # an inner shell: bash leaves the .bashrc of whoever runs the tests alone
        ]
        (self.folder / "sshd_config").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SSHServer]:
    """A running sshd with the login key of the person who runs the tests."""
    need(SSHD, "ssh-keygen")
    server = SSHServer(tmp_path_factory.mktemp("sshd"))
    server.start()
    yield server
    server.stop()
