"""Changes of `rubric.yaml` by the program: checked, with comments kept, and every version kept beside it."""

import json
from dataclasses import dataclass
from datetime import date
from difflib import unified_diff
from itertools import pairwise

from kanban.domain.rubric import Rubric, Rule
from kanban.errors import InvalidFile, NotFound
from kanban.files.home import Home, check_rubric_text
from kanban.files.yamlfile import put_first_in_text, read_text, write_atomically

BY_HAND = "edited by hand"
MOST_VERSIONS = 200  # that are kept


@dataclass(frozen=True)
class Version:
    """The rubric as it was put in force at a time (seconds since the epoch), and why."""

    number: int
    at: float
    why: str
    text: str


def list_versions(home: Home) -> list[Version]:
    """Every version that is kept, oldest first. A line that cannot be read is left out."""
    if not home.rubric_versions_file.exists():
        return []
    found = []
    for line in home.rubric_versions_file.read_text(encoding="utf-8").splitlines():
        try:
            found.append(Version(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


@dataclass(frozen=True)
class Change:
    """A version, and the lines that it added (+) and removed (-)."""

    version: Version
    lines: list[str]

    @property
    def added(self) -> int:
        return sum(line.startswith("+") for line in self.lines)

    @property
    def removed(self) -> int:
        return len(self.lines) - self.added


def list_changes(home: Home) -> list[Change]:
    """What each version that is kept changed of the one before it, oldest first; the oldest changes nothing."""
    versions = list_versions(home)
    changes = [Change(version, _diff(older.text, version.text)) for older, version in pairwise(versions)]
    return [*(Change(version, []) for version in versions[:1]), *changes]


def _diff(before: str, after: str) -> list[str]:
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in list(lines)[2:] if not line.startswith("@@")]


def put_rubric(home: Home, text: str, why: str, now: float) -> None:
    """Make `text` the rubric, and keep it with what stood there before. Raises HomeError, or InvalidFile if wrong."""
    check_rubric_text(home, text)
    known, current = list_versions(home), read_text(home.rubric_file)
    if not known or known[-1].text != current:
        known.append(Version(_next(known), now, BY_HAND if known else "as it was", current))
    known.append(Version(_next(known), now, why, text))
    write_atomically(home.rubric_file, text)
    lines = [json.dumps(vars(version), ensure_ascii=False) for version in known[-MOST_VERSIONS:]]
    write_atomically(home.rubric_versions_file, "\n".join(lines) + "\n")


def revert_rubric(home: Home, number: int, now: float) -> Version:
    """Put an earlier version in force again. Raises NotFound, or InvalidFile where it no longer fits the profiles."""
    version = next((version for version in list_versions(home) if version.number == number), None)
    if version is None:
        raise NotFound(f"there is no version {number} of the rubric", "`kanban rubric log` lists those that are kept")
    try:
        put_rubric(home, version.text, f"version {number} again", now)
    except InvalidFile as error:
        error.hint = f"{error.hint}; version {number} is from before that, and the rubric is as it was".removeprefix(
            "; "
        )
        raise
    return version


def with_rule(home: Home, rule: Rule, said: str, today: date) -> tuple[Rubric, str]:
    """The rubric with a rule put first and the person's words behind it first among the corrections, and its text.

    Comments stay, and so does the file. Raises InvalidFile when that rubric would be refused.
    """

    entries = {
        "rules": rule.model_dump(mode="json", exclude_defaults=True),
        "corrections": {"date": today, "said": said, "rule": rule.name},
    }
    text = put_first_in_text(home.rubric_file, entries)
    return check_rubric_text(home, text), text


def add_rule(home: Home, rule: Rule, said: str, now: float) -> None:
    """Put a rule in force as `with_rule` has it. Raises InvalidFile, and leaves the file, when it would be refused."""
    _, text = with_rule(home, rule, said, date.fromtimestamp(now))
    put_rubric(home, text, f"rule {rule.name}: {said}", now)


def _next(known: list[Version]) -> int:
    return known[-1].number + 1 if known else 1
