"""The person's edit of rubric, hosts or a profile: in force, or refused and kept."""

import time

import pytest

from kanban.errors import HomeError, InvalidFile, InvalidInput, MovedOn, NotFound
from kanban.files.home import Home, init_home, load_profiles
from kanban.service.amendment import add_profile, amend_hosts, amend_profile, amend_rubric


@pytest.fixture
def home(tmp_path):
    init_home(tmp_path)
    return Home(tmp_path)


def begin_rubric(home):
    return amend_rubric(home, time.time)


# how an edit begins, and what makes its file wrong
FILES = {
    "rubric": (
        lambda home: amend_rubric(home, time.time),
        lambda text: text.replace("assign: scout", "assign: scuot"),
        r"rubric.yaml:35.*'scuot'",
    ),
    "hosts": (amend_hosts, lambda text: text + "hosts: {webb: {prot: 22}}\n", r"hosts.yaml:27.*prot"),
    "profile": (lambda home: amend_profile(home, "cody"), lambda text: text.replace("max_turns", "max_trns"), "cody"),
}


@pytest.fixture(params=FILES)
def amended(home, request):
    begin, spoil, told = FILES[request.param]
    return begin(home), spoil, told


def test_a_right_text_is_in_force_and_what_was_refused_before_is_gone(amended):
    amendment, _, _ = amended
    amendment.kept.write_text("older")
    assert amendment.put_in_force(amendment.before + "# mine\n") == amendment.file
    assert amendment.file.read_text().endswith("# mine\n") and not amendment.kept.exists()


def test_a_wrong_text_is_refused_with_its_line_and_kept(amended):
    amendment, spoil, told = amended
    with pytest.raises(InvalidFile, match=told) as refused:
        amendment.put_in_force(spoil(amendment.before))
    assert f"what you wrote is in {amendment.kept}" in refused.value.hint
    assert amendment.file.read_text() == amendment.before and amendment.kept.read_text() == spoil(amendment.before)


def test_what_was_changed_meanwhile_is_not_undone(amended):
    amendment, _, _ = amended
    amendment.file.write_text(amendment.before + "# later\n")
    with pytest.raises(MovedOn, match="was changed meanwhile"):
        amendment.put_in_force(amendment.before + "# mine\n")
    assert amendment.file.read_text().endswith("# later\n") and amendment.kept.read_text().endswith("# mine\n")


def test_a_profile_that_cannot_be_read_is_edited_all_the_same(home):
    file = home.profiles_folder / "cody.yaml"
    good = file.read_text()
    file.write_text("name: cody\nrole: pilot\n")
    amend_profile(home, "cody").put_in_force(good)
    assert load_profiles(home)["cody"].role == "worker"


def test_without_a_file_there_is_nothing_to_edit(home):
    home.rubric_file.unlink()
    with pytest.raises(HomeError):
        begin_rubric(home)
    with pytest.raises(NotFound, match="no profile is called 'coddy'"):
        amend_profile(home, "coddy")


def test_a_new_profile_begins_as_another_with_its_comments(home):
    amendment, text = add_profile(home, "nightly", "cody", {"model": "ollama/qwen3:4b"})
    amendment.put_in_force(text)
    made, like = load_profiles(home)["nightly"], load_profiles(home)["cody"]
    assert (made.model, made.capabilities) == ("ollama/qwen3:4b", like.capabilities)
    assert "# names from hosts.yaml that it may reach" in text and "name: nightly" in text


@pytest.mark.parametrize("name", ["../cody", "Cody", "", "a b", ".hidden"])
def test_a_name_that_cannot_be_a_files_is_refused(home, name):
    with pytest.raises(InvalidInput, match="is no name for a profile"):
        add_profile(home, name, "cody", {})


def test_a_name_that_is_taken_is_refused_and_nothing_is_written_over(home):
    with pytest.raises(InvalidInput, match="there is a profile 'scout' already"):
        add_profile(home, "scout", "cody", {})
    amendment, text = add_profile(home, "nightly", "cody", {})
    (home.profiles_folder / "nightly.yaml").write_text("# made meanwhile\n")
    with pytest.raises(MovedOn):
        amendment.put_in_force(text)
