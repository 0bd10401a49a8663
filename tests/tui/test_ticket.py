"""One ticket and its pages."""

import pytest
from PIL import Image
from rich.cells import cell_len
from textual.widgets import Markdown, OptionList, TabbedContent

from kanban.domain.message import Message, Role
from kanban.domain.ticket import THE_PERSON
from kanban.store.filing import NewTicket
from kanban.store.records import Scribe
from tests.tui.sample import NOW
from tests.tui.stage import acted, opened, press, screen_text, settle, shown, stand_still, terminal, told, until
from tui import telling
from tui.lines import Line, LinesView
from tui.ticket import PAGES


async def open_ticket(pilot, ticket_id, *keys):
    terminal(pilot).board.columns.point_at(ticket_id)
    await press(pilot, "enter", *keys)


@acted
async def test_enter_opens_a_ticket_and_escape_goes_back(board, sample):
    async with opened(board) as pilot:
        await open_ticket(pilot, sample.running)
        assert shown(pilot, "#ticket-title") == f"#{sample.running} Show today's forecast on the weather tile"
        assert "running for 18m · cody · request 2 · $0.1750" in shown(pilot, "#ticket-facts")
        assert "The weather tile of the dashboard" in screen_text(pilot)
        await press(pilot, "escape")
        assert pilot.app.screen is terminal(pilot).board


@acted
@pytest.mark.parametrize(
    "name, page, words",
    [
        ("running", "transcript", ["assistant", "I look at part 13.", '→ shell {"command": "ls /srv/13"}', "file 13"]),
        ("running", "timeline", ["ready → running", "ginger create", "code goes to cody"]),
        ("stale", "runs", ["work by cody: stale", "no progress for 4 hours", "3 turns, $0.0375", "why cody: code"]),
        ("done", "notes", ["scout in run", "The manual is from 1998."]),
        ("done", "files", ["home/runs", "manual.txt", "Turn the red knob to the left."]),
        ("done", "checks", ["✓ passed", "test -s manual.txt"]),
        ("asking", "why", ["has been blocked for 3 hours", "12th or the 19th", f"kanban unblock {8}"]),
        ("asking", "log", ["this run has written no log yet"]),
    ],
)
async def test_each_page_tells_its_part(board, sample, name, page, words):
    async with opened(board) as pilot:
        await open_ticket(pilot, getattr(sample, name), str(1 + list(PAGES).index(page)))
        assert pilot.app.screen.query_one(TabbedContent).active == page
        text = screen_text(pilot)
        assert [word for word in words if word not in text] == []


@acted
async def test_pages_are_turned_with_tab_and_arrows(board, sample):
    async with opened(board) as pilot:
        await open_ticket(pilot, sample.running)
        pages = []
        for _ in PAGES:
            await press(pilot, "tab")
            pages.append(pilot.app.screen.page)
        assert pages == [*list(PAGES)[1:], "brief"]
        await press(pilot, "left")
        assert pilot.app.screen.page == "why"


@acted
async def test_a_log_is_followed_as_it_grows_and_stays_where_one_reads(board, sample):
    log = board.log_file(sample.run)
    log.parent.mkdir(parents=True)
    log.write_text("".join(f"line {number}\n" for number in range(200)))
    async with opened(board) as pilot:
        await open_ticket(pilot, sample.running, "2")
        assert "line 199" in screen_text(pilot)
        with log.open("a") as more:
            more.write("the newest line\n")
        await until(pilot, lambda: "the newest line" in screen_text(pilot))
        await press(pilot, "home")
        with log.open("a") as more:
            more.write("one more line\n")
        view = pilot.app.screen.query_one("#lines-log", LinesView)
        await until(pilot, lambda: any("one more line" in line.text for line in view.lines))
        assert "line 3" in screen_text(pilot) and "one more line" not in screen_text(pilot)


@acted
async def test_a_page_is_searched(board, sample):
    async with opened(board, (80, 24)) as pilot:
        await open_ticket(pilot, sample.running, "3", "home", "slash", *"part", "space", "7", "enter")
        assert "I look at part 7." in screen_text(pilot)
        await press(pilot, "slash", *"nowhere", "enter")
        assert "'nowhere' is not there" in told(pilot)


@acted
async def test_a_megabyte_of_markdown_opens_at_once_and_says_what_is_left_out(board):
    body = "# Big\n\n" + "Some *words* of a [very](x) long text.\n\n" * 25_000
    ticket = board.store.board.create_ticket(NewTicket("Big", body), THE_PERSON, NOW)
    async with opened(board) as pilot:
        await open_ticket(pilot, ticket)
        source = pilot.app.screen.query_one(Markdown).source
        assert len(source) < 31_000 and "more characters" in source


@acted
async def test_the_path_of_an_artifact_is_copied(board, sample):
    async with opened(board) as pilot:
        await open_ticket(pilot, sample.done, "7")
        assert pilot.app.screen.query_one(OptionList).option_count == 1
        await press(pilot, "y")
        assert pilot.app.clipboard.endswith("manual.txt") and "copied: home/runs" in told(pilot)


@acted
async def test_earlier_versions_of_the_brief_are_a_key_away(board, sample):
    board.store.board.edit(sample.failing, THE_PERSON, NOW - 60, body="Only look which firmware it has.")
    async with opened(board) as pilot:
        await open_ticket(pilot, sample.failing)
        assert "version 2 of 2, by person 1m ago" in screen_text(pilot) and "Only look" in screen_text(pilot)
        await press(pilot, "left_square_bracket")
        assert "version 1 of 2" in screen_text(pilot) and "firmware of the switch, please." in screen_text(pilot)
        await press(pilot, "right_square_bracket")
        assert "Only look" in screen_text(pilot)


@acted
async def test_a_picture_is_shown_as_one_and_what_only_claims_to_be_one_is_not(board, sample):
    for name in ("red.png", "none.png"):
        file = board.home.path / "runs" / name
        board.store.records.add_artifact(1, sample.done, name, f"runs/{name}", "file", 99, NOW)
        file.write_bytes(b"\x89PNG no more")
    Image.new("RGB", (40, 30), (200, 10, 10)).save(board.home.path / "runs" / "red.png")
    async with opened(board) as pilot:
        await open_ticket(pilot, sample.done, "7")
        await press(pilot, "down")
        assert pilot.app.screen.query_one("#picture").display and "▄" in screen_text(pilot)
        await press(pilot, "down")
        assert not pilot.app.screen.query_one("#picture").display and "no more" in screen_text(pilot)


@acted
async def test_earlier_runs_are_a_key_away(board, sample):
    board.store.verdicts.retry(sample.stale, THE_PERSON, NOW)
    from kanban.domain.outcome import Purpose
    from kanban.store.runs import NewRun

    new = board.store.runs.claim(NewRun(Purpose.WORK, "scout", "m", sample.stale), NOW, 60)
    async with opened(board) as pilot:
        await open_ticket(pilot, sample.stale, "3")
        assert f"run {new}, work by scout: running" in screen_text(pilot)
        await press(pilot, "left_square_bracket")
        assert "work by cody: stale" in screen_text(pilot)
        await press(pilot, "right_square_bracket")
        assert f"run {new}, work by scout: running" in screen_text(pilot)


@acted
async def test_a_ticket_is_steered_from_its_own_screen_and_shows_the_change(board, sample):
    async with opened(board) as pilot:
        await open_ticket(pilot, sample.asking, "u", *"yes", "enter")
        assert told(pilot) == f"✓ #{sample.asking} is ready"
        await until(pilot, lambda: "ready for 0s" in shown(pilot, "#ticket-facts"))


@acted
async def test_a_ticket_that_is_not_there_is_told(board):
    async with opened(board) as pilot:
        await press(pilot, "number_sign", *"999", "enter")
        await settle(pilot)
        assert "there is no ticket 999" in told(pilot)


@acted
async def test_long_lines_are_folded_and_letters_of_two_cells_are_measured(board):
    async with opened(board, (60, 20)) as pilot:
        view = LinesView()
        await pilot.app.screen.mount(view)
        await settle(pilot)
        view.show_lines([Line("word " * 40), Line("字" * 100)])
        width = view.scrollable_content_region.width
        assert max(cell_len(line.text) for line in view._folded) <= width < 60
        assert "".join(line.text for line in view._folded).count("字") == 100


@acted
async def test_what_was_found_before_is_a_key_away(board, sample):
    async with opened(board, (80, 24)) as pilot:
        await open_ticket(pilot, sample.running, "3", "home")
        view = pilot.app.screen.query_one("#lines-transcript", LinesView)
        view.seek("part")
        first = view.scroll_offset.y
        await press(pilot, "asterisk")
        assert view.scroll_offset.y > first
        await press(pilot, "number_sign")
        assert view.scroll_offset.y == first
        commands = terminal(pilot).get_system_commands(pilot.app.screen)
        assert {"Next found", "Found before"} <= {command.title for command in commands}


@acted
@pytest.mark.parametrize("page, reader", [("2", "tell_log"), ("3", "tell_transcript")])
async def test_a_page_that_has_not_grown_is_not_read_again(board, sample, monkeypatch, page, reader):
    log = board.log_file(sample.run)
    log.parent.mkdir(parents=True)
    log.write_text("one line\n")
    async with opened(board) as pilot:
        await open_ticket(pilot, sample.running, page)
        await stand_still(pilot)
        read, read_aside = [], getattr(telling, reader)
        monkeypatch.setattr(telling, reader, lambda found: read.append(found) or read_aside(found))
        board.store.board.comment(sample.running, THE_PERSON, "Go on.", NOW)
        await until(pilot, lambda: pilot.app.screen.view.comments)
        await press(pilot, "4", page)
        assert read == []
        log.write_text("one line\nanother\n")
        message = Message(Role.TOOL, "one more", call_id="c1", name="shell")
        board.store.records.append_message(Scribe(sample.run, sample.run), 99, message, NOW)
        await until(pilot, lambda: read)
        await until(pilot, lambda: "another" in screen_text(pilot) or "one more" in screen_text(pilot))


@acted
async def test_the_versions_of_a_brief_are_read_once(board, sample, monkeypatch):
    async with opened(board) as pilot:
        await open_ticket(pilot, sample.running)
        read, brief_versions = [], board.store.queries.brief_versions
        monkeypatch.setattr(
            board.store.queries, "brief_versions", lambda number: read.append(number) or brief_versions(number)
        )
        pilot.app.screen._read("brief")
        assert read == [sample.running]
