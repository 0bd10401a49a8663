"""A reply is read into its parts, whatever a server makes of the protocol."""

from types import SimpleNamespace
from typing import Any

import pytest

from kanban.domain.message import Stop
from kanban.llm.base import Piece, PieceKind, ReplyFailed
from kanban.llm.dialect import Dialect
from kanban.llm.reply import MOST_TOKENS, ReplyReader, ThoughtSorter, read_usage


def read(*parts: dict[str, Any], on_piece: Any = None) -> ReplyReader:
    reader = ReplyReader(100_000, on_piece)
    for part in parts:
        reader.take_part(part)
    return reader


def call(**fields: Any) -> dict[str, Any]:
    function = {name: fields.pop(name) for name in ("name", "arguments") if name in fields}
    return {"tool_calls": [{"index": 0, **fields, "function": function}]}


def test_pieces_of_a_call_are_joined_by_their_index():
    reader = read(call(id="a", name="shell", arguments='{"com'), call(arguments='mand": "ls"}'))
    assert [(one.id, one.name, one.arguments) for one in reader.calls()] == [("a", "shell", '{"command": "ls"}')]


def test_a_server_that_gives_every_call_the_same_index_is_understood():
    reader = read(call(id="a", name="shell", arguments="{}"), call(id="b", name="shell", arguments="{}"))
    assert [one.id for one in reader.calls()] == ["a", "b"]


def test_a_name_that_is_said_again_begins_no_further_call():
    reader = read(call(id="a", name="shell", arguments="{}"), call(name="shell", arguments=""))
    assert len(reader.calls()) == 1


def test_a_new_id_without_a_name_goes_on_with_the_call():
    reader = read(call(id="a", name="shell", arguments='{"a":'), call(id="b", arguments="1}"))
    assert [(one.name, one.arguments) for one in reader.calls()] == [("shell", '{"a":1}')]


def test_an_id_that_is_a_number_is_text():
    assert read(call(id=7, name="shell", arguments="{}")).calls()[0].id == "7"


def test_a_character_that_came_in_two_halves_is_one():
    reader = read({"content": "so \ud83d"}, {"content": "\ude00!"}, {"reasoning_content": "\ud83d\ude00"})
    assert (reader.text(), reader.thoughts()) == ("so \U0001f600!", "\U0001f600")
    opaque = reader.opaque("m", Dialect())
    assert opaque is not None and "\U0001f600" in opaque.data


@pytest.mark.parametrize("reason", ["error", "abort", "network_error", "insufficient_system_resource"])
def test_a_reply_that_its_provider_broke_off_is_none(reason):
    with pytest.raises(ReplyFailed, match=reason):
        read({"content": "half"}).note_raw_finish(reason)


@pytest.mark.parametrize("reason", ["length", "max_tokens", "model_length", "model_context_window_exceeded"])
def test_each_providers_word_for_a_limit_means_cut_off(reason):
    reader = read({"content": "half"})
    reader.note_raw_finish(reason)
    assert reader.stop is Stop.CUT_OFF


@pytest.mark.parametrize(
    ("said", "words", "thoughts"),
    [
        ("<think>hm</think>\n\nYes.", "Yes.", "hm"),
        ("hm\n</think>\n\nYes.", "Yes.", "hm\n"),
        ("<think>\nnever ended", "", "\nnever ended"),
        ("The mark is `</think>`.", "The mark is `</think>`.", ""),
        ("So it looks:\n```\n</think>\n```\nThat is all.", "So it looks:\n```\n</think>\n```\nThat is all.", ""),
    ],
)
def test_thoughts_among_the_words_are_told_from_them(said, words, thoughts):
    assert (read({"content": said}).text(), read({"content": said}).thoughts()) == (words, thoughts)


def test_thoughts_among_the_words_are_never_handed_on_as_words():
    sorter = ThoughtSorter()
    pieces: list[Piece] = [
        piece for part in ("<th", "ink>h", "m</thi", "nk>\n\nY", "es") for piece in sorter.sort(part)
    ]
    told = {kind: "".join(piece.text for piece in pieces if piece.kind is kind) for kind in PieceKind}
    assert (told[PieceKind.THOUGHTS], told[PieceKind.WORDS]) == ("hm", "Yes")


@pytest.mark.parametrize("count", [-500_000, MOST_TOKENS + 1, None, "many"])
def test_tokens_that_cannot_be_are_not_believed(count):
    assert read_usage(SimpleNamespace(prompt_tokens=count, completion_tokens=3), {}).prompt_tokens == 0
