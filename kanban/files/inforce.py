"""Files that people edit, read again when they change. A wrong one leaves the last good one in force and says why."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from kanban.domain.host import Hosts
from kanban.domain.profile import Profile
from kanban.domain.rubric import Rubric
from kanban.domain.tool import AgentRole
from kanban.errors import HomeError, KanbanError, NotFound
from kanban.files.home import Home, check_rubric, list_profile_files, load_hosts, load_profiles, load_settings
from kanban.files.settings import Settings
from kanban.files.yamlfile import load_model, read_document, read_text, write_atomically

T = TypeVar("T")


@dataclass(frozen=True)
class InForce:
    """What people edit, as it is in force for one tick or one run."""

    settings: Settings
    profiles: Mapping[str, Profile]
    hosts: Hosts
    rubric: Rubric

    @property
    def orchestrator(self) -> Profile:
        """Ginger."""
        return next(profile for profile in self.profiles.values() if profile.role is AgentRole.ORCHESTRATOR)

    def find_checker(self, worker: str | None, is_private: bool) -> Profile | None:
        """A checker that may look at the work of `worker`: never that profile itself, at private work a local one."""
        checkers = (profile for profile in self.profiles.values() if profile.role is AgentRole.CHECKER)
        allowed = (checker for checker in checkers if checker.local_only or not is_private)
        return next((checker for checker in allowed if checker.name != worker), None)


class LiveFile(Generic[T]):
    """What a file says, or several together. `problem` tells why a change was not taken."""

    def __init__(self, list_paths: Callable[[], Iterable[Path]], load: Callable[[], T]) -> None:
        self._list_paths = list_paths
        self._load = load
        self._seen: object = None
        self._good: T | None = None
        self.problem: str | None = None

    def current(self) -> T:
        """What is in force now. Raises InvalidFile or HomeError when there never was a good one."""
        stamps = [stamp(path) for path in self._list_paths()]
        if self._good is None or stamps != self._seen:
            self._good = self._reload(self._good)
            self._seen = stamps
        return self._good

    def _reload(self, last_good: T | None) -> T:
        try:
            loaded = self._load()
        except KanbanError as error:
            if last_good is None:
                raise
            self.problem = f"{error}; what it said before stays in force"
            return last_good
        self.problem = None
        return loaded


class LiveRubric:
    """The rubric in force, re-read when its file or a profile changes.

    What cannot be read leaves the last good rubric in force, also across a restart, and says why in `problem`.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._seen: object = None
        self._rubric: Rubric | None = None
        self.profiles: dict[str, Profile] = {}
        self.problem: str | None = None

    def current(self) -> Rubric:
        """The rubric in force now. Raises InvalidFile or HomeError when there never was a good one."""
        stamps = self._stamps()
        if self._rubric is None or stamps != self._seen:
            self._rubric = self._reload()
            self._seen = stamps
        return self._rubric

    def _reload(self) -> Rubric:
        try:
            self.profiles = load_profiles(self._home)
            document = read_document(self._home.rubric_file)
            rubric = check_rubric(document, self.profiles)
        except KanbanError as error:
            last_good = self._rubric or self._read_last_good()
            if last_good is None:
                raise
            self.problem = f"{error}; the last good rubric stays in force"
            return last_good
        self.problem = None
        self._keep(document.text)
        return rubric

    def _read_last_good(self) -> Rubric | None:
        with suppress(KanbanError):
            return load_model(self._home.last_good_rubric_file, Rubric)
        return None

    def _keep(self, text: str) -> None:
        file = self._home.last_good_rubric_file
        with suppress(HomeError):  # a home that cannot be written says so where it matters
            if not file.exists() or read_text(file) != text:
                write_atomically(file, text)

    def _stamps(self) -> object:
        return [stamp(path) for path in (self._home.rubric_file, *list_profile_files(self._home))]


class Live:
    """What people edit in one home, as it is in force. `flags` of the command line lie over the settings."""

    def __init__(self, home: Home, flags: Mapping[str, Any]) -> None:
        self.rubric = LiveRubric(home)
        self._settings = LiveFile(lambda: [home.settings_file], lambda: load_settings(home, flags))
        self._profiles = LiveFile(lambda: list_profile_files(home), lambda: load_profiles(home))
        self._hosts = LiveFile(lambda: [home.hosts_file], lambda: load_hosts(home))

    @property
    def settings(self) -> Settings:
        """The settings. Raises InvalidFile or HomeError."""
        return self._settings.current()

    @property
    def profiles(self) -> dict[str, Profile]:
        """The profiles by name. Raises InvalidFile or HomeError."""
        return self._profiles.current()

    def current(self) -> InForce:
        """All of it as it is now."""
        rubric = self.rubric.current()  # reads the profiles again as well
        return InForce(self.settings, self.rubric.profiles, self.hosts, rubric)

    @property
    def orchestrator(self) -> Profile:
        """Ginger."""
        return self.current().orchestrator

    def profile(self, name: str) -> Profile:
        """One profile. Raises NotFound."""
        profiles = self.profiles
        if name not in profiles:
            raise NotFound(f"no profile is called {name!r}", f"known: {', '.join(sorted(profiles))}")
        return profiles[name]

    @property
    def hosts(self) -> Hosts:
        """The hosts. Raises InvalidFile or HomeError."""
        return self._hosts.current()


def stamp(path: Path) -> tuple[str, int, int, int]:
    """What changes whenever a file does; zeros for one that is not there."""
    try:
        found = path.stat()
    except OSError:
        return (path.name, 0, 0, 0)
    return (path.name, found.st_mtime_ns, found.st_size, found.st_ino)
