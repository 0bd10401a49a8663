"""What each screen looks like, in a small and a large terminal. `scripts/test tests/tui --snapshot-update` takes them.

Look at a new picture before it is kept: the file is what a person sees.
"""

import pytest

from kanban.domain.ticket import THE_PERSON
from tests.tui.stage import press, settle, stand_still, terminal, until
from tui.app import make_app

SMALL, LARGE = (80, 24), (240, 60)

SCREENS = {
    "board": [],
    "grouped": ["g"],
    "filtered": ["slash", *"@cody"],
    "help": ["question_mark"],
    "ticket": ["4", "enter"],
    "timeline": ["4", "enter", "4"],
    "runs": ["4", "enter", "5"],
    "why": ["6", "enter", "9"],
    "unblock": ["6", "u"],
    "new": ["n"],
    "inbox": ["i", "j"],
    "approvals": ["A"],
    "rubric": ["4", "R"],
    "numbers": ["N"],
    "chat": ["c"],
}


async def hold_cursors(pilot):
    """Have every cursor seen, whichever half of a blink this is."""
    for field in pilot.app.screen.query("Input, TextArea"):
        field.cursor_blink = False
        field._cursor_visible = True
        field.refresh()
    await pilot.pause()


def take(snap_compare, board, size, keys, theme=""):
    async def prepare(pilot):
        app = terminal(pilot)
        await until(pilot, lambda: app.session.model.loaded and app.session.vitals.slots)
        await settle(pilot)
        await press(pilot, *([theme] if theme else []), *keys)
        await settle(pilot)
        await hold_cursors(pilot)
        await stand_still(pilot)
        await hold_cursors(pilot)  # a blink that was under way has come meanwhile

    return snap_compare(make_app(board, THE_PERSON), terminal_size=size, run_before=prepare)


@pytest.mark.parametrize(
    "size", [pytest.param(SMALL, id="small"), pytest.param(LARGE, id="large", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_looks_as_it_did(snap_compare, board, screen, size):
    assert take(snap_compare, board, size, SCREENS[screen])


@pytest.mark.parametrize("screen", ["board", "inbox", "ticket", "numbers"])
def test_a_screen_in_the_light_theme_looks_as_it_did(snap_compare, board, screen):
    assert take(snap_compare, board, (120, 40), SCREENS[screen], theme="T")


def test_a_terminal_that_is_too_small_says_so(snap_compare, board):
    assert take(snap_compare, board, (40, 10), [])
