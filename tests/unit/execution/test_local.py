"""What only this machine's backend does: a workspace, allowed folders, a given environment."""

import os
from pathlib import Path

import pytest

from kanban.errors import ExecutionError, PathRefused
from kanban.execution.local import LocalBackend
from kanban.execution.processes import is_alive
from tests.support.waiting import is_gone

ENVIRONMENT = {"PATH": os.environ["PATH"], "GREETING": "hello"}


def test_commands_run_in_the_workspace_with_exactly_the_given_environment(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path, environment=ENVIRONMENT)
    assert backend.run("pwd; echo $GREETING; echo ${KANBAN_HOME-none}${HOME-none}", timeout=10).output == (
        f"{tmp_path}\nhello\nnonenone\n"
    )


def test_relative_paths_start_at_the_workspace(tmp_path: Path) -> None:
    LocalBackend(tmp_path).write_bytes("notes/a.txt", b"x")
    assert (tmp_path / "notes" / "a.txt").read_bytes() == b"x"


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "~/x", "way-out/x", "way-out"])
def test_a_path_outside_is_refused_and_says_what_is_allowed(tmp_path: Path, path: str) -> None:
    workspace, allowed = tmp_path / "workspace", tmp_path / "allowed"
    workspace.mkdir()
    (workspace / "way-out").symlink_to("/etc")
    backend = LocalBackend(workspace, [allowed], {"HOME": "/root"})
    for touch in (backend.look, backend.list_dir, lambda path: backend.write_bytes(path, b"x")):
        with pytest.raises(PathRefused) as caught:
            touch(path)
    assert str(allowed) in caught.value.hint and "hosts.yaml" in caught.value.hint


def test_allowed_folders_may_be_touched_also_from_home_and_through_links(tmp_path: Path) -> None:
    (tmp_path / "home" / "project").mkdir(parents=True)
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "project").symlink_to(tmp_path / "home" / "project")
    environment = {"HOME": str(tmp_path / "home")}
    backend = LocalBackend(tmp_path / "workspace", [Path("~/project")], environment)
    backend.write_bytes("~/project/a", b"x")
    assert backend.read_bytes("project/a", 10) == b"x"


def test_a_missing_workspace_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ExecutionError, match="could not be started") as caught:
        LocalBackend(tmp_path / "gone").run("true", timeout=10)
    assert "workspace" in caught.value.hint


def test_links_that_point_at_each_other_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ExecutionError, match="point at each other"):
        LocalBackend(tmp_path).look("a")


def test_a_file_name_that_is_not_utf8_can_be_listed(tmp_path: Path) -> None:
    Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9")).touch()
    assert [entry.name for entry in LocalBackend(tmp_path).list_dir(".")] == ["caf\ufffd"]


def test_f10_closing_ends_what_runs_in_the_background(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path, environment=ENVIRONMENT)
    backend.run("sleep 300 >/dev/null 2>&1 & echo $! > child", timeout=10)
    assert is_alive(int((tmp_path / "child").read_text()), None)
    backend.close()
    assert is_gone(tmp_path / "child")
