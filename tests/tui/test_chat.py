"""The chat with Ginger: one conversation, which `kanban chat` goes on with and which goes on unseen."""

import json
from functools import partial

import pytest

from kanban.agents.loop import Listener
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.files.yamlfile import edit_yaml
from kanban.llm import ScriptedModel
from kanban.store.runs import NewRun
from tests.support.scripted import call, draft
from tests.support.waiting import PATIENCE, wait_until
from tests.tui.sample import GINGER, NOW
from tests.tui.stage import acted, opened, press, screen_text, settle, terminal, told, until
from tui.chat import ChatScreen, pane_width
from tui.ticket import TicketScreen

PORTS = "Which ports are open?"
FILING = call("file_tickets", tickets=[draft("Write the list of ports")])
WIDE, NARROW = (140, 40), (80, 24)
HELD = 1.0  # as the `pause` of a step


@pytest.fixture
def ginger(board):
    """Says what she answers to words: each step is words, a call, or a whole step of a script."""
    file = board.home.path / "scripts" / "ginger.yaml"
    edit_yaml(board.home.path / "profiles" / "ginger.yaml", lambda data: data.update(model="scripted/ginger"))
    file.parent.mkdir()
    scenes = []

    def answers(words, *steps):
        shaped = [{"say": step} if isinstance(step, str) else step for step in steps]
        shaped = [{"calls": [step]} if "tool" in step else step for step in shaped]
        scenes.append({"name": words, "when": words.rstrip("?"), "steps": shaped})
        file.write_text(json.dumps({"scenes": scenes}))

    answers("Nothing at all")
    return answers


class Held:
    """Holds each reply that a script has a `pause` before, until the test lets it go."""

    def __init__(self) -> None:
        self.let_go = lambda: False

    def sleep(self, seconds: float) -> None:
        assert not seconds or wait_until(lambda: self.let_go())


@pytest.fixture
def held(monkeypatch):
    made = Held()
    monkeypatch.setattr("kanban.llm.choose.ScriptedModel", partial(ScriptedModel, sleep=made.sleep))
    yield made
    made.let_go = lambda: True


def release(held):
    held.let_go = lambda: True


def talk(pilot):
    return terminal(pilot).talk


async def begin(pilot, words):
    """Type words in the chat and send them."""
    chat = pilot.app.screen
    assert isinstance(chat, ChatScreen)
    chat.words.text = words
    await pilot.press("enter")


async def say(pilot, words):
    """Say something, and wait until the exchange has ended and is drawn."""
    before = talk(pilot).last_request
    await begin(pilot, words)
    await until(pilot, lambda: talk(pilot).last_request != before and not talk(pilot).speaking)
    await drawn(pilot)


async def drawn(pilot):
    chat = pilot.app.screen
    await until(pilot, lambda: not chat._drawing)
    await settle(pilot)


def outcomes(board, request_id):
    return [run.outcome for run in board.store.queries.runs_of_request(request_id)]


@acted
async def test_her_words_come_while_she_works_and_her_tickets_appear_on_the_board_beside(board, ginger, held, sample):
    ginger(PORTS, {"say": "Let me file it.", "calls": [FILING]}, {"say": "One ticket is filed.", "pause": HELD})
    async with opened(board, WIDE) as pilot:
        await press(pilot, "c")
        await begin(pilot, PORTS)
        await until(pilot, lambda: "Let me file it." in screen_text(pilot))
        await until(pilot, lambda: "13 Write the list" in screen_text(pilot))
        assert talk(pilot).speaking and "One ticket is filed." not in screen_text(pilot)
        assert "ginger has said nothing yet" in screen_text(pilot) and "3 Ready 3" in screen_text(pilot)
        release(held)
        await until(pilot, lambda: not talk(pilot).speaking)
        await drawn(pilot)
        shown = screen_text(pilot)
        assert "✓ file_tickets Write the list of ports" in shown and "One ticket is filed." in shown
        assert "#13 ready    Write the list of ports  (anyone)" in shown
        assert board.store.queries.get_request(3).words == PORTS


@acted
async def test_a_receipt_leads_to_its_ticket_and_escape_back_to_the_talk(board, ginger):
    ginger(PORTS, FILING, "Filed.")
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await say(pilot, PORTS)
        await press(pilot, "up", "enter")
        assert isinstance(pilot.app.screen, TicketScreen) and pilot.app.screen.ticket_id == 13
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, ChatScreen) and "Filed." in screen_text(pilot)
        row = next(y for y, line in enumerate(screen_text(pilot).split("\n")) if "#13" in line)
        await pilot.click(offset=(8, row))
        await settle(pilot)
        assert isinstance(pilot.app.screen, TicketScreen)


@acted
async def test_the_answer_comes_later_and_its_receipts_lead_to_tickets(board, ginger):
    ginger(PORTS, FILING, "Filed.")
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await say(pilot, PORTS)
        board.store.board.cancel(13, THE_PERSON, NOW)
        board.store.requests.answer(3, "Port 22 is open.\n\nReceipts:\n- #13 Write the list: cancelled", GINGER, NOW)
        await until(pilot, lambda: "Port 22 is open." in screen_text(pilot))
        assert "▎the answer to request 3" in screen_text(pilot) and not talk(pilot).awaited
        await press(pilot, "up", "enter")
        assert pilot.app.screen.ticket_id == 13


@acted
async def test_an_answer_that_comes_while_the_chat_is_closed_is_told_on_the_board(board, ginger):
    ginger(PORTS, FILING, "Filed.")
    async with opened(board) as pilot:
        await press(pilot, "c")
        await say(pilot, PORTS)
        await press(pilot, "escape")
        board.store.board.cancel(13, THE_PERSON, NOW)
        board.store.requests.answer(3, "Port 22 is open.", GINGER, NOW)
        await until(pilot, lambda: "the answer to request 3 is there" in told(pilot))
        await press(pilot, "c")
        await drawn(pilot)
        assert screen_text(pilot).count("Port 22 is open.") == 1


@acted
async def test_a_receipt_says_where_its_ticket_is_now(board, ginger):
    ginger(PORTS, FILING, "Filed.")
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await say(pilot, PORTS)
        board.store.board.assign(13, "human", THE_PERSON, NOW)
        await until(pilot, lambda: "#13 triage   Write the list of ports  (human)" in screen_text(pilot))


@acted
@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_an_exchange_goes_on_unseen_and_is_there_when_the_chat_is_opened_again(board, ginger, held, size):
    ginger(PORTS, call("list_tickets"), {"say": "Port 22.", "pause": HELD})
    async with opened(board, size) as pilot:
        await press(pilot, "c")
        await begin(pilot, PORTS)
        await press(pilot, "escape")
        assert pilot.app.screen is terminal(pilot).board and "ginger" not in screen_text(pilot)
        assert talk(pilot).speaking
        release(held)
        await until(pilot, lambda: talk(pilot).last_request == 3)
        await press(pilot, "c")
        await drawn(pilot)
        shown = screen_text(pilot)
        assert shown.count(PORTS) == 1 and "✓ list_tickets" in shown and shown.count("Port 22.") == 1


@acted
async def test_beside_a_wide_board_the_columns_make_room_and_take_it_back(board, ginger):
    async with opened(board, WIDE) as pilot:
        columns = terminal(pilot).board.columns
        assert columns.size.width == 140
        await press(pilot, "c")
        assert columns.size.width == 140 - pane_width(140) and "1 Triage 2" in screen_text(pilot)
        await pilot.resize_terminal(*NARROW)
        await settle(pilot)
        assert "Triage" not in screen_text(pilot)
        await pilot.resize_terminal(*WIDE)
        await settle(pilot)
        await press(pilot, "escape")
        assert columns.size.width == 140


@acted
async def test_it_is_the_conversation_of_kanban_chat(board, ginger):
    ginger(PORTS, call("list_tickets"), "Port 22.")
    ginger("And on the router", "Port 80 too.")
    ginger("A new thing", "As you like.")
    first = board.talk(PORTS, None, THE_PERSON, Listener())
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await until(pilot, lambda: "Port 22." in screen_text(pilot))
        assert "✓ list_tickets" in screen_text(pilot)
        await say(pilot, "And on the router?")
        assert board.store.queries.last_conversation() == first.conversation_id
        await press(pilot, "ctrl+n")
        await drawn(pilot)
        assert "Port 22." not in screen_text(pilot)
        await say(pilot, "A new thing")
        assert board.store.queries.last_conversation() not in (None, first.conversation_id)


@acted
async def test_what_was_said_elsewhere_meanwhile_is_there_when_the_chat_is_opened_again(board, ginger):
    ginger(PORTS, "Port 22.")
    ginger("And on the router", "Port 80 too.")
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await say(pilot, PORTS)
        await press(pilot, "escape")
        board.talk("And on the router?", board.store.queries.last_conversation(), THE_PERSON, Listener())
        await press(pilot, "c")
        await until(pilot, lambda: "Port 80 too." in screen_text(pilot))
        assert screen_text(pilot).count("Port 22.") == 1


@acted
async def test_a_failure_is_told_in_place_and_the_words_come_back(board, ginger):
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await say(pilot, PORTS)
        shown = " ".join(screen_text(pilot).split())
        assert "✗ ginger could not finish (failed): no scene of scripted/ginger fits" in shown
        assert "your words are kept as request 3; mend the cause, then `kanban request retry 3`" in shown
        assert pilot.app.screen.words.text == PORTS and board.store.queries.get_request(3).words == PORTS


@acted
async def test_a_home_that_cannot_be_read_is_told_and_nothing_typed_is_lost(board, ginger):
    async with opened(board, NARROW) as pilot:
        (board.home.path / "scripts" / "ginger.yaml").write_text("scenes: 3\n")
        await press(pilot, "c")
        await say(pilot, PORTS)
        assert "✗ the script is wrong" in screen_text(pilot)
        assert pilot.app.screen.words.text == PORTS and board.store.queries.get_request(3).words == PORTS


@acted
async def test_while_she_speaks_further_words_wait_in_the_line(board, ginger, held):
    ginger(PORTS, call("list_tickets"), {"say": "Port 22.", "pause": HELD})
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await begin(pilot, PORTS)
        await until(pilot, lambda: "ginger speaks" in screen_text(pilot))
        await begin(pilot, "And the router?")
        await settle(pilot)
        assert "ginger still speaks; your words wait here" in told(pilot)
        assert pilot.app.screen.words.text == "And the router?"
        release(held)
        await until(pilot, lambda: not talk(pilot).speaking)
        assert len(board.store.queries.list_requests()) == 3


@acted
async def test_ctrl_s_stops_her_as_ctrl_c_stops_kanban_chat(board, ginger, held):
    ginger(PORTS, FILING, {"say": "Port 22.", "pause": HELD})
    ginger("Go on", "I go on.")
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await begin(pilot, PORTS)
        await until(pilot, lambda: "✓ file_tickets" in screen_text(pilot))
        await pilot.press("ctrl+s")
        release(held)
        await until(pilot, lambda: not talk(pilot).speaking)
        await drawn(pilot)
        assert "✗ stopped; what was filed stays" in screen_text(pilot) and "#13 ready" in screen_text(pilot)
        assert outcomes(board, 3) == ["cancelled"] and talk(pilot).awaited == [3]
        await say(pilot, "Go on")
        assert board.store.queries.get_request(3).conversation_id == board.store.queries.get_request(4).conversation_id


@acted
async def test_quitting_while_she_speaks_ends_the_run_and_keeps_the_request(board, ginger, held, monkeypatch):
    monkeypatch.setattr("tui.talk.END_SECONDS", PATIENCE)  # a loaded machine
    ginger(PORTS, call("list_tickets"), {"say": "Port 22.", "pause": HELD})
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await begin(pilot, PORTS)
        await until(pilot, lambda: "✓ list_tickets" in screen_text(pilot))
        speaking = talk(pilot)
        held.let_go = lambda: speaking.stopping
        await pilot.press("ctrl+q")
    assert outcomes(board, 3) == ["cancelled"] and board.store.queries.get_request(3).words == PORTS


@acted
async def test_control_characters_and_markup_are_shown_not_obeyed(board, ginger):
    ginger(PORTS, "\x1b[2J[bold]Port[/bold] 22\x07")
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await say(pilot, PORTS)
        assert "\\x1b[2J[bold]Port[/bold] 22\\x07" in screen_text(pilot)


@acted
async def test_a_refused_call_says_why(board, ginger):
    ginger(PORTS, call("read_file", path="/etc/shadow"), "I may not.")
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await say(pilot, PORTS)
        assert "✗ read_file /etc/shadow" in screen_text(pilot) and "lies outside" in screen_text(pilot)


@acted
async def test_many_words_are_drawn_in_few_goes(board, ginger):
    ginger(PORTS, "port " * 3_000)
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        drawings, said = [], pilot.app.screen.said
        show = said.show_said
        said.show_said = lambda entries: (drawings.append(1), show(entries))
        await say(pilot, PORTS)
        assert len(drawings) < 40


@acted
async def test_a_text_of_several_lines_is_pasted_whole_and_enter_sends_it(board, ginger):
    ginger(PORTS, "Port 22.")
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c", *"a", "ctrl+j", *"b")
        assert pilot.app.screen.words.text == "a\nb"
        await say(pilot, f"{PORTS}\n22\n80")
        assert board.store.queries.get_request(3).words == f"{PORTS}\n22\n80"


@acted
async def test_without_words_nothing_is_sent(board, ginger):
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c", "enter", "space", "enter")
        assert not talk(pilot).speaking and len(board.store.queries.list_requests()) == 2
        assert "Say what you want" in screen_text(pilot)


@acted
async def test_c_from_a_ticket_goes_to_the_talk_and_never_opens_a_second(board, ginger):
    ginger(PORTS, FILING, "Filed.")
    async with opened(board, NARROW) as pilot:
        await press(pilot, "enter", "c")
        assert isinstance(pilot.app.screen, ChatScreen)
        await say(pilot, PORTS)
        await press(pilot, "up", "enter")
        assert isinstance(pilot.app.screen, TicketScreen)
        await press(pilot, "c")
        assert [type(screen) for screen in pilot.app.screen_stack[2:]] == [TicketScreen, ChatScreen]


@acted
async def test_a_talk_whose_process_was_killed_hides_nothing_that_was_said_after_it(board, ginger):
    ginger(PORTS, "Port 22.")
    said = board.talk(PORTS, None, THE_PERSON, Listener())
    killed = board.store.requests.open("What else?", THE_PERSON, NOW)
    run = NewRun(Purpose.CHAT, "ginger", "m", request_id=killed, transcript_of=said.conversation_id)
    board.store.runs.start(run, THE_PERSON, NOW - 100, 30)
    board.talk(PORTS, said.conversation_id, THE_PERSON, Listener())
    async with opened(board, (80, 40)) as pilot:
        await press(pilot, "c")
        await until(pilot, lambda: screen_text(pilot).count("Port 22.") == 2)
        assert "What else?" in screen_text(pilot) and "its process is gone" in screen_text(pilot)


@acted
async def test_the_end_is_followed_unless_one_reads_further_up(board, ginger):
    ginger(PORTS, "\n".join(f"line {number}" for number in range(100)))
    async with opened(board, NARROW) as pilot:
        await press(pilot, "c")
        await say(pilot, PORTS)
        await until(pilot, lambda: "line 99" in screen_text(pilot))
        await press(pilot, "pageup")
        await until(pilot, lambda: "line 99" not in screen_text(pilot))
        place = pilot.app.screen.said.scroll_offset
        pilot.app.screen.talk_changed()
        await drawn(pilot)
        assert pilot.app.screen.said.scroll_offset == place
