"""Every benchmark runs to its end at a small size, and measures against something taken in the same run."""

import gc
from collections.abc import Callable, Iterator

import pytest

from benchmarks import (
    briefs,
    busy_tick,
    cache,
    cell,
    claim,
    gate,
    idle_tick,
    memory,
    plan,
    rescue,
    rest,
    start,
    throughput,
    tokens,
    tui,
    turns,
    wake,
)
from benchmarks.__main__ import NAMES
from benchmarks.measure import Figure

SMALL: dict[str, Callable[[], Iterator[Figure]]] = {
    "throughput": lambda: throughput.measure(tickets=100, batch=5, rounds=2),
    "idle_tick": lambda: idle_tick.measure(tickets=200, few=100, rounds=1),
    "busy_tick": lambda: busy_tick.measure(tickets=100, rounds=1),
    "claim": lambda: claim.measure(tickets=100, batch=5, rounds=2),
    "start": lambda: start.measure(tickets=100, rounds=1),
    "turns": lambda: turns.measure(turns=6, rounds=1),
    "plan": lambda: plan.measure(tokens=20_000, rounds=1),
    "cache": lambda: cache.measure(turns=9, narrow=12_000),
    "cell": lambda: cell.measure(rounds=2),
    "wake": lambda: wake.measure(tickets=1),
    "rescue": lambda: rescue.measure(lease=1.0, kills=1),
    "tokens": tokens.measure,  # counts, and has no size
    "briefs": briefs.measure,  # nor has this
    "gate": lambda: gate.measure(rounds=1),
    "rest": lambda: rest.measure(seconds=0.3, settled=0.1),
    "memory": lambda: memory.measure(runs=2),
    "tui": lambda: tui.measure(tui.Sizes(done=100, open=15, few=20, rounds=1, keys=14, idle_seconds=0.3, settled=0.1)),
}
COUNTED = {"rows", "tok"}  # what no machine changes
WITH_A_DAEMON = {"rest", "wake", "rescue", "memory", "tui"}  # whose start alone takes seconds


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in WITH_A_DAEMON)) for n in NAMES])
def test_a_benchmark_runs_to_its_end(name: str) -> None:
    figures = list(SMALL[name]())
    assert figures
    for figure in figures:
        assert figure.value >= 0 and figure.as_line().startswith(figure.name)
        assert figure.unit in COUNTED or (figure.unit == "x" and figure.value > 0)


def test_every_benchmark_has_a_small_size() -> None:
    assert SMALL.keys() == set(NAMES)
