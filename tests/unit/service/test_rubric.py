"""The person's edit of the rubric: in force, or refused and kept."""

import pytest

from kanban.errors import HomeError, InvalidFile, MovedOn
from kanban.files.home import Home, init_home
from kanban.service.rubric import Amendment


@pytest.fixture
def home(tmp_path):
    init_home(tmp_path)
    return Home(tmp_path)


def test_a_right_text_is_in_force_and_what_was_refused_before_is_gone(home):
    amendment = Amendment.begin(home)
    amendment.kept.write_text("older")
    assert amendment.put_in_force(amendment.before + "# mine\n") == home.rubric_file
    assert home.rubric_file.read_text().endswith("# mine\n") and not amendment.kept.exists()


def test_a_wrong_text_is_refused_with_its_line_and_kept(home):
    amendment = Amendment.begin(home)
    with pytest.raises(InvalidFile, match=r"rubric.yaml:35.*'scuot'") as refused:
        amendment.put_in_force(amendment.before.replace("assign: scout", "assign: scuot"))
    assert f"what you wrote is in {amendment.kept}" in refused.value.hint
    assert home.rubric_file.read_text() == amendment.before and "scuot" in amendment.kept.read_text()


def test_what_was_changed_meanwhile_is_not_undone(home):
    amendment = Amendment.begin(home)
    home.rubric_file.write_text(amendment.before + "# later\n")
    with pytest.raises(MovedOn, match="was changed meanwhile"):
        amendment.put_in_force(amendment.before + "# mine\n")
    assert home.rubric_file.read_text().endswith("# later\n") and amendment.kept.read_text().endswith("# mine\n")


def test_without_a_rubric_there_is_nothing_to_edit(home):
    home.rubric_file.unlink()
    with pytest.raises(HomeError):
        Amendment.begin(home)
