"""The program without a terminal: opened, typed at, and waited for."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Static

from kanban.app import App
from tui.app import KanbanTerminal, make_app
from tui.bars import Told

PATIENCE = 60.0  # seconds: how long a machine may be busy with something else


def acted(test: Callable[..., Any]) -> Callable[..., None]:
    """Runs an async test."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


@asynccontextmanager
async def opened(board: App, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    """The program over a board, once the board is shown."""
    app = make_app(board)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.session.model.loaded and (app.session.vitals.slots or app.session.problem))
        await settle(pilot)
        yield pilot


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Type keys, and wait for what they do."""
    for key in keys:
        await pilot.press(key)
    await settle(pilot)


async def settle(pilot: Pilot[None]) -> None:
    """Wait for the work that is under way, and for what it shows."""
    await pilot.pause()
    while True:
        await pilot.app.workers.wait_for_complete()
        await until(pilot, lambda: not terminal(pilot).session.busy)
        await pilot.pause()
        if not terminal(pilot).session.busy:
            return


async def until(pilot: Pilot[None], condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain; the screen says:\n{screen_text(pilot)}"
        await pilot.pause(0.02)


async def stand_still(pilot: Pilot[None], looks: int = 4) -> None:
    """Wait until nothing on the screen moves any more: some of it is drawn a moment later, together."""
    last, same = "", 0
    while same < looks:
        await pilot.pause(0.05)
        text = screen_text(pilot)
        last, same = text, same + 1 if text == last else 0


def screen_text(pilot: Pilot[None]) -> str:
    """What is on the screen, as text."""
    app = pilot.app
    width, height = app.size
    lines = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text.rstrip() for strip in lines[:height]) if width else ""


def told(pilot: Pilot[None]) -> str:
    """The sentence about the last thing that was done; empty when none is shown."""
    line = pilot.app.screen.query_one(Told)
    return str(line.render()) if line.display else ""


def pointed(pilot: Pilot[None]) -> int | None:
    """The ticket under the cursor."""
    card = terminal(pilot).board.columns.pointed
    return card.id if card else None


def terminal(pilot: Pilot[None]) -> KanbanTerminal:
    assert isinstance(pilot.app, KanbanTerminal)
    return pilot.app


def shown(pilot: Pilot[None], query: str) -> str:
    """The text of a static widget."""
    return str(pilot.app.screen.query_one(query, Static).render())
