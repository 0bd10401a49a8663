"""Notices through Apprise, to a real server on the loopback."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from kanban.connectors.notify import name_target, send_notice
from kanban.errors import InvalidInput, KanbanError


@pytest.fixture
def receiver():
    """A server that takes what is posted to it; its `status` is what it answers."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.status, server.received = 200, received
    server.url = f"json://user:s3cret@127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_notice_arrives_as_it_was_written(receiver):
    send_notice(receiver.url, "ticket 3 waits for you: <b>Left</b> or right?\nü")
    (got,) = receiver.received
    assert (got["title"], got["message"]) == ("kanban", "ticket 3 waits for you: <b>Left</b> or right?\nü")


def test_a_target_that_does_not_take_it_is_told_without_its_address(receiver):
    receiver.status = 500
    with pytest.raises(KanbanError, match="json did not take the notice") as refused:
        send_notice(receiver.url, "hello")
    assert "s3cret" not in f"{refused.value} {refused.value.hint}"


def test_a_server_that_is_not_there_is_told(receiver):
    with pytest.raises(KanbanError, match="json did not take the notice"):
        send_notice("json://127.0.0.1:1/", "hello")


@pytest.mark.parametrize("address", ["nonsense://s3cret", "s3cret", ""])
def test_an_address_that_nobody_knows_is_told_without_what_it_holds(address):
    with pytest.raises(InvalidInput, match="no way to notify is known") as refused:
        send_notice(address, "hello")
    assert refused.value.hint
    assert "s3cret" not in f"{refused.value} {refused.value.hint}"


def test_only_the_kind_of_an_address_is_shown():
    assert name_target("tgram://s3cret/chat") == "tgram"
    assert "s3cret" not in name_target("tgram:/s3cret/chat")
