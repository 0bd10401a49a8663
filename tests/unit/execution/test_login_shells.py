"""Commands reach a host unchanged whatever its login shell is, and one that did not run is never a success."""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kanban.domain.host import Host
from kanban.errors import ExecutionError
from kanban.execution.ssh import SSHBackend
from tests.support.logins import SHELLS, login_that_greets, login_with
from tests.support.needs import lack, need
from tests.support.sshd import SSHServer

HARD = {
    "backslash and quote": r"it\'s '\'' \\ \\\\ \n",
    "both quotes": """it's "so" '' "" ''' """,
    "expansions": "$HOME ${HOME} `id` $(id) $((1+1)) ~ * ? [a-z] {a,b} %s &&",
    "history": "!! !$ !x ^a^b",
    "control": "a\nb\n\n\tc\x01\x07\x1b[0m\x7f",
    "not ASCII": "ü é ă ぁ 漢字 \U0001f600 \x81",
    "long": "x\\ü !" * 16_000,
}


@pytest.fixture(params=SHELLS)
def backend(request: pytest.FixtureRequest, sshd: SSHServer) -> Iterator[SSHBackend]:
    need(SHELLS[request.param].split()[0])
    made = SSHBackend("webb", login_with(sshd, SHELLS[request.param]))
    yield made
    made.close()


def test_f47_what_is_hard_to_quote_arrives_unchanged(backend: SSHBackend) -> None:
    for name, text in HARD.items():
        result = backend.run(f"printf %s {shlex.quote(text)}; exit 7", timeout=60, limit=1_000_000)
        assert (result.output, result.exit_status) == (text, 7), name


def test_f47_a_check_of_something_missing_fails(backend: SSHBackend) -> None:
    assert backend.run(r"grep -q 'don'\''t touch' /nonexistent", timeout=60).exit_status == 2


def test_bytes_pass_in_an_8_bit_locale(sshd: SSHServer, tmp_path: Path) -> None:
    need("localedef")
    made = subprocess.run(["localedef", "-i", "de_DE", "-f", "ISO-8859-1", tmp_path / "de_DE"], capture_output=True)
    if made.returncode > 1:
        lack("the sources of locales")
    backend = SSHBackend("webb", login_with(sshd, "bash -c", {"LOCPATH": str(tmp_path), "LC_ALL": "de_DE"}))
    assert backend.run("printf 'ü ぁ\\n'; locale charmap", timeout=60).output == "ü ぁ\nISO-8859-1\n"
    backend.close()


@pytest.mark.parametrize(
    ("shell", "told"),
    [
        ("sh -c 'echo Permission granted; exit 0' x", "ended with 0, and said: Permission granted"),
        ("sh -c 'echo \"$1\"; exit 0' x", r"ended with 0, and said: sh -c"),  # it prints the command
        ("sh -c 'echo no >&2; exit 1' x", "ended with 1, and said: no"),
        ("false", "ended with 1"),
        ("no-such-shell", "ended with 127"),
        ("env PATH=/nowhere /bin/bash -c", "ended with 127.*sh: "),
    ],
)
def test_f47_a_login_shell_that_runs_nothing_is_an_error_whatever_it_ends_with(
    sshd: SSHServer, shell: str, told: str
) -> None:
    backend = SSHBackend("webb", login_with(sshd, shell))
    with pytest.raises(ExecutionError, match=f"the login shell of webb did not run it: it {told}") as caught:
        backend.run("true", timeout=60)
    assert "kanban host check webb" in caught.value.hint
    backend.close()


def test_a_shell_that_is_killed_before_it_tells_the_exit_status_is_an_error(sshd: SSHServer) -> None:
    backend = SSHBackend("webb", sshd.host)
    with pytest.raises(ExecutionError, match="was ended before it could tell the exit status"):
        backend.run("kill -KILL $PPID; sleep 300", timeout=60)
    assert backend.run("echo still connected", timeout=60).output == "still connected\n"
    backend.close()


@pytest.fixture
def greeted(sshd: SSHServer, tmp_path: Path) -> Host:
    return login_that_greets(sshd, tmp_path)


def test_f48_what_a_login_prints_by_itself_is_no_output_and_spoils_no_files(greeted: Host, tmp_path: Path) -> None:
    backend = SSHBackend("webb", greeted)
    assert backend.run("echo fine", timeout=60).output == "fine\n"
    assert backend.greeting.startswith("Welcome to webb\nit is ")
    backend.write_bytes(str(tmp_path / "note"), b"\0\xff")
    assert backend.read_bytes(str(tmp_path / "note"), 10) == b"\0\xff"
    assert not backend.has_sftp()
    backend.close()


def test_a_long_greeting_hides_nothing(sshd: SSHServer) -> None:
    backend = SSHBackend("webb", login_with(sshd, "sh -c 'seq 20000; exec sh -c \"$1\"' x"))
    assert backend.run("echo fine", timeout=60).output == "fine\n"
    backend.close()
