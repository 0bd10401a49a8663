"""What only a host's backend does: keys, logins, and connections that break."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanban.errors import ExecutionError, HostKeyMismatch, HostUnreachable
from kanban.execution.ssh import SSHBackend
from tests.support.sshd import SSHServer, free_port
from tests.support.waiting import is_gone, wait_until


@pytest.fixture
def ssh(sshd: SSHServer) -> Iterator[SSHBackend]:
    made = SSHBackend("webb", sshd.host)
    yield made
    made.close()


def test_relative_paths_start_at_the_home_of_the_login(ssh: SSHBackend) -> None:
    home = ssh.run("pwd", timeout=10).output.strip()
    names = [entry.name for entry in ssh.list_dir(home)]
    for path in (".", "", "~", "~/"):
        assert [entry.name for entry in ssh.list_dir(path)] == names


def test_many_commands_share_one_connection(ssh: SSHBackend) -> None:
    ports = {ssh.run("echo $SSH_CONNECTION", timeout=10).output.split()[1] for _ in range(5)}
    assert len(ports) == 1


def test_a_server_that_allows_one_session_at_a_time_is_enough(
    tmp_path_factory: pytest.TempPathFactory, sshd: SSHServer
) -> None:
    server = SSHServer(tmp_path_factory.mktemp("narrow"))
    with (server.folder / "sshd_config").open("a") as config:
        config.write("MaxSessions 1\n")
    server.start()
    ssh = SSHBackend("webb", server.host)
    for _ in range(2):
        assert ssh.run("echo fine", timeout=60).output == "fine\n"
        assert ssh.look("/").kind == "dir"
    ssh.close()
    server.stop()


def test_a_file_name_that_is_not_utf8_is_an_error_with_a_remedy(ssh: SSHBackend, tmp_path: Path) -> None:
    Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9")).touch()
    with pytest.raises(ExecutionError, match="not UTF-8") as caught:
        ssh.list_dir(str(tmp_path))
    assert "ls" in caught.value.hint


def test_a_broken_connection_is_made_again(sshd: SSHServer, ssh: SSHBackend, tmp_path: Path) -> None:
    assert ssh.run("echo one", timeout=10).output == "one\n"
    assert ssh.look(str(tmp_path)).kind == "dir"
    sshd.restart()
    assert ssh.look(str(tmp_path)).kind == "dir"
    sshd.restart()
    assert ssh.run("echo two", timeout=10).output == "two\n"


def test_a_command_cut_off_in_the_middle_is_reported_and_not_run_again(
    sshd: SSHServer, ssh: SSHBackend, tmp_path: Path
) -> None:
    def cut_when_it_runs() -> None:
        wait_until((tmp_path / "child").exists)
        sshd.cut_connections()

    threading.Thread(target=cut_when_it_runs).start()
    with pytest.raises(HostUnreachable, match=r"was lost after \d+ s") as caught:
        ssh.run(f"echo run >> {tmp_path}/count; echo $$ > {tmp_path}/child; sleep 300; true", timeout=60)
    assert "may have run in part: look before you repeat it" in caught.value.hint
    assert is_gone(tmp_path / "child")
    assert (tmp_path / "count").read_text() == "run\n"


def test_f10_a_command_does_not_outlive_a_caller_that_is_killed(sshd: SSHServer, tmp_path: Path) -> None:
    script = (
        "import sys; from kanban.domain.host import Host; from kanban.execution.ssh import SSHBackend;"
        "SSHBackend('webb', Host.model_validate_json(sys.argv[1])).run(sys.argv[2], timeout=60)"
    )
    command = f"echo $$ > {tmp_path}/child; sleep 300; true"
    caller = subprocess.Popen([sys.executable, "-c", script, sshd.host.model_dump_json(), command])
    assert wait_until((tmp_path / "child").exists)
    caller.kill()
    caller.wait()
    assert is_gone(tmp_path / "child")


def test_a_changed_host_key_is_refused_and_says_how_to_go_on(sshd: SSHServer) -> None:
    sshd.restart(new_host_key=True)
    try:
        with pytest.raises(HostKeyMismatch, match="another key") as caught:
            SSHBackend("webb", sshd.host).run("true", timeout=10)
    finally:
        sshd.trust_host_key()
    assert f"ssh-keyscan -p {sshd.port}" in caught.value.hint and "-R" in caught.value.hint
    assert "kanban host check webb" in caught.value.hint
    assert SSHBackend("webb", sshd.host).run("true", timeout=10).exit_status == 0


@pytest.mark.parametrize("text", [None, ""], ids=["no file", "empty file"])
def test_an_unknown_host_key_is_refused(sshd: SSHServer, tmp_path: Path, text: str | None) -> None:
    known_hosts = tmp_path / "known_hosts"
    if text is not None:
        known_hosts.write_text(text)
    host = sshd.host.model_copy(update={"known_hosts": str(known_hosts)})
    with pytest.raises(HostKeyMismatch, match="SHA256:") as caught:
        SSHBackend("webb", host).look(".")
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1 >> {known_hosts}" in caught.value.hint


@pytest.mark.parametrize("text", [b"webb ssh-ed25519 AAAAbroken\n", b"\xff\xfe\n"], ids=["bad key", "binary"])
def test_a_broken_known_hosts_file_never_lets_a_host_in(sshd: SSHServer, tmp_path: Path, text: bytes) -> None:
    (tmp_path / "known_hosts").write_bytes(text)
    host = sshd.host.model_copy(update={"known_hosts": str(tmp_path / "known_hosts")})
    with pytest.raises(HostKeyMismatch, match="known_hosts"):
        SSHBackend("webb", host).look(".")


def test_a_login_that_is_not_accepted_names_user_and_remedy(sshd: SSHServer, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    host = sshd.host.model_copy(update={"key": str(tmp_path / "other")})
    with pytest.raises(HostUnreachable, match=f"does not accept the login {host.user}") as caught:
        SSHBackend("webb", host).run("true", timeout=10)
    assert "hosts.yaml" in caught.value.hint


@pytest.mark.parametrize("content", [None, "no key at all"], ids=["missing", "broken"])
def test_a_key_file_that_cannot_be_used_is_an_error(sshd: SSHServer, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "key").write_text(content)
    host = sshd.host.model_copy(update={"key": str(tmp_path / "key")})
    with pytest.raises(HostUnreachable) as caught:
        SSHBackend("webb", host).run("true", timeout=10)
    assert caught.value.hint


def test_a_refused_port_is_an_error_that_names_host_and_port(sshd: SSHServer) -> None:
    port = free_port()
    with pytest.raises(HostUnreachable, match=f"webb .127.0.0.1:{port}. cannot be reached"):
        SSHBackend("webb", sshd.host.model_copy(update={"port": port})).run("true", timeout=10)


def test_an_unknown_address_is_an_error(sshd: SSHServer) -> None:
    host = sshd.host.model_copy(update={"address": "no-such-host.invalid"})
    with pytest.raises(HostUnreachable, match="nobody knows"):
        SSHBackend("webb", host).run("true", timeout=10)


def test_a_host_that_accepts_and_never_speaks_is_given_up_in_time(
    sshd: SSHServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = sshd.host.model_copy(update={"port": silent.getsockname()[1], "connect_timeout": 0.5})
        began = time.monotonic()
        with pytest.raises(HostUnreachable):
            SSHBackend("webb", host).run("true", timeout=10)
        assert time.monotonic() - began < 1.5
    assert capfd.readouterr().err == ""
