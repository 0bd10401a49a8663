"""Seals the files that decide the checks of a ticket when it is begun, and finds what was changed of them."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kanban.agents.context import Context
from kanban.domain import seals
from kanban.domain.brief import Brief, Criterion
from kanban.domain.seals import Broken, Place
from kanban.errors import KanbanError
from kanban.execution.base import Backend, walk
from kanban.store.queries import TicketView
from kanban.store.records import SealedFiles

MOST_ENTRIES = 2_000  # of a folder and what is below it that are looked at
MOST_HASHED = 300  # files of a check
HASHED_BYTES = 1_000_000  # of each file; of a longer one the size counts too


@dataclass
class _Found:
    """What decides the checks of a brief today: the hashes of all, and which of them steer a runner."""

    hashes: dict[Place, str] = field(default_factory=dict)
    steering: list[Place] = field(default_factory=list)


def seal_files(context: Context, view: TicketView, brief: Brief, seal: SealedFiles | None) -> None:
    """Keep the hashes of the files that decide the ticket's checks; of each as it was when a check first named it.

    `seal` is what is kept already.
    """
    version = view.versions[-1].version
    if seal is None or seal.version != version:
        kept = seal.files if seal else {}
        files = {**_look_at_all(context, brief.criteria).hashes, **kept}
        context.store.records.keep_seal(context.run_id, view.ticket.id, version, files, context.clock())


def find_broken_seals(context: Context, ticket_id: int, brief: Brief, seal: SealedFiles | None) -> Broken:
    """What decides the ticket's checks and was changed since it was begun, though no ticket at work asks for it."""
    if seal is None:  # begun before there were seals
        return Broken()
    found = _look_at_all(context, brief.criteria)
    others = context.store.queries.briefs_worked_on_since(seal.created_at, seal.run_id, but=ticket_id)
    asked = [place for each in (brief, *others) for place in seals.find_asked(each)]
    return seals.find_broken(seal.files, found.hashes, found.steering, asked)


def _look_at_all(context: Context, criteria: Sequence[Criterion]) -> _Found:
    found = _Found()
    for criterion in criteria:
        if criterion.command:
            try:
                _look(context.workshop.backend(criterion.host), criterion.command, found)
            except KanbanError:  # out of reach: then the check fails, and says why
                continue
    return found


def _look(backend: Backend, check: str, found: _Found) -> None:
    named = seals.find_named(check)
    folders = set(named.folders)
    for path in sorted(named.paths):
        kind = _kind(backend, path)
        if kind == "file":
            _hash(backend, path, found)
        elif kind == "dir" and named.folders:
            folders.add(path)
    for folder in sorted(folders):
        for path in _walk(backend, folder):
            steers = seals.is_setting(path) or seals.stands_in(path, folder)
            if steers or seals.is_test(path):
                _hash(backend, path, found, steers)
    for folder in sorted(named.imports - folders):
        for path in _walk(backend, folder):
            if seals.stands_in(path, folder):
                _hash(backend, path, found, steers=True)


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


def _hash(backend: Backend, path: str, found: _Found, steers: bool = False) -> None:
    place = (backend.host, path)
    if place in found.hashes or len(found.hashes) >= MOST_HASHED:
        return
    try:
        data = backend.read_bytes(path, HASHED_BYTES)
        longer = f"-{backend.size(path)}" if len(data) == HASHED_BYTES else ""
    except KanbanError:
        return
    found.hashes[place] = seals.hash_deciding(path, data) + longer
    if steers:
        found.steering.append(place)
