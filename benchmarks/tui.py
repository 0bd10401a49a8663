"""The board in the terminal: full against small, and its keys and its rest against a bare Textual app."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from benchmarks import bare_app
from benchmarks.boards import temporary_app
from benchmarks.measure import Figure, compare
from benchmarks.memory import private_memory
from benchmarks.screen import Screen, screen
from kanban.app import App

DONE, OPEN, SMALL = 100_000, 10_000, 100
ROUNDS = 7
KEYS = 400
WAY = "jjjj6jjj2jjjkk"  # down two columns by turns; each key changes what is seen
IDLE_SECONDS = 15.0
SETTLED = 2.0  # seconds after the first paint


@dataclass(frozen=True)
class Sizes:
    """How much is measured: tickets on the boards, pairs of paints, keys typed, seconds of rest."""

    done: int = DONE
    open: int = OPEN
    few: int = SMALL
    rounds: int = ROUNDS
    keys: int = KEYS
    idle_seconds: float = IDLE_SECONDS
    settled: float = SETTLED


def measure(sizes: Sizes = Sizes()) -> Iterator[Figure]:
    """The full board against the small one, then keys and rest on the full one."""
    with _full_app(sizes) as full, temporary_app(sizes.few) as small:
        paints = compare(lambda: _time_paint(full), lambda: _time_paint(small), sizes.rounds)
        behind = f"{1e3 * paints.subject:.0f} ms, {1e3 * paints.reference:.0f} ms"
        name = f"first paint at {sizes.open:,} open, {sizes.done:,} done against {sizes.few}"
        yield Figure(name, paints.ratio, "x", 1.5, behind=behind)
        with _settled(_tui_of(small), _last_drawn(small), sizes) as other:
            small_memory = private_memory(other.pid)
        with (
            _settled(_tui_of(full), _last_drawn(full), sizes) as board,
            _settled(_bare_of(full), bare_app.DRAWN, sizes) as bare,
        ):
            yield from _measure_keys(board, bare, sizes.keys)
            memory = private_memory(board.pid)
            behind = f"{memory:.0f} MiB, {small_memory:.0f} MiB"
            name = f"memory at {sizes.open:,} open against {sizes.few} tickets"
            yield Figure(name, memory / small_memory, "x", 1.5, behind=behind)
            yield _measure_rest(board, bare, sizes.idle_seconds)


@contextmanager
def _full_app(sizes: Sizes) -> Iterator[App]:
    """A board of so many open and done tickets; what else there is of open ones is archived."""
    with temporary_app(sizes.done * 100 // 80) as app:
        with app.store.db.write() as tx:
            last = tx.exec_driver_sql(
                f"SELECT id FROM ticket WHERE status IN ('todo', 'blocked') ORDER BY id LIMIT 1 OFFSET {sizes.open - 1}"
            ).scalar()
            tx.exec_driver_sql("UPDATE ticket SET archived = 1 WHERE status IN ('todo', 'blocked') AND id > ?", (last,))
        yield app


def _tui_of(app: App) -> Sequence[str]:
    return (str(Path(sys.executable).with_name("kanban")), "--home", str(app.home.path), "tui")


def _bare_of(app: App) -> Sequence[str]:
    return (sys.executable, "-m", "benchmarks.bare_app", str(app.home.board))


def _last_drawn(app: App) -> str:
    """What stands in the overview once the open tickets are counted."""
    return f"Blocked {app.store.queries.count_by_status()['blocked']}"


@contextmanager
def _settled(command: Sequence[str], drawn: str, sizes: Sizes) -> Iterator[Screen]:
    """A program that has drawn these words and come to rest."""
    with screen(command) as opened:
        opened.wait_for(drawn)
        opened.watch(sizes.settled)
        yield opened


def _time_paint(app: App) -> float:
    with screen(_tui_of(app)) as board:
        return board.wait_for(_last_drawn(app))


def _measure_keys(board: Screen, bare: Screen, keys: int) -> Iterator[Figure]:
    """Each key is typed at both, one after the other."""
    for one in (board, bare):
        one.press("2")
    way = [WAY[number % len(WAY)] for number in range(keys)]
    taken = [(1e3 * board.press(key), 1e3 * bare.press(key)) for key in way]
    ours, least = zip(*taken, strict=True)
    for name, pick, target in (("median", median, 1.5), ("99 of 100", _slowest, 2.0)):
        behind = f"{pick(ours):.1f} ms, the bare app {pick(least):.1f} ms"
        yield Figure(f"key to repaint against a bare app, {name}", pick(ours) / pick(least), "x", target, behind=behind)


def _slowest(taken: Sequence[float]) -> float:
    return quantiles(taken, n=100)[-1]


def _measure_rest(board: Screen, bare: Screen, seconds: float) -> Figure:
    shares = []
    for one in (board, bare):
        before, since = _processor_seconds(one.pid), time.perf_counter()
        one.watch(seconds)
        shares.append(100 * (_processor_seconds(one.pid) - before) / (time.perf_counter() - since))
    behind = f"{shares[0]:.2f} % of a processor, the bare app {shares[1]:.2f} %"
    return Figure("idle: processor time against a bare app", shares[0] / shares[1], "x", 6, behind=behind)


def _processor_seconds(pid: int) -> float:
    """What all threads of a process have used; the kernel counts it in nanoseconds, psutil in hundredths."""
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[0]) for file in files) / 1e9
