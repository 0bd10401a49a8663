"""The board in a browser: a real Chromium, the real server, and a process behind each tab."""

import re
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager

import psutil
import pytest

from tests.support.daemon import command_line, outside_environment, wait_for
from tests.support.home import file_ticket

pytestmark = pytest.mark.slow

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@contextmanager
def served(home):
    """`kanban tui --serve`, and the address that it tells."""
    command = command_line(home, "tui", "--serve", "--port", "0")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=outside_environment())
    try:
        told = process.stderr.readline()
        yield process, re.search(r"http://\S+", told)[0]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, -signal.SIGKILL), process.stderr.read()


@pytest.fixture(scope="module")
def chromium():
    if not shutil.which("chromium"):
        pytest.skip("chromium is missing: install it to run the tests that need a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


class Tab:
    """A tab, with all that the terminal in it was sent."""

    def __init__(self, chromium, address):
        self.page = chromium.new_page(viewport={"width": 1200, "height": 800})
        self.sent = ""
        self.asked = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda websocket: websocket.on("framereceived", self._hear))
        self.answer = self.page.goto(address)

    def _hear(self, frame):
        self.sent += frame if isinstance(frame, str) else frame.decode(errors="replace")

    def read_until(self, words, seconds=30):
        deadline = time.monotonic() + seconds
        while words not in CONTROL.sub("", self.sent):
            assert time.monotonic() < deadline, f"{words!r} was never drawn: {CONTROL.sub('', self.sent)[-3000:]}"
            self.page.wait_for_timeout(50)


def boards_of(server):
    """The processes behind its tabs."""
    return psutil.Process(server.pid).children(recursive=True)


def test_the_board_is_shown_and_steered_in_a_tab_and_its_process_ends_with_the_tab(home, chromium):
    ticket = file_ticket(home, "Water the tomatoes")
    with served(home) as (server, address):
        refused = Tab(chromium, address.split("?")[0])
        assert refused.answer.status == 403 and "needs its token" in refused.page.inner_text("body")
        assert boards_of(server) == []

        tab = Tab(chromium, address)
        tab.read_until("Water the")
        assert "token" not in tab.page.url
        assert not [url for url in tab.asked if not url.startswith(address.split("/?")[0]) and "fonts" not in url]
        assert len(boards_of(server)) == 1
        empty = tab.page.screenshot()
        tab.page.mouse.click(600, 500)  # the terminal takes keys once it is clicked at
        tab.page.keyboard.press("3")
        tab.page.keyboard.press("+")
        wait_for(home, lambda: home.store.queries.get_ticket(ticket).priority == 1)
        tab.read_until("has priority 1")
        assert tab.page.screenshot() != empty

        tab.page.close()
        wait_for(home, lambda: boards_of(server) == [])


def test_a_board_ends_also_when_its_server_is_killed(home, chromium):
    file_ticket(home, "Water the tomatoes")
    with served(home) as (server, address):
        Tab(chromium, address).read_until("Water the")
        boards = boards_of(server)
        server.kill()
        wait_for(home, lambda: not any(map(is_alive, boards)))


def is_alive(process):
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_the_server_takes_its_tabs_with_it_when_it_ends(home, chromium):
    file_ticket(home, "Water the tomatoes")
    with served(home) as (server, address):
        tab = Tab(chromium, address)
        tab.read_until("Water the")
        boards = boards_of(server)
    assert boards and not any(map(is_alive, boards))
    tab.page.wait_for_selector("text=Session ended")
