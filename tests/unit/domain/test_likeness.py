"""Texts that differ only in numbers, times and repetitions are alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.domain.likeness import shape_of_text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12:04:33 up 3 days", "12:05:01 up 4 days"),
        ("pid 71 at 0x7ffe12", "pid 8812 at 0xaaf1"),
        ("....", "........"),
        ("retry retry", "retry retry retry"),
        ("", "   \n"),
    ],
)
def test_texts_that_are_alike(one: str, other: str) -> None:
    assert shape_of_text(one) == shape_of_text(other)


@pytest.mark.parametrize(("one", "other"), [("exit status 0\nok", "exit status 1\nno such file"), ("a b", "b a")])
def test_texts_that_are_not(one: str, other: str) -> None:
    assert shape_of_text(one) != shape_of_text(other)


@given(st.text())
def test_any_text_has_a_shape_that_is_its_own_shape(text: str) -> None:
    assert shape_of_text(shape_of_text(text)) == shape_of_text(text)
