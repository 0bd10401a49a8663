"""A ticket as a page to read, and what a command that changed one prints."""

from collections.abc import Sequence

import click

from kanban.agents.receipts import format_cost
from kanban.app import App
from kanban.domain.showing import show_tokens
from kanban.domain.ticket import HUMAN_ASSIGNEE, BlockReason, Status
from kanban.interfaces.cli.output import colour_status, is_terminal, print_data, print_table, show_age, show_safely
from kanban.service.shapes import ticket_as_json
from kanban.service.views import BriefVersion, Run, Ticket, TicketView, add_costs

_LET_GO_ON = 'kanban unblock {id} --note "…"       let it go on; the note reaches the worker'
_GIVE_AWAY = "kanban assign {id} P                give it to another profile"
_GIVE_UP = "kanban cancel {id}                  give it up"
_LOOK = "kanban log {id}                     what its run did last"

# What the person can do about a ticket that waits for them; `{id}` is its number.
WAYS_ON: dict[str, tuple[str, ...]] = {
    BlockReason.NEEDS_INPUT: ('kanban unblock {id} --note "…"       answer; the note reaches the worker', _GIVE_UP),
    BlockReason.NEEDS_APPROVAL: ("kanban approvals                  see the exact call, then approve or deny it",),
    BlockReason.MISSING_ACCESS: ("kanban host check                 see which logins work", _LET_GO_ON, _GIVE_UP),
    BlockReason.FAILURE_LIMIT: (_LOOK, _GIVE_AWAY, _LET_GO_ON, _GIVE_UP),
    BlockReason.BUDGET: (_LOOK, _LET_GO_ON, _GIVE_UP),
    BlockReason.UNROUTABLE: ("kanban rubric explain {id}          each rule tried, and why", _GIVE_AWAY, _GIVE_UP),
    BlockReason.DEPENDENCY: ("kanban unblock {id}                 go on without what was cancelled", _GIVE_UP),
    BlockReason.OTHER: (_LOOK, _LET_GO_ON, _GIVE_AWAY, _GIVE_UP),
    Status.STALE: (_LOOK, _LET_GO_ON, _GIVE_AWAY, _GIVE_UP),
    Status.TRIAGE: ("kanban edit {id}                    write what is missing", _GIVE_AWAY, _GIVE_UP),
}


def print_changed(app: App, number: int, as_json: bool) -> None:
    """The ticket that a command changed: its line, or all of it as JSON."""
    if as_json:
        print_data(ticket_as_json(app.store.queries.view_ticket(number), app.locate))
        return
    ticket = app.store.queries.get_ticket(number)
    click.echo(f"#{ticket.id} {_describe_status(ticket)}  {show_safely(ticket.title)}")


def print_ticket(app: App, view: TicketView) -> None:
    """Everything about a ticket, the newest last."""
    ticket = view.ticket
    click.secho(f"#{ticket.id} {show_safely(ticket.title)}", bold=True)
    click.echo(_facts(app, view))
    _print_waits(app, view.depends_on)
    body = view.body.removeprefix(f"# {ticket.title}\n").strip("\n")
    if body:
        click.echo()
        print_markdown(body)
    if view.runs:
        _print_heading("Runs")
        print_runs(view.runs, app.clock())
    _print_comments(app, view)
    _print_checks(app, view)
    _print_artifacts(app, view)
    _print_ways_on(ticket)


def print_history(versions: Sequence[BriefVersion]) -> None:
    """Every version of a body, oldest first."""
    for version in versions:
        click.secho(f"version {version.version} by {version.author}, {show_age(version.created_at)} ago", bold=True)
        click.echo(f"{show_safely(version.body).rstrip() or '(empty)'}\n")


def print_runs(runs: Sequence[Run], now: float) -> None:
    """A table of runs."""
    rows = [
        (
            str(run.id),
            run.purpose,
            run.profile,
            _outcome(run),
            str(run.turns),
            _how_long(run, now),
            show_tokens(run.prompt_tokens, run.cached_tokens, run.completion_tokens) if run.turns else "",
            _cost([run]),
            _why(run),
        )
        for run in runs
    ]
    print_table(("RUN", "PURPOSE", "PROFILE", "OUTCOME", "TURNS", "TOOK", "TOKENS", "COST", "WHY"), rows)


def print_markdown(text: str) -> None:
    """Markdown, laid out for a terminal and as it is elsewhere."""
    shown = show_safely(text).rstrip()
    if not is_terminal():
        click.echo(shown)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(shown))


def _facts(app: App, view: TicketView) -> str:
    ticket = view.ticket
    facts = [f"{_describe_status(ticket)} for {show_age(ticket.status_since, app.clock())}"]
    facts.append(ticket.assignee or "the rubric decides who takes it")
    if ticket.request_id is not None:
        facts.append(f"request {ticket.request_id}")
    if ticket.parent_id is not None:
        facts.append(f"part of #{ticket.parent_id}")
    if ticket.priority:
        facts.append(f"priority {ticket.priority}")
    if view.runs:
        facts.append(_cost(view.runs))
    return " · ".join([*facts, f"by {ticket.created_by}"])


def _print_waits(app: App, depends_on: Sequence[int]) -> None:
    for number in depends_on:
        needed = app.store.queries.get_ticket(number)
        click.echo(f"after #{number} {_describe_status(needed)}  {show_safely(needed.title)}")


def _print_comments(app: App, view: TicketView) -> None:
    if not view.comments:
        return
    _print_heading("Comments")
    for comment in view.comments:
        run = f" in run {comment.run_id}" if comment.run_id else ""
        click.secho(f"{show_safely(comment.author)}{run}, {show_age(comment.created_at, app.clock())} ago", dim=True)
        click.echo(_indented(show_safely(comment.text)))


def _print_checks(app: App, view: TicketView) -> None:
    events = app.store.queries.events_after(0, view.ticket.id, limit=10_000)
    last = {event.why: event.verb for event in events if event.verb in ("check_passed", "check_failed")}
    if not last and not view.is_unchecked:
        return
    _print_heading("Checks")
    if view.is_unchecked:
        click.secho("unchecked: only its worker says that it is done", fg="yellow")
    for check, verb in last.items():
        mark = click.style("passed", fg="green") if verb == "check_passed" else click.style("failed", fg="red")
        click.echo(f"{mark}  {show_safely(check)}")


def _print_artifacts(app: App, view: TicketView) -> None:
    if not view.artifacts:
        return
    _print_heading("Artifacts")
    for artifact in view.artifacts:
        click.echo(f"{show_safely(app.locate(artifact))}  {artifact.size} bytes")


def _print_ways_on(ticket: Ticket) -> None:
    ways = WAYS_ON.get(ticket.block_reason or ticket.status, ())
    if not ways or (ticket.status == Status.TRIAGE and ticket.assignee != HUMAN_ASSIGNEE):
        return
    _print_heading("It waits for you")
    if ticket.explanation:
        click.echo(show_safely(ticket.explanation).rstrip() + "\n")
    for way in ways:
        click.echo(f"  {way.format(id=ticket.id)}")


def _print_heading(title: str) -> None:
    click.secho(f"\n{title}", bold=True)


def _describe_status(ticket: Ticket) -> str:
    reason = f" ({ticket.block_reason})" if ticket.block_reason else ""
    return colour_status(ticket.status) + reason


def _outcome(run: Run) -> str:
    return run.outcome or "running"


def _how_long(run: Run, now: float) -> str:
    return show_age(run.started_at, run.ended_at or now)


def _why(run: Run) -> str:
    return show_safely(run.error or run.route_reason)


def _cost(runs: Sequence[Run]) -> str:
    return format_cost(add_costs(runs))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip().splitlines())
