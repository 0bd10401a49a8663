"""What decides a check besides its own text: files that it names, and files that test runners read by themselves.

A seal holds what these looked like when the ticket was begun. A worker that changes one of them, though its ticket
does not ask for it, changes the question and not the answer.
"""

import hashlib
import json
import posixpath
import re
import shlex
import sys
import tomllib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kanban.domain.brief import LOCAL, Brief

# Programs that find out for themselves what they run.
RUNNERS = frozenset(
    [
        "bats",
        "cargo",
        "coverage",
        "ctest",
        "go",
        "gradle",
        "jest",
        "just",
        "make",
        "mvn",
        "nose2",
        "nox",
        "npm",
        "npx",
        "phpunit",
        "pnpm",
        "py.test",
        "pytest",
        "rake",
        "rspec",
        "task",
        "tox",
        "unittest",
        "vitest",
        "yarn",
    ]
)
_PYTHON = re.compile(r"python[\d.]*$")
# Files by which they decide what a test is and whether it passed.
_SETTINGS = frozenset(
    [
        "makefile",
        "gnumakefile",
        "conftest.py",
        "pytest.ini",
        ".pytest.ini",
        "tox.ini",
        "setup.cfg",
        "pyproject.toml",
        "noxfile.py",
        "package.json",
        "justfile",
        ".justfile",
        "taskfile.yml",
        "taskfile.yaml",
        "rakefile",
        ".rspec",
        "phpunit.xml",
        ".coveragerc",
        "sitecustomize.py",
        "usercustomize.py",
    ]
)
_TEST = re.compile(
    r"(^|/)(test_[^/]*|[^/]*[._-](test|spec|tests))\.\w+$|\.bats$|(^|/)check[^/]*\.(sh|py|js|pl|rb)$", re.I
)
# Of these files what says nothing about tests, and changes with a new dependency.
_PACKAGE = frozenset({"dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "version"})
_TOOLS = frozenset({"black", "hatch", "isort", "mypy", "pdm", "poetry", "ruff", "setuptools", "uv"})
_CONFIG = re.compile(r"(ava|babel|cypress|jest|karma|nyc|playwright|vite|vitest)\.config\.\w+$|\.(mocha|nyc)rc")
# Modules that a file of the same name in the folder of the check would be imported in place of.
STOOD_IN = sys.stdlib_module_names | {"pytest", "_pytest", "pluggy", "coverage", "nose2", "tox", "nox"}
# What changes by itself, or as the plain effect of the work.
_MOVING = re.compile(r"^/(dev|proc|run|sys|var/(log|run|tmp|cache))(/|$)|\.(log|pid|sock|db|sqlite3?|wal|shm)$")

SKIPPED = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".tox",
        ".nox",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
    ]
)

Place = tuple[str, str]  # host and path


@dataclass(frozen=True)
class Named:
    """What a check names: paths that may be files or folders, folders in which a runner looks for itself, and folders
    in which Python is started. Relative ones are of the workspace.
    """

    paths: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Broken:
    """What no longer is as it was sealed: files that were changed or removed, and files that were put there."""

    changed: Sequence[Place] = ()
    added: Sequence[Place] = ()


def find_named(check: str) -> Named:
    """The paths that a shell command names, and the folders whose tests it runs, as far as its words tell."""
    paths: set[str] = set()
    folders: set[str] = set()
    imports: set[str] = set()
    base, goes_to = "", False
    for word in _split_words(check):
        if " " in word or "\n" in word:  # a command in quotes
            inner = find_named(word)
            paths |= _below(base, inner.paths)
            folders |= _below(base, inner.folders)
            imports |= _below(base, inner.imports)
        elif goes_to:
            base, goes_to = posixpath.normpath(posixpath.join(base, word)), False
        elif word in ("cd", "pushd"):
            goes_to = True
        elif posixpath.basename(word) in RUNNERS:
            folders.add(base)
            imports.add(base)
        elif _PYTHON.match(posixpath.basename(word)):
            imports.add(base)
        elif re.search(r"\w", word) and (not word.startswith("-") or "=" in word or "/" in word):
            paths.add(posixpath.normpath(posixpath.join(base, word.rpartition("=")[2])))
    named = frozenset(path for path in paths if not _MOVING.search(path))
    imports |= {posixpath.dirname(path) for path in named if path.endswith(".py")}  # where Python looks first
    return Named(named, frozenset(folders), frozenset(imports))


def is_test(path: str) -> bool:
    """Whether a file is one of those that a runner takes for tests."""
    return bool(_TEST.search(path))


def is_pattern(path: str) -> bool:
    """Whether a shell would put the names of files in place of the last part of a path."""
    return bool(re.search(r"[*?[]", posixpath.basename(path)))


def is_setting(path: str) -> bool:
    """Whether a file decides what a runner takes for a test, and when it has passed."""
    name = posixpath.basename(path).lower()
    return name in _SETTINGS or bool(_CONFIG.match(name))


def stands_in(path: str, folder: str) -> bool:
    """Whether Python, started in `folder`, would import this file in place of a module of its own."""
    name, _, inner = posixpath.relpath(path, folder or ".").partition("/")
    is_module = bool(re.search(r"\.(py|pyc|so)$", name)) and not inner
    return name.partition(".")[0] in STOOD_IN and (is_module or inner.startswith("__init__."))


def hash_deciding(path: str, data: bytes) -> str:
    """A hash of what decides in a file: of one that says what a project is and needs, too, all but that."""
    name = posixpath.basename(path)
    try:
        if name == "package.json":
            data = _without(json.loads(data), _PACKAGE)
        elif name == "pyproject.toml":
            data = _without(tomllib.loads(data.decode()).get("tool", {}), _TOOLS)
    except (ValueError, AttributeError):  # unreadable as what it should be: then all of it counts
        pass
    return hashlib.sha256(data).hexdigest()


def find_asked(brief: Brief) -> frozenset[Place]:
    """The files and folders that a ticket asks to be changed or made."""
    targets = {(target.host, posixpath.normpath(target.path)) for target in brief.targets}
    return frozenset(targets | set(find_deliverables(brief)))


def find_deliverables(brief: Brief) -> list[Place]:
    """The deliverables that may be paths, `host:path` on a host: single words. Most are sentences."""
    hosts = {target.path: target.host for target in brief.targets}
    known = {LOCAL, *hosts.values(), *(criterion.host for criterion in brief.criteria)}
    found = []
    for deliverable in brief.deliverables:
        path = deliverable.strip("`'\" ")
        host, colon, rest = path.partition(":")
        if colon and host in known:
            path = rest
        else:
            host = hosts.get(path, LOCAL)
        if re.fullmatch(r"\S+", path) and "://" not in path:
            found.append((host, posixpath.normpath(path)))
    return found


def is_surely_path(path: str) -> bool:
    """Whether a word can hardly mean anything but a file: `/srv/list`, `out/list.csv`, not `CI/CD`, `example.com`."""
    return path.startswith(("/", "~/")) or bool(re.search(r"\.(?!(com|net|org)$)[A-Za-z]\w{0,7}$", path))


def find_broken(
    sealed: Mapping[Place, str], now: Mapping[Place, str], steering: Iterable[Place], asked: Iterable[Place]
) -> Broken:
    """Compare the hashes of a seal with those of today, but for what may change because it was asked for.

    `steering` are the files of today that may not come new: settings of runners, and stand-ins. Where tests are asked
    for, their folder may get settings too.
    """
    allowed = list(asked)
    rooms = [(host, posixpath.dirname(path)) for host, path in allowed if is_test(path)]
    return Broken(
        [place for place, known in sealed.items() if now.get(place) != known and not _covers(allowed, place)],
        [place for place in steering if place not in sealed and not _covers([*allowed, *rooms], place)],
    )


def _without(table: dict[str, Any], left_out: Container[str]) -> bytes:
    kept = {key: value for key, value in table.items() if key not in left_out}
    return json.dumps(kept, sort_keys=True, default=str).encode()


def _below(base: str, paths: Iterable[str]) -> set[str]:
    return {posixpath.join(base, path) for path in paths}


def _covers(asked: Iterable[Place], place: Place) -> bool:
    host, path = place
    return any(host == own and (path == above or path.startswith(f"{above}/")) for own, above in asked)


def _split_words(check: str) -> list[str]:
    lexer = shlex.shlex(check, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # quotes that only a shell understands
        return re.split(r"[\s;&|<>()'\"]+", check)
