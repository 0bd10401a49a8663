"""What is seen when the drafts of one filing lie side by side."""

from kanban.briefs.lint import content_hash, lint
from kanban.domain.brief import TicketDraft
from tests.support.briefs import solar_manufacturer, solar_methodology, weather_tile
from tests.unit.briefs.conftest import BOARD, change, codes


def after(draft: TicketDraft, *titles: str) -> TicketDraft:
    return draft.model_copy(update={"after": list(titles)})


def test_a_draft_may_wait_for_another_of_the_same_filing() -> None:
    first, second = solar_methodology(), solar_manufacturer("EG4")
    assert all(found.passed for found in lint([after(second, first.title), first], **BOARD))


def test_an_unknown_wait_is_named_with_the_likely_title() -> None:
    first, second = solar_methodology(), after(solar_manufacturer("EG4"), "Write the Solar-Assistant methodology")
    _, found = lint([first, second], **BOARD)
    assert codes(found.findings) == [("unknown-after", "after[0]")]
    assert f"did you mean {first.title}?" in found.findings[0].message


def test_a_wait_must_mean_exactly_one_draft() -> None:
    one, twin = weather_tile(), weather_tile(host="musial")
    *_, found = lint([one, twin, after(solar_methodology(), one.title)], **BOARD)
    assert codes(found.findings) == [("unknown-after", "after[0]")]


def test_drafts_that_wait_for_each_other_are_named() -> None:
    a, b, c = (solar_manufacturer(name) for name in ("EG4", "SMA", "Solis"))
    free, *ring = lint([c, after(a, b.title), after(b, a.title)], **BOARD)
    assert free.passed
    assert [codes(found.findings) for found in ring] == [[("after-cycle", "after")]] * 2


def test_a_draft_that_waits_for_itself_is_named() -> None:
    draft = weather_tile()
    (found,) = lint([after(draft, draft.title)], **BOARD)
    assert codes(found.findings) == [("after-cycle", "after")]


def test_f24_the_same_draft_twice_in_a_filing_is_named_once() -> None:
    first, second = lint([weather_tile(), weather_tile()], **BOARD)
    assert first.passed
    assert codes(second.findings) == [("duplicate", "title")]


def test_the_content_hash_ignores_case_spacing_and_order() -> None:
    draft = change(weather_tile(), targets=[{"path": "/a", "host": "webb"}, {"path": "/b", "host": "webb"}])
    same = change(draft, goal=draft.brief.goal.upper().replace(" ", "  "), targets=draft.brief.targets[::-1])
    assert content_hash(same) == content_hash(draft)


def test_the_content_hash_tells_other_work_apart() -> None:
    others = [weather_tile(host="musial"), weather_tile(page="/srv/index.html"), solar_manufacturer("EG4")]
    hashes = {content_hash(draft) for draft in [weather_tile(), solar_manufacturer("SMA"), *others]}
    assert len(hashes) == 5
