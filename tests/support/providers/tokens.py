"""Counts tokens with a real tokenizer, and what of a prompt a provider has seen before."""

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import tiktoken

Tokens = tuple[int, ...]


def count(text: str) -> int:
    """The tokens of `text`."""
    return len(encode(text))


def cut(text: str, limit: int) -> str:
    """The first `limit` tokens of `text`, without a broken character at the end."""
    return _encoding().decode(encode(text)[: max(limit, 0)], errors="ignore")


@lru_cache(maxsize=4096)
def encode(text: str) -> Tokens:
    """`text` as tokens."""
    return tuple(_encoding().encode(text, disallowed_special=()))


def encode_parts(parts: Iterable[Any]) -> Tokens:
    """The parts of a prompt, one after the other, as tokens."""
    texts = (json.dumps(part, ensure_ascii=False, sort_keys=True) for part in parts)
    return tuple(token for text in texts for token in encode(text))


class PrefixStore:
    """The beginnings of prompts, in blocks of `unit` tokens; nothing below `minimum` tokens is kept."""

    def __init__(self, unit: int = 64, minimum: int = 0) -> None:
        self._unit = unit
        self._minimum = minimum
        self._known: set[bytes] = set()

    def look_up(self, tokens: Tokens) -> int:
        """How many tokens at the beginning were seen before; from now on all of them are."""
        cached = 0
        blocks = list(self._blocks(tokens))
        for length, digest in blocks:
            if digest not in self._known:
                break
            cached = length
        self._known.update(digest for _, digest in blocks)
        return cached if cached >= self._minimum else 0

    def _blocks(self, tokens: Tokens) -> Iterator[tuple[int, bytes]]:
        digest = hashlib.sha256()
        for end in range(self._unit, len(tokens) + 1, self._unit):
            digest.update(repr(tokens[end - self._unit : end]).encode())
            yield end, digest.digest()


@cache
def _encoding() -> tiktoken.Encoding:
    """The tokenizer that litellm brings along, so that nothing is fetched."""
    spec = importlib.util.find_spec("litellm")
    assert spec and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "litellm_core_utils" / "tokenizers"
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(folder))
    return tiktoken.get_encoding("cl100k_base")
