"""Where the processes of runs live: they are started, looked at and ended here and nowhere else."""

import socket
from pathlib import Path
from typing import Protocol

from kanban.execution.processes import end_marked_processes, end_process_tree, is_alive
from kanban.files.settings import TOKEN_VARIABLE, run_token
from kanban.store.due import LiveRun


class Launcher(Protocol):
    """Has runs carried out by processes of their own."""

    def start(self) -> None:
        """Be ready to launch, which may take seconds. Raises CannotStart when runs cannot be started."""
        ...

    def launch(self, run_id: int) -> None:
        """Have the run carried out by a process that outlives this one. Raises CannotStart."""
        ...

    def is_alive(self, run: LiveRun) -> bool | None:
        """Whether the run's process is there; None where it has none yet or cannot be seen from here."""
        ...

    def stop(self, run: LiveRun) -> None:
        """End all processes of a run, also those that left its process tree; nothing where they cannot be reached."""
        ...

    def probe(self, profile: str, model: str) -> None:
        """Have a process of its own try a paused model of a profile, and lift the pause if it answers."""
        ...


class LocalProcesses:
    """The processes of this machine's runs, of one home: the half of a launcher that looks and ends."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def is_alive(self, run: LiveRun) -> bool | None:
        """Whether the run's process is there; None for one without a process, or of another machine."""
        if not self.is_here(run) or run.pid is None:
            return None
        return is_alive(run.pid, run.pid_started)

    def is_here(self, run: LiveRun) -> bool:
        """Whether the run is this machine's, or has no process yet."""
        return run.hostname in (None, socket.gethostname())

    def stop(self, run: LiveRun) -> None:
        """End all processes of a run; nothing for one without a process, or of another machine."""
        if not self.is_here(run) or run.pid is None:
            return
        end_process_tree(run.pid, run.pid_started)
        end_marked_processes(TOKEN_VARIABLE, run_token(self._home, run.id))
