"""Where a run works: its workspace on this machine and the hosts it may reach, opened when first used."""

import re
import shutil
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from kanban.domain.brief import LOCAL
from kanban.domain.host import Hosts
from kanban.domain.profile import Profile
from kanban.errors import HomeError, InvalidInput, did_you_mean
from kanban.execution.base import Backend, CommandResult
from kanban.execution.cell import Cell, choose_cell
from kanban.execution.cleanroom import clean_room_environment, judge_command, judge_command_on_host
from kanban.execution.hearing import Hearing
from kanban.execution.local import LocalBackend
from kanban.files.settings import Settings

KEPT = ".kanban/results"  # in the workspace: results of tools that no longer fit a request
CHECKS_TMP = "checks"  # in the folder of a run: the /tmp of a check, made anew for each
OUTPUTS = "output"  # the folder of a run that keeps what commands printed
NOTES_ROOM = 320  # characters of what is shown that say whose it is, how a command ended and what is left out
LEAST_SHOWN = 400
MARKER = ".kanban-workspace"  # only folders that hold it were made by this program


class Workshop:
    """The backends of one run.

    `on_progress` is called while a command prints. Settings and profile say what is round commands on this machine.
    """

    def __init__(
        self,
        home: Path,
        run_folder: Path,
        workspace: Path,
        hosts: Hosts,
        environment: Mapping[str, str],
        on_progress: Callable[[], None],
        settings: Settings,
        profile: Profile,
    ) -> None:
        self.workspace = workspace
        self._settings = settings
        self._profile = profile
        self._home = home
        self._run_folder = run_folder
        self._hosts = hosts
        self._environment = environment
        self._on_progress = on_progress
        self._opened: dict[str, Backend] = {}
        self._to_close: list[Callable[[], None]] = []
        self._outputs = 0

    @cached_property
    def cell(self) -> Cell:
        """What commands on this machine run in; found out when it is first asked for."""
        return choose_cell(self._settings.has_sandbox).cell

    def backend(self, host: str) -> Backend:
        """The backend of a host. Raises InvalidInput for a host that `hosts.yaml` does not name."""
        if host not in self._opened:
            self._opened[host] = self._open(host)
        return self._opened[host]

    def run(self, host: str, command: str, timeout: float) -> CommandResult:
        """Run a command where it belongs; what does not fit in the answer is kept in a file of the run."""
        return self._run(self.backend(host), command, timeout)

    def judge(self, host: str, check: str, timeout: float) -> CommandResult:
        """Execute a check where it belongs, in the clean room: by its exit status alone a criterion holds or not."""
        if host != LOCAL:
            return self._run(self.backend(host), judge_command_on_host(check), timeout)
        shutil.rmtree(self._run_folder / CHECKS_TMP, ignore_errors=True)
        return self._run(self._clean_room, judge_command(check), timeout)

    def _run(self, backend: Backend, command: str, timeout: float) -> CommandResult:
        self._outputs += 1
        full_output = self._run_folder / OUTPUTS / f"{self._outputs}.txt"
        limit = self._settings.output_limit_chars - NOTES_ROOM - len(str(full_output))
        return backend.run(
            command,
            timeout=timeout,
            full_output=full_output,
            on_output=Hearing(self._on_progress, self._settings.chatter_seconds).feed,
            limit=max(limit, LEAST_SHOWN),
        )

    def keep_text(self, name: str, text: str) -> str:
        """Keep a text in the workspace for the run to read again; its path there. Written once by its name."""
        path = f"{KEPT}/{re.sub(r'[^A-Za-z0-9_-]', '_', name)[:80]}.txt"
        if not (self.workspace / path).exists():
            self.backend(LOCAL).write_bytes(path, text.encode())
        return path

    def keep_reply(self, body: str) -> str:
        """Keep a reply that could not be used in the run's folder; its path."""
        folder = self._run_folder / "replies"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / f"{len(list(folder.iterdir())) + 1}.txt"
            file.write_text(body, encoding="utf-8", errors="replace")
        except OSError as error:
            raise HomeError(f"{folder}: {error.strerror}", "make the home writable and check the disk") from error
        return str(file)

    def close_later(self, close: Callable[[], None]) -> None:
        """Have `close` called when this is closed."""
        self._to_close.append(close)

    def close(self) -> None:
        """Close every backend, and what else was to be closed; files stay."""
        for close in (*(backend.close for backend in self._opened.values()), *self._to_close):
            close()
        self._opened.clear()
        self._to_close.clear()

    def _open(self, host: str) -> Backend:
        if host == LOCAL:
            return self._open_local(self._environment, "tmp")
        if host not in self._hosts.hosts:
            raise InvalidInput(f"hosts.yaml names no host {host!r}", did_you_mean(host, self._hosts.names()))
        from kanban.execution.ssh import SSHBackend  # paramiko costs a tenth of a second

        return SSHBackend(host, self._hosts.hosts[host])

    @cached_property
    def _clean_room(self) -> Backend:
        environment = clean_room_environment(self._environment, [self.workspace, *self._hosts.local_paths()])
        room = self._open_local(environment, CHECKS_TMP, read_only=True)
        self.close_later(room.close)
        return room

    def _open_local(self, environment: Mapping[str, str], tmp: str, read_only: bool = False) -> Backend:
        return LocalBackend(
            self.workspace,
            self._hosts.local_paths(),
            environment,
            readable=self._settings.sandbox_folders,
            hidden=[self._home],
            outputs=[folder / OUTPUTS for folder in (self._run_folder, self.workspace.parent)],  # to be read on
            cell=self.cell,
            tmp=self._run_folder / tmp,
            network=self._profile.network,
            limits=self._profile.limits,
            read_only=read_only,
        )


def make_workspace(folder: Path) -> Path:
    """Make a run's workspace, marked as ours. Raises HomeError when the home cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKER).touch()
    except OSError as error:
        raise HomeError(f"{folder}: {error.strerror}", "make the home writable and check the disk") from error
    return folder
