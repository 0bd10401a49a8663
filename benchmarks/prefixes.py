"""Counts how much of each prompt begins as an earlier one did, in blocks, as providers cache prompts."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BYTES_PER_TOKEN = 4
BLOCK = 64 * BYTES_PER_TOKEN  # DeepSeek keeps prompts in blocks of 64 tokens, OpenAI in such of 128


@dataclass(frozen=True)
class Counted:
    """The tokens of a prompt, and those of them that were known."""

    prompt: int
    cached: int


@dataclass
class Prefixes:
    """The beginnings of all prompts so far, by their digests; nothing is forgotten."""

    _known: set[bytes] = field(default_factory=set)

    def count(self, request: Mapping[str, Any]) -> Counted:
        """Count a request and keep its beginnings. Tools come first, then the messages, as chat templates have it."""
        parts = [request.get("tools"), *request["messages"]]
        prompt = "\n".join(json.dumps(part, ensure_ascii=False) for part in parts).encode()
        digest, cached, grows = hashlib.sha256(), 0, True
        for start in range(0, len(prompt) - BLOCK + 1, BLOCK):
            digest.update(prompt[start : start + BLOCK])
            grows = grows and digest.digest() in self._known
            cached += BLOCK if grows else 0
            self._known.add(digest.digest())
        return Counted(len(prompt) // BYTES_PER_TOKEN, cached // BYTES_PER_TOKEN)
