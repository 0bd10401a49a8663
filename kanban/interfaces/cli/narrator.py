"""Tells what happens in a run: in its log, and to the person who waits."""

import time
from collections.abc import Sequence

import click

from kanban.agents.loop import Listener
from kanban.agents.tool import tells_failure
from kanban.domain.message import ToolCall
from kanban.interfaces.cli.output import show_safely

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
    """Shows the person what Ginger does, one line for each call; her words are streamed beside it."""

    def on_reply(self, text: str, calls: Sequence[ToolCall]) -> None:
        if text and calls:
            click.echo()

    def on_answer(self, call: ToolCall, text: str) -> None:
        told = f": {text}" if tells_failure(text) else ""
        click.secho(f"  · {call.name}{show_safely(' '.join(told.split()))}"[:160], fg="bright_black", err=True)


class SilentNarrator(Listener):
    """For those who read JSON."""
