"""What every backend must do, played against this machine, a real sshd, and a login of it that is fish and greets."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from kanban.domain.host import Host
from kanban.errors import ExecutionError
from kanban.execution.base import Backend, Entry, walk
from kanban.execution.lifeline import MARK
from kanban.execution.local import LocalBackend
from kanban.execution.ssh import SSHBackend
from tests.support.cells import working_cell
from tests.support.logins import login_that_greets
from tests.support.needs import need
from tests.support.sshd import SSHServer
from tests.support.waiting import is_gone, wait_until

ENVIRONMENT = {"PATH": os.environ["PATH"], "GREETING": "hello"}


@pytest.fixture(scope="session")
def greeting_fish(sshd: SSHServer, tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A login whose every channel begins with words of its own, so that SFTP does not work."""
    need("fish")
    return login_that_greets(sshd, tmp_path_factory.mktemp("fish"), "fish")


@pytest.fixture(params=["local", "cell", "ssh", pytest.param("greeting fish", marks=pytest.mark.slow)])
def backend(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    made: Backend
    if request.param == "local":
        made = LocalBackend(tmp_path, environment=ENVIRONMENT)
    elif request.param == "cell":
        made = LocalBackend(tmp_path, environment=ENVIRONMENT, tmp=tmp_path_factory.mktemp("tmp"), cell=working_cell())
    elif request.param == "ssh":
        made = SSHBackend("webb", request.getfixturevalue("sshd").host)
    else:
        made = SSHBackend("webb", request.getfixturevalue("greeting_fish"))
    yield made
    made.close()


def is_over(backend: Backend, child: Path) -> bool:
    """Whether the process whose number stands in `child` is gone; in a cell numbers are others, so none may be left."""
    if isinstance(backend, LocalBackend) and backend._cell.is_closed:
        mark = f"{MARK}={backend._mark}".encode()
        return wait_until(lambda: not any(mark in _read_environment(entry) for entry in Path("/proc").glob("[0-9]*")))
    return is_gone(child)


def _read_environment(process: Path) -> bytes:
    with suppress(OSError):
        return (process / "environ").read_bytes()
    return b""


# commands


def test_a_command_gives_its_output_and_exit_status(backend: Backend) -> None:
    result = backend.run("echo fine", timeout=10)
    assert (result.exit_status, result.output) == (0, "fine\n")
    assert not result.timed_out and not result.truncated and result.full_output is None


def test_a_failing_command_is_a_result_and_no_error(backend: Backend) -> None:
    assert backend.run("exit 7", timeout=10).exit_status == 7
    assert backend.run("no-such-command", timeout=10).exit_status == 127


def test_a_signal_shows_as_128_and_its_number(backend: Backend) -> None:
    assert backend.run("kill -KILL $$", timeout=10).exit_status == 137


def test_stdout_and_stderr_are_interleaved_in_order(backend: Backend) -> None:
    result = backend.run("for i in 1 2 3; do echo out $i; echo err $i >&2; done", timeout=10)
    assert result.output == "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n"


def test_quotes_newlines_and_bash_words_reach_the_shell_unchanged(backend: Backend) -> None:
    result = backend.run("""a=(x "it's" 'a "b"')\nprintf '%s|' "${a[@]}"  # $HOME `id`\necho '$HOME' ü""", timeout=10)
    assert result.output == """x|it's|a "b"|$HOME ü\n"""


def test_stdin_is_empty(backend: Backend) -> None:
    result = backend.run("cat; read line; echo read ends with $?", timeout=10)
    assert result.output == "read ends with 1\n"


def test_binary_output_is_replaced_not_refused(backend: Backend) -> None:
    assert backend.run(r"printf 'a\377\376b\303\274'", timeout=10).output == "a\ufffd\ufffdbü"


def test_short_output_leaves_no_file(backend: Backend, tmp_path: Path) -> None:
    result = backend.run("echo short", timeout=10, full_output=tmp_path / "logs" / "full.txt")
    assert result.full_output is None
    assert not (tmp_path / "logs" / "full.txt").exists()


def test_long_output_shows_head_and_tail_and_keeps_the_whole_on_disk(backend: Backend, tmp_path: Path) -> None:
    full = tmp_path / "logs" / "full.txt"
    result = backend.run("seq 1 10000", timeout=10, full_output=full, limit=100)
    assert result.truncated and result.full_output == full
    assert result.output.startswith("1\n2\n3\n") and result.output.endswith("9999\n10000\n")
    assert f"[… 48794 characters left out; the full text is in {full} …]" in result.output
    assert full.read_text() == "".join(f"{number}\n" for number in range(1, 10001))


def test_twenty_megabytes_of_stderr_pass_in_bounded_memory(backend: Backend, tmp_path: Path) -> None:
    backend.run("true", timeout=10)
    before = psutil.Process().memory_info().rss
    full = tmp_path / "full.txt"
    result = backend.run("head -c 20000000 /dev/zero | tr '\\0' x >&2; echo end", timeout=60, full_output=full)
    assert result.exit_status == 0 and result.output.endswith("x" * 50 + "end\n")
    assert len(result.output) < 21_000
    assert full.stat().st_size == 20_000_004
    assert psutil.Process().memory_info().rss - before < 12_000_000


def test_output_can_be_read_on_disk_while_the_command_runs(backend: Backend, tmp_path: Path) -> None:
    full, seen = tmp_path / "full.txt", []

    def look(_: bytes) -> None:
        seen.append(full.read_text())

    backend.run("echo first; sleep 0.2; echo second", timeout=10, full_output=full, on_output=look)
    assert seen == ["first\n", "first\nsecond\n"]


def test_f10_a_timeout_ends_the_command_and_its_children(backend: Backend, tmp_path: Path) -> None:
    child = tmp_path / "child"
    began = time.monotonic()
    result = backend.run(f"echo begun; sh -c 'echo $$ > {child}; sleep 300; true'; echo never", timeout=0.5)
    assert time.monotonic() - began < 5
    assert result.timed_out and result.exit_status is None and result.output == "begun\n"
    assert is_over(backend, child)


def test_f10_a_child_in_a_session_of_its_own_that_ignores_sigterm_is_ended_too(
    backend: Backend, tmp_path: Path
) -> None:
    child = tmp_path / "child"
    stubborn = f"trap '' TERM; echo $$ > {child}; while :; do sleep 0.2; done"
    result = backend.run(f'setsid sh -c "{stubborn.replace("$", chr(92) + "$")}" >/dev/null 2>&1', timeout=0.5)
    assert result.timed_out
    assert is_over(backend, child)


def test_f10_what_starts_one_program_after_the_other_is_found_and_ended(backend: Backend, tmp_path: Path) -> None:
    """While a program is being loaded its environment cannot be seen."""
    again, pid_file = tmp_path / "again", tmp_path / "pid"
    again.write_text(f"""#!/bin/sh
[ "$1" -gt 1 ] || echo $$ >{pid_file}
[ "$1" -lt 300 ] || exec sleep 300
exec "$0" $(($1 + 1))
""")
    again.chmod(0o755)
    backend.run(f"setsid {again} 1 >/dev/null 2>&1 & until [ -s {pid_file} ]; do :; done", timeout=10)
    backend.close()
    assert is_over(backend, pid_file)


def test_a_timeout_holds_although_the_command_closed_its_output(backend: Backend) -> None:
    assert backend.run("exec >/dev/null 2>&1; sleep 300", timeout=0.3).timed_out


def test_an_endless_flood_of_output_meets_the_timeout(backend: Backend) -> None:
    result = backend.run("yes", timeout=0.3, limit=100)
    assert result.timed_out and result.truncated and result.output.startswith("y\ny\n")


def test_a_background_child_that_keeps_the_output_open_does_not_hold_up(backend: Backend, tmp_path: Path) -> None:
    began = time.monotonic()
    result = backend.run(f"sleep 300 & echo $! > {tmp_path}/child; echo started", timeout=60)
    assert time.monotonic() - began < 4
    assert (result.exit_status, result.output) == (0, "started\n")
    os.kill(int((tmp_path / "child").read_text()), 9)


def test_an_exception_while_following_ends_the_command(backend: Backend, tmp_path: Path) -> None:
    def interrupt(_: bytes) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backend.run(f"echo $$ > {tmp_path}/child; echo go; sleep 300; true", timeout=60, on_output=interrupt)
    assert is_over(backend, tmp_path / "child")


@pytest.mark.parametrize(
    ("command", "problem"),
    [("echo \0", "NUL"), ("echo \ud800", "Unicode"), ("echo " + "x" * 200_000, "200005 bytes")],
)
def test_a_command_that_no_shell_can_be_given_is_refused(backend: Backend, command: str, problem: str) -> None:
    with pytest.raises(ExecutionError, match=problem) as caught:
        backend.run(command, timeout=10)
    assert caught.value.hint


# files


@pytest.mark.parametrize("data", [b"", b"text\n", bytes(range(256)) * 2000], ids=["empty", "text", "binary"])
def test_what_is_written_is_read_back(backend: Backend, tmp_path: Path, data: bytes) -> None:
    path = str(tmp_path / "new" / "folder" / "füle with spaces")
    backend.write_bytes(path, data)
    assert backend.read_bytes(path, 10_000_000) == data
    assert backend.size(path) == len(data)
    assert Path(path).read_bytes() == data
    assert [entry.name for entry in backend.list_dir(str(Path(path).parent))] == ["füle with spaces"]


def test_only_the_first_bytes_of_a_large_file_are_read(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"0123456789" * 50_000)
    assert backend.read_bytes(str(tmp_path / "large"), 100_003) == (b"0123456789" * 10_001)[:100_003]


def test_a_rewritten_file_keeps_its_mode_and_a_new_one_follows_the_umask(backend: Backend, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("old")
    script.chmod(0o750)
    backend.write_bytes(str(script), b"new")
    backend.write_bytes(str(tmp_path / "fresh"), b"new")
    assert stat.S_IMODE(script.stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_rewritten_file_keeps_its_owner(backend: Backend, tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.write_text("old")
    os.chown(page, 33, 33)
    backend.write_bytes(str(page), b"new")
    assert (page.stat().st_uid, page.stat().st_gid) == (33, 33)


def test_writing_through_a_link_changes_what_it_points_at(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    backend.write_bytes(str(tmp_path / "link"), b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"


def test_a_failed_write_leaves_the_old_file_and_no_rest(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExecutionError, match="is a folder"):
        backend.write_bytes(str(tmp_path / "folder"), b"new")
    with pytest.raises(ExecutionError):
        backend.write_bytes(str(tmp_path / ("x" * 300)), b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_device_is_neither_read_nor_replaced(backend: Backend, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for touch in (lambda path: backend.read_bytes(path, 10), lambda path: backend.write_bytes(path, b"x")):
        with pytest.raises(ExecutionError, match="not a regular file"):
            touch(str(tmp_path / "pipe"))


def test_a_folder_is_listed_by_name_with_kinds_and_sizes(backend: Backend, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("12345")
    (tmp_path / "a").mkdir()
    (tmp_path / "c").symlink_to("b")
    os.mkfifo(tmp_path / "d")
    entries = backend.list_dir(str(tmp_path))
    assert [(entry.name, entry.kind) for entry in entries] == [
        ("a", "dir"),
        ("b", "file"),
        ("c", "link"),
        ("d", "other"),
    ]
    assert entries[1] == Entry("b", "file", 5)


@pytest.mark.parametrize("verb", ["read", "size", "list", "look"])
def test_what_is_missing_is_said_with_path_and_host(backend: Backend, tmp_path: Path, verb: str) -> None:
    path = str(tmp_path / "missing")
    verbs: dict[str, Callable[[], object]] = {
        "read": lambda: backend.read_bytes(path, 10),
        "size": lambda: backend.size(path),
        "list": lambda: backend.list_dir(path),
        "look": lambda: backend.look(path),
    }
    with pytest.raises(ExecutionError, match=f"missing on {backend.host}: no such file or folder") as caught:
        verbs[verb]()
    assert "list_dir" in caught.value.hint


def test_reading_a_folder_says_that_it_is_one(backend: Backend, tmp_path: Path) -> None:
    with pytest.raises(ExecutionError, match="is a folder"):
        backend.read_bytes(str(tmp_path), 10)


def test_a_path_that_no_file_can_have_is_refused(backend: Backend) -> None:
    for path in ("a\0b", "a\ud800b"):
        with pytest.raises(ExecutionError, match="the path"):
            backend.look(path)


def test_a_walk_goes_depth_first_and_follows_no_links(backend: Backend, tmp_path: Path) -> None:
    for name in ("b/two", "b/one/deep", "a", "c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "b" / "up").symlink_to(tmp_path)
    found = [str(Path(path).relative_to(tmp_path)) for path in walk(backend, str(tmp_path))]
    assert found == ["a", "b/one/deep", "b/two", "c"]


def test_a_walk_is_bounded_and_may_start_at_a_file(backend: Backend, tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}").touch()
    assert len(list(walk(backend, str(tmp_path), limit=5))) == 5
    assert list(walk(backend, str(tmp_path / "07"))) == [str(tmp_path / "07")]
    with pytest.raises(ExecutionError):
        list(walk(backend, str(tmp_path / "missing")))
