"""Collects the output of a command in bounded memory, with the full text on disk."""

import codecs
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from kanban.execution.base import OUTPUT_LIMIT, CommandResult

FULL_OUTPUT_LIMIT = 256 * 1024 * 1024  # bytes kept on disk, so that an endless command cannot fill it


class CappedOutput:
    """Head and tail of what is fed to it, `limit` characters together; all bytes go to the file `full_output`.

    A file that cannot be written never stops the command; the marker between head and tail then says why.
    """

    def __init__(
        self,
        limit: int = OUTPUT_LIMIT,
        full_output: Path | None = None,
        on_output: Callable[[bytes], None] | None = None,
        file_limit: int = FULL_OUTPUT_LIMIT,
    ) -> None:
        self._limit = limit
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._length = 0
        self._head = ""
        self._tail: deque[str] = deque()
        self._tail_length = 0
        self._path = full_output
        self._file: BinaryIO | None = None
        self._file_room = file_limit
        self._file_note = "" if full_output else "the full text was not kept"
        self._on_output = on_output

    def __enter__(self) -> Self:
        if self._path:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("wb", buffering=0)
            except OSError as error:
                self._give_up_file(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of output; characters may be cut anywhere."""
        self._write(data)
        self._keep(self._decoder.decode(data))
        if self._on_output:
            self._on_output(data)

    def result(self, exit_status: int | None) -> CommandResult:
        """Close the collection; an `exit_status` of None means that the command was ended at its timeout."""
        self._keep(self._decoder.decode(b"", final=True))
        left_out = self._length - self._limit
        tail = "".join(self._tail)
        if left_out <= 0:
            self._remove_file()
            return CommandResult(exit_status, self._head + tail, exit_status is None)
        tail = tail[len(tail) - (self._limit - len(self._head)) :]
        kept = self._path if self._file else None
        note = self._file_note or f"the full text is in {kept}"
        output = f"{self._head}\n[… {left_out} characters left out; {note} …]\n{tail}"
        return CommandResult(exit_status, output, exit_status is None, True, kept)

    def _keep(self, text: str) -> None:
        self._length += len(text)
        room = self._limit // 2 - len(self._head)
        self._head += text[:room]
        self._tail.append(text[room:])
        self._tail_length += len(self._tail[-1])
        while self._tail_length - len(self._tail[0]) > self._limit - self._limit // 2:
            self._tail_length -= len(self._tail.popleft())

    def _write(self, data: bytes) -> None:
        if not self._file or self._file_note:
            return
        try:
            self._file.write(data[: self._file_room])
        except OSError as error:
            self._give_up_file(error)
            return
        if len(data) > self._file_room:
            self._file_note = f"the beginning of the full text is in {self._path}"
        self._file_room -= len(data)

    def _give_up_file(self, error: OSError) -> None:
        self._file_note = f"the full text could not be kept: {error.strerror}"
        self._remove_file()

    def _remove_file(self) -> None:
        if self._file and self._path:
            self._file.close()
            self._path.unlink(missing_ok=True)
            self._file = None
