"""The board in numbers."""

import time
from datetime import datetime
from itertools import pairwise

import pytest
from textual.color import Color

from tests.tui.sample import NOW
from tests.tui.stage import acted, opened, press, screen_text, shown, terminal, until
from tui.numbers import Bar, Bars, DayPlot, NumbersScreen, last_midnights

HOUR = 3600.0
SIZES = [(80, 24), (120, 40), (240, 60)]


@acted
@pytest.mark.parametrize("size", SIZES)
async def test_capital_n_shows_cost_by_day_profile_and_request_and_how_tickets_settle(board, sample, size):
    async with opened(board, size) as pilot:
        await press(pilot, "N")
        assert shown(pilot, "#numbers-title") == "The last 7 days"
        assert (
            shown(pilot, "#numbers-facts")
            == "100% completed (1 done, 0 cancelled) · 1 question, 1.0 per settled ticket"
        )
        text = screen_text(pilot)
        for words in ("Cost by day, Sep 08 to Sep 21", "█", "$0.55", "cody", "scout", "no request", "r2 ", "running"):
            assert words in text
        assert all(len(line) <= size[0] for line in text.splitlines())


@acted
async def test_d_w_and_m_and_the_arrows_change_the_span(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "N")
        for key, span in (
            ("d", "Today"),
            ("w", "The last 7 days"),
            ("m", "The last 30 days"),
            ("right", "The last 30 days"),
            ("left", "The last 7 days"),
            ("h", "Today"),
            ("left", "Today"),
            ("l", "The last 7 days"),
        ):
            await press(pilot, key)
            assert shown(pilot, "#numbers-title") == span
        await press(pilot, "m")
        assert "Cost by day, Aug 23 to Sep 21" in screen_text(pilot)


@acted
async def test_the_numbers_follow_the_board(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "N")
        board.store.board.cancel(sample.failing, terminal(pilot).session.caller, NOW)
        await until(pilot, lambda: "50% completed (1 done, 1 cancelled)" in shown(pilot, "#numbers-facts"))


@acted
async def test_an_empty_board_says_so(empty_board):
    async with opened(empty_board, (80, 24)) as pilot:
        await press(pilot, "N")
        assert "Nothing has happened in this time" in shown(pilot, "#numbers-facts")
        assert screen_text(pilot).count("nothing yet") == 3
        await press(pilot, "N", "escape")
        assert pilot.app.screen is terminal(pilot).board


@acted
async def test_plots_take_the_colours_of_the_theme(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "N")

        def colour_of(widget):
            strips = [
                segment for strip in pilot.app.screen._compositor.render_strips(pilot.app.size) for segment in strip
            ]
            return {
                segment.style.color.triplet for segment in strips if segment.text.strip(widget) == "" != segment.text
            }

        for _ in range(2):
            primary = tuple(Color.parse(pilot.app.theme_variables["primary"]).rgb)
            assert {tuple(found) for found in colour_of("█")} == {primary}
            await press(pilot, "T")


@acted
async def test_names_that_are_too_long_are_cut_and_a_bar_is_as_long_as_its_share(board):
    async with opened(board) as pilot:
        await press(pilot, "N")
        bars = pilot.app.screen.query_one("#by-profile", Bars)
        bars.show_bars([Bar("a" * 200, 4.0, "$4.00"), Bar("b", 1.0, "$1.00"), Bar("c", 0.0, "$0.00")])
        await pilot.pause()
        lines = [line for line in str(bars.render()).splitlines() if line]
        assert "…" in lines[0] and len({len(line) for line in lines}) == 1
        assert [line.count("━") for line in lines] == [lengths := lines[0].count("━"), round(lengths / 4), 0]


@acted
async def test_of_more_bars_than_have_room_the_longest_are_shown(board):
    async with opened(board, (80, 24)) as pilot:
        await press(pilot, "N")
        bars = pilot.app.screen.query_one("#by-profile", Bars)
        bars.show_bars([Bar(f"p{n}", 100.0 - n, "$1") for n in range(50)])
        assert len(str(bars.render()).splitlines()) <= bars.size.height


@acted
async def test_a_plot_without_room_is_no_trouble(board):
    async with opened(board, (50, 14)) as pilot:
        await press(pilot, "N")
        assert isinstance(pilot.app.screen, NumbersScreen) and pilot.app.screen.query_one(DayPlot).size.height >= 1


def test_days_begin_at_midnight_also_when_clocks_have_changed(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    noon = datetime(2026, 3, 30, 12).timestamp()  # clocks were put forward on the 29th
    began = last_midnights(noon, 3)
    assert [time.strftime("%d %H:%M", time.localtime(at)) for at in began] == ["28 00:00", "29 00:00", "30 00:00"]
    assert [(after - before) / HOUR for before, after in pairwise(began)] == [24, 23]
