"""`kanban report`: how well the board works, as Markdown for a person and JSON for programs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

import click

from kanban.app import App
from kanban.domain.showing import as_time, show_line, show_span
from kanban.interfaces.cli.arguments import UNITS, Since
from kanban.interfaces.cli.output import json_option, print_data
from kanban.interfaces.cli.session import with_app
from kanban.service.views import Dimension, Quality, add_lines, group_by, sum_up


@click.command("report")
@click.option("--since", type=Since(), default="7d", show_default=True, help="24h, 7d, 2w, a date, or all.")
@click.option("--week", is_flag=True, help="The last seven days, whatever --since says.")
@json_option
@with_app
def report_command(app: App, since: Callable[[float], float], week: bool, as_json: bool) -> None:
    """Tell how well tickets went: done at the first try, mended, asked about, by profile and category.

    Example: kanban report --since 30d > report.md
    """
    now = app.clock()
    begin = now - UNITS["w"] if week else since(now)
    settled = app.store.numbers.settled(begin)
    total = sum_up("all", settled)
    groups = {
        "profile": group_by(lambda ticket: ticket.profile, settled),
        "category": group_by(lambda ticket: ticket.category, settled),
    }
    waits = app.store.numbers.time_in_status(begin)
    cost = add_lines("total", app.store.ledger.roll_up(Dimension.PROFILE, begin))
    if as_json:
        found: dict[str, object] = {"since": as_time(begin), "all": asdict(total), "cost_usd": cost.whole_cost}
        found |= {f"by_{name}": [asdict(line) for line in lines] for name, lines in groups.items()}
        print_data({**found, "seconds_in_status": dict(waits)})
        return
    limits = {name: profile.max_turns for name, profile in app.live.profiles.items()}
    click.echo("\n".join(_write(begin, total, groups, waits, limits)))
    told = (
        f"{cost.unpriced} of {cost.calls} model calls have no known price" if cost.unpriced else "no price is missing"
    )
    click.echo(f"\nCost: ${cost.cost_usd:.4f}; {told}. `kanban costs` shows what for.")


def _write(
    begin: float,
    total: Quality,
    groups: dict[str, list[Quality]],
    waits: Sequence[tuple[str, float]],
    limits: dict[str, int],
) -> Iterator[str]:
    since = (as_time(begin) or "")[:10] if begin else "the beginning"
    yield f"# The board since {since}\n"
    if not total.settled:
        yield "No ticket was settled in that time."
        return
    yield (
        f"{total.settled} tickets settled: {total.done} done ({_share(total.done, total.settled)}), "
        f"{total.first_try} at the first try ({_share(total.first_try, total.settled)}), {total.reworked} reworked, "
        f"{total.questions} questions."
    )
    for name, lines in groups.items():
        yield f"\n## By {name}\n"
        yield f"| {name} | settled | done | first try | reworked | questions | turns |"
        yield "|---|---|---|---|---|---|---|"
        for line in lines:
            limit = f" of {limits[line.name]}" if name == "profile" and line.name in limits else ""
            first, done = _share(line.first_try, line.settled), _share(line.done, line.settled)
            shown = show_line(line.name).replace("|", "\\|") or "(none)"
            facts = f"{line.reworked} | {line.questions} | {line.turns:.1f}{limit}"
            yield f"| {shown} | {line.settled} | {done} | {first} | {facts} |"
    if waits:
        yield "\n## Time in each status, on average\n"
        yield from (f"- {status}: {show_span(seconds)}" for status, seconds in waits)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole >= 5 else f"{part} of {whole}"
