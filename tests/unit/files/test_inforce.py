"""What people edit is in force as soon as it is saved; what is wrong leaves the last good one in force."""

from pathlib import Path

import pytest

from kanban.app import build
from kanban.errors import InvalidFile
from kanban.files.home import Home, init_home, load_hosts
from kanban.files.inforce import LiveFile, LiveRubric


@pytest.fixture
def home(tmp_path: Path) -> Home:
    init_home(tmp_path / "home")
    return Home(tmp_path / "home")


ONE_RULE = "rules:\n  - {{name: all, assign: {assign}, reason: r}}\n"


def set_rubric(home: Home, assign: str) -> None:
    home.rubric_file.write_text(ONE_RULE.format(assign=assign))


def test_a_live_rubric_follows_its_file(home: Home) -> None:
    live = LiveRubric(home)
    first = live.current()
    assert live.current() is first
    set_rubric(home, "scout")
    assert live.current().rules[0].assign == "scout"
    assert live.problem is None


def test_a_wrong_rubric_leaves_the_last_good_one_in_force_and_says_so(home: Home) -> None:
    live = LiveRubric(home)
    good = live.current()
    set_rubric(home, "codi")
    assert live.current() is good
    assert live.problem and "rubric.yaml:2" in live.problem and "last good" in live.problem
    set_rubric(home, "cody")
    assert live.current().rules[0].assign == "cody"
    assert live.problem is None


def test_a_rubric_that_vanishes_leaves_the_last_good_one_in_force(home: Home) -> None:
    live = LiveRubric(home)
    good = live.current()
    home.rubric_file.unlink()
    assert live.current() is good
    assert live.problem and "missing" in live.problem


def test_the_last_good_rubric_survives_a_restart(home: Home) -> None:
    set_rubric(home, "scout")
    LiveRubric(home).current()
    home.rubric_file.write_text("rules: [")
    restarted = LiveRubric(home)
    assert restarted.current().rules[0].assign == "scout"
    assert restarted.problem and "is not YAML" in restarted.problem


def test_a_rubric_that_never_was_good_is_an_error(home: Home) -> None:
    set_rubric(home, "codi")
    live = LiveRubric(home)
    for _ in range(2):
        with pytest.raises(InvalidFile, match="codi"):
            live.current()


def test_a_profile_that_vanishes_is_noticed(home: Home) -> None:
    live = LiveRubric(home)
    good = live.current()
    (home.profiles_folder / "scout.yaml").unlink()
    assert live.current() is good
    assert "scout" not in live.profiles
    assert live.problem and "'scout'" in live.problem


def test_a_profile_that_breaks_leaves_the_profiles_as_they_were(home: Home) -> None:
    live = LiveRubric(home)
    live.current()
    (home.profiles_folder / "scout.yaml").write_text("name: scout\n")
    live.current()
    assert live.profiles["scout"].max_turns == 30
    assert live.problem and "scout.yaml" in live.problem


def test_reading_the_rubric_again_writes_nothing(home: Home) -> None:
    LiveRubric(home).current()
    before = home.last_good_rubric_file.stat().st_mtime_ns
    LiveRubric(home).current()
    assert home.last_good_rubric_file.stat().st_mtime_ns == before


def test_a_live_file_follows_its_file_and_keeps_the_last_good_one(home: Home) -> None:
    live = LiveFile(lambda: [home.hosts_file], lambda: load_hosts(home))
    assert live.current().names() == ["local"]
    home.hosts_file.write_text("hosts:\n  webb: {address: webb.lan}\n")
    assert live.current().names() == ["local", "webb"]
    home.hosts_file.write_text("hosts:\n  webb: {adress: webb.lan}\n")
    assert live.current().names() == ["local", "webb"]
    assert live.problem is not None and "adress" in live.problem


def test_the_profiles_of_a_program_that_runs_follow_their_files(home: Home) -> None:
    app = build(home.path)
    assert "gardener" not in app.live.profiles
    (home.profiles_folder / "gardener.yaml").write_text("name: gardener\nrole: worker\nmodel: m\n")
    assert "gardener" in app.live.profiles
    (home.profiles_folder / "gardener.yaml").write_text("name: gardener\n")
    assert "gardener" in app.live.profiles  # the last good ones stay
