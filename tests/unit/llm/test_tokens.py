"""Tokens are counted near enough, and a server that cuts a request off without a word is noticed."""

import json

import pytest

from kanban.domain.message import Message, Role
from kanban.llm.library import load_litellm
from kanban.llm.tokens import CutDetector, estimate_tokens

LOG = "\n".join(f"2026-11-20T12:{n % 60:02}:07Z host sshd[{n}]: Accepted publickey for root" for n in range(300))
SAMPLES = {
    "prose": "The tile shows the temperature at the left and what it feels like at the right. " * 100,
    "code": "def add(first: int, second: int) -> int:\n    return first + second\n\n\n" * 100,
    "log": LOG,
    "json": json.dumps([{"id": n, "name": f"item {n}", "tags": ["a", "b"]} for n in range(300)]),
    "short words": "".join(f"line {n} of 12 in a file\n" for n in range(400)),
    "letters": "a b c d e f " * 300,
    "table": "".join(f"| {n} | a | b | c |\n" for n in range(300)),
    "german": "Die Würde des Menschen ist unantastbar. Sie zu achten ist Verpflichtung. " * 100,
    "chinese": "人人生而自由，在尊严和权利上一律平等。" * 100,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_an_estimate_is_within_a_third_of_what_a_tokenizer_counts(name):
    counted = load_litellm().token_counter(model="", text=SAMPLES[name])
    assert 0.75 <= estimate_tokens(SAMPLES[name]) / counted <= 1.4


def conversation(count: int) -> list[Message]:
    return [Message(Role.USER, LOG) for _ in range(count)]


def reported(count: int) -> int:
    return count * load_litellm().token_counter(model="", text=LOG)


def test_a_server_that_reads_everything_is_believed():
    cuts = CutDetector()
    assert [cuts.find_cut(conversation(count), reported(count)) for count in (1, 2, 5, 9)] == [None] * 4


def test_f42_a_server_whose_count_stops_growing_has_cut_the_request_off():
    cuts = CutDetector()
    assert cuts.find_cut(conversation(1), reported(1)) is None
    assert cuts.find_cut(conversation(3), 16_384) is None
    assert cuts.find_cut(conversation(6), 16_384) == 16_384


def test_a_first_request_that_is_read_in_small_part_was_cut_off():
    assert CutDetector().find_cut(conversation(4), 4_096) == 4_096


def test_a_server_that_counts_only_what_it_had_not_cached_is_not_accused():
    cuts = CutDetector()
    assert cuts.find_cut(conversation(2), reported(2)) is None
    assert cuts.find_cut(conversation(2), 12) is None
