"""Notices through Apprise, to a real server on the loopback."""

import pytest

from kanban.connectors.notify import name_target, send_notice
from kanban.errors import InvalidInput, KanbanError


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
