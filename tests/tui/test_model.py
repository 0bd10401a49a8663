"""The board's model without a screen."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.ticket import Status
from kanban.store.cards import Card
from tui.model import COLUMNS, BoardModel, Filter, Heading, column_of

CARD = Card(1, "a title", "ready", "work", "cody", 3, 0, None, "", 10.0, False, False, 0.0, None, None, 0)

cards = st.builds(
    lambda number, status, request, archived, looked, since: replace(
        CARD, id=number, status=str(status), request_id=request, archived=archived, looked_into=looked,
        status_since=since,
    ),
    st.integers(1, 30),
    st.sampled_from(Status),
    st.none() | st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.floats(0, 100),
)  # fmt: skip


@given(st.lists(st.dictionaries(st.integers(1, 30), st.none() | cards, max_size=8), max_size=8), st.booleans())
def test_every_card_stands_in_one_column_exactly_whatever_changes(batches, grouped):
    model, truth = BoardModel(), {}
    if grouped:
        model.toggle_groups()
    for batch in batches:
        changes = {number: replace(card, id=number) if card else None for number, card in batch.items()}
        before = {column: list(model.rows(column)) for column in COLUMNS}
        touched = model.apply(changes)
        truth.update(changes)
        assert all(model.rows(column) == before[column] for column in COLUMNS if column not in touched)
    expected = {number: column_of(card) for number, card in truth.items() if card and column_of(card)}
    found = {card.id: column for column in COLUMNS for card in model.rows(column) if isinstance(card, Card)}
    assert found == expected
    assert sum(model.count(column) for column in COLUMNS) == len(expected)
    headings = [row for column in COLUMNS for row in model.rows(column) if isinstance(row, Heading)]
    assert sum(heading.count for heading in headings) == (len(expected) if grouped else 0)


@given(st.text())
def test_no_filter_is_too_odd_to_be_typed(typed):
    Filter.parse(typed).fits(CARD)


def test_what_waits_for_the_person_or_is_stale_stands_on_top_of_blocked():
    blocked = replace(CARD, status="blocked", block_reason="other")
    looked_into = replace(blocked, id=2, looked_into=True, status_since=1)
    stale = replace(CARD, id=3, status="stale", looked_into=True, status_since=5)
    mine = replace(blocked, id=4, status_since=3)
    model = BoardModel()
    model.apply({card.id: card for card in (looked_into, stale, mine)})
    assert [card.id for card in model.rows(column_of(stale))] == [4, 3, 2]
    assert model.count_needing_person() == 1


def test_what_left_the_board_is_no_longer_picked():
    model = BoardModel()
    model.apply({1: CARD})
    model.toggle_pick(1)
    model.apply({1: None})
    assert model.picked == set() and model.cards == {}
