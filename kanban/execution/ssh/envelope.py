"""Takes a script's output out of what a host sends: it stands between two nonces, the exit status after the second."""

import secrets
from dataclasses import dataclass

NOISE_LIMIT = 2000  # bytes kept of what came last before the nonce


@dataclass(frozen=True)
class Report:
    """How a script ended: an exit status, or None when it was stopped; `left` are processes as PID-START-NAME."""

    exit_status: int | None
    left: tuple[str, ...]


class Envelope:
    """Strips the nonces from a stream that is cut anywhere. `noise` is what a login shell printed before the first."""

    def __init__(self) -> None:
        self.nonce = secrets.token_hex(16)
        self.noise = b""
        self.is_open = False
        self.report: Report | None = None
        self._begin = f"{self.nonce}+\n".encode()
        self._end = f"{self.nonce}:".encode()
        self._pending = b""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes and return the output in them."""
        self._pending += data
        if not self.is_open:
            self._find_beginning()
        return self._take_output() if self.is_open else b""

    def finish(self) -> bytes:
        """The output that was held back, at the end of the stream."""
        rest, self._pending = self._pending, b""
        return rest if self.is_open else b""

    def _find_beginning(self) -> None:
        noise, found, rest = self._pending.partition(self._begin)
        if not found:
            held_back = _overlap(noise, self._begin)
            rest = noise[len(noise) - held_back :]
            noise = noise[: len(noise) - held_back]
        self.noise = (self.noise + noise)[-NOISE_LIMIT:]
        self._pending = rest
        self.is_open = bool(found)

    def _take_output(self) -> bytes:
        output = b""
        while True:
            before, found, after = self._pending.partition(self._end)
            if not found:
                held_back = _overlap(before, self._end)
                self._pending = before[len(before) - held_back :]
                return output + before[: len(before) - held_back]
            line, line_end, rest = after.partition(b"\n")
            output += before
            if not line_end:
                self._pending = found + after
                return output
            self.report = self.report or _parse(line)
            self._pending = rest


def _overlap(data: bytes, mark: bytes) -> int:
    """How many bytes at the end of `data` may be the beginning of `mark`."""
    return next((n for n in range(min(len(mark) - 1, len(data)), 0, -1) if data.endswith(mark[:n])), 0)


def _parse(line: bytes) -> Report:
    status, _, left = line.decode("ascii", "replace").partition(":")
    return Report(int(status) if status.isdigit() else None, tuple(left.split()))
