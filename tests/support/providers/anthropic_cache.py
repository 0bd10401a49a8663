"""Anthropic's prompt cache: what stands before a mark is kept, what was kept is read again.

Source: platform.claude.com/docs/en/build-with-claude/prompt-caching (order tools, system, messages; at most four
marks; a look back over 20 blocks before each mark; nothing below 1024 tokens).
"""

import hashlib
import json
from typing import Any

from tests.support.providers.chat import Wire
from tests.support.providers.script import Request
from tests.support.providers.tokens import count

MINIMUM = 1024
LOOK_BACK = 20


class MarkedCache:
    """The beginnings of prompts that were marked, by their digest."""

    def __init__(self) -> None:
        self._kept: set[bytes] = set()

    def count(self, request: Request, messages: list[Wire]) -> dict[str, int]:
        """The tokens of the prompt in the provider's three kinds; keeps what is marked."""
        ends: list[int] = []
        digests: list[bytes] = []
        marks: list[int] = []
        running, total = hashlib.sha256(), 0
        for place, block in enumerate(_blocks(request, messages)):
            text = json.dumps(_without_mark(block), ensure_ascii=False, sort_keys=True)
            running.update(text.encode() + b"\0")
            total += count(text)
            ends.append(total)
            digests.append(running.digest())
            if isinstance(block, dict) and block.get("cache_control"):
                marks.append(place)
        marks = [place for place in marks if ends[place] >= MINIMUM]
        read = max((ends[p] for mark in marks if (p := self._find_before(digests, mark)) is not None), default=0)
        written = max((ends[place] for place in marks), default=0)
        self._kept.update(digests[place] for place in marks)
        return {
            "input_tokens": total - max(read, written),
            "cache_creation_input_tokens": max(written - read, 0),
            "cache_read_input_tokens": read,
        }

    def _find_before(self, digests: list[bytes], mark: int) -> int | None:
        places = range(mark, max(mark - LOOK_BACK, -1), -1)
        return next((place for place in places if digests[place] in self._kept), None)


def count_marks(request: Request) -> int:
    """The blocks with `cache_control` in the whole request."""
    return sum(isinstance(block, dict) and "cache_control" in block for block in _blocks(request, request["messages"]))


def _blocks(request: Request, messages: list[Wire]) -> list[Any]:
    system = request.get("system") or []
    blocks: list[Any] = [*request.get("tools", ()), *([system] if isinstance(system, str) else system)]
    for message in messages:
        content = message["content"]
        blocks += [content] if isinstance(content, str) else content
    return blocks


def _without_mark(block: Any) -> Any:
    return {k: v for k, v in block.items() if k != "cache_control"} if isinstance(block, dict) else block
