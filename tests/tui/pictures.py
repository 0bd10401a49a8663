"""Takes the pictures of the README from the running program, over the sample board: `scripts/pictures`."""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from kanban.app import build
from kanban.files.home import init_home
from tests.tui.sample import Sample
from tests.tui.stage import opened, press, stand_still

DOCS = Path(__file__).parents[2] / "docs"
PICTURES: dict[str, tuple[tuple[int, int], tuple[str, ...]]] = {
    "board.svg": ((158, 28), ("6",)),
    "inbox.svg": ((120, 22), ("i", "j")),
    "phone.svg": ((56, 26), ("6",)),
}


async def take(home: Path, size: tuple[int, int], keys: tuple[str, ...]) -> str:
    """The board as SVG, after these keys."""
    init_home(home)
    board = build(home)
    Sample(board)
    async with opened(board, size) as pilot:
        await press(pilot, *keys)
        await stand_still(pilot)
        return pilot.app.export_screenshot(title="kanban")


def take_all() -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    for name, (size, keys) in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            picture = asyncio.run(take(Path(folder) / "home", size, keys))
        (DOCS / name).write_text(picture.rstrip() + "\n", encoding="utf-8")
        print(DOCS / name)


if __name__ == "__main__":
    take_all()
