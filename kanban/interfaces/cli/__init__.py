"""The command line: one file for each noun, loaded when its command is used."""

import gc
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from types import ModuleType
from typing import Any

import click

from kanban.errors import HomeError, KanbanError
from kanban.interfaces.cli.output import print_error

# command -> module that holds it under the same name; help texts stand here so that `kanban --help` loads nothing
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("home", "Make a home: the folder that holds one board."),
    "demo": ("demo", "See a whole request run, without any key: only the model is scripted."),
    "up": ("daemon", "Run the daemon: dispatch tickets until stopped."),
    "stop": ("daemon", "Stop all work at once, until you lift it."),
    "tick": ("daemon", "Do one tick by hand."),
    "ask": ("talk", "Ask Ginger for something."),
    "chat": ("talk", "Talk with Ginger; the conversation is kept."),
    "tui": ("tui", "Watch and steer everything in the terminal."),
    "inbox": ("inbox", "List everything that waits for you."),
    "list": ("ticket", "List tickets."),
    "show": ("ticket", "Show one ticket."),
    "create": ("ticket", "Put a ticket on the board yourself."),
    "lint": ("ticket", "Say what is vague or missing in a ticket."),
    "edit": ("steering", "Change a ticket; earlier versions are kept."),
    "comment": ("steering", "Leave a note on a ticket."),
    "assign": ("steering", "Give a ticket to a profile, to default or to human."),
    "block": ("steering", "Hold a ticket back."),
    "unblock": ("steering", "Let a blocked or stale ticket go on."),
    "reopen": ("steering", "Start a done ticket again."),
    "cancel": ("steering", "Give a ticket up and stop its run."),
    "undo": ("steering", "Take back what you did to a ticket last."),
    "why": ("waiting", "Say why a ticket is where it is, and what you can do."),
    "retry": ("waiting", "Try a ticket again from the beginning."),
    "split": ("waiting", "Have Ginger split a ticket."),
    "wait-for": ("waiting", "Have a ticket wait for another."),
    "stale": ("ticket", "List tickets whose run made no progress."),
    "log": ("run", "Show what a ticket's run did."),
    "events": ("run", "Show the event log."),
    "runs": ("run", "List the runs of a ticket."),
    "request": ("request", "What was asked, and the answers."),
    "costs": ("costs", "What model calls have cost, by what they were for."),
    "report": ("report", "How well tickets went, by profile and category."),
    "memory": ("memory", "What agents keep for next time."),
    "rubric": ("rubric", "Which profile takes what."),
    "profile": ("profile", "The agents."),
    "model": ("model", "The models behind the profiles."),
    "host": ("host", "The hosts that agents can reach."),
    "policy": ("policy", "What agents' commands may do, and why."),
    "approvals": ("approval", "List what waits for your yes."),
    "approve": ("approval", "Let one exact call be carried out, once."),
    "deny": ("approval", "Refuse a call; the worker is told why."),
    "doctor": ("doctor", "Look for what could keep the board from working."),
    "backup": ("backup", "Copy the board, whole and checked, while it is in use."),
    "restore": ("backup", "Put a copy in the board's place; the old file is kept."),
    "gc": ("garbage", "Remove what old runs have left."),
    "service": ("service", "The daemon as a service of this machine."),
    "notify": ("doctor", "How notices reach you."),
    "serve-runs": ("daemon", ""),
}
HIDDEN = frozenset({"serve-runs"})


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used, so that small commands start fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if name not in HIDDEN]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = _load(f"kanban.interfaces.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from kanban.errors import did_you_mean

            raise click.UsageError(f"{error.message} {did_you_mean(args[0], self.list_commands(ctx))}", ctx) from None


def _load(name: str) -> ModuleType:
    """Import a module. What it makes is there to stay: searching it for garbage would cost a tenth of a second."""
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        gc.enable()


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.option("--home", metavar="DIR", help="The home to use (else KANBAN_HOME, else ~/.kanban).")
@click.version_option(package_name="kanban")
@click.pass_context
def cli(ctx: click.Context, home: str | None) -> None:
    """A board on which one person runs LLM agents and on which nothing gets lost.

    Begin with `kanban demo`, or with `kanban init` and `kanban up`. Alone it shows the inbox: what waits for you.
    """
    from kanban.files.settings import find_home, is_colour_unwanted

    ctx.obj = home
    ctx.color = False if is_colour_unwanted() else None
    if ctx.invoked_subcommand is not None:
        return
    if not find_home(home).is_dir():
        click.echo(ctx.get_help())
        return
    inbox = ctx.command.get_command(ctx, "inbox")  # type: ignore[attr-defined]
    ctx.invoke(inbox)


def main() -> None:
    """Run the command line. Exit status: 0 fine, 1 failed, 2 usage, 3 not found, 4 refused, 5 over budget."""
    as_json = "--json" in sys.argv
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what the terminal cannot spell is no reason to stop
    try:
        status: Any = cli.main(standalone_mode=False, prog_name="kanban")
        sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
    except KanbanError as error:
        print_error(error, as_json)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        if as_json:
            print_error(as_kanban_error(error), as_json)
        else:
            error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        _drop_output()
        sys.exit(1)
    except OSError as error:
        print_error(
            HomeError(f"{error.filename or 'output'}: {error.strerror}", "check the disk and who may write"), False
        )
        _drop_output()
        sys.exit(1)


def as_kanban_error(error: click.ClickException) -> KanbanError:
    """A usage error in the form that JSON readers get."""
    from kanban.errors import InvalidInput

    return InvalidInput(error.format_message(), "see --help")


def _drop_output() -> None:
    """Let what is still to be printed go nowhere, so that leaving does not fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
