"""A home is made once, never overwritten, and says what is wrong with it."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from kanban.agents.toolbox import find_wrong_tool
from kanban.domain.host import Hosts
from kanban.errors import HomeError, InvalidFile
from kanban.files.home import (
    Home,
    check_rubric_text,
    init_home,
    load_hosts,
    load_profiles,
    load_rubric,
    load_settings,
    open_home,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    init_home(tmp_path / "home")
    return Home(tmp_path / "home")


ONE_RULE = "rules:\n  - {{name: all, assign: {assign}, reason: r}}\n"


def set_rubric(home: Home, assign: str) -> None:
    home.rubric_file.write_text(ONE_RULE.format(assign=assign))


def test_init_makes_a_home_that_loads(home: Home) -> None:
    assert open_home(home.path) == home
    profiles = load_profiles(home)
    assert list(profiles) == ["checker", "cody", "ginger", "scout"]
    assert load_rubric(home, profiles).profiles_named() <= profiles.keys()
    assert load_hosts(home) == Hosts()
    assert load_settings(home, {"slots": 9}).slots == 9
    assert home.runs.is_dir() and home.prompts_folder.is_dir()


def test_init_keeps_others_out(home: Home) -> None:
    assert home.path.stat().st_mode & 0o777 == 0o700
    assert home.env_file.stat().st_mode & 0o777 == 0o600


def test_the_env_template_names_the_keys_and_sets_none(home: Home) -> None:
    lines = home.env_file.read_text().splitlines()
    assert all(line.startswith("#") for line in lines)
    assert "# DEEPSEEK_API_KEY=   # for checker, ginger" in lines


def test_init_twice_changes_nothing_and_restores_what_is_missing(home: Home) -> None:
    assert init_home(home.path) == []
    home.rubric_file.write_text("mine")
    home.hosts_file.unlink()
    assert init_home(home.path) == [home.hosts_file]
    assert home.rubric_file.read_text() == "mine"


def test_init_reports_what_it_made(tmp_path: Path) -> None:
    made = init_home(tmp_path / "deep" / "home")
    names = {path.relative_to(tmp_path / "deep" / "home").as_posix() for path in made}
    assert {".", "kanban.yaml", "rubric.yaml", "hosts.yaml", "profiles/cody.yaml", ".env", "runs"} <= names


def test_init_does_not_touch_the_mode_of_a_folder_that_was_there(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    init_home(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_init_on_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(HomeError, match="is a file") as caught:
        init_home(tmp_path / "f")
    assert caught.value.hint
    assert (tmp_path / "f").read_text() == "x"


def test_init_below_a_file_or_over_one_says_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(HomeError, match="Not a directory"):
        init_home(tmp_path / "f" / "home")
    (tmp_path / "profiles").write_text("x")
    with pytest.raises(HomeError, match=r"profiles.*exists"):
        init_home(tmp_path)


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "is full"), (errno.EROFS, "may not be written"), (errno.EACCES, "may not")]
)
def test_init_on_a_full_or_read_only_disk_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    def fail(path: Path, *_: object, **__: object) -> None:
        raise OSError(number, "no", str(path))

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(HomeError, match=says) as caught:
        init_home(tmp_path / "home")
    assert caught.value.hint
    assert not (tmp_path / "home" / "kanban.yaml").exists()


def test_opening_what_is_no_home_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="there is no home") as caught:
        open_home(tmp_path / "none")
    assert "kanban init" in caught.value.hint
    with pytest.raises(HomeError, match=r"it has no rubric.yaml and no profiles"):
        open_home(tmp_path)
    (tmp_path / "f").write_text("")
    with pytest.raises(HomeError, match="is a file"):
        open_home(tmp_path / "f")


def test_a_profile_is_called_like_its_file(home: Home) -> None:
    (home.profiles_folder / "bob.yaml").write_text("model: m\nname: rob\nrole: worker\n")
    with pytest.raises(InvalidFile, match=r"bob.yaml:2: name: 'rob' is not the name of the file") as caught:
        load_profiles(home)
    assert "rename" in caught.value.hint


def test_two_files_for_one_profile_are_refused(home: Home) -> None:
    (home.profiles_folder / "cody.yml").write_text("name: cody\nrole: worker\nmodel: m\n")
    with pytest.raises(InvalidFile, match="two files hold the profile 'cody'"):
        load_profiles(home)


@pytest.mark.parametrize("name", ["split", "default", "human"])
def test_a_name_that_means_something_else_is_refused(home: Home, name: str) -> None:
    (home.profiles_folder / f"{name}.yaml").write_text(f"name: {name}\nrole: worker\nmodel: m\n")
    with pytest.raises(InvalidFile, match=r":1: name: the name .* is reserved"):
        load_profiles(home)


def test_an_orchestrator_with_a_changing_tool_is_refused(home: Home) -> None:
    ginger = home.profiles_folder / "ginger.yaml"
    ginger.write_text(ginger.read_text() + "tools: [file_tickets, write_file]\n")
    with pytest.raises(InvalidFile, match=r"tools\[1\]: tool 'write_file' changes things"):
        load_profiles(replace(home, find_wrong_tool=find_wrong_tool))


def test_there_must_be_an_orchestrator(home: Home) -> None:
    (home.profiles_folder / "ginger.yaml").unlink()
    with pytest.raises(InvalidFile, match="no profile has the role orchestrator"):
        load_profiles(home)
    for file in home.profiles_folder.iterdir():
        file.unlink()
    with pytest.raises(InvalidFile, match="there is no profile") as caught:
        load_profiles(home)
    assert "kanban init" in caught.value.hint


def test_files_that_editors_leave_are_not_profiles(home: Home) -> None:
    for name in (".cody.yaml.swp", ".#cody.yaml", "cody.yaml~", "notes.txt"):
        (home.profiles_folder / name).write_text("nonsense")
    assert len(load_profiles(home)) == 4


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (ONE_RULE.format(assign="codi"), 2, "rules[0].assign: no profile is called 'codi'"),
        (ONE_RULE.format(assign="spilt"), 2, "rules[0].assign: no profile is called 'spilt'"),
        (ONE_RULE.format(assign="checker"), 2, "'checker' is a checker and takes no tickets"),
        (ONE_RULE.format(assign="cody") + "ladder:\n  scout: [cody]\n  cdy: []\n", 5, "ladder.cdy"),
        (ONE_RULE.format(assign="cody") + "ladder:\n  scout:\n    - cody\n    - split\n", 6, "ladder.scout[1]"),
        (
            ONE_RULE.format(assign="cody")
            + "boundaries:\n  - name: b\n    never: {category: [x]}\n    reason: r\n    profiles: [ginge]\n",
            7,
            "boundaries[0].profiles[0]: no profile is called 'ginge'",
        ),
    ],
)
def test_a_rubric_that_names_nobody_is_refused_with_its_line(home: Home, text: str, line: int, says: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        check_rubric_text(home, text)
    assert (caught.value.line, says in str(caught.value)) == (line, True), str(caught.value)


def test_a_near_miss_is_answered_with_the_name_that_was_meant(home: Home) -> None:
    with pytest.raises(InvalidFile) as caught:
        check_rubric_text(home, ONE_RULE.format(assign="spilt"))
    assert caught.value.hint == "did you mean 'split'?"
