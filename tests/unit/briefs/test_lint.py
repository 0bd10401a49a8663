"""The lint of one brief, part by part: what comes back to the orchestrator, and what is filed."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanban.briefs.lint import keeps_criteria, lint, lint_body, lint_draft
from kanban.domain.brief import Brief, Criterion, Severity, Target, TicketDraft
from tests.support.briefs import MANUFACTURERS, solar_manufacturer, solar_methodology, weather_tile
from tests.unit.briefs.conftest import BOARD, change

Codes = Callable[[TicketDraft], list[tuple[str, str]]]


def test_the_tickets_of_both_stories_pass_without_a_word() -> None:
    drafts = [solar_methodology(), *map(solar_manufacturer, MANUFACTURERS), weather_tile()]
    assert len(MANUFACTURERS) == 27
    assert [found.findings for found in lint(drafts, **BOARD)] == [()] * 29


def test_the_ticket_of_the_old_way_comes_back() -> None:
    goal = "Look at the website and figure out which inverters work with it. Update the docs."
    draft = TicketDraft(title="Research Solar-Assistant stuff", brief=Brief(goal=goal))
    (found,) = lint([draft], **BOARD)
    assert not found.passed
    assert {finding.code for finding in found.findings} == {"missing-part", "vague-wording", "dangling-reference"}


@pytest.mark.parametrize(
    ("part", "value", "place"),
    [
        ("goal", "Fix the tile", "goal"),
        ("steps", [], "steps"),
        ("criteria", [], "criteria"),
    ],
)
def test_a_missing_part_is_named(lint_one: Codes, part: str, value: object, place: str) -> None:
    assert lint_one(change(weather_tile(), **{part: value})) == [("missing-part", place)]


def test_something_must_be_handed_over(lint_one: Codes) -> None:
    draft = change(weather_tile(), deliverables=[], output_format="")
    assert lint_one(draft) == [("missing-part", "deliverables")]


def test_a_file_to_deliver_must_be_a_target(lint_one: Codes) -> None:
    assert ("missing-part", "targets") in lint_one(change(solar_manufacturer("EG4"), targets=[]))


@pytest.mark.parametrize(
    ("path", "host"),
    [
        ("eg4panel/index.html", "webb"),
        ("~/index.html", "webb"),
        ("/srv/docs/*/notes.md", "local"),
        ("/srv/docs/<brand>/notes.md", "local"),
        ("/srv/docs/{brand}.md", "local"),
        ("/srv/.../notes.md", "local"),
        ("path/to/notes.md", "local"),
        ("the weather page", "local"),
        ("https://example.org/a", "local"),
        ("root@webb:/root/index.html", "local"),
        ("../notes.md", "local"),
    ],
)
def test_a_target_without_an_exact_path_is_named(lint_one: Codes, path: str, host: str) -> None:
    draft = change(weather_tile(), targets=[Target(path=path, host=host).model_dump()])
    assert ("target-path", "targets[0].path") in lint_one(draft)


@pytest.mark.parametrize("path", ["notes.md", "docs/PV Control and Status/a.md", "/srv/docs/a..b.md", "app/[id].tsx"])
def test_a_path_in_the_workspace_or_on_this_machine_passes(lint_one: Codes, path: str) -> None:
    assert lint_one(change(weather_tile(), targets=[{"path": path}])) == []


def test_an_unknown_host_is_named_with_the_likely_one() -> None:
    findings = lint_draft(weather_tile(host="weeb"), **BOARD)
    assert {finding.code for finding in findings} == {"unknown-host"}
    assert {finding.place for finding in findings} == {"targets[0].host", *(f"criteria[{i}].host" for i in range(3))}
    assert "did you mean webb? known: local, musial, webb" in findings[0].message


def test_a_deliverable_that_no_criterion_is_about_is_named(lint_one: Codes) -> None:
    draft = change(weather_tile(), deliverables=["The changed page `/root/eg4panel/index.html`", "A screenshot"])
    assert lint_one(draft) == [("deliverable-without-criterion", "deliverables[1]")]


def test_taste_needs_a_check(lint_one: Codes) -> None:
    good = {"text": "The page looks good"}
    bare = change(weather_tile(), criteria=[*weather_tile().brief.model_dump()["criteria"], good])
    checked = change(bare, criteria=[{**good, "check": "python compare.py", "host": "webb"}])
    assert lint_one(bare) == [("uncheckable-criterion", "criteria[3]")]
    assert lint_one(checked) == []


def test_changing_files_without_any_check_comes_back() -> None:
    draft = change(weather_tile(), criteria=[{"text": "The page has the flex row"}])
    (found,) = lint([draft], **BOARD)
    assert [(f.code, f.place, f.severity) for f in found.findings] == [
        ("uncheckable-criterion", "criteria", Severity.ERROR)
    ]


@pytest.mark.parametrize(
    "check",
    [
        "  ",
        "`grep -q x page`",
        "$ grep -q x page",
        "true",
        "echo done",
        "grep -q x page || true",
        "ssh webb test -f /root/page",
        "ssh -p 22 root@webb test -f /root/page",
        "grep -q x page\ngrep -q y page",
    ],
)
def test_a_check_that_decides_nothing_is_named(lint_one: Codes, check: str) -> None:
    draft = change(weather_tile(), criteria=[{"text": "The page has the row", "check": check}])
    assert lint_one(draft) == [("check-syntax", "criteria[0].check")]


@pytest.mark.parametrize(
    "check",
    [
        "grep -q x page &&\ngrep -q y page",
        "set -e\ngrep -q x page\ngrep -q y page",
        "python - <<'END'\nimport page\nassert page.row\nEND",
        "for f in a b; do\n  grep -q x $f || exit 1\ndone",
        "rows=$(grep -c row page)\ntest $rows -eq 3",
        "echo '{}' | python -m json.tool",
        "test \"$(curl -s -o /dev/null -w '%{http_code}' localhost)\" = 200",
    ],
)
def test_a_check_that_decides_passes(lint_one: Codes, check: str) -> None:
    assert lint_one(change(weather_tile(), criteria=[{"text": "The page has the row", "check": check}])) == []


def test_more_targets_than_one_worker_takes_must_be_split(lint_one: Codes) -> None:
    targets = [{"path": f"/srv/docs/Manufacturers/{name}/{name}.md"} for name in MANUFACTURERS]
    assert lint_one(change(solar_methodology(), targets=targets)) == [("too-broad", "targets")]


def test_more_turns_than_the_assignee_has_must_be_split() -> None:
    assert [f.code for f in lint_draft(change(weather_tile(), est_turns=31, assignee="cody"), **BOARD)] == []
    (finding,) = lint_draft(change(weather_tile(), est_turns=31, assignee="scout"), **BOARD)
    assert finding.message == "31 turns, and scout has 30: split it into one ticket per unit"


def test_a_ticket_that_asks_to_be_split_may_be_broad(lint_one: Codes) -> None:
    assert lint_one(change(weather_tile(), est_turns=400)) == [("too-broad", "est_turns")]
    assert lint_one(change(weather_tile(), est_turns=400, assignee="default")) == []


def test_f04_an_unknown_assignee_is_named_with_the_known_ones() -> None:
    (finding,) = lint_draft(change(weather_tile(), assignee="codie"), **BOARD)
    assert finding.code == "unknown-assignee"
    assert "did you mean cody? known: cody, ginger, scout" in finding.message


def test_the_checker_takes_no_tickets(lint_one: Codes) -> None:
    assert lint_one(change(weather_tile(), assignee="checker")) == [("unknown-assignee", "assignee")]


def test_the_orchestrator_never_does_the_work(lint_one: Codes) -> None:
    draft = change(weather_tile(), assignee="ginger", needs=["ssh"])
    assert lint_one(draft) == [("orchestrator-work", "targets"), ("orchestrator-work", "needs")]


def test_the_orchestrator_may_write_a_text(lint_one: Codes) -> None:
    brief = Brief(
        goal="Recommend one of the two layouts of the telemetry pipeline.",
        context="The pipeline reads the vehicle, normalizes and publishes over MQTT. `src/pipeline.py` does all three.",
        steps=["Compare one process with three, by what fails together and by what has to be deployed together."],
        criteria=[Criterion(text="The recommendation names one layout and two reasons.")],
        deliverables=["The recommendation, one page of text"],
    )
    assert lint_one(TicketDraft(title="Recommend the pipeline layout", brief=brief, assignee="ginger")) == []


def test_a_part_of_ten_megabytes_is_refused_in_no_time(lint_one: Codes) -> None:
    draft = change(weather_tile(), context="figure it out `" * 700_000)
    assert ("too-broad", "context") in lint_one(draft)


def test_a_persons_own_words_only_ever_draw_warnings() -> None:
    findings = lint_body(
        "Docs", "Restart eg4panel.\nThen tidy it up somehow, as above.\nssh root@weeb uptime", ["webb"]
    )
    assert {(f.code, f.place) for f in findings} == {
        ("vague-wording", "body, line 2"),
        ("dangling-reference", "body, line 2"),
        ("unknown-host", "body, line 3"),
    }
    assert {f.severity for f in findings} == {Severity.WARNING}


def test_a_person_who_writes_nothing_is_told_so() -> None:
    assert [(f.code, f.severity) for f in lint_body("Docs", " ", [])] == [("missing-part", Severity.WARNING)]


def test_f22_an_edit_may_add_criteria_but_not_drop_one_or_its_check() -> None:
    old = weather_tile().brief
    first, second, third = old.criteria
    weaker = third.model_copy(update={"check": "true"})
    more = old.model_copy(update={"criteria": [third, first, Criterion(text="The page is UTF-8"), second]})
    fewer = old.model_copy(update={"criteria": [first, weaker]})
    assert keeps_criteria(old, more) == []
    assert [text.partition(" (check")[0] for text in keeps_criteria(old, fewer)] == [second.text, third.text]


def test_f22_a_criterion_may_gain_a_check_and_a_split_may_share_them_out() -> None:
    old = Brief(
        goal="Both pages exist and are linked.", criteria=[Criterion(text="A exists"), Criterion(text="B exists")]
    )
    one = old.model_copy(update={"criteria": [Criterion(text="a exists.", check="test -f a")]})
    two = old.model_copy(update={"criteria": [Criterion(text="B exists")]})
    assert keeps_criteria(old, one, two) == []
    assert keeps_criteria(old, one) == ["B exists"]


words = st.one_of(
    st.text(min_size=1, max_size=40),
    st.sampled_from(
        ["etc.", "the file", "if a then also b", "`x", '"', "/a/*", "ssh webb true", "first find out", "…"]
    ),
).filter(lambda text: bool(text.strip()))
texts = st.lists(words, max_size=3)
targets = st.builds(Target, path=words, host=words)
criteria = st.builds(Criterion, text=words, check=st.none() | st.text(max_size=40), host=words)
briefs = st.builds(
    Brief,
    goal=words,
    context=st.text(max_size=80),
    targets=st.lists(targets, max_size=3),
    steps=texts,
    criteria=st.lists(criteria, max_size=3),
    deliverables=texts,
    needs=texts,
    est_turns=st.integers(1, 200),
)
drafts = st.builds(
    TicketDraft,
    title=words,
    brief=briefs,
    assignee=st.sampled_from(["", "ginger", "cody", "default", "nobody"]),
    after=texts,
)


@given(st.lists(drafts, max_size=4))
@settings(max_examples=100, deadline=None)
def test_any_filing_is_linted_without_fail_and_always_alike(filing: list[TicketDraft]) -> None:
    before = [draft.model_copy(deep=True) for draft in filing]
    first = lint(filing, **BOARD)
    assert lint(filing, **BOARD) == first
    assert filing == before
    assert [found.title for found in first] == [draft.title for draft in filing]
    assert all(finding.message and finding.place for found in first for finding in found.findings)


@given(st.text(), st.text())
@settings(max_examples=100, deadline=None)
def test_any_body_is_linted_without_fail_and_always_alike(title: str, body: str) -> None:
    assert lint_body(title, body, ["webb"]) == lint_body(title, body, ["webb"])


def test_a_category_that_the_rubric_does_not_know_is_refused_with_those_it_does() -> None:
    (finding,) = lint_draft(change(weather_tile(), category="uii"), **BOARD)
    assert finding.code == "unknown-category"
    assert "did you mean ui?" in finding.message
    assert "research, ui, writing" in finding.message


def test_without_a_category_it_comes_back_unless_somebody_is_named(lint_one: Codes) -> None:
    assert lint_one(change(weather_tile(), category="")) == [("missing-part", "category")]
    assert lint_one(change(weather_tile(), category="", assignee="scout")) == []


@pytest.mark.parametrize("category", ["ui", "UI", "writing"])
def test_any_spelling_of_a_known_category_passes(category: str) -> None:
    assert [f.code for f in lint_draft(change(weather_tile(), category=category), **BOARD)] == []
