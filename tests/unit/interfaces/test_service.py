"""`kanban service`: a unit that systemd reads, a plist that launchd reads, and what is said where neither is."""

import plistlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kanban.interfaces.cli.service import Launchd, Systemd, find_manager

ODD = Path("/home/a person/100% kanban $HOME")
COMMAND = ["/usr/bin/python3", "-m", "kanban", "--home", str(ODD), "up"]


@pytest.fixture
def systemctl(tmp_path):
    """A systemctl that writes down what it is asked, and where the unit is put."""
    bin = tmp_path / "bin"
    bin.mkdir()
    program = bin / "systemctl"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {shlex.quote(str(tmp_path))}/asked\n[ "$2" != is-active ] || echo active\n'
    )
    program.chmod(0o755)
    return {"PATH": f"{bin}:/usr/bin:/bin", "XDG_CONFIG_HOME": str(tmp_path / "config")}


def test_a_service_is_installed_shown_and_removed(kanban, home, systemctl, tmp_path):
    assert kanban("service", "status", env=systemctl).status == 1
    installed = kanban("service", "install", env=systemctl)
    assert installed.status == 0, installed.err
    (unit,) = (tmp_path / "config/systemd/user").iterdir()
    assert f"ExecStart={sys.executable} -m kanban --home {home} up" in unit.read_text()
    assert kanban("service", "status", "--json", env=systemctl).data["runs"]
    assert kanban("service", "uninstall", env=systemctl).status == 0
    assert not unit.exists()
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == [
        "--user daemon-reload",
        f"--user enable --now {unit.name}",
        f"--user is-active {unit.name}",
        f"--user disable --now {unit.name}",
    ]
    assert kanban("service", "uninstall", env=systemctl).status == 3


def test_where_there_is_no_manager_it_is_said_with_a_way_on(kanban, tmp_path):
    env = {"PATH": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    told = kanban("service", "install", env=env)
    assert told.status == 1 and "there is no systemctl" in told.err and "kanban service install --print" in told.err
    assert kanban("service", "install", "--print", env=env).out.startswith("[Unit]")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    unit = tmp_path / "kanban-test.service"
    unit.write_bytes(Systemd(ODD, ["/bin/echo", *COMMAND[1:]]).text())
    checked = subprocess.run(["systemd-analyze", "verify", "--user", unit], capture_output=True, text=True)
    assert "kanban-test" not in checked.stderr


def test_odd_letters_in_the_home_reach_systemd_as_they_are():
    text = Systemd(ODD, COMMAND).text().decode()
    assert '--home "/home/a person/100%% kanban $$HOME" up' in text
    assert "Restart=on-failure" in text and "KillMode=process" in text


def test_the_agent_of_macos_is_a_plist_that_restarts_what_fails():
    agent = Launchd(ODD, COMMAND)
    told = plistlib.loads(agent.text())
    assert told["ProgramArguments"] == COMMAND and told["KeepAlive"] == {"SuccessfulExit": False}
    assert told["AbandonProcessGroup"] and agent.file.name == f"{told['Label']}.plist"


def test_each_home_has_a_service_of_its_own():
    assert find_manager(Path("/a/b")).file != find_manager(Path("/a/c")).file
