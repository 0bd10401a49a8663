"""What a call that waits would change in its file, shown before it does."""

import json

import pytest

from kanban.execution.local import LocalBackend
from kanban.service.preview import COMPARED_BYTES, preview_change
from kanban.store.tables import Approval

TOML = '[server]\nhost = "0.0.0.0"\nport = 80\n'


@pytest.fixture
def preview(tmp_path):
    """Previews a call over the files of tmp_path/work."""
    (tmp_path / "work").mkdir()
    files = LocalBackend(tmp_path / "work")

    def preview(tool, **arguments):
        return preview_change(Approval(tool=tool, arguments=json.dumps(arguments)), files)

    return preview


@pytest.fixture
def toml(preview, tmp_path):
    file = tmp_path / "work" / "app.toml"
    file.write_text(TOML)
    return file


def test_an_edit_is_compared_with_the_file_as_it_is(preview, toml):
    change = preview("edit_file", path="app.toml", old="port = 80", new="port = 8080")
    assert change.note == "compared with the file as it is now"
    assert change.lines == ["@@ -1,3 +1,3 @@", " [server]", ' host = "0.0.0.0"', "-port = 80", "+port = 8080"]
    assert toml.read_text() == TOML


def test_a_file_that_would_be_overwritten_is_compared(preview, toml):
    change = preview("write_file", path="app.toml", content=TOML + "workers = 2\n", host="local")
    assert change.lines[-1] == "+workers = 2" and "-" not in {line[0] for line in change.lines}


def test_a_new_file_is_shown_whole(preview):
    change = preview("write_file", path="new.txt", content="one\ntwo\n")
    assert change.lines == ["@@ -0,0 +1,2 @@", "+one", "+two"]
    assert change.note.startswith("not compared: new.txt on local")


def test_a_write_that_changes_nothing_says_so(preview, toml):
    change = preview("write_file", path="app.toml", content=TOML)
    assert change.lines == [] and "says exactly that already" in change.note


@pytest.mark.parametrize("old, why", [("port = 81", "does not hold"), ("0", "holds `old` 5 times")])
def test_an_edit_that_would_fail_says_why(preview, toml, old, why):
    change = preview("edit_file", path="app.toml", old=old, new="9")
    assert "it would fail as it stands" in change.note and why in change.note
    assert change.lines == ["@@ -1 +1 @@", f"-{old}\n\\ no newline at the end", "+9\n\\ no newline at the end"]


def test_an_edit_of_every_place_shows_all_of_them(preview, toml):
    change = preview("edit_file", path="app.toml", old="0", new="9", every=True)
    assert '+host = "9.9.9.9"' in change.lines and "+port = 89" in change.lines


def test_a_missing_line_end_is_seen(preview, toml):
    change = preview("write_file", path="app.toml", content=TOML.rstrip("\n"))
    assert change.lines[-2:] == ["-port = 80", "+port = 80\n\\ no newline at the end"]


def test_on_another_host_the_diff_is_of_what_the_call_says(preview, toml):
    change = preview("edit_file", path="app.toml", old="a\n", new="b\n", host="attic")
    assert (list(change.lines), change.note) == (
        ["@@ -1 +1 @@", "-a", "+b"],
        "not compared with the file, which is on attic",
    )


@pytest.mark.parametrize(
    "content, why", [(b"\xff\xfe", "not UTF-8"), (b"x" * (COMPARED_BYTES + 1), "longer than 256 kB")]
)
def test_a_file_that_cannot_be_compared_is_told(preview, toml, content, why):
    toml.write_bytes(content)
    change = preview("write_file", path="app.toml", content="new\n")
    assert why in change.note and change.lines == ["@@ -0,0 +1 @@", "+new"]


def test_what_lies_outside_of_the_runs_folders_is_not_read(preview, tmp_path):
    (tmp_path / "secret").write_text("secret")
    change = preview("write_file", path="../secret", content="x\n")
    assert "outside what this run may touch" in change.note and change.lines == ["@@ -0,0 +1 @@", "+x"]


def test_a_text_that_is_too_long_is_not_compared(preview, toml):
    change = preview("write_file", path="app.toml", content="x" * (COMPARED_BYTES + 1))
    assert (list(change.lines), change.note) == ([], "too long to compare")


@pytest.mark.parametrize("tool, arguments", [("shell", '{"command": "ls"}'), ("write_file", "no json"), ("x", "[]")])
def test_other_calls_change_no_file(tmp_path, tool, arguments):
    assert preview_change(Approval(tool=tool, arguments=arguments), LocalBackend(tmp_path)) is None
