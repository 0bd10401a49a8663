"""What commands leave running in the background ends with the backend, on this machine and on hosts."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanban.execution.base import Backend
from kanban.execution.local import LocalBackend
from kanban.execution.processes import is_alive
from kanban.execution.ssh import SSHBackend
from tests.support.logins import login_with
from tests.support.needs import need
from tests.support.sshd import SSHServer
from tests.support.waiting import is_gone, wait_until

LEAVE = {
    "in the background": "sleep 300 >/dev/null 2>&1 & echo $! > {file}",
    "in a session of its own": "setsid sh -c 'echo $$ > {file}; exec sleep 300' >/dev/null 2>&1 &",
    "twice removed": "(setsid sh -c 'echo $$ > {file}; exec sleep 300' >/dev/null 2>&1 &)",
    "without its environment": "env -i /bin/sleep 300 >/dev/null 2>&1 & echo $! > {file}",
    "deaf": "setsid sh -c 'trap \"\" TERM HUP; echo $$ > {file}; while :; do sleep 0.1; done' >/dev/null 2>&1 &",
}


@pytest.fixture(params=["local", "ssh"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    if request.param == "local":
        yield LocalBackend(tmp_path, environment={"PATH": os.environ["PATH"]})
    else:
        yield SSHBackend("webb", request.getfixturevalue("sshd").host)


def test_f10_closing_ends_what_commands_left_running(backend: Backend, tmp_path: Path) -> None:
    files = {name: tmp_path / name.replace(" ", "_") for name in LEAVE}
    for name, command in LEAVE.items():
        backend.run(command.format(file=files[name]), timeout=60)
        assert wait_until(lambda name=name: files[name].exists() and bool(files[name].read_text().strip()))
    assert backend.run("echo meanwhile", timeout=60).output == "meanwhile\n"
    assert [name for name, file in files.items() if not is_alive(int(file.read_text()), None)] == []
    backend.close()
    assert [name for name, file in files.items() if not is_gone(file, 30)] == []


def test_f10_what_was_left_on_a_host_does_not_outlive_a_caller_that_is_killed(sshd: SSHServer, tmp_path: Path) -> None:
    script = (
        "import sys, time; from kanban.domain.host import Host; from kanban.execution.ssh import SSHBackend;"
        "backend = SSHBackend('webb', Host.model_validate_json(sys.argv[1])); backend.run(sys.argv[2], timeout=60);"
        "print('left', flush=True); time.sleep(300)"
    )
    command = LEAVE["in a session of its own"].format(file=tmp_path / "child")
    words = [sys.executable, "-c", script, sshd.host.model_dump_json(), command]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as caller:
        assert caller.stdout and caller.stdout.readline() == b"left\n"
        caller.kill()
    assert is_gone(tmp_path / "child", 30)


@pytest.fixture
def stubborn(tmp_path: Path) -> str:
    """A command that becomes a process of root, which no other account may end."""
    need("setpriv", "perl")
    if os.geteuid() != 0 or os.statvfs(tmp_path).f_flag & os.ST_NOSUID:
        pytest.skip("only root can give another account a process that it may not end")
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o755)
    shutil.copy("/usr/bin/perl", tmp_path / "perl")
    (tmp_path / "perl").chmod(0o4755)
    return f"{tmp_path}/perl -e '$ENV{{PATH}} = q(/bin); $< = $> = 0; exec q(/bin/sleep), 300'"


@pytest.mark.slow
def test_f10_what_cannot_be_ended_is_told(sshd: SSHServer, stubborn: str, caplog: pytest.LogCaptureFixture) -> None:
    host = login_with(sshd, "setpriv --reuid=65534 --regid=65534 --clear-groups bash -c")
    backend = SSHBackend("webb", host)
    stopped = backend.run(stubborn, timeout=3).output
    became_root = "until grep -q sleep /proc/$!/comm; do sleep 0.05; done"  # before that it can be ended
    left = backend.run(f"{stubborn} >/dev/null 2>&1 & echo $!; {became_root}", timeout=60).output.strip()
    told = re.search(r"still running on webb, could not be ended: (\d+) \(sleep\)", stopped)
    assert told
    backend.close()
    assert f"still running on webb, could not be ended: {left} (sleep)" in caplog.text
    for number in (told[1], left):
        os.kill(int(number), signal.SIGKILL)
