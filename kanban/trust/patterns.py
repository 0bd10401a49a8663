"""Regular expressions of people and models, searched for within a limit of processor time."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex


class TooSlow(Exception):
    """A search did not come to an end within its limit."""


class Searcher:
    """Searches for patterns with `seconds` of processor time for all of them together."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._compiled: dict[str, regex.Pattern[str]] = {}

    def finds(self, pattern: str, text: str) -> bool:
        """Whether the pattern matches anywhere in the text. Raises TooSlow."""
        if self._left <= 0:
            raise TooSlow(pattern)
        began = time.process_time()
        try:
            return self._compile(pattern).search(text, timeout=self._left, concurrent=False) is not None
        except TimeoutError:
            raise TooSlow(pattern) from None
        finally:
            self._left -= time.process_time() - began

    def _compile(self, pattern: str) -> "regex.Pattern[str]":
        if pattern not in self._compiled:
            import regex  # only what runs commands needs it

            try:
                self._compiled[pattern] = regex.compile(pattern)
            except (regex.error, OverflowError, RecursionError, MemoryError):
                raise TooSlow(pattern) from None  # it is fine for `re`, which has no limit
        return self._compiled[pattern]
