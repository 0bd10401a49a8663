"""Tells what happens in a run: in its log, and to the person who waits."""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from kanban.agents.loop import Listener
from kanban.agents.progress import ReplyMeter
from kanban.domain.message import Message, ToolCall
from kanban.domain.tool import ToolStatus
from kanban.interfaces.cli.output import show_safely
from kanban.llm import Piece, PieceKind
from kanban.trust.fences import without_fences

COUNT_SECONDS = 0.2  # between two counts of what a model thinks
SILENT_SECONDS = 1.0  # between two counts where nothing arrives
SHOWN = 2_000  # characters of one entry in the log; the transcript holds the whole


class LogNarrator(Listener):
    """Writes a run's log, a readable line for each thing that happens."""

    def on_reply(self, text: str, calls: Sequence[ToolCall]) -> None:
        if text:
            self._write("says", text)
        for call in calls:
            self._write("calls", f"{call.name} {call.arguments}")

    def on_answer(self, call: ToolCall, answer: Message) -> None:
        self._write("gets", f"{call.name}: {without_fences(answer.content)}")

    def _write(self, verb: str, text: str) -> None:
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]} [{len(text) - SHOWN} more characters]"
        print(f"{time.strftime('%H:%M:%S')} {verb:<5} {shown}", flush=True)


class ScreenNarrator(Listener):
    """Shows the person what Ginger does: what she thinks as a counter, her words as they come, a line for each call."""

    def __init__(self) -> None:
        self._meter = ReplyMeter(time.monotonic())
        self._counts = sys.stderr.isatty()
        self._lock = threading.Lock()
        self._counted_at = 0.0
        self._shows_count = False
        self._in_words = False  # words stand on the last line of the screen
        self._open_calls = 0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Keep the counter going where nothing arrives: some models think in silence."""
        done = threading.Event()

        def count() -> None:
            while not done.wait(SILENT_SECONDS):
                with self._lock:
                    if not self._open_calls:
                        self._count(time.monotonic())

        counter = threading.Thread(target=count, name="counter", daemon=True)
        if self._counts:
            counter.start()
        try:
            yield
        finally:
            done.set()
            if self._counts:
                counter.join()
            self._clear_count()

    def on_piece(self, piece: Piece) -> None:
        """Show a piece of a reply, or count it."""
        with self._lock:
            now = time.monotonic()
            self._meter.take(piece, now)
            if piece.kind is PieceKind.WORDS:
                self._clear_count()
                self._in_words = True
                click.echo(show_safely(piece.text), nl=False)
            elif now - self._counted_at > COUNT_SECONDS:
                self._count(now)

    def on_reply(self, text: str, calls: Sequence[ToolCall]) -> None:
        with self._lock:
            told = self._meter.sum_up(time.monotonic())
            self._clear_count()
            if calls or (told and self._counts):
                self._leave_words()
            if told:
                click.secho(f"  · {told}", fg="bright_black", err=True)
            self._open_calls = len(calls)
            self._meter = ReplyMeter(time.monotonic())

    def on_answer(self, call: ToolCall, answer: Message) -> None:
        with self._lock:
            told = f": {without_fences(answer.content)}" if answer.status is not ToolStatus.OK else ""
            click.secho(f"  · {call.name}{show_safely(' '.join(told.split()))}"[:160], fg="bright_black", err=True)
            self._open_calls -= 1
            self._meter = ReplyMeter(time.monotonic())

    def _count(self, now: float) -> None:
        """Show the count in place of the last one; a file or a pipe gets none, and words are never written over."""
        told = self._meter.tell(now)
        if self._counts and told:
            self._leave_words()
            click.echo(f"\r\x1b[K{click.style(f'  · {told}', fg='bright_black')}", nl=False, err=True)
            self._counted_at, self._shows_count = now, True

    def _clear_count(self) -> None:
        if self._shows_count:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._shows_count = False

    def _leave_words(self) -> None:
        if self._in_words:
            click.echo()
            self._in_words = False


class SilentNarrator(Listener):
    """For those who read JSON."""
