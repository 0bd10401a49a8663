"""The board under the person's keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.ticket import THE_PERSON
from kanban.files.yamlfile import edit_yaml
from kanban.store.filing import NewTicket
from tests.tui.sample import NOW
from tests.tui.stage import acted, opened, pointed, press, screen_text, settle, shown, terminal, told, until
from tui import column as column_module
from tui.approvals import ApprovalsScreen
from tui.board import FilterLine
from tui.cards import fold
from tui.columns import find_window
from tui.messages import OpenTicket
from tui.model import COLUMNS, Column
from tui.ticket import TicketScreen

DAY = 86_400


def columns_of(pilot):
    return terminal(pilot).board.columns


@acted
async def test_every_column_shows_its_tickets_and_the_cursor_begins_at_the_first(board, sample):
    async with opened(board, (160, 45)) as pilot:
        model = terminal(pilot).session.model
        assert [[card.id for card in model.rows(column)] for column in COLUMNS] == [
            [sample.triage, sample.split],
            [sample.todo],
            [sample.ready, sample.other_ready],
            [sample.running],
            [sample.reviewed],
            [sample.stale, sample.asking, sample.parked, sample.failing],
            [sample.done],
        ]
        assert pointed(pilot) == sample.triage
        text = screen_text(pilot)
        assert "14/60" in text and "$0.18" in text and "needs input: Which" in text and "cody 40m +2 r1" in text


@acted
@pytest.mark.parametrize("right, left, down, up", [("l", "h", "j", "k"), ("right", "left", "down", "up")])
async def test_the_cursor_moves_with_letters_and_with_arrows(board, sample, right, left, down, up):
    async with opened(board) as pilot:
        await press(pilot, down)
        assert pointed(pilot) == sample.split
        await press(pilot, down, up)
        assert pointed(pilot) == sample.triage
        await press(pilot, right, right, down)
        assert pointed(pilot) == sample.other_ready
        await press(pilot, left)
        assert pointed(pilot) == sample.todo
        await press(pilot, right)
        assert pointed(pilot) == sample.other_ready  # where the cursor was in that column


@acted
async def test_numbers_jump_to_columns_and_the_ends_of_a_column_are_a_key_away(board, sample):
    async with opened(board, (80, 24)) as pilot:
        await press(pilot, "6")
        assert pointed(pilot) == sample.stale
        assert columns_of(pilot).seen() == [Column.RUNNING, Column.REVIEW, Column.BLOCKED]
        await press(pilot, "G")
        assert pointed(pilot) == sample.failing
        await press(pilot, "home")
        assert pointed(pilot) == sample.stale
        await press(pilot, "1")
        assert columns_of(pilot).seen() == [Column.TRIAGE, Column.TODO, Column.READY]


@acted
async def test_a_ticket_is_gone_to_by_its_number_and_opened_when_the_board_does_not_show_it(board, sample):
    board.store.board.cancel(sample.todo, THE_PERSON, NOW)
    async with opened(board) as pilot:
        await press(pilot, "number_sign", *str(sample.done), "enter")
        assert pointed(pilot) == sample.done
        await press(pilot, "number_sign", *str(sample.todo), "enter")
        assert "Mend the solar tile" in shown(pilot, "#ticket-title")


@acted
@pytest.mark.parametrize(
    "typed, found",
    [
        ("@scout", ["todo", "asking", "reviewed", "done"]),
        ("r1", ["ready", "todo"]),
        ("#12", ["done"]),
        ("tile", ["todo", "running"]),
        ("OCTOBER", ["asking"]),
        ("@cody tile", ["running"]),
    ],
)
async def test_the_filter_works_as_one_types(board, sample, typed, found):
    async with opened(board) as pilot:
        model = terminal(pilot).session.model
        await press(pilot, "slash", *("at" if mark == "@" else mark for mark in typed))
        rows = {card.id for column in COLUMNS for card in model.rows(column)}
        assert rows == {getattr(sample, name) for name in found}
        await press(pilot, "enter", "j")
        assert len({card.id for column in COLUMNS for card in model.rows(column)}) == len(found)
        await press(pilot, "escape")
        assert sum(model.count_shown(column) for column in COLUMNS) == 12


@acted
async def test_g_groups_by_request_with_the_words_that_were_asked(board, sample):
    async with opened(board, (160, 45)) as pilot:
        await press(pilot, "g", "3")
        assert pointed(pilot) == sample.ready
        assert "▾ r1 Why does the" in screen_text(pilot) and "▾ no request" in screen_text(pilot)
        await press(pilot, "j")
        assert pointed(pilot) == sample.other_ready  # headings are passed over
        await press(pilot, "g")
        assert "no request" not in screen_text(pilot)


@acted
async def test_v_hides_a_column_and_capital_v_brings_all_back(board):
    async with opened(board, (160, 45)) as pilot:
        await press(pilot, "2", "v")
        assert Column.TODO not in columns_of(pilot).seen() and columns_of(pilot).current is Column.READY
        for _ in range(10):
            await press(pilot, "v")
        assert len(columns_of(pilot).seen()) == 1  # the last one stays
        await press(pilot, "V")
        assert columns_of(pilot).seen() == list(COLUMNS)


@acted
async def test_a_change_by_another_is_seen_within_half_a_second_and_the_cursor_stays_on_its_ticket(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "3", "j")
        model = terminal(pilot).session.model
        new = board.store.board.create_ticket(NewTicket("A visitor", assignee="cody", priority=9), THE_PERSON, NOW)
        await until(pilot, lambda: new in model.cards, seconds=0.5)
        await settle(pilot)
        assert [card.id for card in model.rows(Column.READY)] == [new, sample.ready, sample.other_ready]
        assert pointed(pilot) == sample.other_ready
        board.store.board.cancel(sample.other_ready, THE_PERSON, NOW)
        await until(pilot, lambda: sample.other_ready not in model.cards, seconds=0.5)
        await settle(pilot)
        assert pointed(pilot) == sample.ready


@acted
async def test_the_turns_of_a_live_run_are_followed(board, sample):
    from kanban.domain.message import Reply, Usage
    from kanban.store.records import Scribe

    async with opened(board) as pilot:
        reply = Reply("On I go.", (), Usage(1, 1, 0.5), "a/model")
        board.store.records.append_reply(Scribe(sample.run, sample.run), 99, reply, NOW)
        model = terminal(pilot).session.model
        await until(pilot, lambda: model.cards[sample.running].turns == 15)
        assert model.cards[sample.running].cost_usd == pytest.approx(14 * 0.0125 + 0.5)


@acted
async def test_older_done_tickets_come_on_demand(board, sample):
    old = board.store.board.create_ticket(NewTicket("Long ago", assignee="cody"), THE_PERSON, NOW)
    tomorrow = NOW + 86_400
    board.clock = lambda: tomorrow
    async with opened(board) as pilot:
        model = terminal(pilot).session.model
        assert old in model.cards and sample.done not in model.cards
        await press(pilot, "7", "j")
        await until(pilot, lambda: sample.done in model.cards)


@acted
async def test_control_characters_and_markup_are_shown_and_never_obeyed(board):
    title = "\x1b[31mred\x07 [bold]not bold[/] \u202eback"
    ticket = board.store.board.create_ticket(NewTicket(title, f"# {title}\n\n[link](x) {title}"), THE_PERSON, NOW)
    async with opened(board, (240, 60)) as pilot:
        await press(pilot, "number_sign", *str(ticket), "enter")
        assert "\\x1b[31mred\\x07 [bold]not" in screen_text(pilot)
        await press(pilot, "enter")
        assert "\\x1b[31mred\\x07 [bold]not bold[/] \\x202eback" in screen_text(pilot)


@acted
async def test_a_terminal_that_is_too_small_says_so_and_recovers(board):
    async with opened(board, (40, 10)) as pilot:
        assert "too small" in screen_text(pilot) and "Tidy" not in screen_text(pilot)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "too small" not in screen_text(pilot) and "Tidy the photos" in screen_text(pilot)


@acted
async def test_an_empty_board_says_that_it_is_empty_and_its_keys_do_no_harm(empty_board):
    async with opened(empty_board) as pilot:
        assert "nothing is stuck" in screen_text(pilot) or "nothing is ready" in screen_text(pilot)
        assert "no dispatcher has run yet" in screen_text(pilot)
        await press(pilot, "j", "k", "l", "space", "enter", "u", "plus", "g", "G", "home")
        assert "there is no ticket here" in screen_text(pilot)


@acted
async def test_a_dispatcher_that_is_gone_is_told(board):
    board.clock = lambda: NOW + 7200
    async with opened(board) as pilot:
        assert "no dispatcher since 2h" in shown(pilot, "#vitals")


@acted
async def test_a_board_that_vanishes_is_told_and_read_again_when_it_is_back(board, sample):
    async with opened(board) as pilot:
        away = board.home.board.rename(board.home.board.with_name("away.db"))
        await until(pilot, lambda: "the board is gone" in shown(pilot, "#vitals"))
        away.rename(board.home.board)
        await until(pilot, lambda: "dispatching" in shown(pilot, "#vitals"))
        assert sample.ready in terminal(pilot).session.model.cards


@acted
async def test_the_theme_is_switched_with_a_key(board):
    async with opened(board) as pilot:
        assert terminal(pilot).current_theme.dark
        await press(pilot, "T")
        assert not terminal(pilot).current_theme.dark


@acted
async def test_help_names_every_key_and_the_palette_every_action(board):
    async with opened(board, (120, 60)) as pilot:
        found = [command.title for command in terminal(pilot).get_system_commands(terminal(pilot).board)]
        commands = set(found)
        assert found.count("Down") == 1 and "Copy selected text" not in commands
        for name in ("Unblock", "Assign", "New", "Retry", "Split", "Cancel", "Reopen", "Edit", "Filter", "Group"):
            assert name in commands
        await press(pilot, "question_mark")
        for name in ("Unblock", "Assign", "Retry", "Split", "Reopen", "Go to a column", "Priority +1"):
            assert name in screen_text(pilot)
        await press(pilot, "escape")
        assert terminal(pilot).screen is terminal(pilot).board


@acted
async def test_a_click_on_the_edge_of_a_column_points_at_nothing(board, sample):
    async with opened(board, (160, 45)) as pilot:
        for column in (Column.READY, Column.RUNNING):
            await pilot.click(f"#column-{column}", offset=(4, 0))
            await settle(pilot)
            assert pointed(pilot) == sample.triage
        await pilot.click(f"#column-{Column.READY}", offset=(4, 1))
        await settle(pilot)
        assert pointed(pilot) == sample.ready


@acted
async def test_an_empty_column_gives_its_room_to_others_until_it_is_entered(board, sample):
    board.store.board.cancel(sample.todo, THE_PERSON, NOW)
    async with opened(board, (160, 45)) as pilot:
        columns = columns_of(pilot)
        todo, ready = columns.view(Column.TODO), columns.view(Column.READY)
        assert todo.is_spine and ready.size.width > 4 * todo.size.width
        await pilot.click(f"#column-{Column.TODO}", offset=(2, 4))
        await settle(pilot)
        assert not todo.is_spine and "nothing waits" in screen_text(pilot)
        await press(pilot, "l")
        assert todo.is_spine


@acted
async def test_where_room_is_scarce_empty_columns_are_left_out(board, sample):
    for ticket in (sample.todo, sample.triage):
        board.store.board.cancel(ticket, THE_PERSON, NOW)
    async with opened(board, (80, 24)) as pilot:
        assert Column.TODO not in columns_of(pilot).seen()


@given(st.lists(st.sampled_from([0, 5, 22]), min_size=1, max_size=7), st.integers(5, 200), st.data())
def test_a_window_holds_the_wanted_column_and_all_that_fit_beside_it(needs, width, data):
    wanted = data.draw(st.integers(0, len(needs) - 1))
    first, end = find_window(needs, width, data.draw(st.integers(0, len(needs) - 1)), wanted)
    assert 0 <= first <= wanted < end <= len(needs)
    assert sum(needs[first:end]) <= width or end - first == 1
    assert end == len(needs) or sum(needs[first : end + 1]) > width
    assert first == 0 or sum(needs[first - 1 : end]) > width


@acted
async def test_the_keys_of_the_board_do_no_harm_while_it_is_gone(board, sample):
    async with opened(board) as pilot:
        board.home.board.rename(board.home.board.with_name("away.db"))
        await press(pilot, "g", "g", "D", "number_sign", "4", "enter")
        await until(pilot, lambda: "the board is gone" in shown(pilot, "#vitals"))
        assert pointed(pilot) == 4


@acted
async def test_a_request_that_comes_after_g_has_its_words(board, sample):
    async with opened(board, (160, 45)) as pilot:
        await press(pilot, "g")
        request = board.store.requests.open("Water the ferns.", THE_PERSON, NOW)
        new = board.store.board.create_ticket(NewTicket("Ferns", assignee="cody"), THE_PERSON, NOW, request)
        await until(pilot, lambda: new in terminal(pilot).session.model.cards)
        await settle(pilot)
        assert f"▾ r{request} Water the" in screen_text(pilot)


@acted
async def test_a_number_of_five_thousand_digits_is_none(board, sample):
    async with opened(board) as pilot:
        pilot.app.screen.query_one(FilterLine).value = "r" + "9" * 5000
        await settle(pilot)
        assert terminal(pilot).session.model.count_shown(Column.READY) == 0
        await press(pilot, "escape", "number_sign")
        pilot.app.screen.query_one("Input").value = "9" * 5000
        await press(pilot, "enter")
        assert "no ticket is called '999" in told(pilot)


@pytest.fixture
def full(board):
    """The board with many tickets that wait in Ready."""
    for number in range(40):
        board.store.board.create_ticket(NewTicket(f"Wait {number}", assignee="cody"), THE_PERSON, NOW)
    return board


@acted
async def test_a_column_stays_where_it_was_scrolled_to_when_the_board_changes(full, sample):
    async with opened(full) as pilot:
        await press(pilot, "3")
        view, model = columns_of(pilot).view(Column.READY), terminal(pilot).session.model
        view.scroll_to(y=30, animate=False)
        await settle(pilot)
        new = full.store.board.create_ticket(NewTicket("First", assignee="cody", priority=9), THE_PERSON, NOW)
        await until(pilot, lambda: new in model.cards)
        await settle(pilot)
        assert view.scroll_offset.y == 30 and pointed(pilot) == sample.ready
        await press(pilot, "home")
        assert view.scroll_offset.y == 0


@acted
async def test_the_card_under_the_cursor_is_followed_when_it_moves(full, sample):
    async with opened(full) as pilot:
        await press(pilot, "3")
        view, model = columns_of(pilot).view(Column.READY), terminal(pilot).session.model
        full.store.board.edit(sample.ready, THE_PERSON, NOW, priority=-9)
        await until(pilot, lambda: model.cards[sample.ready].priority == -9)
        await settle(pilot)
        assert pointed(pilot) == sample.ready and view.shows_cursor and view.scroll_offset.y > 30


@acted
async def test_only_cards_that_changed_are_measured(full, sample, monkeypatch):
    async with opened(full) as pilot:
        measured = []
        card_height = column_module.card_height
        monkeypatch.setattr(
            column_module, "card_height", lambda card, *rest: measured.append(card.id) or card_height(card, *rest)
        )
        full.store.board.edit(sample.ready, THE_PERSON, NOW, priority=-9)
        await until(pilot, lambda: terminal(pilot).session.model.cards[sample.ready].priority == -9)
        await settle(pilot)
        assert measured == [sample.ready]


@pytest.mark.parametrize(
    "text, lines",
    [
        ("字" * 8, ["字" * 5, "字" * 3]),
        ("字" * 10, ["字" * 5, "字" * 5]),
        ("字" * 30, ["字" * 5, "字" * 4 + "…"]),
        ("a" + "字" * 8, ["a" + "字" * 4, "字" * 4]),
        ("字", ["字", ""]),
    ],
)
def test_wide_letters_fill_both_lines_of_a_title(text, lines):
    assert [line.rstrip() for line in fold(text, 10, 2)] == lines


@acted
async def test_done_today_is_empty_when_a_day_begins(board, sample):
    async with opened(board) as pilot:
        model = terminal(pilot).session.model
        assert model.count(Column.DONE) == 1
        board.clock = lambda: NOW + DAY
        await until(pilot, lambda: model.count(Column.DONE) == 0)
        board.store.board.comment(sample.done, THE_PERSON, "Thank you.", NOW + DAY)
        new = board.store.board.create_ticket(NewTicket("New", assignee="cody"), THE_PERSON, NOW + DAY)
        await until(pilot, lambda: new in model.cards)
        assert model.count(Column.DONE) == 0  # a word on it does not bring it back


@acted
async def test_a_profile_that_is_added_is_known_at_once(board, sample):
    async with opened(board) as pilot:
        assert "gardener" not in terminal(pilot).session.turn_limits()
        file = board.home.profiles_folder / "gardener.yaml"
        file.write_text("name: gardener\nrole: worker\nmodel: a/model\nabout: plants\n")
        await press(pilot, "a")
        assert "gardener" in screen_text(pilot)
        assert "gardener" in terminal(pilot).session.turn_limits()


@acted
async def test_a_screen_that_is_open_is_gone_back_to(board, sample):
    async with opened(board) as pilot:
        await press(pilot, "enter")
        assert [type(screen) for screen in pilot.app.screen_stack[2:]] == [TicketScreen]
        columns_of(pilot).post_message(OpenTicket(sample.triage))
        columns_of(pilot).post_message(OpenTicket(sample.triage))
        await settle(pilot)
        assert len(pilot.app.screen_stack) == 3
        await press(pilot, "A", "t", "A")
        assert isinstance(pilot.app.screen, ApprovalsScreen) and len(pilot.app.screen_stack) == 4
        await press(pilot, "t")
        tickets = [screen.ticket_id for screen in pilot.app.screen_stack if isinstance(screen, TicketScreen)]
        assert tickets == [sample.triage, sample.parked] and len(pilot.app.screen_stack) == 5
        await press(pilot, "R", "R")
        assert len(pilot.app.screen_stack) == 6


@acted
async def test_capital_d_brings_older_done_tickets_from_any_column(board, sample):
    board.clock = lambda: NOW + DAY
    async with opened(board, (240, 60)) as pilot:
        model = terminal(pilot).session.model
        assert "D: older" in screen_text(pilot) and model.count(Column.DONE) == 0
        await press(pilot, "D")
        await until(pilot, lambda: sample.done in model.cards)
        await press(pilot, "D")
        await until(pilot, lambda: "no older done tickets" in told(pilot))
        assert "Older" in {command.title for command in terminal(pilot).get_system_commands(terminal(pilot).board)}
        await press(pilot, "question_mark", "end")
        await until(pilot, lambda: "Older" in screen_text(pilot))


@acted
async def test_the_footer_sets_what_today_has_cost_beside_what_it_may(board):
    edit_yaml(board.home.settings_file, lambda data: data.update(budget_usd_per_day=0.6))
    async with opened(board) as pilot:
        assert "/$0.60 today" in shown(pilot, "#vitals")
