"""What a worker hands over: the files that it names or that its ticket asks for, measured and kept."""

import hashlib
import posixpath
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kanban.agents.context import Context
from kanban.domain.brief import LOCAL, Brief
from kanban.domain.seals import Place, find_deliverables, find_named, is_surely_path
from kanban.errors import InvalidInput, KanbanError
from kanban.execution.base import check_is_file
from kanban.store.tables import REMOTE
from kanban.trust.fences import untrusted

HASHED_BYTES = 64_000_000  # a larger file gets no hash
MAY_BE_EMPTY = frozenset({"__init__.py", "py.typed", ".gitkeep", ".keep", ".nojekyll"})


@dataclass(frozen=True)
class File:
    """A file that is handed over; `path` as the board keeps it, `size` in bytes."""

    name: str
    path: str
    kind: str
    size: int
    sha256: str


def locate_files(context: Context, brief: Brief | None, named: Sequence[str]) -> list[File]:
    """The files of these paths, and the deliverables in the workspace, even when nobody names them.

    Raises InvalidInput for a path in `named` that is no file.
    """
    places = find_deliverables(brief) if brief else []
    asked = [path for host, path in places if host == LOCAL and not path.startswith(("/", "~"))]
    paths = [*named, *(path for path in asked if _is_file(context, path))]
    return [_locate(context, path) for path in dict.fromkeys(paths)]


def keep_files(context: Context, ticket_id: int, files: Sequence[File]) -> None:
    """Note them on the board."""
    for file in files:
        context.store.records.add_artifact(
            context.run_id, ticket_id, file.name, file.path, file.kind, file.size, context.clock(), file.sha256
        )


def find_missing(context: Context, brief: Brief, sealed: Container[Place]) -> Iterator[str]:
    """What the ticket asks for by its path and is not there, or is empty: a sentence each.

    A check that names a target decides alone whether it may be gone, or, where it is in `sealed`, empty.
    """
    named = {(criterion.host, path) for criterion in brief.criteria for path in find_named(criterion.command).paths}
    for place in find_deliverables(brief):
        if is_surely_path(place[1]) and (problem := _find_problem(context, place)):
            yield f"deliverable {tell_place(place)} {problem}"
    for target in brief.targets:
        place = (target.host, posixpath.normpath(target.path))
        is_named = place in named
        if problem := _find_problem(context, place, may_be_gone=is_named, may_be_empty=is_named and place in sealed):
            yield f"target {tell_place(place)} {problem}"


def _find_problem(context: Context, place: Place, may_be_gone: bool = False, may_be_empty: bool = False) -> str:
    host, path = place
    try:
        backend = context.workshop.backend(host)
        entry = backend.look(path)
    except KanbanError as error:
        # what a login of a host may not look at, its checks may
        is_told = host == LOCAL or "no such file" in str(error)
        return f"cannot be read: {error}" if is_told and not may_be_gone else ""
    if may_be_empty or posixpath.basename(path) in MAY_BE_EMPTY:
        return ""
    try:
        is_empty = entry.size == 0 if entry.kind == "file" else entry.kind == "dir" and not backend.list_dir(path)
    except KanbanError:
        return ""
    return "is empty" if is_empty else ""


def tell_place(place: Place) -> str:
    """A path as people read it; on a host with its name."""
    host, path = place
    return path if host == LOCAL else f"{host}:{path}"


def _is_file(context: Context, path: str) -> bool:
    try:
        return context.workshop.backend(LOCAL).look(path).kind == "file"
    except KanbanError:
        return False


def _locate(context: Context, path: str) -> File:
    host, _, rest = path.partition(":")
    if rest and host != LOCAL and host in context.in_force.hosts.hosts:
        return File(rest, path, REMOTE, *_measure(context, host, rest))
    path = rest if rest and host == LOCAL else path
    size, sha256 = _measure(context, LOCAL, path)
    full = (context.workshop.workspace / path).resolve()
    home = context.home.path.resolve()
    kept = full.relative_to(home) if full.is_relative_to(home) else full
    return File(Path(path).name, str(kept), "file", size, sha256)


def _measure(context: Context, host: str, path: str) -> tuple[int, str]:
    """Size in bytes and hash of a file."""
    try:
        backend = context.workshop.backend(host)
        entry = backend.look(path)
        check_is_file(host, path, entry.kind)
        if entry.size > HASHED_BYTES:
            return entry.size, ""
        return entry.size, hashlib.sha256(backend.read_bytes(path, HASHED_BYTES)).hexdigest()
    except KanbanError as error:
        hint = "name files that are there: relative to the workspace, or `host:path`"
        told = error if host == LOCAL else untrusted(error, f"an error of host {host}")
        raise InvalidInput(f"artifact {path}: {told}", hint) from None
