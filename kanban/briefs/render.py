"""A brief as the flat Markdown that a worker reads. Values are text and nothing else: no template looks at them."""

import re
from collections.abc import Iterable, Sequence

from kanban.domain.brief import LOCAL, Brief, Criterion, Target


def render_brief(title: str, brief: Brief) -> str:
    """Markdown with the parts of `brief` in a fixed order, empty ones left out; ends with a newline."""
    sections = (
        ("Goal", brief.goal),
        ("Context", brief.context),
        ("Targets", _bullets(map(_render_target, brief.targets))),
        ("Steps", _numbered(brief.steps)),
        ("Research", _bullets(brief.research)),
        ("Output format", brief.output_format),
        ("Success criteria", _numbered([_render_criterion(criterion) for criterion in brief.criteria])),
        ("Deliverables", _bullets(brief.deliverables)),
        ("Pitfalls", _bullets(brief.pitfalls)),
        ("Links", _bullets(brief.links)),
    )
    parts = [f"## {name}\n\n{text.strip()}" for name, text in sections if text.strip()]
    return "\n\n".join([f"# {' '.join(title.split())}", *parts]) + "\n"


def _render_target(target: Target) -> str:
    local = "on this machine" if target.path.startswith("/") else "in the workspace"
    return f"{_code(target.path)} {_where(target.host, local)}"


def _render_criterion(criterion: Criterion) -> str:
    if not criterion.command:
        return criterion.text
    where = _where(criterion.host, "in the workspace")
    kept = " (it passes already and must not fail)" if criterion.holds_already else ""
    return f"{criterion.text}\ncheck {where}: {_code(criterion.command)}{kept}"


def _where(host: str, local: str) -> str:
    return local if host == LOCAL else f"on host {_code(host)}"


def _code(text: str) -> str:
    """`text` as Markdown code, fenced by more backticks than it holds in a row."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    if "\n" in text:
        fence = "`" * max(3, longest + 1)
        return f"\n{fence}sh\n{text}\n{fence}"
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"{fence}{text}{fence}"


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {_indented(item, 2)}" for item in items)


def _numbered(items: Sequence[str]) -> str:
    return "\n".join(f"{number}. {_indented(item, 3)}" for number, item in enumerate(items, 1))


def _indented(text: str, width: int) -> str:
    return text.strip().replace("\n", "\n" + " " * width)
