"""Tells what happens in a run: in its log, and to the person who waits."""

import sys
import time
from collections.abc import Sequence

import click

from kanban.agents.loop import Listener
from kanban.agents.progress import ReplyMeter
from kanban.agents.tool import tells_failure
from kanban.domain.message import ToolCall
from kanban.interfaces.cli.output import show_safely
from kanban.llm import Piece, PieceKind

COUNT_SECONDS = 0.2  # between two counts of what a model thinks
SHOWN = 2_000  # characters of one entry in the log; the transcript holds the whole


class LogNarrator(Listener):
    """Writes a run's log, a readable line for each thing that happens."""

    def on_reply(self, text: str, calls: Sequence[ToolCall]) -> None:
        if text:
            self._write("says", text)
        for call in calls:
            self._write("calls", f"{call.name} {call.arguments}")

    def on_answer(self, call: ToolCall, text: str) -> None:
        self._write("gets", f"{call.name}: {text}")

    def _write(self, verb: str, text: str) -> None:
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]} [{len(text) - SHOWN} more characters]"
        print(f"{time.strftime('%H:%M:%S')} {verb:<5} {shown}", flush=True)


class ScreenNarrator(Listener):
    """Shows the person what Ginger does: what she thinks as a counter, her words as they come, a line for each call."""

    def __init__(self) -> None:
        self._meter = ReplyMeter(time.monotonic())
        self._shown_at = 0.0
        self._counts = sys.stderr.isatty()

    def on_piece(self, piece: Piece) -> None:
        """Show a piece of a reply, or count it."""
        now = time.monotonic()
        self._meter.take(piece, now)
        if piece.kind is PieceKind.WORDS:
            self._show_count("")
            click.echo(show_safely(piece.text), nl=False)
        elif now - self._shown_at > COUNT_SECONDS:
            self._shown_at = now
            self._show_count(self._meter.tell(now))

    def on_reply(self, text: str, calls: Sequence[ToolCall]) -> None:
        told = self._meter.sum_up(time.monotonic())
        self._show_count("")
        if text and calls:
            click.echo()
        if told:
            click.secho(f"  · {told}", fg="bright_black", err=True)
        self._begin()

    def on_answer(self, call: ToolCall, text: str) -> None:
        told = f": {text}" if tells_failure(text) else ""
        click.secho(f"  · {call.name}{show_safely(' '.join(told.split()))}"[:160], fg="bright_black", err=True)
        self._begin()

    def _begin(self) -> None:
        self._meter = ReplyMeter(time.monotonic())

    def _show_count(self, told: str) -> None:
        """Replace the last line of a terminal; a file or a pipe gets no counter."""
        if self._counts and (told or self._shown_at):
            click.echo(f"\r\x1b[K{click.style(f'  · {told}', fg='bright_black') if told else ''}", nl=False, err=True)
            self._shown_at = self._shown_at if told else 0.0


class SilentNarrator(Listener):
    """For those who read JSON."""
