"""`kanban service`: the daemon as a service of this user, started with the machine and again when it fails."""

import plistlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click

from kanban.app import App
from kanban.errors import HomeError, NotFound
from kanban.files.settings import is_on_macos, user_config_folder
from kanban.interfaces.cli.output import json_option, print_data, say
from kanban.interfaces.cli.session import the_person, with_app

UNIT = """\
[Unit]
Description=kanban: dispatches the board in {home}
# Nothing here needs the network to start; what needs it waits for it.
After=network.target

[Service]
Type=exec
ExecStart={command}
Restart=on-failure
RestartSec=10
# Runs outlive the daemon: whoever dispatches next takes them up.
KillMode=process
TimeoutStopSec=60

[Install]
WantedBy=default.target
"""


class Manager(Protocol):
    """What starts services on this machine."""

    @property
    def file(self) -> Path: ...

    def text(self) -> bytes: ...

    def install_commands(self) -> list[list[str]]: ...

    def uninstall_commands(self) -> list[list[str]]: ...

    def state(self) -> str:
        """What it says of the service, in its own word."""
        ...


@dataclass(frozen=True)
class Systemd:
    """A user unit; one for each home."""

    home: Path
    command: Sequence[str]

    @property
    def unit(self) -> str:
        return f"kanban-{_slug(self.home)}.service"

    @property
    def file(self) -> Path:
        return user_config_folder() / "systemd" / "user" / self.unit

    def text(self) -> bytes:
        quoted = " ".join(_quote_for_systemd(word) for word in self.command)
        return UNIT.format(home=str(self.home).replace("%", "%%"), command=quoted).encode()

    def install_commands(self) -> list[list[str]]:
        return [["systemctl", "--user", "daemon-reload"], ["systemctl", "--user", "enable", "--now", self.unit]]

    def uninstall_commands(self) -> list[list[str]]:
        return [["systemctl", "--user", "disable", "--now", self.unit]]

    def state(self) -> str:
        done = _run(["systemctl", "--user", "is-active", self.unit])
        return done.stdout.strip() or done.stderr.strip() or "unknown"


@dataclass(frozen=True)
class Launchd:
    """A launch agent of macOS; one for each home."""

    home: Path
    command: Sequence[str]

    @property
    def label(self) -> str:
        return f"kanban.{_slug(self.home)}"

    @property
    def file(self) -> Path:
        return Path.home() / "Library" / "LaunchAgents" / f"{self.label}.plist"

    def text(self) -> bytes:
        log = str(self.home / "logs" / "service.log")
        return plistlib.dumps(
            {
                "Label": self.label,
                "ProgramArguments": list(self.command),
                "RunAtLoad": True,
                "KeepAlive": {"SuccessfulExit": False},
                "ThrottleInterval": 10,
                "AbandonProcessGroup": True,  # runs outlive the daemon
                "StandardOutPath": log,
                "StandardErrorPath": log,
            }
        )

    def install_commands(self) -> list[list[str]]:
        return [["launchctl", "load", "-w", str(self.file)]]

    def uninstall_commands(self) -> list[list[str]]:
        return [["launchctl", "unload", "-w", str(self.file)]]

    def state(self) -> str:
        return "not loaded" if _run(["launchctl", "list", self.label]).returncode else "loaded"


@click.group("service")
def service_command() -> None:
    """The daemon as a service: started when you log in or the machine starts, and again when it fails."""


@service_command.command("install")
@click.option("--print", "only_print", is_flag=True, help="Only print the unit or plist; change nothing.")
@with_app
def install_service(app: App, only_print: bool) -> None:
    """Write a systemd user unit (on macOS a launchd agent) for this home, and start it.

    Example: kanban service install
    """
    manager = find_manager(app.home.path)
    if only_print:
        click.echo(manager.text().decode(), nl=False)
        return
    the_person(app, "installing a service")
    try:
        manager.file.parent.mkdir(parents=True, exist_ok=True)
        manager.file.write_bytes(manager.text())
    except OSError as error:
        raise HomeError(f"{manager.file}: {error.strerror}", "make its folder writable for this user") from error
    for command in manager.install_commands():
        _call(command)
    click.echo(f"installed and started: {manager.file}")
    if isinstance(manager, Systemd):
        say("it stops when you log out, unless you let it linger: loginctl enable-linger")


@service_command.command("status")
@json_option
@with_app
def show_service(app: App, as_json: bool) -> int:
    """Say whether the service is installed and runs; exit 1 when it does not.

    Example: kanban service status
    """
    manager = find_manager(app.home.path)
    installed = manager.file.exists()
    state = manager.state() if installed else "not installed"
    runs = installed and state in ("active", "loaded")
    if as_json:
        print_data({"file": str(manager.file), "installed": installed, "state": state, "runs": runs})
    else:
        click.echo(f"{state}: {manager.file}")
    return 0 if runs else 1


@service_command.command("uninstall")
@with_app
def uninstall_service(app: App) -> None:
    """Stop the service and remove its file; the home stays as it is.

    Example: kanban service uninstall
    """
    the_person(app, "removing a service")
    manager = find_manager(app.home.path)
    if not manager.file.exists():
        raise NotFound(f"no service is installed for this home ({manager.file})", "`kanban service install` does it")
    for command in manager.uninstall_commands():
        _call(command)
    manager.file.unlink()
    click.echo(f"stopped and removed: {manager.file}")


def find_manager(home: Path) -> Manager:
    """What starts services on this machine, for the daemon of this home."""
    command = [sys.executable, "-m", "kanban", "--home", str(home), "up"]
    return Launchd(home, command) if is_on_macos() else Systemd(home, command)


def _slug(home: Path) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", str(home)).strip("-").lower() or "root"


def _quote_for_systemd(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if re.search(r"[\s'\";\\]", word) else escaped


def _call(command: Sequence[str]) -> None:
    done = _run(command)
    if done.returncode:
        told = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
        raise HomeError(f"`{' '.join(command)}` failed: {told}", "`kanban up` in a terminal works without a service")


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    if shutil.which(command[0]) is None:
        hint = "`kanban service install --print` shows the file, `kanban up` works without any; see docs/operations.md"
        raise HomeError(f"there is no {command[0]} on this machine", hint)
    return subprocess.run(command, capture_output=True, text=True)
