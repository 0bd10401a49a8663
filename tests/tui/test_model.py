"""The board's model without a screen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.ticket import Status
from kanban.store.cards import Card
from tui import model as model_module
from tui.model import COLUMNS, BoardModel, Column, Filter, Heading, column_of

CARD = Card(1, "a title", "ready", "work", "cody", 3, 0, None, "", 10.0, False, False, 0.0, None, None, 0)

cards = st.builds(
    lambda number, status, request, archived, looked, since, priority, assignee: replace(
        CARD, id=number, status=str(status), request_id=request, archived=archived, looked_into=looked,
        status_since=since, priority=priority, assignee=assignee,
    ),
    st.integers(1, 30),
    st.sampled_from(Status),
    st.none() | st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.sampled_from((0.0, 1.0, 2.0)),
    st.integers(-1, 1),
    st.sampled_from(("cody", "scout", "human", None)),
)  # fmt: skip
batches_of_changes = st.lists(st.dictionaries(st.integers(1, 30), st.none() | cards, max_size=8), max_size=8)


def named(batch):
    return {number: replace(card, id=number) if card else None for number, card in batch.items()}


def made_at_once(truth, like):
    """A model that was given everything together, and has the filter and the groups of another."""
    model = BoardModel(filter=like.filter, grouped=like.grouped)
    model.apply(truth)
    return model


@given(batches_of_changes, st.booleans())
def test_every_card_stands_in_one_column_exactly_whatever_changes(batches, grouped):
    model, truth = BoardModel(), {}
    if grouped:
        model.toggle_groups()
    for batch in batches:
        changes = named(batch)
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


@given(batches_of_changes, st.booleans(), st.sampled_from(("", "@cody", "r2", "#1 @scout")))
def test_a_column_that_is_kept_in_order_is_as_one_that_is_put_in_order(batches, grouped, typed):
    model, truth = BoardModel(), {}
    model.set_filter(typed)
    if grouped:
        model.toggle_groups()
    for batch in batches:
        for column in COLUMNS:
            model.rows(column)
        model.apply(named(batch))
        truth.update(named(batch))
        fresh = made_at_once(truth, model)
        assert [model.rows(column) for column in COLUMNS] == [fresh.rows(column) for column in COLUMNS]
        assert [model.count_shown(column) for column in COLUMNS] == [fresh.count_shown(column) for column in COLUMNS]
        assert model.count_needing_person() == sum(card.needs_person for card in model.cards.values())
        places = {
            card.id: (c, row) for c in COLUMNS for row, card in enumerate(model.rows(c)) if isinstance(card, Card)
        }
        assert {number: model.find(number) for number in range(1, 31)} == dict.fromkeys(range(1, 31)) | places


@pytest.mark.parametrize("grouped", [False, True])
def test_one_change_does_not_put_ten_thousand_cards_in_order(monkeypatch, grouped):
    model = BoardModel()
    if grouped:
        model.toggle_groups()
    model.apply({number: replace(CARD, id=number) for number in range(1, 10_001)})
    model.rows(Column.READY)
    asked = []
    order = model_module._ORDER[Column.READY]
    monkeypatch.setitem(model_module._ORDER, Column.READY, lambda card: asked.append(card) or order(card))
    model.apply({5000: replace(CARD, id=5000, priority=1)})
    assert model.find(5000) == (Column.READY, 1 if grouped else 0) and len(model.rows(Column.READY)) >= 10_000
    assert 0 < len(asked) < 100


def test_a_number_that_no_board_can_have_finds_nothing():
    for typed in ("r" + "9" * 5000, "#" + "9" * 5000, "r²"):
        assert not Filter.parse(typed).fits(CARD)
    assert Filter.parse("r٣").fits(replace(CARD, request_id=3))  # a digit of another script is a digit


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
