"""`python -m benchmarks [NAME…] [--json]`."""

import argparse
import json
import sys
from collections.abc import Iterator
from importlib import import_module

from benchmarks.measure import Figure, note

NAMES = (
    "throughput",
    "idle_tick",
    "busy_tick",
    "claim",
    "start",
    "wake",
    "rescue",
    "turns",
    "plan",
    "cache",
    "cell",
    "memory",
    "rest",
    "tui",
    "tokens",
    "briefs",
    "gate",
)


def main() -> None:
    """Print every figure that is asked for; the exit status is 1 when one misses its target."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Prints how fast the board is on this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to measure (else all): {', '.join(NAMES)}")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in NAMES]
    if unknown:
        parser.error(f"no figure is called {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    figures = []
    for figure in _measure(asked.names or NAMES):
        figures.append(figure)
        if not asked.json:
            print(figure.as_line(), flush=True)
    if asked.json:
        print(json.dumps([figure.as_json() for figure in figures], indent=2))
    sys.exit(not all(figure.is_met for figure in figures))


def _measure(names: list[str] | tuple[str, ...]) -> Iterator[Figure]:
    for name in names:
        note(f"measuring {name} …")
        yield from import_module(f"benchmarks.{name}").measure()


if __name__ == "__main__":
    main()
