"""Which files decide a check, and what may change of them."""

import json

import pytest

from kanban.domain.brief import Brief, Criterion, Target
from kanban.domain.seals import (
    find_asked,
    find_broken,
    find_deliverables,
    find_named,
    hash_deciding,
    is_setting,
    is_surely_path,
    is_test,
    stands_in,
)


@pytest.mark.parametrize(
    ("check", "paths", "folders", "imports"),
    [
        ("pytest", set(), {""}, {""}),
        ("cd /srv/app && python3 -m pytest -q t/a.sh", {"/srv/app/t/a.sh"}, {"/srv/app"}, {"/srv/app"}),
        ("sh -c 'cd app && make test'", {"app/test"}, {"app"}, {"app"}),
        ("diff <(sort in.txt) --from-file=expected.txt", {"in.txt", "expected.txt"}, set(), set()),
        ("! test -e /etc/cron.d/old", {"/etc/cron.d/old"}, set(), set()),
        ("python3 tool.py | grep -q ready", {"tool.py"}, set(), {""}),
        ("python3.11 /srv/app/judge.py", {"/srv/app/judge.py"}, set(), {"", "/srv/app"}),
        ("grep -q started /var/log/app.log", set(), set(), set()),
        ("it's a check that no shell reads 'x.sh", {"x.sh"}, set(), set()),
    ],
)
def test_a_check_names_files_and_folders(check, paths, folders, imports):
    named = find_named(check)
    assert paths <= named.paths
    assert (named.folders, named.imports) == (folders, imports)
    assert not any("/var/log" in path for path in named.paths)


@pytest.mark.parametrize("path", ["test_a.py", "src/a_test.go", "a.spec.ts", "b.test.js", "ci/check_all.sh"])
def test_what_a_runner_takes_for_a_test(path):
    assert is_test(path) and not is_test(path.replace("test", "main").replace("spec", "main").replace("check", "main"))


def test_settings_and_stand_ins_steer_a_runner():
    assert is_setting("src/conftest.py") and is_setting("GNUmakefile") and not is_setting("main.py")
    assert stands_in("app/json.py", "app") and stands_in("unittest/__init__.py", "")
    assert stands_in("json.pyc", "") and stands_in("_json.cpython-311-x86_64-linux-gnu.so", "")
    assert is_setting("jest.config.js") and is_setting(".mocharc.yml")
    assert not stands_in("json.txt", "") and not stands_in("json/notes.py", "")
    assert not stands_in("app/deep/json.py", "app") and not stands_in("app/calc.py", "app")


def test_of_a_file_that_says_more_only_what_decides_counts():
    before = json.dumps({"scripts": {"test": "jest"}, "dependencies": {}}).encode()
    after = json.dumps({"scripts": {"test": "jest"}, "dependencies": {"left-pad": "1"}}).encode()
    bent = json.dumps({"scripts": {"test": "true"}, "dependencies": {}}).encode()
    hidden = json.dumps({"scripts": {"test": "jest"}, "jest": {"testMatch": ["none"]}}).encode()
    hashed = [hash_deciding("package.json", data) for data in (before, after, bent, hidden)]
    assert hashed[0] == hashed[1] and len(set(hashed)) == 3
    project = [b'[project]\nname = "a"\n', b'[project]\nname = "b"\n', b'[tool.pytest.ini_options]\naddopts = "--co"\n']
    hashed = [hash_deciding("pyproject.toml", data) for data in project]
    assert hashed[0] == hashed[1] != hashed[2]


@pytest.mark.parametrize("data", [b"[", b"[1]", b"\xff", b'"text"', b"null"])
def test_a_file_that_is_not_what_its_name_says_counts_whole(data):
    for name in ("package.json", "pyproject.toml"):
        assert hash_deciding(name, data) != hash_deciding(name, data + b" 1")


def test_deliverables_that_are_paths():
    brief = Brief(
        goal="Make them.",
        targets=[Target(path="/srv/page.html", host="webb")],
        criteria=[Criterion(text="It is there.", check="test -f x", host="nas")],
        deliverables=["`report.md`", "/srv/page.html", "nas:/vol/x.csv", "A table", "https://a.b/c.html", "Dashboard"],
    )
    found = [place for place in find_deliverables(brief) if is_surely_path(place[1])]
    assert found == [("local", "report.md"), ("webb", "/srv/page.html"), ("nas", "/vol/x.csv")]
    assert ("local", "Dashboard") in find_deliverables(brief)  # kept if such a file is there, not missed if not
    assert ("webb", "/srv/page.html") in find_asked(brief)


@pytest.mark.parametrize("word", ["CI/CD", "and/or", "example.com", "v1.2", "README", "docs/guide"])
def test_a_word_that_may_be_no_path_is_not_missed(word):
    assert not is_surely_path(word)


def test_what_was_asked_for_may_change_and_nothing_else():
    sealed = {("local", path): "1" for path in ("/a/test_a.py", "/a/test_b.py", "/a/tests/test_c.py")}
    now = {("local", "/a/test_a.py"): "2", ("local", "/a/test_b.py"): "1", ("local", "/a/tests/test_c.py"): "2"}
    steering = [("local", "/a/conftest.py"), ("local", "/a/tests/conftest.py")]
    broken = find_broken(sealed, now, steering, [("local", "/a/tests/test_c.py")])
    assert broken.changed == [("local", "/a/test_a.py")]
    assert broken.added == [("local", "/a/conftest.py")]  # where tests are asked for, their settings may come too
