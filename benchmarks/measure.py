"""Figures with their targets, and how they are taken: in interleaved pairs, of which the medians count."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured value, its unit (`x` is a ratio), what it should be, and the absolute values behind it."""

    name: str
    value: float
    unit: str
    target: float
    at_least: bool = False
    behind: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    def as_line(self) -> str:
        """The figure as a line of the report."""
        bound = f"{'≥' if self.at_least else '≤'} {self.target:g} {self.unit}"
        verdict = "ok" if self.is_met else "MISSED"
        return f"{self.name:<58} {_show(self.value):>8} {self.unit:<4} {bound:<11} {verdict:<7} {self.behind}".rstrip()

    def as_json(self) -> dict[str, Any]:
        """The figure as plain data."""
        return {**asdict(self), "is_met": self.is_met}


@dataclass(frozen=True)
class Pairs:
    """Medians in seconds of what was measured and of its reference, and the median of their ratio."""

    subject: float
    reference: float
    ratio: float


def compare(subject: Callable[[], float], reference: Callable[[], float], rounds: int) -> Pairs:
    """Take both (each returns seconds) by turns, so that what slows the machine for a while slows both."""
    taken = []
    for number in range(rounds):
        if number % 2:
            second = reference()
            taken.append((subject(), second))
        else:
            taken.append((subject(), reference()))
    return summarize(taken)


def summarize(pairs: list[tuple[float, float]]) -> Pairs:
    """The medians of pairs of (measured, reference)."""
    return Pairs(
        median(subject for subject, _ in pairs),
        median(reference for _, reference in pairs),
        median(subject / reference for subject, reference in pairs),
    )


def time_once(action: Callable[[], object]) -> float:
    """How long `action` takes, in seconds."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def time_processor(action: Callable[[], object]) -> float:
    """How long `action` keeps a processor busy, in seconds; for what only computes, whatever else the machine does."""
    started = time.thread_time()
    action()
    return time.thread_time() - started


def note(message: str) -> None:
    """Say on stderr what is going on."""
    print(message, file=sys.stderr, flush=True)


def _show(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
