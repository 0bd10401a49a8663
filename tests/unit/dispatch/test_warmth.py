"""The model library is loaded while work is near, and let go when none was for a while."""

import pytest

from kanban.dispatch.launchers.fork import ForkServer
from kanban.dispatch.warmth import Warmth


class Server:
    def __init__(self):
        self.said = []

    def begin(self):
        self.said.append("begin")

    def close(self):
        self.said.append("close")


@pytest.fixture
def server():
    return Server()


def test_a_quiet_board_never_loads_it_and_a_busy_one_keeps_it(server):
    now, near = [0.0], [False]
    warmth = Warmth(server, lambda: near[0], lambda: now[0])
    for now[0] in range(0, 9000, 60):
        warmth.adjust(600)
    assert server.said == []
    near[0] = True
    warmth.adjust(600)
    near[0] = False
    now[0] += 599
    warmth.adjust(600)
    assert server.said == ["begin"]
    now[0] += 1
    warmth.adjust(600)
    warmth.adjust(600)
    assert server.said == ["begin", "close"]


def test_what_is_settled_or_waits_for_the_person_is_not_near(house, server):
    house.app.clock = house.clock
    house.app.__dict__["launcher"] = server
    house.ticket("For the person", assignee="human")
    house.ticket("Tomorrow", not_before=house.now + 86_400)
    house.app.warmth.adjust(600)
    assert server.said == []
    house.ticket("Now")
    house.app.warmth.adjust(600)
    assert server.said == ["begin"]


def test_a_server_that_was_begun_is_waited_for_when_a_run_needs_it(tmp_path):
    slow = "import os, sys, time; time.sleep(0.3); os.write(1, b'ready to fork\\n'); sys.stdin.read()"
    server = ForkServer(["python3", "-c", slow], tmp_path / "log", tmp_path, tmp_path)
    server.begin()
    first = server._server
    server.start()
    server.start()
    assert server._server is first
    server.close()
    server.begin()
    server.close()  # let go before it was ready
    assert server._server is None
