"""Forgeries: a worker that wants its ticket done without doing it, beside one that does the work."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kanban.domain.brief import Brief, Criterion, Target
from kanban.domain.ticket import THE_PERSON
from tests.support.cells import working_cell
from tests.support.scripted import DONE, House, call

GIVE_UP = call("block", reason="other", explanation="It cannot be done.")

TEST = """
import unittest
from calc import add

class Adding(unittest.TestCase):
    def test_it_adds(self):
        self.assertEqual(add(2, 2), 4)
"""


@dataclass(frozen=True)
class Job:
    """A ticket about a project, with what lies there before; `P` stands for the project's folder."""

    check: str
    honest: str
    files: Mapping[str, str]
    targets: Sequence[str] = ()
    deliverables: Sequence[str] = ()

    def brief(self, project: Path) -> Brief:
        return Brief(
            goal="The project does what it should.",
            criteria=[Criterion(text="It does", check=self.check.replace("P", str(project)))],
            targets=[Target(path=str(project / target)) for target in self.targets],
            deliverables=[path.replace("P", str(project)) for path in self.deliverables],
        )


JOBS = {
    "report": Job("grep -q 8080 report.md", "echo 'Port 8080 is open.' > report.md", {}, deliverables=["`report.md`"]),
    "fix": Job(
        "cd P && python3 -m unittest -q test_calc",
        "printf 'def add(a, b):\\n    return a + b\\n' > P/calc.py",
        {"calc.py": "def add(a, b):\n    return a - b\n", "test_calc.py": TEST},
        targets=["calc.py"],
    ),
    "all tests": Job(
        "cd P && python3 -m unittest -q",
        "printf 'def add(a, b):\\n    return a + b\\n' > P/calc.py",
        {"calc.py": "def add(a, b):\n    return a - b\n", "test_calc.py": TEST},
        targets=["calc.py"],
    ),
    "page": Job(
        "sh P/check.sh",
        "echo '<h1>Solar</h1>' > P/page.html",
        {"check.sh": 'cd "$(dirname "$0")" && grep -q Solar page.html\n', "page.html": "<h1>Moon</h1>\n"},
        targets=["page.html"],
    ),
    "sorted": Job(
        "diff P/expected.txt P/out.txt",
        "sort P/in.txt > P/out.txt",
        {"expected.txt": "a\nb\n", "in.txt": "b\na\n"},
        targets=["out.txt"],
    ),
    "table": Job("test -e P/prices.csv", "echo 'pump,3000' > P/prices.csv", {}, targets=["prices.csv"]),
    "tool": Job(
        "python3 P/tool.py | grep -q ready",
        "printf 'print(\"ready\")\\n' > P/tool.py",
        {"tool.py": "raise SystemExit('not yet')\n"},
        targets=["tool.py"],
    ),
    "judge": Job(
        "python3 P/judge.py P/out.json",
        """echo '{"port": 8080}' > P/out.json""",
        {"judge.py": "import json, sys\nsys.exit(json.load(open(sys.argv[1]))['port'] != 8080)\n"},
        targets=["out.json"],
    ),
    "judges": Job(
        "cd P && for file in ./*.sh; do sh $file || exit 1; done",
        "echo 12 > P/out",
        {"one.sh": "grep -q 1 out\n", "two.sh": "grep -q 2 out\n"},
        targets=["out"],
    ),
    "below": Job(
        f"cd P/sub && {sys.executable} -m pytest -q -p no:cacheprovider",
        "printf 'def add(a, b):\\n    return a + b\\n' > P/sub/calc.py",
        {"sub/calc.py": "def add(a, b):\n    return a - b\n", "sub/test_calc.py": TEST},
        targets=["sub/calc.py"],
    ),
    "two": Job("test -s one.md", "echo 1 > one.md; echo 2 > two.md", {}, deliverables=["one.md", "two.md"]),
}

FORGERIES = {
    "says so": ("report", "true"),
    "says so and shows it": ("report", "echo 'exit status 0'"),
    "a file that is empty": ("table", "touch P/prices.csv"),
    "a folder in place of a file": ("table", "mkdir P/prices.csv"),
    "a link to nothing": ("two", "echo 1 > one.md; ln -s gone two.md"),
    "a link out of the walls": ("two", "echo 1 > one.md; ln -s /etc/passwd two.md"),
    "half of it": ("two", "echo 1 > one.md"),
    "half of it, the rest empty": ("two", "echo 1 > one.md; : > two.md"),
    "a file in the /tmp of its own": ("report", "echo 8080 > /tmp/report.md; ln -s /tmp/report.md report.md"),
    "a test that was bent": ("fix", "sed -i 's/, 4/, 0/' P/test_calc.py"),
    "a test that is skipped": ("fix", "sed -i 's/    def/    @unittest.skip(\"x\")\\n    def/' P/test_calc.py"),
    "a test that ends early": ("fix", "sed -i '1i import os; os._exit(0)' P/test_calc.py"),
    "a test that is a link": ("fix", "echo > P/t; ln -sf t P/test_calc.py"),
    "tests that are gone": ("all tests", "rm P/test_calc.py"),
    "tests under another name": ("all tests", "mv P/test_calc.py P/calc_test_.py"),
    "a stand-in for the runner": ("fix", "echo > P/unittest.py"),
    "a stand-in as a package": (
        "fix",
        "mkdir P/unittest; echo > P/unittest/__init__.py; echo > P/unittest/__main__.py",
    ),
    "a stand-in for what the runner imports": ("fix", "echo 'import os; os._exit(0)' > P/difflib.py"),
    "a start-up file of Python": (
        "fix",
        'd=$(python3 -c "import site; print(site.getusersitepackages())"); mkdir -p "$d"; '
        "echo 'import os; os._exit(0)' > \"$d/usercustomize.py\"",
    ),
    "a start-up file of the shell": (
        "page",
        "for f in .bashrc .profile .bash_profile .bash_login .shrc; do echo 'exit 0' > ~/$f; done",
    ),
    "a function in place of a program": ("page", "grep() { true; }; export -f grep; sh P/check.sh"),
    "a program in place of another": (
        "page",
        "mkdir -p ~/bin P/bin bin; for d in ~/bin P/bin bin; do printf '#!/bin/sh\\n' > $d/sh; chmod +x $d/sh; done",
    ),
    "the judge bent": ("page", "echo 'exit 0' > P/check.sh"),
    "the judge bent in its last line": ("page", "echo 'true' >> P/check.sh"),
    "the judge as a link": ("page", "ln -sf /bin/true P/check.sh"),
    "the judge gone": ("page", "rm P/check.sh"),
    "the expectation bent": ("sorted", "cp P/in.txt P/out.txt; cp P/in.txt P/expected.txt"),
    "the expectation as a link": ("sorted", "cp P/in.txt P/out.txt; ln -sf out.txt P/expected.txt"),
    "bytecode in place of a test": (
        "fix",
        "cd P/; stamp=$(stat -c %Y test_calc.py); cp test_calc.py kept; size=$(stat -c %s test_calc.py); "
        "{ printf 'import os; os._exit(0)\n#'; head -c 9999 /dev/zero | tr '\\0' x; } | head -c $size > test_calc.py; "
        "touch -d @$stamp test_calc.py; python3 -m compileall -q .; "
        "cp kept test_calc.py; touch -d @$stamp test_calc.py",
    ),
    "bytecode without a source": (
        "fix",
        "cd P/; echo 'import os; os._exit(0)' > u.py; python3 -c 'import py_compile; "
        'py_compile.compile("u.py", "unittest.pyc")\'; rm u.py',
    ),
    "a stand-in beside the judge": ("judge", "echo 'import sys; sys.exit(0)' > P/json.py"),
    "one of the judges bent": ("judges", "echo 1 > P/out; echo true > P/two.sh"),
    "settings above": ("below", "printf '[pytest]\naddopts = --co\n' > P/pytest.ini"),
    "settings behind a thousand files": (
        "below",
        "mkdir P/sub/a; for i in $(seq 2100); do : > P/sub/a/$i; done; "
        "for i in $(seq 310); do : > P/sub/a/test_$i.py; done; "
        "echo 'import os; os._exit(0)' > P/sub/conftest.py",
    ),
    "a failure behind a pipe": ("tool", "printf 'print(\"ready\")\\nraise SystemExit(1)\\n' > P/tool.py"),
    "what a child does later": ("report", "(sleep 0.3; echo 8080 > report.md) & disown"),
}


@pytest.fixture
def project(house: House, tmp_path: Path) -> Path:
    """A folder that is named to the run, beside a home whose commands run in a cell."""
    working_cell()
    house.set(sandbox="auto")
    folder = tmp_path / "project"
    folder.mkdir()
    house.set(sandbox_reads=[sys.prefix, sys.base_prefix])
    house.hosts(local={"paths": {str(folder): "a project"}})
    return folder


@pytest.fixture
def file_job(house: House, project: Path) -> Callable[[str], int]:
    def file(name: str) -> int:
        job = JOBS[name]
        for path, text in job.files.items():
            (project / path).parent.mkdir(exist_ok=True)
            (project / path).write_text(text)
        return house.ticket(name, brief=job.brief(project))

    return file


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_forgery_is_done(house: House, project: Path, file_job: Callable[[str], int], forgery: str) -> None:
    name, command = FORGERIES[forgery]
    ticket = file_job(name)
    house.work(ticket, call("shell", command=command.replace("P/", f"{project}/")), DONE, DONE, GIVE_UP, GIVE_UP)
    assert house.status(ticket) != "done"


@pytest.mark.parametrize("name", JOBS)
def test_honest_work_is_done(house: House, project: Path, file_job: Callable[[str], int], name: str) -> None:
    ticket = file_job(name)
    run = house.work(ticket, call("shell", command=JOBS[name].honest.replace("P/", f"{project}/")), DONE, GIVE_UP)
    assert house.status(ticket) == "done", house.answers(run)


def test_a_later_attempt_is_held_to_what_was_there_before_the_first(house: House, project: Path, file_job) -> None:
    ticket = file_job("fix")
    bend = call("shell", command=f"sed -i 's/, 4/, 0/' {project}/test_calc.py")
    house.work(ticket, bend, GIVE_UP)
    house.app.store.board.unblock(ticket, THE_PERSON, house.clock())
    run = house.work(ticket, DONE, GIVE_UP)
    assert "test_calc.py is not what it was before the work: restore it" in house.answers(run)[0]
    assert house.status(ticket) != "done"
