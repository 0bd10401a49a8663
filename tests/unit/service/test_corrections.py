""" "Not you. Cody.": how it may be meant, and what each reading would have changed."""

from datetime import date

import pytest

from kanban.dispatch.starts import read_subject
from kanban.domain.brief import Brief, Target
from kanban.domain.rubric import Condition
from kanban.domain.ticket import THE_PERSON
from kanban.errors import InvalidInput
from kanban.service.corrections import list_readings, make_rule, read_correction
from kanban.store.filing import NewTicket

SAID = "Not you. Cody."
TODAY = date(2026, 11, 28)


@pytest.fixture
def file(house):
    def file(title, category="", hosts=()):
        targets = [Target(path=f"/srv/{host}", host=host) for host in hosts]
        brief = Brief(goal=f"{title}.", targets=targets, category=category) if category or hosts else None
        return house.app.store.board.create_ticket(NewTicket(title, "Please.", brief), THE_PERSON, house.now)

    return file


def read(house, ticket_id, assign="cody"):
    queries = house.app.store.queries
    subject = read_subject(queries.get_ticket(ticket_id), queries)
    return read_correction(subject, house.app.live.rubric.current(), assign, SAID)


def weigh(house, rules):
    return list_readings(house.app.home, house.app.live.current(), house.app.store.queries, rules, SAID, TODAY)


def test_narrow_readings_are_offered_before_broad_ones(house, file):
    file("Align the header", "single-file")
    file("Rename a sensor", "single-file")
    wrong = file("Mend the sunset tile", "single-file")
    readings = weigh(house, read(house, wrong))
    conditions = [reading.rule.when for reading in readings]
    assert conditions[0] == Condition(category=["single-file"], words=["sunset"])
    assert conditions[-1] == Condition(category=["single-file"])
    assert [len(reading.effect.moved) for reading in readings] == [1, 1, 3]


def test_the_effect_names_each_ticket_and_where_it_would_have_gone(house, file):
    wrong = file("Mend the sunset tile", "single-file")
    effect = weigh(house, read(house, wrong))[0].effect
    assert str(effect) == "your only ticket would have gone elsewhere"
    (moved,) = effect.moved
    assert (moved.ticket_id, moved.title, moved.before, moved.after) == (wrong, "Mend the sunset tile", "scout", "cody")


def test_a_host_of_the_ticket_is_a_reading_and_this_machine_is_none(house, file):
    conditions = [rule.when for rule in read(house, file("Mend it", "", ["webb"]))]
    assert conditions == [Condition(hosts=["webb"])]
    assert all(not rule.when.hosts for rule in read(house, file("Mend the sunset tile", "ui", ["local"])))


def test_what_names_nothing_to_go_by_is_said(house, file):
    with pytest.raises(InvalidInput, match="no category, host or word"):
        read(house, file("Do it"))


def test_no_two_rules_have_one_name(house):
    rubric = house.app.live.rubric.current()
    first = make_rule(Condition(words=["Öfen & Rohre"]), "cody", SAID, rubric)
    assert first.name == "fen-rohre-to-cody"
    rubric = rubric.model_copy(update={"rules": [first, *rubric.rules]})
    assert make_rule(Condition(words=["Öfen & Rohre"]), "cody", SAID, rubric).name == "fen-rohre-to-cody-2"


def test_without_any_ticket_there_is_nothing_to_compare(house):
    rule = make_rule(Condition(words=["sunset"]), "cody", SAID, house.app.live.rubric.current())
    assert str(weigh(house, [rule])[0].effect) == "there is no ticket yet that it could have changed"
