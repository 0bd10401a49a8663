"""A toolset: a named group of tools from one source. The world of tools grows by toolsets and by nothing else."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from kanban.files.settings import Settings
from kanban.tools.base import AnySignature, AnyTool
from kanban.tools.places import Workshop


@dataclass(frozen=True)
class Scope:
    """What a toolset is told of a run. It never gets the board.

    `keep_output` is called with the file of an output that was too long to show, which is then kept with the run.
    """

    run_id: int
    ticket_id: int | None
    workshop: Workshop
    settings: Settings
    keep_output: Callable[[Path], None]


S = TypeVar("S")


@dataclass(frozen=True)
class Toolset(Generic[S]):
    """The tools of one source: `signatures` are known without a run, `make` puts them into the hands of one.

    `check` says what keeps it from working, a line each; `close` gives back what it holds when a run is over.
    """

    name: str
    signatures: Sequence[AnySignature]
    make: Callable[[S], Sequence[AnyTool]]
    check: Callable[[], Iterable[str]] = lambda: ()
    close: Callable[[], None] = lambda: None

    @property
    def names(self) -> list[str]:
        """The names of its tools."""
        return [signature.name for signature in self.signatures]
