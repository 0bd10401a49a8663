"""Notices are carried to every target; one that fails holds up no other and is tried again later."""

import pytest

from kanban.dispatch.messenger import deliver_notices, name_receipt
from kanban.errors import KanbanError
from kanban.store.outbox import RETRY_AFTER, record_notice

GOOD, BAD = "ntfy://topic", "tgram://secret-token-1234/chat"


class Post:
    """Delivers, but for the targets that are out of order."""

    def __init__(self, *broken):
        self.broken = set(broken)
        self.delivered = []

    def __call__(self, target, text):
        if target in self.broken:
            raise KanbanError("tgram did not take the notice")
        self.delivered.append((target, text))


@pytest.fixture
def tell(house):
    def tell(*keys):
        with house.app.store.db.write() as tx:
            for key in keys:
                record_notice(tx, key, f"about {key}", house.now)

    return tell


def carry(house, post, *targets):
    return deliver_notices(house.app.store.outbox, targets, post, house.clock)


def test_every_target_gets_every_notice_once_and_in_order(house, tell):
    post = Post()
    tell("a", "b")
    assert carry(house, post, GOOD, BAD) == 4
    assert post.delivered == [(GOOD, "about a"), (GOOD, "about b"), (BAD, "about a"), (BAD, "about b")]
    assert carry(house, post, GOOD, BAD) == 0


def test_f28_a_target_that_fails_holds_up_no_other(house, tell):
    post = Post(BAD)
    tell("a", "b")
    assert carry(house, post, BAD, GOOD) == 2
    assert post.delivered == [(GOOD, "about a"), (GOOD, "about b")]
    assert [target for target, _ in house.app.store.outbox.failing(house.now)] == [name_receipt(BAD)]


def test_f28_what_failed_is_delivered_when_the_target_is_well_again_and_nothing_twice(house, tell):
    post = Post(BAD)
    tell("a")
    for wait in RETRY_AFTER:
        assert carry(house, post, GOOD, BAD) in (0, 1)
        house.now += wait
    post.broken.clear()
    assert carry(house, post, GOOD, BAD) == 1
    assert post.delivered == [(GOOD, "about a"), (BAD, "about a")]
    assert house.app.store.outbox.failing(house.now) == []


def test_a_target_in_trouble_is_not_hammered(house, tell):
    tell("a")
    tries = []

    def fail(target, text):
        tries.append(text)
        raise KanbanError("no network")

    for _ in range(20):
        carry(house, fail, BAD)
        house.now += 5
    assert len(tries) <= 3


def test_a_receipt_names_a_target_without_its_secret(house, tell):
    tell("a")
    carry(house, Post(BAD), BAD, GOOD)
    kept = str(house.rows("SELECT * FROM delivery"))
    assert "secret-token-1234" not in kept and "chat" not in kept
    assert name_receipt(BAD).startswith("tgram:") and name_receipt(BAD) != name_receipt(BAD + "2")


def test_without_targets_notices_stay_and_nothing_is_written(house, tell):
    tell("a")
    changes = house.total_changes()
    assert carry(house, Post()) == 0
    assert house.total_changes() == changes


def test_a_crash_between_delivery_and_receipt_delivers_again_rather_than_never(house, tell):
    tell("a")

    class Dying(Post):
        def __call__(self, target, text):
            super().__call__(target, text)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry(house, Dying(), GOOD)
    again = Post()
    carry(house, again, GOOD)
    assert again.delivered == [(GOOD, "about a")]


def test_a_days_backlog_comes_as_one_message_and_is_told_once(house, tell):
    post = Post(BAD)
    tell(*(f"n{number}" for number in range(30)))
    assert carry(house, post, GOOD, BAD) == 30
    ((target, text),) = post.delivered
    assert target == GOOD and text.startswith("30 things happened.") and "- and 10 older ones\n- about n10\n" in text
    assert text.endswith("- about n29") and carry(house, post, GOOD, BAD) == 0
    house.now += RETRY_AFTER[0] + 1
    post.broken.clear()
    assert carry(house, post, GOOD, BAD) == 30 and [target for target, _ in post.delivered] == [GOOD, BAD]
