"""Where the person types to Ginger at a terminal: a line that can be edited, with what they asked before."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from prompt_toolkit import PromptSession
from prompt_toolkit.filters import is_done
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout

LOOK_SECONDS = 0.3  # between two looks for what has come while the person types


class Prompt:
    """Reads what the person types.

    `look` is called now and then meanwhile, in a thread that ends with `leave`; what it prints stands above the line.
    """

    def __init__(self, asked: Sequence[str], look: Callable[[], object], leave: Callable[[], object]) -> None:
        self._look, self._leave = look, leave
        self._session: PromptSession[str] = PromptSession(
            "you: ", history=InMemoryHistory(asked), key_bindings=_make_keys(), prompt_continuation="   › "
        )

    def read(self) -> str | None:
        """What was typed, of one line or more; None once the person ends the talk with Ctrl-D."""
        while True:
            try:
                with patch_stdout(raw=True), self._looking():
                    typed = self._session.prompt().strip()
            except KeyboardInterrupt:
                continue  # the line is dropped
            except EOFError:
                return None
            if typed:
                return typed

    @contextmanager
    def _looking(self) -> Iterator[None]:
        done = threading.Event()

        def look() -> None:
            while not done.wait(LOOK_SECONDS):
                self._look()
            self._leave()

        looker = threading.Thread(target=look, name="look", daemon=True)
        looker.start()
        try:
            yield
        finally:
            done.set()
            looker.join()


def _make_keys() -> KeyBindings:
    """Alt-Enter begins another line; Enter sends."""
    keys = KeyBindings()

    @keys.add("escape", "enter", filter=~is_done)
    def begin_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
