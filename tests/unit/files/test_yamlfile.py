"""Every way a person's YAML can be wrong ends in one error that names file, line, key and remedy."""

from enum import StrEnum
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from kanban.domain.rubric import Rubric
from kanban.errors import HomeError, InvalidFile
from kanban.files.yamlfile import edit_yaml, load_data, load_model


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")

    assign: str
    colour: Colour = Colour.RED
    size: int | None = Field(default=None, ge=1)


class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[Leaf] = []
    by_name: dict[str, Leaf] = {}
    best: Leaf | None = None
    title: str = ""


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "tree.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refuse(folder: Path, content: str | bytes, model: type[BaseModel] = Tree) -> InvalidFile:
    with pytest.raises(InvalidFile) as caught:
        load_model(write(folder, content), model)
    return caught.value


def test_a_right_file_becomes_its_model(tmp_path: Path) -> None:
    tree = load_model(write(tmp_path, "rules:\n  - assign: cody\n    colour: green\nbest: {assign: x}\n"), Tree)
    assert tree == Tree(rules=[Leaf(assign="cody", colour=Colour.GREEN)], best=Leaf(assign="x"))


@pytest.mark.parametrize(
    ("content", "line", "says", "hint"),
    [
        ("rules:\n  - assign: a\n  - assign: b\n    colur: red\n", 4, "rules[1].colur: unknown key", "'colour'"),
        ("# note\n\nrulez: []\n", 3, "rulez: unknown key", "did you mean 'rules'?"),
        ("by_name:\n  oak:\n    assign: a\n    sze: 1\n", 4, "by_name.oak.sze: unknown key", "'size'"),
        ("best:\n  assign: a\n  asign: b\n", 3, "best.asign: unknown key", "'assign'"),
        ("qqq: 1\n", 1, "qqq: unknown key", "known here: best, by_name, rules, title"),
        ("rules:\n  - assign: a\n  - colour: red\n", 3, "rules[1].assign: is missing", ""),
        ("rules:\n  - assign: a\n    colour: gren\n", 3, "rules[0].colour: 'gren' is not one of red, green", "'green'"),
        ("rules:\n  - assign: a\n    size: many\n", 3, "rules[0].size: input should be a valid integer", ""),
        ("title: 2025-01-02\n", 1, "title: expected text", "quotes"),
        ("rules:\n  assign: a\n", 1, "rules: input should be a valid list", ""),
    ],
)
def test_a_wrong_value_is_named_with_its_line(tmp_path: Path, content: str, line: int, says: str, hint: str) -> None:
    error = refuse(tmp_path, content)
    assert error.line == line
    assert str(error).startswith(f"{tmp_path}/tree.yaml:{line}: {says}")
    assert hint in error.hint


def test_all_mistakes_are_listed_in_the_order_of_the_file(tmp_path: Path) -> None:
    error = refuse(tmp_path, "rules:\n  - assgn: a\n    colour: blue\ntitel: x\n")
    assert error.line == 2
    assert "and 3 more" in str(error)
    assert str(error).index("line 3: rules[0].colour") < str(error).index("line 4: titel: unknown key")
    assert "'assign'" in error.hint and "'title'" in error.hint


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("rules:\n\t- assign: a\n", 2, "found character '\\t'"),
        ("title: [1\nrules: 2\n", 2, "is not YAML"),
        ("title: 'open\n", 2, "is not YAML"),
        ("title: a\nrules: []\ntitle: b\n", 3, "title: stands here twice, first in line 1"),
        ("best:\n  assign: a\n  assign: b\n", 3, "best.assign: stands here twice"),
        ("title: a\nbest: *nobody\n", 2, "undefined alias"),
        ("title: a\n---\ntitle: b\n", 2, "not YAML"),
        ("title: !!python/object:os.system x\n", 1, "could not determine a constructor"),
        ("rules: []\ntitle: 2025-13-45\n", 2, "title: '2025-13-45'"),
        ("title: " + "9" * 5000, 1, "Exceeds the limit"),
        ("title: a\nbest: {1: x}\n", 2, "a key of best is not text"),
        ("title: a\n? [x, y]\n: b\n", 2, "a key of the top level is not text"),
        ("title: a\x07b\n", 1, "unacceptable character"),
        ("", 1, "it is empty"),
        ("# only a comment\n", 1, "it is empty"),
        ("- a\n- b\n", 1, "it holds a sequence"),
        ("just words\n", 1, "it holds a scalar"),
        (b"title: a\nbest: \xff\xfe\n", 2, "is not UTF-8"),
        ("best: &loop\n  assign: *loop\n", 1, "unfolds to far too much"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, content: str | bytes, line: int, says: str) -> None:
    error = refuse(tmp_path, content)
    assert (error.line, says in str(error)) == (line, True), str(error)


def test_tabs_are_explained(tmp_path: Path) -> None:
    assert "use spaces" in refuse(tmp_path, "rules:\n\t- assign: a\n").hint


def test_a_file_that_unfolds_to_billions_is_refused(tmp_path: Path) -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10))
    error = refuse(tmp_path, f"l0: &l0 [x, x, x]\n{levels}\n")
    assert "unfolds to far too much" in str(error) and "aliases" in error.hint


@pytest.mark.parametrize("content", ["a: " + "[" * 5000, "a: " + "{b: " * 3000])
def test_a_file_nested_without_end_is_refused(tmp_path: Path, content: str) -> None:
    assert "nested far too deeply" in str(refuse(tmp_path, content))


def test_a_file_of_more_than_a_megabyte_is_refused(tmp_path: Path) -> None:
    assert "larger than 1000 kB" in str(refuse(tmp_path, "# " + "x" * 1_000_000))


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="missing") as caught:
        load_model(tmp_path / "none.yaml", Tree)
    assert "kanban init" in caught.value.hint


def test_a_folder_in_the_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="Is a directory"):
        load_model(tmp_path, Tree)


def test_an_empty_file_may_stand_for_all_defaults(tmp_path: Path) -> None:
    assert load_model(write(tmp_path, "# nothing yet\n"), Tree, empty_ok=True) == Tree()


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    assert load_data(write(tmp_path, b"\xef\xbb\xbftitle: a\r\nn: 1\r\n")) == {"title": "a", "n": 1}


def test_the_line_of_a_rule_that_stands_twice_and_of_a_correction_without_rule(tmp_path: Path) -> None:
    rules = "rules:\n  - {name: a, assign: cody, reason: r}\n  - {name: a, assign: cody, reason: r}\n"
    error = refuse(tmp_path, rules, Rubric)
    assert (error.line, "rules[1].name: two rules or boundaries are called 'a'" in str(error)) == (3, True)

    one = "rules:\n  - {name: a, assign: cody, reason: r}\ncorrections:\n  - {date: 2025-01-02, said: no, rule: b}\n"
    error = refuse(tmp_path, one, Rubric)
    assert (error.line, "corrections[0].rule: no rule or boundary is called 'b'" in str(error)) == (4, True)


COMMENTED = """\
# what takes what
rules:
  - assign: cody # he is good
    colour: "red"

  # the small ones
  - assign: scout
title: here stays a rather long line that no program should ever wrap, whatever it believes about eighty columns
"""


def test_an_edit_keeps_comments_quotes_and_layout(tmp_path: Path) -> None:
    path = write(tmp_path, COMMENTED)
    path.chmod(0o640)
    edit_yaml(path, lambda top: top["rules"].append({"assign": "ginger"}))
    assert path.read_text() == COMMENTED.replace("  - assign: scout\n", "  - assign: scout\n  - assign: ginger\n")
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_edit_of_a_file_of_comments_keeps_them(tmp_path: Path) -> None:
    path = write(tmp_path, "# hosts:\n#   webb: {}\n")
    edit_yaml(path, lambda top: top.update(hosts={"a": {}}))
    assert path.read_text() == "# hosts:\n#   webb: {}\n\nhosts:\n  a: {}\n"


def test_an_edit_through_a_link_changes_the_file_behind_it(tmp_path: Path) -> None:
    path = write(tmp_path, "title: a\n")
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    edit_yaml(link, lambda top: top.update(title="b"))
    assert link.is_symlink() and path.read_text() == "title: b\n"


def test_an_edit_that_fails_leaves_the_file_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "title: a\n")

    def fail(top: dict[str, str]) -> None:
        top["title"] = "b"
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        edit_yaml(path, fail)
    assert path.read_text() == "title: a\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_broken_file_is_not_edited(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile):
        edit_yaml(write(tmp_path, "a: 1\na: 2\n"), lambda top: top.clear())
