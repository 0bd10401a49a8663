"""llama.cpp's server as Debian builds it, unpacked beside the machine's own system and run from there."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import httpx

from tests.real.failing import give_up, require_program
from tests.support.sshd import free_port

SUITE = "sid"
PACKAGE = "llama.cpp-tools"
PATIENCE = 180  # seconds until the weights are read; a busy machine takes a minute
WINDOW = 16_384  # tokens
BATCH = 512  # tokens; only between two batches does the server see that nobody waits for its answer any more


def unpack_llama(cache: Path) -> Path:
    """The root folder in which the server lives, unpacked from Debian's packages if it is not there yet."""
    root = cache / f"debian-{SUITE}-llama.cpp"
    if not root.exists():
        fresh = root.with_suffix(f".{os.getpid()}")
        _unpack(fresh, cache)
        fresh.rename(root)
    return root


def _unpack(target: Path, cache: Path) -> None:
    """Unpack only: no script of a package is run, and nothing of this machine's own packages changes."""
    options = cache / "apt.conf"
    options.write_text(_read_apt_options())
    command = [require_program("mmdebstrap", "mmdebstrap"), "--variant=extract", f"--include={PACKAGE}"]
    command += [f"--aptopt={options}", "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"]
    done = subprocess.run([*command, SUITE, target], capture_output=True, text=True)
    if done.returncode != 0:
        give_up(f"mmdebstrap failed: {done.stderr[-2_000:]}", "look at the mirror that apt uses")


def _read_apt_options() -> str:
    """What this machine's apt is told of proxies, certificates and clocks."""
    shown = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    kept = ("Acquire::http", "Acquire::https", "Acquire::Check", "Acquire::Retries")
    return "".join(f"{line}\n" for line in shown.splitlines() if line.startswith(kept))


class LlamaServer:
    """A model behind the OpenAI protocol, on a port of its own that stays the same when it is started again."""

    def __init__(self, root: Path, weights: Path, log: Path) -> None:
        if os.geteuid() != 0:
            give_up("only root may change the root folder of a process", "run these tests as root, in a container")
        self.log = log
        self.port = free_port()
        self._root = root
        self._weights = _link_into(root, weights)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Start it and wait until it answers. It dies with the tests, however they end."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "nice", "-n", "10", "chroot", self._root, *self._command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": "/usr/bin:/usr/sbin:/bin:/sbin", "OMP_WAIT_POLICY": "passive"},
                start_new_session=True,
            )
        self._wait_until_healthy()

    def kill(self) -> None:
        """SIGKILL, as when the machine runs out of memory."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def is_busy(self) -> bool:
        """Whether it is working on a reply."""
        slots = httpx.get(f"http://127.0.0.1:{self.port}/slots", timeout=60).raise_for_status().json()
        return any(slot["is_processing"] for slot in slots)

    def _command(self) -> list[str]:
        options = {"threads": 2, "ctx-size": WINDOW, "parallel": 1, "batch-size": BATCH}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--no-ui", "--offline"]
        return ["/usr/bin/llama-server", "--jinja", "--model", self._weights, *where, *words]

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._is_healthy():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                give_up("llama-server did not start", self.log.read_text(errors="replace")[-2_000:])
            time.sleep(0.2)

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=60).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


def _link_into(root: Path, weights: Path) -> str:
    """The path of the weights as the server sees it."""
    inside = root / "models" / weights.name
    inside.parent.mkdir(exist_ok=True)
    if not inside.exists():
        inside.hardlink_to(weights)
    return f"/models/{weights.name}"
