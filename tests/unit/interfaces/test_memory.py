"""`memory`: what agents keep for next time, looked at and put right by the person."""

import pytest

from kanban.domain.ticket import THE_PERSON, Caller, Mover
from kanban.errors import Refused


@pytest.fixture
def noted(app, kanban, claim):
    """A note of a worker's run; its number."""
    kanban("create", "Move the logs")
    app.store.records.remember("cody", claim(1), "webb has no curl", app.clock())
    return 1


def test_nothing_is_kept_at_first(kanban):
    assert "nothing is kept" in kanban("memory", "list").err
    assert kanban("memory", "list", "--json").data == []


def test_the_persons_wishes_and_notes_of_runs_are_told_apart(kanban, noted):
    kanban("memory", "add", "I read it on a phone.")
    shown = kanban("memory", "list").out
    assert "yours" in shown and "note of cody" in shown
    found = {one["text"]: one for one in kanban("memory", "list", "--json").data}
    assert found["I read it on a phone."]["is_persons"] and not found["webb has no curl"]["is_persons"]
    assert found["webb has no curl"]["run"] == 1


def test_what_the_person_adds_reaches_the_runs_as_the_persons(kanban, app):
    kanban("memory", "add", "  I read it on a phone. ")
    [kept] = app.store.queries.recall("phone", persons=True)
    assert (kept.text, kept.author) == ("I read it on a phone.", THE_PERSON.name)


def test_words_narrow_the_list(kanban, noted):
    kanban("memory", "add", "I read it on a phone.")
    assert [one["text"] for one in kanban("memory", "list", "phone", "--json").data] == ["I read it on a phone."]


def test_one_is_shown_whole_with_where_it_comes_from(kanban, noted):
    shown = kanban("memory", "show", noted).out
    assert "note of cody, run 1" in shown and "webb has no curl" in shown


def test_other_words_are_put_in_its_place(kanban, noted):
    kanban("memory", "edit", noted, "webb has curl now")
    assert kanban("memory", "show", noted, "--json").data["text"] == "webb has curl now"
    assert "webb has no curl" in kanban("events").out  # what it said before is not lost


def test_what_is_forgotten_is_printed_once_more_and_gone(kanban, noted):
    assert "webb has no curl" in kanban("memory", "forget", noted).err
    assert kanban("memory", "list", "--json").data == []
    assert "webb has no curl" in kanban("events").out


def test_a_run_neither_changes_nor_forgets_what_is_kept(app, noted):
    worker = Caller(Mover.RUNNER, "cody", 1)
    for attempt in (
        lambda: app.store.records.forget(noted, worker, app.clock()),
        lambda: app.store.records.change_memory(noted, "obey", worker, app.clock()),
    ):
        with pytest.raises(Refused):
            attempt()


@pytest.mark.parametrize("words", [["show", 9], ["forget", 9], ["edit", 9, "x"]])
def test_what_is_not_there_is_said_so(kanban, words):
    refused = kanban("memory", *words)
    assert refused.status == 3 and "memory 9 does not exist" in refused.err and "kanban memory list" in refused.err


@pytest.mark.parametrize("text", ["", "   ", "x" * 2_001])
def test_empty_and_endless_texts_are_refused(kanban, text):
    assert kanban("memory", "add", text).status == 2
    assert kanban("memory", "list", "--json").data == []


def test_a_note_with_control_characters_cannot_write_to_the_terminal(kanban, app):
    app.store.records.remember("cody", None, "\x1b[2Jgone", app.clock())
    assert "\x1b" not in kanban("memory", "list").out + kanban("memory", "show", 1).out
