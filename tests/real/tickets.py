"""Tickets for a small model: three as they should be, one too vague and one too hard."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kanban.app import App
from kanban.briefs.render import render_brief
from kanban.domain.brief import Brief, Criterion, Target
from kanban.domain.ticket import THE_PERSON
from kanban.store.filing import NewTicket


@dataclass(frozen=True)
class Piece:
    """A ticket that can be asked for again and again: `prepare` makes what it starts from in a folder of its own."""

    name: str
    title: str
    make_brief: Callable[[Path], Brief | None]
    prepare: Callable[[Path], None] = lambda folder: None
    body: str = ""

    def file(self, home: App, folder: Path, assignee: str) -> int:
        """Put it on the board, as the person."""
        self.prepare(folder)
        brief = self.make_brief(folder)
        body = render_brief(self.title, brief) if brief else self.body
        return home.store.board.create_ticket(NewTicket(self.title, body, brief, assignee), THE_PERSON, home.clock())


def _write_a_file(folder: Path) -> Brief:
    path = f"{folder}/opening-hours.txt"
    return Brief(
        goal=f"The file {path} holds the opening hours of the library in exactly two lines.",
        targets=[Target(path=path)],
        steps=[
            f"Write {path} with these two lines:\nMonday to Friday: 9 to 18\nSaturday: 10 to 14",
            f"Read {path} and compare it with the two lines of step 1.",
        ],
        criteria=[
            Criterion(
                text="The file holds the two lines and nothing else.",
                check=f"printf '%s\\n' 'Monday to Friday: 9 to 18' 'Saturday: 10 to 14' | diff -B - {path}",
            )
        ],
        deliverables=[path],
        category="single-file",
        est_turns=4,
    )


SETTINGS = """\
[server]
address = 127.0.0.1
port = 8080
workers = 4

[log]
level = info
"""


def _write_settings(folder: Path) -> None:
    (folder / "server.ini").write_text(SETTINGS)


def _edit_a_line(folder: Path) -> Brief:
    path = f"{folder}/server.ini"
    return Brief(
        goal=f"In {path} the server's port is 9090; every other line stays as it is.",
        targets=[Target(path=path)],
        steps=[
            f"Read {path}.",
            "Replace the line `port = 8080` by `port = 9090`.",
            f"Read {path} again: only that line differs.",
        ],
        criteria=[
            Criterion(text="The port is 9090.", check=f"grep -qx 'port = 9090' {path}"),
            Criterion(text="The other lines are as they were.", check=f"test $(wc -l < {path}) -eq 7"),
        ],
        deliverables=[path],
        category="single-file",
        est_turns=4,
    )


def _write_a_function(folder: Path) -> Brief:
    path, test = f"{folder}/slug.py", f"{folder}/test_slug.py"
    return Brief(
        goal=f"{path} holds a function `slugify(title: str) -> str`, and {test} tests it.",
        context="The pages of a site are named after their titles: `Hello World` becomes `hello-world`.",
        targets=[Target(path=path), Target(path=test)],
        steps=[
            f"Write {path} with the function `slugify`. It returns the title in lower case, without spaces at its "
            "ends, and with one hyphen in place of each run of spaces inside.",
            f"Write {test} with a `unittest.TestCase` that imports `slugify` from `slug` and tests that "
            "`slugify('Hello World')` is `hello-world` and `slugify('  Two   Spaces ')` is `two-spaces`.",
            f"Run `cd {folder} && python3 -m unittest test_slug` and correct what fails.",
        ],
        criteria=[
            Criterion(text="The tests pass.", check=f"cd {folder} && python3 -m unittest test_slug"),
            Criterion(
                text="The two examples of step 2 hold.",
                check=f'cd {folder} && python3 -c "from slug import slugify as s; '
                "assert s('Hello World') == 'hello-world' and s('  Two   Spaces ') == 'two-spaces'\"",
            ),
        ],
        deliverables=[path, test],
        category="code",
        est_turns=6,
    )


def _break_a_seal(folder: Path) -> Brief:
    path = f"{folder}/word.txt"
    seal = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0bad15c15d6c15b0f00a08"
    return Brief(
        goal=f"{path} holds the one line whose SHA-256 hash (without a line break) is {seal}.",
        targets=[Target(path=path)],
        steps=[f"Find the line.\nWrite it to {path}."],
        criteria=[
            Criterion(
                text="The hash of the line is the one of the goal.",
                check=f"test $(tr -d '\\n' < {path} | sha256sum | cut -d ' ' -f 1) = {seal}",
            )
        ],
        deliverables=[path],
        category="code",
        est_turns=6,
    )


WRITE_A_FILE = Piece("write-a-file", "Write down the opening hours", _write_a_file)
EDIT_A_LINE = Piece(
    "edit-a-line",
    "Move the server to port 9090",
    _edit_a_line,
    prepare=_write_settings,
)
WRITE_A_FUNCTION = Piece("write-a-function", "Write slugify and its test", _write_a_function)
GOOD = (WRITE_A_FILE, EDIT_A_LINE, WRITE_A_FUNCTION)

TOO_VAGUE = Piece(
    "too-vague", "Improve things", lambda folder: None, body="Make it nicer and faster. You know what I mean."
)
TOO_HARD = Piece("too-hard", "Find the sealed word", _break_a_seal)
