"""Who is at the other end of a command: the person, or a run that started it from its shell."""

import os

import pytest

from kanban.domain.outcome import Purpose
from kanban.domain.ticket import THE_PERSON, Caller, Mover
from kanban.errors import HomeError, Refused
from kanban.execution.processes import process_started
from kanban.files.settings import RUN_VARIABLE
from kanban.service.identity import identify_caller, require_person
from kanban.store.runs import Process


@pytest.fixture(autouse=True)
def outside_of_runs(monkeypatch):
    monkeypatch.delenv(RUN_VARIABLE, raising=False)


def adopt(house, run_id, pid, started=None):
    started = process_started(pid) if started is None else started
    house.app.store.runs.adopt(run_id, Process(pid, started, "here"), "", house.clock() + 60)


def test_a_person_is_a_person(house):
    house.claim(house.ticket())
    assert identify_caller(house.app.store.due) == THE_PERSON


def test_f26_a_command_in_the_environment_of_a_run_is_that_run(house, monkeypatch):
    run_id = house.claim(house.ticket())
    monkeypatch.setenv(RUN_VARIABLE, str(run_id))
    assert identify_caller(house.app.store.due) == Caller(Mover.RUNNER, "cody", run_id)


def test_the_mark_of_a_run_that_has_ended_makes_nobody_a_person(house, monkeypatch):
    run_id = house.claim(house.ticket())
    house.lose(run_id)
    monkeypatch.setenv(RUN_VARIABLE, str(run_id))
    assert identify_caller(house.app.store.due) == Caller(Mover.RUNNER, "an ended run", run_id)


@pytest.mark.parametrize("mark", ["", "0x1", "-1", "1 or 1", "9" * 40])
def test_a_mark_that_cannot_be_read_is_an_error_and_not_a_person(house, monkeypatch, mark):
    monkeypatch.setenv(RUN_VARIABLE, mark)
    with pytest.raises(HomeError, match=RUN_VARIABLE):
        identify_caller(house.app.store.due)


def test_f26_a_process_that_cleaned_its_environment_is_known_by_what_started_it(house):
    run_id = house.claim(house.ticket())
    adopt(house, run_id, os.getppid())
    assert identify_caller(house.app.store.due) == Caller(Mover.RUNNER, "cody", run_id)


def test_f09_a_process_that_has_the_number_of_a_run_but_another_start_is_none(house):
    adopt(house, house.claim(house.ticket()), os.getppid(), started=1.0)
    assert identify_caller(house.app.store.due) == THE_PERSON


def test_a_run_beside_this_process_is_not_above_it(house):
    adopt(house, house.claim(house.ticket()), os.getpid())
    assert identify_caller(house.app.store.due) == THE_PERSON


def test_a_talk_makes_the_person_who_talks_no_agent(house):
    request_id = house.app.store.requests.open("Hello.", THE_PERSON, house.clock())
    adopt(house, house.start(Purpose.CHAT, request_id=request_id), os.getppid())
    assert identify_caller(house.app.store.due) == THE_PERSON


@pytest.mark.parametrize(
    "caller",
    [Caller(Mover.RUNNER, "cody", 3), Caller(Mover.ORCHESTRATOR, "ginger", 4), Caller(Mover.PERSON, "person", 5)],
)
def test_what_is_for_the_person_is_refused_to_every_run(caller):
    require_person(THE_PERSON, "approving")
    with pytest.raises(Refused, match=f"approving is for the person only.*run {caller.run_id}"):
        require_person(caller, "approving")
