"""Seals the files that decide the checks of a ticket when it is begun, and finds what was changed of them."""

import posixpath
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatch

from kanban.agents.context import Context
from kanban.agents.named import GONE, hash_file
from kanban.domain import seals
from kanban.domain.brief import Brief, Criterion
from kanban.domain.seals import Broken, Named, Place
from kanban.errors import KanbanError
from kanban.execution.base import Backend, Entry, walk
from kanban.store.queries import TicketView
from kanban.store.records import SealedFiles

MOST_ENTRIES = 2_000  # of a folder and what is below it that are looked at
MOST_HASHED = 300  # files of a check


def seal_files(context: Context, view: TicketView, brief: Brief, seal: SealedFiles | None) -> None:
    """Keep the hashes of the files that decide the ticket's checks; of each as it was when a check first named it.

    `seal` is what is kept already.
    """
    version = view.versions[-1].version
    if seal is None or seal.version != version:
        files: dict[Place, str] = {}
        for backend, named in _reach_all(context, brief.criteria):
            deciding = _find_deciding(backend, named)
            for path in (*deciding[:MOST_HASHED], *_find_steering(backend, named, deciding)):
                files[(backend.host, path)] = hash_file(backend, path)
        kept = seal.files if seal else {}
        context.store.records.keep_seal(context.run_id, view.ticket.id, version, {**files, **kept}, context.clock())


def find_broken_seals(context: Context, ticket_id: int, brief: Brief, seal: SealedFiles | None) -> Broken:
    """What decides the ticket's checks and was changed since it was begun, though no ticket at work asks for it."""
    if seal is None:  # begun before there were seals
        return Broken()
    now = {(host, path): _hash_there(context, host, path) for host, path in seal.files}
    steering = [
        (backend.host, path)
        for backend, named in _reach_all(context, brief.criteria)
        for path in _find_steering(backend, named, [path for host, path in seal.files if host == backend.host])
    ]
    others = context.store.queries.briefs_worked_on_since(seal.created_at, seal.run_id, but=ticket_id)
    asked = [place for each in (brief, *others) for place in seals.find_asked(each)]
    return seals.find_broken(seal.files, now, dict.fromkeys(steering), asked)


def _reach_all(context: Context, criteria: Sequence[Criterion]) -> Iterator[tuple[Backend, Named]]:
    """What each check names, and where; a place that is out of reach is passed over: its check fails, and says why."""
    for criterion in criteria:
        if criterion.command:
            with suppress(KanbanError):
                yield context.workshop.backend(criterion.host), seals.find_named(criterion.command)


def _find_deciding(backend: Backend, named: Named) -> list[str]:
    """The files that a check names, and the tests and settings that a runner finds."""
    found: list[str] = []
    folders = set(named.folders)
    for path in sorted(named.paths):
        kind = _kind(backend, path)
        if kind == "file":
            found.append(path)
        elif kind == "dir" and named.folders:
            folders.add(path)
        elif seals.is_pattern(path):
            folder, pattern = posixpath.split(path)
            beside = _name_files(folder, _list(backend, folder))
            found += [inner for inner in beside if fnmatch(posixpath.basename(inner), pattern)]
    for folder in sorted(folders):
        found += [path for path in _walk(backend, folder) if seals.is_test(path) or seals.is_setting(path)]
    return list(dict.fromkeys(found))


def _find_steering(backend: Backend, named: Named, deciding: Sequence[str]) -> list[str]:
    """What steers a runner or Python beside these files: settings in their folders and above, and stand-ins.

    Folders are listed one by one, so that no number of other files hides one.
    """
    rooms = {posixpath.dirname(path) for path in deciding} if named.folders else set()
    above = {folder for start in (*named.folders, *rooms) for folder in _go_up(start)}
    imports = {*named.imports, *rooms}
    listed = {folder: _list(backend, folder) for folder in sorted(above | imports)}
    found = [path for folder in above for path in _name_files(folder, listed[folder]) if seals.is_setting(path)]
    for folder in imports:
        packages = [entry.name for entry in listed[folder] if entry.kind != "file" and entry.name in seals.STOOD_IN]
        rooms_inside = [posixpath.join(folder, name) for name in packages]
        inside = [path for room in rooms_inside for path in _name_files(room, _list(backend, room))]
        beside = _name_files(folder, listed[folder])
        found += [path for path in (*beside, *inside) if seals.stands_in(path, folder)]
    return sorted(set(found))


def _go_up(folder: str) -> Iterator[str]:
    """A folder and all above it; the one above a relative one is the workspace, which has no name."""
    while folder not in ("", "/"):
        yield folder
        folder = posixpath.dirname(folder)
    yield folder


def _list(backend: Backend, folder: str) -> list[Entry]:
    try:
        return backend.list_dir(folder or ".")
    except KanbanError:  # out of reach: then the run cannot have put anything there
        return []


def _name_files(folder: str, entries: Sequence[Entry]) -> list[str]:
    """Links too: what they lead to is read."""
    return [posixpath.join(folder, entry.name) for entry in entries if entry.kind in ("file", "link")]


def _kind(backend: Backend, path: str) -> str:
    try:
        return backend.look(path).kind
    except KanbanError:  # a word that is no path, or a file that the work is to make
        return ""


def _walk(backend: Backend, folder: str) -> Iterator[str]:
    try:
        for path in walk(backend, folder or ".", MOST_ENTRIES, seals.SKIPPED):
            yield posixpath.normpath(path)
    except KanbanError:  # no such folder: the check fails by itself
        return


def _hash_there(context: Context, host: str, path: str) -> str:
    try:
        return hash_file(context.workshop.backend(host), path)
    except KanbanError:  # the host is no longer named
        return GONE
