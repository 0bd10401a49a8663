"""The Markdown that a worker reads."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kanban.briefs.render import render_brief
from kanban.domain.brief import Brief, Criterion, Target
from tests.support.briefs import weather_tile

ORDER = [
    *("## Goal", "## Context", "## Targets", "## Steps", "## Research", "## Output format"),
    *("## Success criteria", "## Deliverables", "## Pitfalls", "## Links"),
]


def headings(markdown: str) -> list[str]:
    return [line for line in markdown.splitlines() if line.startswith("## ")]


def test_a_full_brief_has_all_its_parts_in_order() -> None:
    draft = weather_tile()
    brief = draft.brief.model_copy(update={"research": ["Query: `flex row`"], "links": ["https://example.org"]})
    markdown = render_brief(draft.title, brief)
    assert markdown.startswith(f"# {draft.title}\n")
    assert headings(markdown) == ORDER


def test_empty_parts_are_left_out() -> None:
    assert (
        render_brief("Say hello", Brief(goal="A greeting exists.")) == "# Say hello\n\n## Goal\n\nA greeting exists.\n"
    )


def test_targets_name_their_host_and_checks_are_code_with_the_place_they_run() -> None:
    brief = Brief(
        goal="Both pages have a row.",
        targets=[Target(path="/root/index.html", host="webb"), Target(path="a.md"), Target(path="/srv/b.md")],
        criteria=[
            Criterion(text="The page has the row.", check="grep -q row /root/index.html", host="webb"),
            Criterion(text="The note has `x`.", check="test `wc -l < a.md` -eq 3"),
            Criterion(text="It is short."),
        ],
    )
    markdown = render_brief("Add rows", brief)
    assert "- `/root/index.html` on host `webb`\n- `a.md` in the workspace\n- `/srv/b.md` on this machine" in markdown
    assert "1. The page has the row.\n   check on host `webb`: `grep -q row /root/index.html`" in markdown
    assert "2. The note has `x`.\n   check in the workspace: `` test `wc -l < a.md` -eq 3 ``" in markdown
    assert markdown.endswith("3. It is short.\n")


def test_a_check_of_several_lines_stays_within_its_item() -> None:
    brief = Brief(goal="It runs.", criteria=[Criterion(text="It runs", check="set -e\npython -c 'import app'")])
    assert "   ```sh\n   set -e\n   python -c 'import app'\n   ```" in render_brief("Run", brief)


@given(st.text(min_size=1).filter(lambda text: bool(text.strip())))
@settings(max_examples=100, deadline=None)
def test_values_are_text_and_never_templates(text: str) -> None:
    value = "{{ 7 * 7 }}{% raw %}" + text
    goal = Brief(goal=value).goal
    assert goal.strip() in render_brief("Title", Brief(goal=value))
