"""The home: the folder that holds one board and every file that a person edits."""

import errno
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kanban.domain.host import Host, Hosts
from kanban.domain.profile import Profile
from kanban.domain.rubric import SPLIT, Rubric
from kanban.domain.tool import AgentRole
from kanban.errors import HomeError, InvalidFile, did_you_mean
from kanban.files.settings import Settings, read_settings, shipped_defaults
from kanban.files.yamlfile import (
    Document,
    Place,
    change_yaml,
    load_model,
    parse_document,
    read_document,
    write_atomically,
)

SHIPPED_FILES = ("kanban.yaml", "rubric.yaml", "hosts.yaml")
SHIPPED_FOLDERS = {"profiles": "*.yaml", "prompts": "*.j2"}


@dataclass(frozen=True)
class Home:
    """Where each thing of one board is.

    `find_wrong_tool` says of a profile which entry of its `tools` names no tool, and why: what tools there are is known
    above this package.
    """

    path: Path
    find_wrong_tool: Callable[[Profile], tuple[int, str] | None] = field(default=lambda profile: None, compare=False)

    @property
    def board(self) -> Path:
        return self.path / "board.db"

    @property
    def board_marker(self) -> Path:
        """Says that a board was made here, so that one that is gone is not made again empty."""
        return self.path / ".board"

    @property
    def presence_file(self) -> Path:
        """What daemons and runs hold locked while they work on the board."""
        return self.path / ".in-use"

    @property
    def backups(self) -> Path:
        return self.path / "backups"

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def profiles_folder(self) -> Path:
        return self.path / "profiles"

    @property
    def prompts_folder(self) -> Path:
        return self.path / "prompts"

    @property
    def rubric_file(self) -> Path:
        return self.path / "rubric.yaml"

    @property
    def rubric_versions_file(self) -> Path:
        """Every version of the rubric that the program put in force, a line of JSON each."""
        return self.path / "rubric.versions.jsonl"

    @property
    def last_good_rubric_file(self) -> Path:
        return self.path / ".rubric.last-good.yaml"

    @property
    def hosts_file(self) -> Path:
        return self.path / "hosts.yaml"

    @property
    def settings_file(self) -> Path:
        return self.path / "kanban.yaml"

    @property
    def stop_file(self) -> Path:
        """Stops everything while it is there."""
        return self.path / "STOP"

    @property
    def env_file(self) -> Path:
        return self.path / ".env"


def open_home(path: Path, find_wrong_tool: Callable[[Profile], tuple[int, str] | None] = lambda profile: None) -> Home:
    """The home at `path`; raises HomeError when there is none, or only part of one."""
    home = Home(path, find_wrong_tool)
    hint = f"`kanban init {path}` makes what is missing and leaves the rest alone"
    try:
        present = {part.name for part in path.iterdir()}
    except FileNotFoundError:
        raise HomeError(f"there is no home at {path}", hint) from None
    except NotADirectoryError:
        raise HomeError(f"{path} is a file, not a home", "name a folder with --home or KANBAN_HOME") from None
    except OSError as error:
        raise HomeError(f"{path} cannot be read: {error.strerror}", "check who owns it") from None
    missing = [part.name for part in (home.rubric_file, home.profiles_folder) if part.name not in present]
    if missing:
        raise HomeError(f"{path} is not a home: it has no {' and no '.join(missing)}", hint)
    return home


def init_home(path: Path) -> list[Path]:
    """Make a home from the shipped defaults, or what is missing of it; nothing that exists is touched.

    Returns what was made. Raises HomeError when `path` is a file, cannot be written or the disk is full.
    """
    home = Home(path)
    if path.exists() and not path.is_dir():
        raise HomeError(f"{path} is a file, not a folder", "name another folder, or move the file away")
    try:
        return list(_make_missing(home))
    except OSError as error:
        raise _cannot_write(path, error) from None


def _make_missing(home: Home) -> Iterator[Path]:
    for folder in (home.path, home.profiles_folder, home.prompts_folder, home.runs, home.logs):
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
            yield folder
    for source in _shipped_files():
        target = home.path / source.relative_to(shipped_defaults())
        if _write_new(target, source.read_text(encoding="utf-8"), 0o644):
            yield target
    if _write_new(home.env_file, _env_template(), 0o600):
        yield home.env_file


def _shipped_files() -> Iterator[Path]:
    defaults = shipped_defaults()
    yield from (defaults / name for name in SHIPPED_FILES)
    for folder, pattern in SHIPPED_FOLDERS.items():
        yield from sorted((defaults / folder).glob(pattern))


def _write_new(path: Path, text: str, mode: int) -> bool:
    """Write a file that does not exist yet, whole or not at all."""
    if path.exists() or path.is_symlink():
        return False
    path.touch(mode=mode, exist_ok=False)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        path.unlink()
        raise
    return True


def _env_template() -> str:
    users: dict[str, list[str]] = {}
    for name, profile in load_profiles(Home(shipped_defaults())).items():
        for key in profile.key_names:
            users.setdefault(key, []).append(name)
    lines = [f"# {key}=   # for {', '.join(names)}" for key, names in sorted(users.items())]
    top = "# Keys of the models. A variable of the same name in the environment wins over this file."
    return "\n".join([top, *lines, ""])


def _cannot_write(path: Path, error: OSError) -> HomeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HomeError(f"the disk that holds {path} is full", "free some space and run `kanban init` again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return HomeError(f"{error.filename or path} may not be written", "make it writable, or name another folder")
    return HomeError(f"{error.filename or path}: {error.strerror}", "name another folder, or move what is in the way")


def had_board(home: Home) -> bool:
    """Whether something in the home says that there was a board, though its marker may be missing."""
    return any(any(folder.glob("*")) for folder in (home.runs, home.backups)) or any(home.path.glob("board.db-*"))


def load_settings(home: Home, flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force for this home; raises as `config.read_settings` does."""
    return read_settings(home.settings_file, flags)


def load_hosts(home: Home) -> Hosts:
    """The hosts that agents can reach; a file of nothing but comments names none."""
    return load_model(home.hosts_file, Hosts, empty_ok=True)


def check_hosts_text(home: Home, text: str) -> Hosts:
    """The hosts that `text` would name as `hosts.yaml`; raises InvalidFile when it would be refused."""
    return parse_document(home.hosts_file, text, empty_ok=True).as_model(Hosts)


def check_host_entry(home: Home, name: str, told: Mapping[str, Any]) -> Host:
    """The host that hosts.yaml would name with this entry beside the others; raises InvalidFile for a wrong one."""
    return check_hosts_text(home, _with_host(home, name, told)).hosts[name]


def add_host(home: Home, name: str, told: Mapping[str, Any]) -> None:
    """Name one more host in `hosts.yaml`; comments stay. Raises InvalidFile, and leaves the file, when it is wrong."""
    text = _with_host(home, name, told)
    check_hosts_text(home, text)
    write_atomically(home.hosts_file, text)


def _with_host(home: Home, name: str, told: Mapping[str, Any]) -> str:
    def change(top: Any) -> None:
        if top.get("hosts") is None:
            top["hosts"] = {}
        top["hosts"][name] = dict(told)

    return change_yaml(home.hosts_file, change)


def load_profiles(home: Home) -> dict[str, Profile]:
    """All profiles by name, in order of their names. Raises InvalidFile or HomeError."""
    profiles: dict[str, Profile] = {}
    for path in list_profile_files(home):
        document = read_document(path)
        profile = check_profile(home, document)
        if profile.name in profiles:
            raise document.error(("name",), f"two files hold the profile {profile.name!r}", "delete one of them")
        profiles[profile.name] = profile
    if not any(profile.role is AgentRole.ORCHESTRATOR for profile in profiles.values()):
        problem = "no profile has the role orchestrator" if profiles else "there is no profile"
        raise InvalidFile(
            home.profiles_folder, None, problem, "`kanban init` restores missing profiles, ginger among them"
        )
    return profiles


def check_profile(home: Home, document: Document) -> Profile:
    """The profile that a document holds; raises InvalidFile when it is wrong or of another name than its file."""
    profile = document.as_model(Profile)
    if profile.name != document.path.stem:
        hint = f"rename the file to {profile.name}.yaml, or write name: {document.path.stem}"
        raise document.error(("name",), f"{profile.name!r} is not the name of the file", hint)
    wrong = home.find_wrong_tool(profile) if profile.tools else None
    if wrong is not None:
        raise document.error(("tools", wrong[0]), wrong[1])
    return profile


def check_profile_text(home: Home, file: Path, text: str) -> Profile:
    """The profile that `text` would be as this file of the home; raises InvalidFile when it would be refused."""
    return check_profile(home, parse_document(file, text))


def list_profile_files(home: Home) -> list[Path]:
    """The files of the profiles, by name."""
    files = home.profiles_folder.glob("*")
    return sorted(path for path in files if path.suffix in (".yaml", ".yml") and not path.name.startswith("."))


def load_rubric(home: Home, profiles: Mapping[str, Profile]) -> Rubric:
    """The rubric, every profile in it known. Raises InvalidFile or HomeError."""
    return check_rubric(read_document(home.rubric_file), profiles)


def check_rubric(document: Document, profiles: Mapping[str, Profile]) -> Rubric:
    """The rubric that a document holds; raises InvalidFile when it is wrong or names nobody who takes tickets."""
    rubric = document.as_model(Rubric)
    takers = [name for name, profile in profiles.items() if profile.role is not AgentRole.CHECKER]
    for place, name in _names_in(rubric):
        known = [*takers, SPLIT] if place[-1] == "assign" else takers
        if name in profiles and name not in known:
            raise document.error(place, f"{name!r} is a {profiles[name].role} and takes no tickets")
        if name not in known:
            raise document.error(place, f"no profile is called {name!r}", did_you_mean(name, known))
    return rubric


def _names_in(rubric: Rubric) -> Iterator[tuple[Place, str]]:
    for index, rule in enumerate(rubric.rules):
        yield ("rules", index, "assign"), rule.assign
    for index, boundary in enumerate(rubric.boundaries):
        yield from ((("boundaries", index, "profiles", at), name) for at, name in enumerate(boundary.profiles))
    for start, steps in rubric.ladder.items():
        yield ("ladder", start), start
        yield from ((("ladder", start, at), name) for at, name in enumerate(steps))


def check_rubric_text(home: Home, text: str) -> Rubric:
    """The rubric that `text` would be as this home's `rubric.yaml`; raises InvalidFile when it would be refused."""
    return check_rubric(parse_document(home.rubric_file, text), load_profiles(home))
