"""Work beside the screens, in daemon threads: leaving the program never waits for a board that is locked."""

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress

from kanban.errors import KanbanError

Outcome = Callable[[], object]  # shows what came of the work, in the thread of the screens
Work = Callable[[], Outcome]


class Lane:
    """Does one thing after the other, in a thread that ends with them. `post` hands an outcome to the screens."""

    def __init__(self, post: Callable[[Outcome], object], leave: Callable[[], object]) -> None:
        self._post = post
        self._leave = leave  # what the work held in its thread
        self._waiting: dict[Hashable, Work] = {}
        self._changed = threading.Condition()
        self._working = False

    @property
    def working(self) -> bool:
        """Whether anything is under way."""
        return self._working

    def add(self, work: Work, key: Hashable | None = None) -> None:
        """Have it done after the rest. It takes the place of what still waits under the same key."""
        with self._changed:
            self._waiting[key or object()] = work
            if not self._working:
                self._working = True
                threading.Thread(target=self._run, name="aside", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is under way, `seconds` at the longest; False when something still is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._working, seconds)

    def _run(self) -> None:
        while (work := self._take()) is not None:
            outcome = work()
            self._leave()
            with suppress(RuntimeError):  # the screens are gone
                self._post(outcome)

    def _take(self) -> Work | None:
        with self._changed:
            if self._waiting:
                return self._waiting.pop(next(iter(self._waiting)))
            self._working = False
            self._changed.notify_all()
            return None


def explain(error: Exception) -> KanbanError:
    """Any error as one that can be told; what nobody foresaw is told by its kind."""
    if isinstance(error, KanbanError):
        return error
    return KanbanError(f"{type(error).__name__}: {error}", "this is a fault of the program; please report it")


def describe_error(error: KanbanError) -> str:
    """What went wrong, and what to do, on one line."""
    return f"{error} · {error.hint}" if error.hint else str(error)
