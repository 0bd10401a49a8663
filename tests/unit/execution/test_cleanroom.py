"""The clean room: the exit status of a check is its own, whatever lies about."""

import os
import subprocess
from pathlib import Path

import pytest

from kanban.execution.cleanroom import SYSTEM_PATH, clean_room_environment, judge_command, judge_command_on_host


def run_both(check: str, folder: Path, **environment: str) -> list[int]:
    """The exit status here and as on a host."""
    inherited = {"PATH": SYSTEM_PATH, "HOME": str(folder), **environment}
    return [
        subprocess.run(["sh", "-c", made], cwd=folder, env=inherited, stdin=subprocess.DEVNULL, check=False).returncode
        for made in (judge_command(check), judge_command_on_host(check))
    ]


@pytest.mark.parametrize(
    ("check", "status"),
    [
        ("true", 0),
        ("exit 7", 7),
        ("false | cat", 1),  # the pipe's producer failed
        ("yes | grep -q y", 0),  # ended by its reader: no failure
        ("yes | head -1 | grep -q n", 1),
        ("yes | head -1 && exit 3", 3),
        ("[[ 1 = 1 ]] && test 'it'\\''s' = \"it's\"", 0),
        ("printf 'a\\nb\\n' | while read -r line; do test \"$line\" = a || exit 4; done", 4),
    ],
)
def test_a_check_is_judged_by_its_own_exit_status(tmp_path: Path, check: str, status: int) -> None:
    assert run_both(check, tmp_path) == [status, status]


def test_a_page_of_which_enough_was_read_is_no_failure(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.write_text("found\n" * 1_000_000)
    assert run_both(f"curl -s file://{page} | grep -q found", tmp_path) == [0, 0]
    assert run_both(f"curl -s file://{page}x | cat", tmp_path) == [37, 37]


def test_start_up_files_and_functions_decide_nothing(tmp_path: Path) -> None:
    for name in (".bashrc", ".bash_profile", ".profile", "env"):
        (tmp_path / name).write_text("grep() { true; }\nexit 0\n")
    made = {"BASH_ENV": str(tmp_path / "env"), "ENV": str(tmp_path / "env"), "BASH_FUNC_grep%%": "() { true; }"}
    assert run_both("grep -q x /dev/null", tmp_path)[0] == 1
    assert run_both("grep -q x /dev/null", tmp_path, **made)[1] == 1


def test_packages_of_the_login_are_not_imported(tmp_path: Path) -> None:
    command = "python3 -c 'import site, sys; sys.exit(site.ENABLE_USER_SITE)'"
    made = subprocess.run(["sh", "-c", judge_command_on_host(command)], env={"HOME": str(tmp_path)}, check=False)
    assert made.returncode == 0


def test_programs_that_the_run_could_have_put_there_are_not_found(tmp_path: Path) -> None:
    own, named = tmp_path / "work" / "bin", tmp_path / "project"
    path = os.pathsep.join([str(own), ".", str(named), "/usr/bin", "", "relative/bin"])
    made = clean_room_environment({"PATH": path, "LANG": "C"}, [tmp_path / "work", named])
    assert made.items() >= {"PATH": "/usr/bin", "LANG": "C", "PYTHONNOUSERSITE": "1"}.items()
