"""Draws one card as lines of text in its colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from kanban.domain.showing import show_line, show_span
from kanban.domain.ticket import Status
from kanban.service.views import Card
from tui.model import Column, Heading

EDGE, MARK, PICKED = "▌", "●", "✓"
LOOKED_INTO = "↻"
FULL, EMPTY = "━", "─"
LONGEST_BAR = 12
TITLE_LINES = 2
SHORTEST_CARD = 3


@dataclass(frozen=True)
class Look:
    """The colours of a board: text, faint text, what wants attention, and each assignee's."""

    ground: Style
    text: Style
    faint: Style
    number: Style
    waits: Style
    stale: Style
    bar: Style
    card: Style
    cursor: Style
    picked: Style
    heading: Style
    edges: Mapping[str, Style]
    people: Mapping[str, Style]


@dataclass(frozen=True)
class Drawing:
    """How cards are drawn now: `reasons` is the lines a reason may take, `limits` the turn budget of each profile."""

    look: Look
    width: int
    reasons: int
    now: float
    limits: Mapping[str, int]


def card_height(card: Card, column: Column, width: int, reasons: int) -> int:
    """The lines of a card, with the empty one below it. Running and blocked cards have more to say."""
    more = 1 if column is Column.RUNNING else _reason_lines(card, width, reasons) if column is Column.BLOCKED else 0
    return _title_lines(card, width) + 2 + more


def _title_lines(card: Card, width: int) -> int:
    return 1 if _count_cells(card.title) + len(str(card.id)) + 5 <= width else TITLE_LINES  # an edge, blanks, a mark


def _reason_lines(card: Card, width: int, reasons: int) -> int:
    return 1 if reasons == 1 or _count_cells(_reason(card)) + 2 <= width else reasons


def _count_cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def draw_card(card: Card, column: Column, drawing: Drawing, *, pointed: bool, picked: bool) -> list[Strip]:
    """The lines of a card, `card_height` of them."""
    look, inner = drawing.look, drawing.width - 2
    base = look.cursor if pointed else look.picked if picked else look.card
    edge = Segment(">" if pointed and base.bgcolor is None else EDGE, look.edges[card.status])
    content = [*_title(card, drawing, inner, picked), _facts(card, drawing, inner)]
    if column is Column.RUNNING:
        content.append(_progress(card, drawing, inner))
    elif column is Column.BLOCKED:
        folded = fold(_reason(card), inner, _reason_lines(card, drawing.width, drawing.reasons))
        content += [[Segment(fit(line, inner), look.faint)] for line in folded]
    lines = [Strip([edge, *line, Segment(" ")]).adjust_cell_length(drawing.width) for line in content]
    return [*(line.apply_style(base) for line in lines), Strip.blank(drawing.width, look.ground)]


def draw_heading(heading: Heading, words: Mapping[int, str], drawing: Drawing) -> Strip:
    """The line over the cards of one request."""
    number = heading.request_id
    told = "no request" if number is None else f"r{number} {show_line(words.get(number, ''))}"
    return Strip([Segment(fit(f"▾ {told}", drawing.width), drawing.look.heading)])


def fit(text: str, width: int) -> str:
    """One line of exactly `width` cells, with an ellipsis where it was cut."""
    if cell_len(text) > width:
        return set_cell_size(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""
    return set_cell_size(text, width)


def fold(text: str, width: int, lines: int) -> list[str]:
    """Text in exactly so many lines of at most `width` cells; what does not fit ends in an ellipsis."""
    if lines == 1:
        return [fit(text, width)]
    if _count_cells(text) != len(text):  # letters of two cells: cut, not folded at blanks
        folded = chop_cells(text, width)
        folded[lines - 1 :] = [fit("".join(folded[lines - 1 :]), width)] if len(folded) >= lines else []
    else:
        folded = wrap(text, width, max_lines=lines, placeholder="…") or [""]
    return folded + [""] * (lines - len(folded))


def _title(card: Card, drawing: Drawing, inner: int, picked: bool) -> list[list[Segment]]:
    look = drawing.look
    number, mark = f"{card.id} ", _mark(card, look, picked)
    lines = _title_lines(card, drawing.width)
    room = inner - len(number) - (2 if mark else 0)
    title = show_line(card.title)
    if cell_len(title) == len(title):
        first, *rest = fold("x" * len(number) + title, inner - (2 if mark else 0), lines)
        first = first[len(number) :]
    else:
        first, *rest = fold(title, room, lines)
    head = [Segment(number, look.number), Segment(fit(first, room), look.text)]
    if mark:
        head += [Segment(" "), mark]
    return [head, *([Segment(fit(line, inner), look.text)] for line in rest)]


def _mark(card: Card, look: Look, picked: bool) -> Segment | None:
    if picked:
        return Segment(PICKED, look.number)
    if card.needs_person:
        return Segment(MARK, look.waits)
    return Segment(MARK, look.stale) if card.status == Status.STALE else None


def _facts(card: Card, drawing: Drawing, inner: int) -> list[Segment]:
    """Who, since when, and for how much; what has no room is left out from the right."""
    look = drawing.look
    who = card.live_profile or card.assignee
    age = show_span(drawing.now - card.status_since)
    facts = [Segment(who or "anyone", look.people.get(who or "", look.faint)), Segment(f" {age}", look.faint)]
    if card.unchecked:
        facts.append(Segment(" unchecked", look.stale))
    if card.priority:
        facts.append(Segment(f" {card.priority:+d}", look.number))
    if card.cost_usd is None:
        facts.append(Segment(" $?", look.faint))
    elif card.cost_usd:
        facts.append(Segment(f" ${card.cost_usd:.2f}", look.faint))
    if card.request_id is not None:
        facts.append(Segment(f" r{card.request_id}", look.faint))
    return _cut(facts, inner)


def _cut(segments: Sequence[Segment], width: int) -> list[Segment]:
    kept: list[Segment] = []
    for segment in segments:
        width -= segment.cell_length
        if width < 0:
            break
        kept.append(segment)
    return kept


def _progress(card: Card, drawing: Drawing, inner: int) -> list[Segment]:
    limit = drawing.limits.get(card.live_profile or "", 0)
    told = f" {card.turns}/{limit or '?'}"
    length = max(1, min(LONGEST_BAR, inner - len(told)))
    full = min(length, round(length * card.turns / limit)) if limit else 0
    look = drawing.look
    return [Segment(FULL * full, look.bar), Segment(EMPTY * (length - full), look.faint), Segment(told, look.faint)]


def _reason(card: Card) -> str:
    reason = "stale" if card.status == Status.STALE else (card.block_reason or "").replace("_", " ")
    looked = f"{LOOKED_INTO} " if card.looked_into or card.live_run else ""
    return f"{looked}{reason}: {show_line(card.explanation)}" if card.explanation else f"{looked}{reason}"
