"""What runs did: their log, the log of events, and the runs themselves."""

import codecs
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from kanban.app import App
from kanban.domain.ticket import SETTLED
from kanban.errors import NotFound
from kanban.interfaces.cli.arguments import ticket_argument
from kanban.interfaces.cli.output import colour_status, json_option, print_data, print_line, say, show_safely
from kanban.interfaces.cli.session import with_app
from kanban.service.views import Event, Run

TAIL_BYTES = 64_000
CHUNK_BYTES = 64_000
LOOK_SECONDS = 0.2


@click.command("log")
@ticket_argument
@click.option("--run", "run_id", type=int, metavar="R", help="This run instead of the newest.")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@click.option("--all", "everything", is_flag=True, help="From the beginning, however long it is.")
@json_option
@with_app
def log_command(app: App, number: int, run_id: int | None, follow: bool, everything: bool, as_json: bool) -> None:
    """Show what a ticket's newest run did: the last 64 kB of its log.

    Example: kanban log 12 --follow
    """
    ticket = app.store.queries.get_ticket(number)
    run = _find_run(app, number, run_id)
    if run is None and follow and ticket.status not in SETTLED:
        say(f"#{number} has had no run yet; waiting for one")
        run = _await_run(app, number)
    if run is None:
        if as_json:
            print_data(None)
        say(f"#{number} has had no run yet")
        return
    file = app.log_file(run.id)
    if not file.exists() and not follow:
        say(f"run {run.id} of #{number} has written no log yet")
    pieces = _read_log(file, _tail_start(file, everything), _is_live(app, run.id) if follow else _never)
    if as_json:
        _print_log_as_json(run, file, pieces, follow)
        return
    for piece in pieces:
        click.echo(show_safely(piece), nl=False)


@click.command("events")
@click.option("--ticket", "number", type=int, metavar="N", help="Only events of this ticket.")
@click.option("--after", type=click.IntRange(min=0), metavar="ID", help="Only events newer than this one.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most.")
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@json_option
@with_app
def events_command(app: App, number: int | None, after: int | None, limit: int, follow: bool, as_json: bool) -> None:
    """Show the event log: who did what to what, when and why. With --json one object per line.

    Example: kanban events --follow
    """
    if number is not None:
        app.store.queries.get_ticket(number)
    events = (
        _newest_events(app, number, limit) if after is None else app.store.queries.events_after(after, number, limit)
    )
    last = after or 0
    for event in events:
        last = event.id
        _print_event(event, as_json)
    if follow:
        for event in _watch_events(app, last, number):
            _print_event(event, as_json)


@click.command("runs")
@ticket_argument
@json_option
@with_app
def runs_command(app: App, number: int, as_json: bool) -> None:
    """List the runs of a ticket: who, how it ended, what it cost, and why that profile was chosen.

    Example: kanban runs 12
    """
    from kanban.interfaces.cli.page import print_runs
    from kanban.service.shapes import run_as_json

    app.store.queries.get_ticket(number)
    runs = app.store.queries.runs_of_ticket(number)
    if as_json:
        print_data([run_as_json(run) for run in runs])
    elif runs:
        print_runs(runs, app.clock())
    else:
        say(f"#{number} has had no run yet")


def _find_run(app: App, number: int, run_id: int | None) -> Run | None:
    if run_id is None:
        runs = app.store.queries.runs_of_ticket(number)
        return runs[-1] if runs else None
    run = app.store.queries.get_run(run_id)
    if run.ticket_id != number:
        raise NotFound(f"ticket {number} has no run {run_id}", f"`kanban runs {number}` lists its runs")
    return run


def _await_run(app: App, number: int) -> Run | None:
    while app.store.queries.get_ticket(number).status not in SETTLED:
        run = _find_run(app, number, None)
        if run is not None:
            return run
        time.sleep(LOOK_SECONDS)
    return _find_run(app, number, None)


def _is_live(app: App, run_id: int) -> Callable[[], bool]:
    return lambda: app.store.queries.get_run(run_id).ended_at is None


def _never() -> bool:
    return False


def _tail_start(file: Path, everything: bool) -> int:
    """Where to begin reading, in bytes: at a line of the last part, unless everything is wanted."""
    size = file.stat().st_size if file.exists() else 0
    if everything or size <= TAIL_BYTES:
        return 0
    say(f"the first {size - TAIL_BYTES} bytes are left out; --all shows them")
    with file.open("rb") as log:
        log.seek(size - TAIL_BYTES)
        first = log.readline()
    return size - TAIL_BYTES + (len(first) if len(first) < TAIL_BYTES else 0)


def _read_log(file: Path, start: int, is_live: Callable[[], bool]) -> Iterator[str]:
    """The log from `start` on, in pieces, until its end is reached by a run that no longer lives."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    position = start
    while True:
        live = is_live()  # asked first: what the run wrote before it ended is then still read
        for chunk in _read_chunks(file, position):
            position += len(chunk)
            yield decoder.decode(chunk)
        if not live:
            break
        time.sleep(LOOK_SECONDS)
    yield decoder.decode(b"", final=True)


def _read_chunks(file: Path, position: int) -> Iterator[bytes]:
    if not file.exists():
        return
    with file.open("rb") as log:
        log.seek(position)
        while chunk := log.read(CHUNK_BYTES):
            yield chunk


def _print_log_as_json(run: Run, file: Path, pieces: Iterator[str], follow: bool) -> None:
    if not follow:
        print_data({"run_id": run.id, "path": str(file), "text": "".join(pieces)})
        return
    for piece in filter(None, pieces):
        print_line({"run_id": run.id, "text": piece})


def _newest_events(app: App, number: int | None, limit: int) -> list[Event]:
    if number is None:
        return app.store.queries.events_after(max(0, app.store.queries.last_event_id() - limit), limit=limit)
    return app.store.queries.events_after(0, number, limit=100_000)[-limit:]


def _watch_events(app: App, last: int, number: int | None) -> Iterator[Event]:
    version = -1
    while True:
        seen = app.store.db.data_version()
        if seen != version:
            version = seen
            for event in app.store.queries.events_after(last, number):
                last = event.id
                yield event
        time.sleep(LOOK_SECONDS)


def _print_event(event: Event, as_json: bool) -> None:
    if as_json:
        from kanban.service.shapes import event_as_json

        print_line(event_as_json(event))
        return
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.at))
    about = f"#{event.ticket_id}" if event.ticket_id else f"request {event.request_id}" if event.request_id else ""
    moved = f" {event.old_status or 'new'} → {colour_status(event.new_status)}" if event.new_status else ""
    run = f" (run {event.run_id})" if event.run_id else ""
    why = f": {' '.join(event.why.split())}" if event.why else ""
    click.echo(f"{at}  {show_safely(f'{event.actor} {event.verb} {about}')}{moved}{run}{show_safely(why)}")
