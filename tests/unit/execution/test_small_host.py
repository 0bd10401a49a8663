"""A host as small as a router: dropbear, no SFTP, BusyBox without setsid, timeout or bash."""

from collections.abc import Iterator

import pytest

from kanban.errors import ExecutionError
from kanban.execution.base import Entry, walk
from kanban.execution.ssh import SSHBackend
from tests.support.small_host import SmallHost


@pytest.fixture
def router(small_host: SmallHost) -> Iterator[SSHBackend]:
    made = SSHBackend("router", small_host.host)
    yield made
    made.close()


def test_commands_run_in_its_sh(router: SSHBackend) -> None:
    result = router.run("echo out; echo err >&2; command -v setsid timeout bash; exit 3", timeout=60)
    assert (result.exit_status, result.output) == (3, "out\nerr\n")


def test_a_command_longer_than_dropbear_takes_arrives(router: SSHBackend) -> None:
    result = router.run(f"printf %s '{'x' * 100_000}' | wc -c", timeout=60)
    assert result.output.strip() == "100000"


def test_files_are_reached_with_commands(router: SSHBackend, small_host: SmallHost) -> None:
    data = bytes(range(256)) * 1000
    router.write_bytes("/tmp/new folder/it's ü", data)
    assert (small_host.root / "tmp/new folder/it's ü").read_bytes() == data
    assert router.read_bytes("/tmp/new folder/it's ü", 300) == data[:300]
    assert router.list_dir("/tmp/new folder") == [Entry("it's ü", "file", len(data))]
    assert list(walk(router, "/tmp/new folder")) == ["/tmp/new folder/it's ü"]
    assert not router.has_sftp()


def test_a_rewritten_file_keeps_its_mode_and_the_link_to_it(router: SSHBackend, small_host: SmallHost) -> None:
    etc = small_host.root / "etc"
    (etc / "script").write_text("old")
    (etc / "script").chmod(0o750)
    (etc / "link").symlink_to("script")
    router.write_bytes("/etc/link", b"new")
    assert (etc / "link").is_symlink()
    assert ((etc / "script").read_text(), (etc / "script").stat().st_mode & 0o777) == ("new", 0o750)


@pytest.mark.parametrize(
    ("path", "told"),
    [("/missing", "no such file"), ("/etc/passwd/x", "not a folder, or below"), ("/tmp", "is a folder")],
)
def test_errors_of_files_are_told_as_everywhere(router: SSHBackend, path: str, told: str) -> None:
    with pytest.raises(ExecutionError, match=f"{path} on router:? {told}") as caught:
        router.read_bytes(path, 10)
    assert caught.value.hint


def test_names_that_look_like_the_end_of_a_listing_are_read_right(router: SSHBackend) -> None:
    router.run("mkdir /tmp/odd; cd /tmp/odd; touch ' lead' 'new\nline' 'a -> b'; ln -s 'x' link", timeout=60)
    assert [(entry.name, entry.kind) for entry in router.list_dir("/tmp/odd")] == [
        (" lead", "file"),
        ("a -> b", "file"),
        ("link", "link"),
        ("new\nline", "file"),
    ]


def test_f10_a_stopped_command_is_gone_with_all_that_it_started(router: SSHBackend) -> None:
    stubborn = "trap '' TERM; while :; do sleep 0.2; done"
    result = router.run(f'sleep 1234 & sh -c "{stubborn}" & echo begun; sleep 1235', timeout=0.5)
    assert result.timed_out and result.output == "begun\n"
    assert router.run("ps | grep -e 'sleep [1]23[45]' -e '[t]rap .. TERM;'", timeout=60).exit_status == 1


def test_what_commands_left_running_ends_with_the_backend_and_a_service_stays(small_host: SmallHost) -> None:
    backend = SSHBackend("router", small_host.host)
    backend.run("(sleep 1236 &) >/dev/null 2>&1", timeout=60)
    backend.run("sleep 1237 >/dev/null 2>&1 & echo $! > /run/service.pid", timeout=60)
    assert len(running(backend)) == 2
    backend.close()
    assert running(backend) == ["1237"]
    backend.run("kill $(cat /run/service.pid); rm /run/service.pid", timeout=60)
    backend.close()


def running(backend: SSHBackend) -> list[str]:
    """The seconds of each sleep that runs there."""
    return backend.run("ps | sed -n 's/.* sleep \\(123[0-9]\\)$/\\1/p'", timeout=60).output.split()
