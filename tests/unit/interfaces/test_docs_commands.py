"""Every command is in docs/commands.md with an example, and every command that the docs quote is there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from kanban.interfaces.cli import HIDDEN, cli

ROOT = Path(__file__).parents[3]
COMMANDS_PAGE = ROOT / "docs" / "commands.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
QUOTED = re.compile(r"`kanban ([^`\n]+)`|^(?:\$ )?kanban ([^\n]+)$", re.MULTILINE)


def walk(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from walk(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


ALL = dict(walk(cli))


def quoted_in(text: str) -> list[str]:
    """The command lines in a text, without `kanban` and what a comment says of them."""
    lines = (found[1] or found[2] for found in QUOTED.finditer(text))
    return [line.split("  ")[0].split(" #")[0].strip() for line in lines]


def objection(line: str) -> str | None:
    """What is wrong with a quoted command line; None when it names a command and options that are there."""
    words = shlex.split(line.replace("…", "x"))
    while words and words[0] == "--home":
        words = words[2:]
    command: click.Command = cli
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            return f"there is no command {words[0]!r}"
        command, words = found, words[1:]
    known = {spelling for option in command.get_params(click.Context(command)) for spelling in option.opts}
    unknown = [word for word in words if re.match(r"-{1,2}[a-z]", word) and word.split("=")[0] not in known]
    return f"it has no option {unknown[0]}" if unknown else None


def test_hidden_commands_are_not_counted():
    assert HIDDEN and not HIDDEN & ALL.keys()


@pytest.mark.parametrize("name", ALL)
def test_every_command_is_in_the_docs(name):
    assert re.search(rf"^\| `{re.escape(name)}[ `]", COMMANDS_PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_a_help_text_with_an_example_that_is_one(name):
    help_text = ALL[name].help or ""
    example = re.search(r"Example: kanban (.+)", help_text)
    assert example, help_text
    assert example[1].startswith(name) and objection(example[1]) is None


@pytest.mark.parametrize("option", sorted({(name, p.opts[0]) for name, c in ALL.items() for p in c.params}))
def test_every_option_explains_itself(option):
    name, spelling = option
    (found,) = [parameter for parameter in ALL[name].params if parameter.opts[0] == spelling]
    assert not isinstance(found, click.Option) or found.help


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_line_in_the_docs_is_one(page):
    wrong = {line: problem for line in quoted_in(page.read_text()) if (problem := objection(line))}
    assert wrong == {}


@pytest.mark.parametrize("source", sorted((ROOT / "kanban").rglob("*.py")), ids=lambda source: source.stem)
def test_every_command_that_a_message_names_is_there(source):
    quoted = [re.sub(r"\{[^}]*\}", "1", line) for line in re.findall(r"`kanban ([^`\n]+)`", source.read_text())]
    assert {line: problem for line in quoted if (problem := objection(line))} == {}


def test_a_wrong_command_line_would_be_found():
    assert quoted_in("see `kanban lst` and\nkanban show 1   # this\n") == ["lst", "show 1"]
    assert [objection(line) for line in ("lst", "show 1 --historie", "rubric shw", "list --text x")] == [
        "there is no command 'lst'",
        "it has no option --historie",
        "there is no command 'shw'",
        None,
    ]
