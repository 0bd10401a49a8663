"""A link that is lost without a word is told as lost, and never as a command that was stopped."""

import threading
from pathlib import Path

import pytest

from kanban.domain.host import Host
from kanban.errors import HostUnreachable
from kanban.execution.ssh import SSHBackend
from tests.support.proxies import freeze_proxies, write_proxy
from tests.support.sshd import SSHServer
from tests.support.waiting import wait_until


@pytest.fixture
def frail(sshd: SSHServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A login through a process that can be frozen, which asks for signs of life every second."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text(
        f"Host webb\n  ServerAliveInterval 1\n  ServerAliveCountMax 2\n  ProxyCommand {write_proxy(tmp_path)}\n"
    )
    return sshd.host.model_copy(update={"config": True})


@pytest.mark.parametrize("timeout", [60, 0.5], ids=["in mid-command", "at the timeout"])
def test_a_link_that_is_lost_while_a_command_runs_is_told_as_lost(frail: Host, tmp_path: Path, timeout: float) -> None:
    def lose_the_link() -> None:
        wait_until((tmp_path / "begun").exists, 30)
        freeze_proxies()
        (tmp_path / "go").touch()

    backend = SSHBackend("webb", frail)
    losing = threading.Thread(target=lose_the_link)
    losing.start()
    command = f"cd {tmp_path}; touch begun; while [ ! -e go ]; do sleep 0.05; done; echo well >ended"
    with pytest.raises(HostUnreachable, match=r"the connection to host webb was lost after \d+ s") as caught:
        backend.run(command, timeout=timeout)
    losing.join()
    assert "may have run in part: look before you repeat it" in caught.value.hint
    assert wait_until((tmp_path / "ended").exists)
    assert backend.run("echo again", timeout=60).output == "again\n"
    backend.close()


@pytest.mark.slow
def test_a_command_that_prints_nothing_for_long_is_no_lost_link(frail: Host) -> None:
    backend = SSHBackend("webb", frail)
    assert backend.run("sleep 4; echo quiet", timeout=60).output == "quiet\n"
    backend.close()
