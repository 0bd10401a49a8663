"""The program as people run it: the daemon as a process, commands as processes, and waiting for what they do."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TypeVar

from kanban.app import App
from kanban.store.queries import TicketFilter

T = TypeVar("T")

_numbers = count(1)

SHOWN_OF_A_LOG = 3_000  # characters
PATIENCE = 90  # seconds; a loaded machine takes many to load the model library


def command_line(home: App, *words: str) -> list[str]:
    return [sys.executable, "-m", "kanban", "--home", str(home.home.path), *words]


def outside_environment(**more: str) -> dict[str, str]:
    """The environment of a person's terminal: no mark of a run, no home but the one that is named."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KANBAN_")}
    return {**kept, **more}


def kanban(home: App, *words: str, input: str = "", seconds: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as a person would outside of a terminal."""
    return subprocess.run(
        command_line(home, *words),
        input=input,
        capture_output=True,
        text=True,
        timeout=seconds,
        env=outside_environment(),
    )


class Daemon:
    """A `kanban up` process, with a log of its own."""

    def __init__(self, home: App, *words: str) -> None:
        self.log = home.home.logs / f"daemon.{next(_numbers)}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command_line(home, "up", *words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=outside_environment(),
                start_new_session=True,
            )

    def stop(self, number: int = signal.SIGTERM, seconds: float = PATIENCE) -> int:
        """End it by a signal and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def has_said(self, words: str) -> bool:
        return words in self.log.read_text()

    @property
    def runs(self) -> bool:
        return self.process.poll() is None


class Terminal:
    """A command at a terminal of its own, typed at as a person does."""

    def __init__(self, home: App, *words: str, term: str = "dumb") -> None:
        command = command_line(home, *words)
        environment = outside_environment(TERM=term, PROMPT_TOOLKIT_NO_CPR="1")  # nobody answers where its cursor is
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, environment)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def read_until(self, text: str, seconds: float = PATIENCE) -> None:
        """Read what is shown until `text` is in what was not read before."""
        deadline, start = time.monotonic() + seconds, len(self.shown)
        screen = select.poll()  # unlike select, it takes any number of a file
        screen.register(self._screen, select.POLLIN)
        while text not in self.shown[start:]:
            left = deadline - time.monotonic()
            readable = screen.poll(max(0, left) * 1000)
            assert readable, f"{text!r} was not shown within {seconds:g} s, but: {self.shown}"
            self.shown += os.read(self._screen, 65_536).decode(errors="replace")

    def end(self) -> int:
        """Wait until the command has ended, and return its exit status."""
        with suppress(OSError):  # a terminal that nobody holds any more cannot be read
            while piece := os.read(self._screen, 65_536):
                self.shown += piece.decode(errors="replace")
        os.close(self._screen)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def daemon(home: App, *words: str) -> Iterator[Daemon]:
    """A daemon while the test runs; what it has started is ended with it."""
    started = Daemon(home, *words)
    try:
        yield started
    finally:
        if started.runs:
            started.stop(signal.SIGKILL)
        end_runs(home)


def end_runs(home: App) -> None:
    """Kill the processes of the runs that are still live, so that no test leaves any behind."""
    for run in home.store.due.live_runs():
        home.launcher.stop(run)


def wait_for(home: App, condition: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What `condition` gives once it holds; when it does not in time, the failure shows the board and the logs."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited for {seconds:g} s in vain\n{describe(home)}"
        time.sleep(0.03)
    return found


def wait_for_status(home: App, ticket_id: int, *statuses: str, seconds: float = PATIENCE) -> str:
    """Wait until a ticket has one of these statuses, and return it."""
    return wait_for(
        home, lambda: next((s for s in statuses if s == home.store.queries.get_ticket(ticket_id).status), ""), seconds
    )


def describe(home: App) -> str:
    """The board and the logs, for the message of a failed test."""
    lines = [
        f"#{ticket.id} {ticket.status} {ticket.block_reason or ''} {ticket.title}: {ticket.explanation}"
        for ticket in home.store.queries.list_tickets(TicketFilter(everything=True))
    ]
    for file in [*home.home.logs.glob("*"), *sorted(home.home.runs.glob("*/log"))]:
        lines.append(f"--- {file.relative_to(home.home.path)}\n{_end_of(file)}")
    return "\n".join(lines)


def _end_of(file: Path) -> str:
    return file.read_text(errors="replace")[-SHOWN_OF_A_LOG:]
