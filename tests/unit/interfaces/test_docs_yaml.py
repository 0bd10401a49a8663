"""What the docs show of a home's files can be put there as it stands."""

import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from kanban.files.home import Home, load_hosts, load_profiles, load_rubric, load_settings
from kanban.files.yamlfile import edit_yaml, parse_document
from tests.unit.interfaces.test_docs_commands import PAGES

BLOCK = re.compile(r"^ *```ya?ml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
CLAIM = re.compile(r"# ~/\.kanban/(\S+)\n")
IN_WORDS = re.compile(r"`([a-z_]+: [^`]+)` in `~/\.kanban/([^`*]+)`")

LOADERS: dict[str, Callable[[Home], object]] = {
    "hosts.yaml": load_hosts,
    "kanban.yaml": load_settings,
    "rubric.yaml": lambda home: load_rubric(home, load_profiles(home)),
    "profiles": load_profiles,
}


def blocks_in(page: Path) -> list[str]:
    return [textwrap.dedent(found[1]) for found in BLOCK.finditer(page.read_text())]


SNIPPETS = [(page.name, block) for page in PAGES for block in blocks_in(page)]
QUOTED = [(page.name, *found.groups()) for page in PAGES for found in IN_WORDS.finditer(page.read_text())]


def load(home: Path, name: str) -> object:
    return LOADERS[name.partition("/")[0]](Home(home))


def lay_over(file: Path, snippet: str) -> None:
    """Write the snippet's keys into a file of the home, as a person would who changes these lines."""
    edit_yaml(file, lambda data: data.update(parse_document(file, snippet).data))


def test_the_readme_shows_the_whole_of_what_is_to_be_written(home):
    shown = {CLAIM.match(block)[1]: block for page, block in SNIPPETS if page == "README.md"}
    assert set(shown) == {"profiles/cody.yaml", "hosts.yaml"}
    (home / "hosts.yaml").write_text(shown["hosts.yaml"])
    hosts = load_hosts(Home(home))
    assert hosts.names() == ["local", "webb"] and hosts.hosts["local"].paths


@pytest.mark.parametrize(("page", "snippet"), SNIPPETS, ids=[page for page, _ in SNIPPETS])
def test_a_snippet_is_the_file_that_it_says_it_is(home, page, snippet):
    claim = CLAIM.match(snippet)
    assert claim, f"the first line of the snippet in {page} names no file: {snippet}"
    lay_over(home / claim[1], snippet)
    load(home, claim[1])
    if not claim[1].startswith("profiles/"):
        (home / claim[1]).write_text(snippet)
        load(home, claim[1])


@pytest.mark.parametrize(("page", "line", "file"), QUOTED, ids=[line for _, line, _ in QUOTED])
def test_a_line_that_is_quoted_for_a_file_may_stand_there(home, page, line, file):
    lay_over(home / file, line)
    load(home, file)


def test_every_block_of_yaml_is_found():
    assert sum(page.read_text().count("```y") for page in PAGES) == len(SNIPPETS)
