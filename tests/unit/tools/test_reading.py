"""Arguments as models really send them: read where there is one reading, refused in exact words where there is not."""

import json
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from kanban.domain.tool import Effect, Tier
from kanban.errors import InvalidInput
from kanban.tools.base import Arguments, Signature
from kanban.tools.reading import read_arguments
from kanban.tools.schema import shape_of


class Part(BaseModel):
    name: str
    size: int = 0


class Order(Arguments):
    text: str
    note: str | None = None
    count: int = 1
    seconds: float | None = None
    every: bool = False
    side: Literal["left", "right"] = "left"
    lines: list[str] = Field(default=[])
    numbers: list[int] = Field(default=[])
    part: Part | None = None
    parts: list[Part] = Field(default=[])
    mixed: list[str | Part] = Field(default=[])


TOOL = Signature("order", "Order it.", Order, Effect.BOARD, Tier.SAFE)


def parse(**arguments: Any) -> dict[str, Any]:
    """The fields that a call with these arguments sets, but for the text that every order has."""
    asked = TOOL.parse(json.dumps({"text": "x", **arguments}))
    return asked.model_dump(exclude_unset=True, exclude={"text"})


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"count": "3"}, {"count": 3}),
        ({"count": 3.0}, {"count": 3}),
        ({"count": "3.0"}, {"count": 3}),
        ({"count": " -2 "}, {"count": -2}),
        ({"seconds": "1.5"}, {"seconds": 1.5}),
        ({"seconds": 2}, {"seconds": 2.0}),
        ({"every": "true"}, {"every": True}),
        ({"every": "False"}, {"every": False}),
        ({"lines": "one"}, {"lines": ["one"]}),
        ({"lines": "one, two"}, {"lines": ["one, two"]}),
        ({"lines": "[draft] one"}, {"lines": ["[draft] one"]}),
        ({"lines": '["one", "two"]'}, {"lines": ["one", "two"]}),
        ({"numbers": "[1, 2]"}, {"numbers": [1, 2]}),
        ({"numbers": "7"}, {"numbers": [7]}),
        ({"numbers": ["1", 2.0]}, {"numbers": [1, 2]}),
        ({"part": '{"name": "a", "size": "2"}'}, {"part": {"name": "a", "size": 2}}),
        ({"parts": {"name": "a"}}, {"parts": [{"name": "a"}]}),
        ({"parts": '{"name": "a"}'}, {"parts": [{"name": "a"}]}),
        ({"parts": '```json\n[{"name": "a"},]\n```'}, {"parts": [{"name": "a"}]}),
        ({"parts": ['{"name": "a"}']}, {"parts": [{"name": "a"}]}),
        ({"mixed": ["a", '{"name": "b"}', {"name": "c"}]}, {"mixed": ["a", '{"name": "b"}', {"name": "c"}]}),
        ({"count": None, "lines": None, "part": None, "note": None}, {}),
        ({"part": {"name": "a", "size": None}}, {"part": {"name": "a"}}),
    ],
)
def test_a_value_with_one_reading_is_read(sent: dict[str, Any], read: dict[str, Any]) -> None:
    assert parse(**sent) == read


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"count": "three"}, 'count: Input should be a valid integer, not "three"'),
        ({"count": 2.5}, "count: Input should be a valid integer"),
        ({"count": True}, "count: Input should be a valid integer, not true"),
        ({"every": "yes"}, 'every: Input should be a valid boolean, not "yes"'),
        ({"every": 1}, "every: Input should be a valid boolean, not 1"),
        ({"side": "LEFT"}, "side: Input should be 'left' or 'right', not \"LEFT\""),
        ({"lines": ""}, "lines: Input should be a valid"),
        ({"lines": "[1, 2]"}, "lines.0: Input should be a valid string, not 1"),
        ({"numbers": "one"}, "numbers: Input should be a valid"),
        ({"part": "a"}, "part: Input should be"),
        ({"text": 5}, "text: Input should be a valid string, not 5"),
        ({"text": ["a"]}, "text: Input should be a valid string"),
        ({"text": None}, "text: Input should be a valid string, not null"),
        ({"note": "\ud800"}, "note: Input should be a valid string, and it holds half a character"),
        ({"part": {"\ud800": 3}}, "part: Input should be a valid string, and"),
        ({"cuont": 3}, "cuont: Extra inputs are not permitted (did you mean 'count'?)"),
    ],
)
def test_what_could_mean_two_things_is_refused_in_exact_words(sent: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(**sent)
    assert str(refused.value).startswith("the arguments of order do not fit: ") and told in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"text": "x", "count": 2}',
        '"{\\"text\\": \\"x\\", \\"count\\": 2}"',
        '```json\n{"text": "x", "count": 2}\n```',
        '{"text": "x", "count": 2,}',
        '{"arguments": {"text": "x", "count": 2}}',
        '{"name": "order", "arguments": "{\\"text\\": \\"x\\", \\"count\\": 2}"}',
        '{"type": "function", "name": "order", "parameters": {"text": "x", "count": 2}}',
        '{"order": {"text": "x", "count": 2}}',
        '{"text": "x", "count": 2, "count": 2}',
    ],
)
def test_an_object_is_found_in_what_it_was_wrapped_in(text: str) -> None:
    assert TOOL.parse(text) == Order(text="x", count=2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[{"text": "x"}]',
            "should be an object, not a list (send the call again with one JSON object as arguments; its fields: t",
        ),
        ('"left"', "are not JSON"),
        ("42", "Input should be an object, not a number"),
        ('{"text": "a", "text": "b"}', "'text' is given twice with different values"),
        ('{"text": "a"', "are not JSON"),
        ("[" * 50_000, "are not JSON"),
        ('{"name": "other", "arguments": {"text": "x"}}', "name: Extra inputs"),
        ('{"arguments": {"text": "x"}, "count": 2}', "arguments: Extra inputs"),
    ],
)
def test_what_is_no_one_object_is_refused(text: str, told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        TOOL.parse(text)
    assert told in refused.value.tell()


def test_a_call_without_arguments_may_send_nothing_at_all() -> None:
    class Nothing(Arguments):
        pass

    tool = Signature("look", "Look.", Nothing, Effect.LOOK, Tier.READ)
    assert all(tool.parse(text) == Nothing() for text in ("", " ", "null", "{}", '{"arguments": null}'))
    with pytest.raises(InvalidInput, match=r"path: Extra inputs are not permitted$"):
        tool.parse('{"path": "a"}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
LOOKS_LIKE_JSON = st.sampled_from(["3", "true", "null", '["a"]', '{"text": "b"}', "```json\n{}\n```", "a,}", " x "])


@settings(deadline=None)
@given(st.text() | LOOKS_LIKE_JSON | JSON.map(json.dumps))
def test_a_string_is_never_touched_whatever_it_looks_like(text: str) -> None:
    sent = {"text": text, "note": text, "lines": [text], "mixed": [text], "part": {"name": text}}
    assert read_arguments(json.dumps(sent), "order", shape_of(Order)) == sent


ORDERS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    text=st.text(),
    count=st.integers(),
    seconds=st.floats(allow_nan=False, allow_infinity=False),
    every=st.booleans(),
    lines=st.lists(st.text(), min_size=1),
    numbers=st.lists(st.integers()),
    parts=st.lists(st.fixed_dictionaries({"name": st.text(), "size": st.integers()})),
)


@settings(deadline=None)
@given(ORDERS)
def test_what_fits_is_read_as_it_was_sent(order: dict[str, Any]) -> None:
    assert read_arguments(json.dumps(order), "order", shape_of(Order)) == order


@settings(deadline=None)
@given(ORDERS, st.data())
def test_whatever_is_sent_as_a_json_string_reads_as_if_it_were_not(order: dict[str, Any], data: st.DataObject) -> None:
    order["count"] %= 10**20
    order["numbers"] = [number % 10**20 for number in order["numbers"]]
    encoded = data.draw(st.sets(st.sampled_from(["count", "every", "lines", "numbers", "parts"])))
    sent = {name: json.dumps(value) if name in encoded else value for name, value in order.items()}
    assert read_arguments(json.dumps(sent), "order", shape_of(Order)) == order


@settings(deadline=None)
@given(
    st.text() | JSON.map(json.dumps) | st.dictionaries(st.sampled_from(list(Order.model_fields)), JSON).map(json.dumps)
)
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(TOOL.parse(text), Order)
    except InvalidInput as refused:
        assert str(refused).startswith("the arguments of order ")


def test_the_schema_is_in_one_piece_without_noise() -> None:
    class Deep(Arguments):
        """For engineers."""

        parts: list[Part] = Field(default=[], description="The parts.")
        seconds: float | None = Field(default=None, gt=0, description="How long.")
        count: int = Field(default=3, ge=1)

    assert shape_of(Deep) == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "parts": {
                "type": "array",
                "description": "The parts.",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
                    "required": ["name"],
                },
            },
            "seconds": {"type": "number", "description": "How long."},
            "count": {"type": "integer", "default": 3},
        },
    }
