"""`kanban tui`: the board in the terminal."""

import sys

import click

from kanban.app import App
from kanban.domain.ticket import Caller
from kanban.errors import InvalidInput
from kanban.files.settings import is_in_browser
from kanban.interfaces.cli.output import is_terminal, say
from kanban.interfaces.cli.session import the_person, with_app


@click.command("tui")
@click.option("--serve", is_flag=True, help="Show it in a browser instead, behind a token, until Ctrl-C.")
@click.option("--host", default="127.0.0.1", show_default=True, help="With --serve: the address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="With --serve; 0: any free one."
)
@with_app
def tui_command(app: App, serve: bool, host: str, port: int) -> None:
    """Open the board: watch everything, and steer it with a key. `?` lists the keys.

    Example: kanban tui --serve --port 8080
    """
    caller = the_person(app, "the board in the terminal")
    if not serve:
        return _open_board(app, caller)
    from tui.serve import serve_board

    serve_board(app.home.path, host, port, say)


def _open_board(app: App, caller: Caller) -> None:
    from tui.app import make_app

    if not (is_in_browser() or (sys.stdin.isatty() and is_terminal())):
        raise InvalidInput("the board needs a terminal", "`kanban list` and `kanban events` print without one")
    board = make_app(app, caller)
    board.run()
    if board.return_code:
        sys.exit(board.return_code)
