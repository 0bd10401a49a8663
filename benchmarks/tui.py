"""The board in the terminal, full and small: its first paint, its answer to a key, its memory and its rest."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import psutil

from benchmarks.boards import temporary_app
from benchmarks.measure import Figure, compare
from benchmarks.screen import Screen, screen
from kanban.app import App

DONE, OPEN, SMALL = 100_000, 10_000, 100
ROUNDS = 7
KEYS = 400
WAY = "jjjj6jjj2jjjkk"  # down two columns by turns; each key changes what is seen
IDLE_SECONDS = 15.0
MIB = 1024 * 1024


def measure() -> Iterator[Figure]:
    """The full board against the small one, then keys and rest on the full one."""
    with _full_app() as full, temporary_app(SMALL) as small:
        paints = compare(lambda: _time_paint(full), lambda: _time_paint(small), ROUNDS)
        yield Figure(
            f"first paint at {OPEN:,} open, {DONE:,} done against {SMALL} tickets",
            paints.ratio,
            "x",
            1.5,
            behind=f"{1e3 * paints.subject:.0f} ms, {1e3 * paints.reference:.0f} ms",
        )
        with screen(_tui_of(small)) as other:
            other.wait_for(_last_drawn(small))
            other.watch(2.0)
            small_memory = _private_memory(other)
        with screen(_tui_of(full)) as board:
            board.wait_for(_last_drawn(full))
            board.watch(2.0)
            yield from _measure_keys(board)
            memory = _private_memory(board)
            yield Figure(
                f"memory at {OPEN:,} open against {SMALL} tickets",
                memory / small_memory,
                "x",
                1.5,
                behind=f"{memory:.0f} MiB, {small_memory:.0f} MiB",
            )
            yield Figure("idle share of a processor", _measure_rest(board), "%", 1.0)


@contextmanager
def _full_app() -> Iterator[App]:
    """A board of so many open and done tickets; what else there is of open ones is archived."""
    with temporary_app(DONE * 100 // 80) as app:
        with app.db.write() as tx:
            last = tx.exec_driver_sql(
                f"SELECT id FROM ticket WHERE status IN ('todo', 'blocked') ORDER BY id LIMIT 1 OFFSET {OPEN - 1}"
            ).scalar()
            tx.exec_driver_sql("UPDATE ticket SET archived = 1 WHERE status IN ('todo', 'blocked') AND id > ?", (last,))
        yield app


def _tui_of(app: App) -> Sequence[str]:
    return (str(Path(sys.executable).with_name("kanban")), "--home", str(app.home.path), "tui")


def _last_drawn(app: App) -> str:
    """What stands in the overview once the open tickets are counted."""
    return f"Blocked {app.queries.count_by_status()['blocked']}"


def _time_paint(app: App) -> float:
    with screen(_tui_of(app)) as board:
        return board.wait_for(_last_drawn(app))


def _measure_keys(board: Screen) -> Iterator[Figure]:
    board.press("2")
    taken = [1e3 * board.press(WAY[number % len(WAY)]) for number in range(KEYS)]
    yield Figure("key to repaint, median", median(taken), "ms", 30)
    yield Figure("key to repaint, 99 of 100", quantiles(taken, n=100)[-1], "ms", 80)


def _private_memory(board: Screen) -> float:
    return float(psutil.Process(board.pid).memory_full_info().uss) / MIB


def _measure_rest(board: Screen) -> float:
    process = psutil.Process(board.pid)
    before, since = process.cpu_times(), time.perf_counter()
    board.watch(IDLE_SECONDS)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return 100 * used / (time.perf_counter() - since)
