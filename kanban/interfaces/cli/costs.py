"""`kanban costs`: what model calls have cost, by what they were for."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import click

from kanban.app import App
from kanban.domain.showing import as_time, show_safely
from kanban.interfaces.cli.arguments import Since
from kanban.interfaces.cli.output import json_option, print_data, print_table, say
from kanban.interfaces.cli.session import with_app
from kanban.service.shapes import costs_as_json
from kanban.service.views import Dimension, Economics, Line, Share, add_lines

LONGEST_BAR = 30

SHOWN_NAMES: dict[Dimension, Callable[[str], str]] = {
    Dimension.REQUEST: lambda name: f"r{name}" if name else "no request",
    Dimension.TICKET: lambda name: f"#{name}" if name else "no ticket",
    Dimension.CATEGORY: lambda name: name or "no category",
}
SHARES = {
    Share.DECOMPOSE: "orchestrator decomposes",
    Share.CLARIFY: "worker clarifies",
    Share.EXECUTE: "worker executes",
    Share.REWORK: "rework",
    Share.REVIEW: "checker reviews",
    Share.STEER: "orchestrator steers, answers",
}
# Published figures for one task: with a cheap orchestrator that files vague tickets, and a strong one that files whole.
VAGUE = {Share.DECOMPOSE: 0.002, Share.CLARIFY: 0.08, Share.EXECUTE: 0.12, Share.REWORK: 0.06}
WHOLE = {Share.DECOMPOSE: 0.04, Share.EXECUTE: 0.12}


@click.command("costs")
@click.option(
    "--by",
    type=click.Choice([by.value for by in Dimension]),
    default="profile",
    show_default=True,
    help="A line for each.",
)
@click.option("--since", type=Since(), default="7d", show_default=True, help="24h, 7d, 2w, a date, or all.")
@click.option("--economics", is_flag=True, help="What briefs save: planning, clarifying, work and rework apart.")
@json_option
@with_app
def costs_command(app: App, by: str, since: Callable[[float], float], economics: bool, as_json: bool) -> None:
    """Show what model calls have cost. A price that is not known is told and never counted as zero.

    Example: kanban costs --by purpose --since 30d
    """
    begin = since(app.clock())
    if economics:
        _show_economics(app.store.ledger.economics(begin), begin, as_json)
        return
    dimension = Dimension(by)
    lines = app.store.ledger.roll_up(dimension, begin)
    total = add_lines("total", lines)
    if as_json:
        found = {
            "by": by,
            "since": as_time(begin),
            "lines": list(map(costs_as_json, lines)),
            "total": costs_as_json(total),
        }
        print_data(found)
        return
    if not lines:
        say("no model was called in that time; `--since all` looks further back")
        return
    longest = max(line.cost_usd for line in lines)
    shown = SHOWN_NAMES.get(dimension, show_safely)
    rows = [[*_cells(shown(line.name), line), _bar(line.cost_usd, longest)] for line in lines]
    print_table([by, "calls", "tokens in", "cached", "out", "cost", ""], [*rows, [*_cells("total", total), ""]])


def _cells(name: str, line: Line) -> list[str]:
    share = "-" if line.cached_share is None else f"{line.cached_share:.0%}"
    tokens = f"{line.completion_tokens:,}"
    return [show_safely(name), f"{line.calls:,}", f"{line.prompt_tokens:,}", share, tokens, _tell_cost(line)]


def _tell_cost(line: Line) -> str:
    if not line.unpriced:
        return f"${line.cost_usd:.4f}"
    return f"${line.cost_usd:.4f} + {line.unpriced} of unknown price" if line.cost_usd else "unknown"


def _bar(amount: float, longest: float) -> str:
    return "━" * max(1, round(LONGEST_BAR * amount / longest)) if longest and amount else ""


def _show_economics(found: Economics, begin: float, as_json: bool) -> None:
    tally = found.tally
    if as_json:
        shares = {str(share): costs_as_json(line) for share, line in found.shares.items()}
        print_data({"since": as_time(begin), "shares": shares, "tickets": asdict(tally)})
        return
    total = add_lines("total", list(found.shares.values()))
    print_table(
        ["", "calls", "in all", "for each done", "published: vague", "whole briefs"],
        [
            *(
                [SHARES[share], f"{line.calls:,}", _tell_cost(line), _tell_each(line, tally.done), *_published(share)]
                for share, line in found.shares.items()
            ),
            ["total", f"{total.calls:,}", _tell_cost(total), _tell_each(total, tally.done), *_published(*Share)],
        ],
    )
    done = f" ({tally.done / tally.tickets:.0%})" if tally.tickets else ""
    loops = f"{tally.questions / tally.tickets:.2f}" if tally.tickets else "-"
    click.echo()
    print_table(
        ["tickets", "", "published"],
        [
            ["filed", f"{tally.tickets}", "18"],
            ["done", f"{tally.done}{done}", "16 (89%)"],
            ["blocked and resolved", f"{tally.resolved}", "1"],
            ["abandoned", f"{tally.abandoned}", "0"],
            ["questions for each", loops, "-"],
        ],
    )


def _tell_each(line: Line, done: int) -> str:
    if not done:
        return "-"
    return "unknown" if line.unpriced else f"${line.cost_usd / done:.4f}"


def _published(*shares: Share) -> Sequence[str]:
    sums = [[costs[share] for share in shares if share in costs] for costs in (VAGUE, WHOLE)]
    return [f"${sum(found):.3f}" if found else "-" for found in sums]
