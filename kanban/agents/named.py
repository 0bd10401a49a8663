"""What files hold that a command names, so that a yes to the command is one to what it would run."""

from kanban.domain import seals
from kanban.errors import KanbanError
from kanban.execution.base import Backend
from kanban.tools.places import Workshop

GONE = "gone"
HASHED_BYTES = 1_000_000  # of each file; of a longer one the size counts too
MOST_FILES = 20


def hash_named_files(workshop: Workshop, host: str, command: str) -> dict[str, str]:
    """The hash of each file that a command names, by path; what is no file is left out."""
    found: dict[str, str] = {}
    try:
        backend = workshop.backend(host)
    except KanbanError:  # the host is out of reach: then nothing runs there either
        return found
    for path in sorted(seals.find_named(command).paths)[:MOST_FILES]:
        if (held := hash_file(backend, path)) != GONE:
            found[path] = held
    return found


def hash_file(backend: Backend, path: str) -> str:
    """The hash of a file, GONE where none can be read; of a long one that of its beginning, and its size."""
    try:
        data = backend.read_bytes(path, HASHED_BYTES)
        longer = f"-{backend.size(path)}" if len(data) == HASHED_BYTES else ""
        return seals.hash_deciding(path, data) + longer
    except KanbanError:
        return GONE
