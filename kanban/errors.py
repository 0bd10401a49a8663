"""Every error that a person or an agent can meet, as one tree.

    KanbanError                 exit 1   code "failed"
    ├── HomeError               exit 1   the home is missing, read-only or full
    │   ├── BoardError                   the board's file is missing, damaged, locked, full or read-only
    │   │   └── BoardReplaced            the file is gone, was replaced, or has another schema than this program
    │   └── CannotStart                  this machine can start no run: a disk is full, a process cannot be made
    ├── ModelError              exit 1   a model could not be reached or would not answer (see FailureClass)
    ├── ExecutionError          exit 1   a command or file operation could not be carried out
    │   ├── HostUnreachable              the host refused, hung, or did not accept the login
    │   ├── HostKeyMismatch              the host is not the one that known_hosts names
    │   └── PathRefused                  the path lies outside what the run may touch
    ├── InvalidInput            exit 2   what was typed or sent cannot be understood
    │   └── InvalidFile                  a file that a person edits is wrong; names file, line and key
    ├── NotFound                exit 3   no such ticket, run, request, profile, host or approval
    ├── Refused                 exit 4   a guarantee or a boundary forbids it
    │   ├── IllegalMove                  the table of moves has no such move
    │   └── MovedOn                      the ticket or run is no longer where the caller saw it
    └── OverBudget              exit 5   the next call would pass a budget

Each says what happened and where (`str(error)`) and what to do about it (`error.hint`).
"""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path


class KanbanError(Exception):
    """Base of all errors; `code` is the machine-read name in JSON output, `exit_code` the process status."""

    code = "failed"
    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def tell(self) -> str:
        """The problem and its remedy in one piece, for a log, a transcript or an explanation."""
        return f"{self} ({self.hint})" if self.hint else str(self)


class HomeError(KanbanError):
    code = "home"


class BoardError(HomeError):
    code = "board"


class BoardReplaced(BoardError):
    """The program that meets it must end: what it still holds open is not the board any more."""

    code = "board_replaced"


class CannotStart(HomeError):
    code = "cannot_start"


class FailureClass(StrEnum):
    """Why a model call failed, decided by exception type and status code, never by the wording of an answer."""

    RATE_LIMITED = "rate_limited"
    MODEL_DOWN = "model_down"
    CONTEXT_OVERFLOW = "context_overflow"
    BAD_REQUEST = "bad_request"
    BAD_REPLY = "bad_reply"


class ModelError(KanbanError):
    """A model call that failed for good; `retry_after` is in seconds, when the provider named one.

    `body` is the beginning of what came back, where that is what went wrong. `window` is how many tokens the model can
    read, where an overflow told it.
    """

    code = "model"

    def __init__(
        self,
        failure_class: FailureClass,
        message: str,
        hint: str = "",
        retry_after: float | None = None,
        *,
        body: str = "",
        window: int | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.failure_class = failure_class
        self.retry_after = retry_after
        self.body = body
        self.window = window


class ExecutionError(KanbanError):
    code = "execution"


class HostUnreachable(ExecutionError):
    code = "host_unreachable"


class HostKeyMismatch(ExecutionError):
    code = "host_key"


class PathRefused(ExecutionError):
    code = "path_refused"


class InvalidInput(KanbanError):
    code = "invalid"
    exit_code = 2


class InvalidFile(InvalidInput):
    code = "invalid_file"

    def __init__(self, path: Path, line: int | None, message: str, hint: str = "") -> None:
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {message}", hint)
        self.path = path
        self.line = line


class NotFound(KanbanError):
    code = "not_found"
    exit_code = 3


class Refused(KanbanError):
    code = "refused"
    exit_code = 4


class IllegalMove(Refused):
    code = "illegal_move"


class MovedOn(Refused):
    code = "moved_on"


class OverBudget(KanbanError):
    code = "over_budget"
    exit_code = 5


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest of `known`, or all of them when none is near."""
    from difflib import get_close_matches

    folded = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), folded, n=1)
    if near:
        return f"did you mean {folded[near[0]]!r}?"
    return f"known here: {', '.join(sorted(folded.values()))}" if folded else ""
