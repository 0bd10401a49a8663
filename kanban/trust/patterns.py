"""Regular expressions of people and models, searched for within a limit of processor time."""

import time
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex


class TooSlow(Exception):
    """A search did not come to an end within its limit."""


class Searcher:
    """Searches for patterns with `seconds` of processor time for all of them together."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def finds(self, pattern: str, text: str) -> bool:
        """Whether the pattern matches anywhere in the text. Raises TooSlow."""
        return self._try(pattern, "search", text)

    def begins(self, pattern: str, text: str) -> bool:
        """Whether the text begins with what the pattern matches. Raises TooSlow."""
        return self._try(pattern, "match", text)

    def is_whole(self, pattern: str, text: str) -> bool:
        """Whether the pattern matches the text from end to end. Raises TooSlow."""
        return self._try(pattern, "fullmatch", text)

    def _try(self, pattern: str, way: str, text: str) -> bool:
        compiled = compile_pattern(pattern)  # once in a process, and not of the time that a text may take
        if compiled is None or self._left <= 0:
            raise TooSlow(pattern)
        began = time.process_time()
        try:
            return getattr(compiled, way)(text, timeout=self._left, concurrent=False) is not None
        except TimeoutError:
            raise TooSlow(pattern) from None
        finally:
            self._left -= time.process_time() - began


@lru_cache(maxsize=2_000)
def compile_pattern(pattern: str) -> "regex.Pattern[str] | None":
    """The pattern ready to be searched for; None for one that is fine for `re`, which has no limit, and not here."""
    import regex  # only what runs commands needs it

    try:
        return regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError, MemoryError):
        return None
