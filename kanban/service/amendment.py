"""The person's own edit of a file of the home: checked before it is in force, and nothing that was typed is lost."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kanban.domain.profile import PROFILE_NAME
from kanban.errors import InvalidFile, InvalidInput, MovedOn, NotFound, did_you_mean
from kanban.files.home import Home, check_hosts_text, check_profile_text, check_rubric_text, list_profile_files
from kanban.files.rubricfile import put_rubric
from kanban.files.yamlfile import change_yaml, read_text, write_atomically


@dataclass(frozen=True)
class Amendment:
    """A file as it was when the person began to edit it; `before` is empty for one that is to be made.

    `check` raises InvalidFile for a text that would be refused, which is then put into `kept`; `write` writes it.
    """

    file: Path
    before: str
    kept: Path
    check: Callable[[str], object]
    write: Callable[[str], object]

    def put_in_force(self, text: str) -> Path:
        """Make `text` the file and return it.

        Raises InvalidFile for a text that is wrong, MovedOn when the file was changed meanwhile. Then the file stays as
        it is, and the text is in `kept`.
        """
        try:
            self.check(text)
            if _read_if_there(self.file) != self.before:
                raise MovedOn(f"{self.file} was changed meanwhile")
        except (InvalidFile, MovedOn) as error:
            write_atomically(self.kept, text)
            error.hint = f"{error.hint}; what you wrote is in {self.kept}".removeprefix("; ")
            raise
        self.write(text)
        self.kept.unlink(missing_ok=True)
        return self.file


def amend_rubric(home: Home, clock: Callable[[], float]) -> Amendment:
    """Begin an edit of the rubric; every version is kept. Raises HomeError or InvalidFile when it cannot be read."""

    def write(text: str) -> None:
        put_rubric(home, text, "edited", clock())

    return _amend(
        home, home.rubric_file, read_text(home.rubric_file), lambda text: check_rubric_text(home, text), write
    )


def amend_hosts(home: Home) -> Amendment:
    """Begin an edit of the hosts. Raises HomeError or InvalidFile when they cannot be read."""
    return _amend(home, home.hosts_file, read_text(home.hosts_file), lambda text: check_hosts_text(home, text))


def amend_profile(home: Home, name: str) -> Amendment:
    """Begin an edit of a profile. Raises NotFound, HomeError or InvalidFile."""
    file = _find_profile(home, name)
    return _amend(home, file, read_text(file), lambda text: check_profile_text(home, file, text))


def add_profile(home: Home, name: str, like: str, told: Mapping[str, str]) -> tuple[Amendment, str]:
    """Begin a new profile, and the text that it begins with: that of another, with its name and what is `told` anew.

    Raises NotFound without the other, InvalidInput for a name that is taken or cannot be a file's.
    """
    if any(path.stem == name for path in list_profile_files(home)):
        raise InvalidInput(f"there is a profile {name!r} already", f"`kanban profile edit {name}` changes it")
    if not re.fullmatch(PROFILE_NAME, name):
        raise InvalidInput(f"{name!r} is no name for a profile", "small letters, digits, - and _, a letter first")
    file = home.profiles_folder / f"{name}.yaml"
    new = _amend(home, file, "", lambda text: check_profile_text(home, file, text))
    return new, change_yaml(_find_profile(home, like), lambda top: top.update({"name": name, **told}))


def _find_profile(home: Home, name: str) -> Path:
    """The file of a profile, also of one that cannot be read: that is when it needs an edit most."""
    files = {path.stem: path for path in list_profile_files(home)}
    if name not in files:
        raise NotFound(f"no profile is called {name!r}", did_you_mean(name, files) or "`kanban profile list`")
    return files[name]


def _amend(
    home: Home, file: Path, before: str, check: Callable[[str], object], write: Callable[[str], object] | None = None
) -> Amendment:
    kept = home.path / f"{file.stem}.rejected.yaml"
    return Amendment(file, before, kept, check, write or partial(write_atomically, file))


def _read_if_there(file: Path) -> str:
    return read_text(file) if file.exists() else ""
