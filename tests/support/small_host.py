"""A host as small as a router: dropbear without SFTP, and BusyBox for everything else, in a root folder of its own."""

import getpass
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanban.domain.host import Host
from tests.support.needs import need
from tests.support.sshd import accepts, free_port

# What OpenWrt's BusyBox has of what is used; in particular no setsid, timeout, stat or mktemp.
APPLETS = (
    "[ ash awk basename cat chmod cp cut date dd df dirname echo env false grep head id "
    "kill ln ls mkdir mv ps pwd readlink rm sed sh sleep sort tail test touch tr true uname wc"
)


class SmallHost:
    """`root` is its root folder, seen from outside."""

    def __init__(self, folder: Path, applets: str = APPLETS) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.port = free_port()
        self._make_root(applets)
        self._make_keys()
        self.host = Host(
            address="127.0.0.1",
            user=getpass.getuser(),
            port=self.port,
            key=str(folder / "user_key"),
            known_hosts=str(folder / "known_hosts"),
            config=False,  # whatever the person who runs the tests has in theirs
            connect_timeout=5,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 10
        while not accepts(self.port):
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.01)

    def stop(self) -> None:
        """End it with all that runs on it."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _make_root(self, applets: str) -> None:
        for name in ("bin", "etc", "tmp", "run", "home/.ssh"):
            (self.root / name).mkdir(parents=True)
        shutil.copy(_find("busybox"), self.root / "bin/busybox")
        for applet in applets.split():
            (self.root / "bin" / applet).symlink_to("busybox")
        user = f"{getpass.getuser()}:x:{os.getuid()}:{os.getgid()}::/home:/bin/ash\n"
        (self.root / "etc/passwd").write_text(user)
        (self.root / "etc/group").write_text(f"all:x:{os.getgid()}:\n")
        (self.root / "etc/shells").write_text("/bin/ash\n")

    def _make_keys(self) -> None:
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "user_key"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        shutil.copy(self.folder / "user_key.pub", self.root / "home/.ssh/authorized_keys")
        for path, mode in ((self.root / "home", 0o755), (self.root / "home/.ssh", 0o700)):
            path.chmod(mode)
        (self.root / "home/.ssh/authorized_keys").chmod(0o600)
        make = [_find("dropbearkey"), "-t", "ed25519", "-f", self.root / "etc/host_key"]
        told = subprocess.run(make, check=True, capture_output=True, text=True).stdout
        kind, key = next(line.split()[:2] for line in told.splitlines() if line.startswith("ssh-ed25519 "))
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")

    def _command(self) -> list[str]:
        binds = ["--bind", str(self.root), "/", "--ro-bind", _find("dropbear"), "/dropbear"]
        for library in _libraries(_find("busybox"), _find("dropbear")):
            binds += ["--ro-bind", library, library]
        walls = ["--unshare-pid", "--die-with-parent", "--proc", "/proc", "--dev", "/dev"]
        serve = ["/dropbear", "-F", "-E", "-r", "/etc/host_key", "-p", f"127.0.0.1:{self.port}", "-P", "/run/dropbear"]
        return ["bwrap", *binds, *walls, *serve]


def _find(tool: str) -> str:
    found = shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found
    return found


def _libraries(*programs: str) -> list[str]:
    """The libraries that programs need, with the loader."""
    told = subprocess.run(["ldd", *programs], check=True, capture_output=True, text=True).stdout
    words = {word for line in told.splitlines() for word in line.split() if word.startswith("/")}
    return sorted(word for word in words if not word.endswith(":"))


@pytest.fixture(scope="session")
def small_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallHost]:
    """A running host with dropbear and BusyBox."""
    need("dropbear", "busybox", "bwrap", "ssh-keygen")
    host = SmallHost(tmp_path_factory.mktemp("small_host"))
    host.start()
    yield host
    host.stop()
