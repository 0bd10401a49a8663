"""`rubric.yaml` as the program changes it: comments stay, every version is kept, and an earlier one can be put back."""

import pytest

from kanban.domain.rubric import Condition, Rule
from kanban.errors import InvalidFile, NotFound
from kanban.files.home import Home, init_home, load_profiles, load_rubric
from kanban.files.rubricfile import add_rule, list_changes, list_versions, put_rubric, revert_rubric

NOW = 1_790_000_000.0
SOLAR = Rule(name="solar", when=Condition(words=["solar"]), assign="cody", reason="It needs SSH.")


@pytest.fixture
def home(tmp_path):
    init_home(tmp_path)
    return Home(tmp_path)


def names(home):
    return [rule.name for rule in load_rubric(home, load_profiles(home)).rules]


def test_a_rule_is_put_first_with_the_words_behind_it_and_comments_stay(home):
    before = home.rubric_file.read_text()
    add_rule(home, SOLAR, "Solar is Cody's.", NOW)
    after = home.rubric_file.read_text()
    assert names(home)[0] == "solar" and "said: Solar is Cody's." in after
    assert all(line.startswith("+") for line in list_changes(home)[-1].lines), "every other line stays as it was"
    assert len(after.splitlines()) == len(before.splitlines()) + 9


@pytest.mark.parametrize(
    "text",
    [
        "rules: [{name: a, assign: scout, reason: r}]\n",
        "rules:\n- name: a\n  assign: scout\n  reason: r\n# mine\n",
        "# top\nrules: # in order\n\n  # the first\n    - {name: a, assign: scout, reason: r}\ncorrections: []\n",
        "ladder: {}\nrules:\n  - name: a\n    assign: scout\n    reason: |\n      rules:\n        - b\n",
        '"rules":\n  - {name: a, assign: scout, reason: r}\ncorrections:\n',
    ],
)
def test_however_a_list_is_written_the_rule_is_first_and_comments_stay(home, text):
    home.rubric_file.write_text(text)
    add_rule(home, SOLAR, "Solar: it's # Cody's.", NOW)
    rubric = load_rubric(home, load_profiles(home))
    assert [rule.name for rule in rubric.rules] == ["solar", "a"]
    assert [correction.said for correction in rubric.corrections] == ["Solar: it's # Cody's."]
    after = home.rubric_file.read_text()
    assert all(mark in after for mark in ("# top", "# in order", "# the first", "# mine") if mark in text)


def test_every_version_is_kept_with_what_it_changed_and_why(home):
    add_rule(home, SOLAR, "Solar is Cody's.", NOW)
    home.rubric_file.write_text(home.rubric_file.read_text() + "# mine\n")
    put_rubric(home, home.rubric_file.read_text() + "# more\n", "edited", NOW + 1)
    changes = list_changes(home)
    whys = ["as it was", "rule solar: Solar is Cody's.", "edited by hand", "edited"]
    assert [change.version.why for change in changes] == whys
    assert [change.version.number for change in changes] == [1, 2, 3, 4]
    assert changes[0].lines == [] and "+    said: Solar is Cody's." in changes[1].lines
    assert [change.lines for change in changes[2:]] == [["+# mine"], ["+# more"]]


def test_an_earlier_version_is_put_back_and_that_too_is_a_version(home):
    before = home.rubric_file.read_text()
    add_rule(home, SOLAR, "Solar is Cody's.", NOW)
    revert_rubric(home, 1, NOW + 1)
    assert home.rubric_file.read_text() == before
    assert [version.why for version in list_versions(home)][-1] == "version 1 again"
    revert_rubric(home, 2, NOW + 2)
    assert names(home)[0] == "solar"
    with pytest.raises(NotFound, match="no version 9"):
        revert_rubric(home, 9, NOW)


def test_a_version_that_no_longer_fits_the_profiles_is_refused_and_nothing_changes(home):
    add_rule(home, SOLAR, "Solar is Cody's.", NOW)
    text = home.rubric_file.read_text().replace("scout", "nightly")
    scout = home.profiles_folder / "scout.yaml"
    (home.profiles_folder / "nightly.yaml").write_text(scout.read_text().replace("name: scout", "name: nightly"))
    scout.unlink()
    home.rubric_file.write_text(text)
    with pytest.raises(InvalidFile, match="'scout'") as refused:
        revert_rubric(home, 1, NOW)
    assert "version 1 is from before that" in refused.value.hint and home.rubric_file.read_text() == text


def test_a_line_that_cannot_be_read_spoils_no_other(home):
    add_rule(home, SOLAR, "Solar is Cody's.", NOW)
    file = home.rubric_versions_file
    file.write_text("half a li\n" + file.read_text() + '{"number": 7}\n')
    assert [version.number for version in list_versions(home)] == [1, 2]


def test_a_rule_that_would_be_refused_leaves_everything_as_it_is(home):
    before = home.rubric_file.read_text()
    with pytest.raises(InvalidFile, match="no profile is called 'coddy'"):
        add_rule(home, SOLAR.model_copy(update={"assign": "coddy"}), "so", NOW)
    assert home.rubric_file.read_text() == before and list_versions(home) == []
