"""What happens in a run, appended as it happens."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanban.domain.message import Message, Reply, Role, ToolCall, Usage
from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import THE_PERSON
from kanban.errors import MovedOn
from kanban.store.queries import add_costs
from kanban.store.records import Scribe
from kanban.store.runs import NewRun
from tests.unit.store.desk import LEASE, NOW

calls = st.builds(ToolCall, st.text(), st.text(), st.text())
messages = st.builds(
    Message, st.sampled_from(Role), st.text(), st.lists(calls, max_size=3).map(tuple), st.text(), st.text()
)


@pytest.fixture
def scribe(desk):
    run_id = desk.claim(desk.create())
    return Scribe(run_id, run_id)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(messages, max_size=5))
def test_a_transcript_reads_back_as_it_was_written(desk, transcript):
    run_id = desk.claim(desk.create())
    for seq, message in enumerate(transcript):
        desk.records.append_message(Scribe(run_id, run_id), seq, message, NOW)
    assert desk.records.read_transcript(run_id) == transcript


def test_a_reply_is_a_turn_and_its_cost_is_added_to_the_run(desk, scribe):
    call = ToolCall("c1", "shell", "not even json")
    desk.records.append_message(scribe, 0, Message(Role.USER, "go"), NOW + 1)
    desk.records.append_reply(scribe, 1, Reply("on it", (call,), Usage(100, 20, 0.25), "big"), NOW + 2)
    desk.records.append_reply(scribe, 2, Reply("done", (), Usage(150, 5, 0.5), "big"), NOW + 3)
    run = desk.queries.get_run(scribe.run_id)
    assert (run.turns, run.prompt_tokens, run.completion_tokens, run.cost_usd) == (2, 250, 25, 0.75)
    assert run.activity_at == NOW + 3 and not run.cost_unknown
    assert [(u.turn, u.model, u.cost_usd) for u in desk.queries.usage_of_run(run.id)] == [
        (1, "big", 0.25),
        (2, "big", 0.5),
    ]
    assert desk.records.read_transcript(run.id)[1] == Message(Role.ASSISTANT, "on it", (call,))


def test_a_cost_that_is_not_known_is_never_shown_as_a_sum(desk, scribe):
    desk.records.append_reply(scribe, 0, Reply("a", usage=Usage(1, 1, 0.5)), NOW)
    desk.records.append_reply(scribe, 1, Reply("b", usage=Usage(1, 1, None)), NOW)
    desk.records.append_reply(scribe, 2, Reply("c", usage=Usage(1, 1, 0.5)), NOW)
    run = desk.queries.get_run(scribe.run_id)
    assert (run.cost_usd, run.cost_unknown) == (1.0, True)
    assert add_costs([run]) is None
    assert desk.queries.view_ticket(run.ticket_id).cost_usd is None


def test_a_run_that_goes_on_appends_to_the_transcript_that_another_began(desk, scribe):
    desk.records.append_message(scribe, 0, Message(Role.USER, "go"), NOW)
    desk.end(scribe.run_id, Outcome.CRASHED)
    ticket_id = desk.queries.get_run(scribe.run_id).ticket_id
    again = NewRun(Purpose.WORK, "cody", "m", ticket_id, transcript_of=scribe.run_id)
    second = desk.runs.claim(again, NOW, LEASE)
    desk.records.append_reply(Scribe(second, scribe.run_id), 1, Reply("where was I"), NOW)
    assert [message.content for message in desk.queries.transcript(desk.queries.get_run(second))] == [
        "go",
        "where was I",
    ]
    assert [desk.queries.get_run(run_id).turns for run_id in (scribe.run_id, second)] == [0, 1]


def test_two_entries_never_take_the_same_place_in_a_transcript(desk, scribe):
    desk.records.append_message(scribe, 0, Message(Role.USER, "first"), NOW)
    with pytest.raises(Exception, match="UNIQUE"):
        desk.records.append_message(scribe, 0, Message(Role.USER, "second"), NOW)
    assert [message.content for message in desk.records.read_transcript(scribe.run_id)] == ["first"]


def test_a_run_that_has_ended_appends_nothing(desk, scribe):
    desk.end(scribe.run_id)
    for write in (
        lambda: desk.records.append_message(scribe, 0, Message(Role.USER, "late"), NOW),
        lambda: desk.records.append_reply(scribe, 0, Reply("late", usage=Usage(1, 1, 1.0)), NOW),
        lambda: desk.records.mark_progress(scribe.run_id, NOW + 1),
        lambda: desk.records.add_artifact(scribe.run_id, None, "a", "a", "file", 1, NOW),
    ):
        with pytest.raises(MovedOn, match="has ended"):
            write()
    run = desk.queries.get_run(scribe.run_id)
    assert (run.turns, run.cost_usd, run.activity_at) == (0, 0.0, NOW)
    assert desk.records.read_transcript(scribe.run_id) == [] and desk.queries.usage_of_run(scribe.run_id) == []


def test_a_call_is_marked_as_started_once_for_its_transcript(desk, scribe):
    assert not desk.records.was_started(scribe, "c1")
    desk.records.mark_started(scribe, "c1", NOW)
    assert desk.records.was_started(scribe, "c1") and not desk.records.was_started(scribe, "c2")
    with pytest.raises(MovedOn, match="'c1' was started before"):
        desk.records.mark_started(scribe, "c1", NOW)


def test_a_call_that_was_started_before_a_crash_is_known_to_the_next_run(desk, scribe):
    desk.records.mark_started(scribe, "c1", NOW)
    desk.end(scribe.run_id, Outcome.CRASHED)
    ticket_id = desk.queries.get_run(scribe.run_id).ticket_id
    second = desk.runs.claim(NewRun(Purpose.WORK, "cody", "m", ticket_id, transcript_of=scribe.run_id), NOW, LEASE)
    resumed = Scribe(second, scribe.run_id)
    assert desk.records.was_started(resumed, "c1")
    with pytest.raises(MovedOn):
        desk.records.mark_started(resumed, "c1", NOW)


def test_f30_output_counts_as_progress_and_a_renewed_lease_does_not(desk, scribe):
    desk.runs.renew(scribe.run_id, NOW + 500)
    assert desk.due.live_runs()[0].activity_at == NOW
    desk.records.mark_progress(scribe.run_id, NOW + 100)
    assert desk.due.live_runs()[0].activity_at == NOW + 100


def test_an_artifact_is_on_its_ticket(desk, scribe):
    ticket_id = desk.queries.get_run(scribe.run_id).ticket_id
    desk.records.add_artifact(scribe.run_id, ticket_id, "report.md", "runs/1/report.md", "file", 12, NOW)
    (artifact,) = desk.queries.view_ticket(ticket_id).artifacts
    assert (artifact.name, artifact.path, artifact.size) == ("report.md", "runs/1/report.md", 12)


def test_the_same_thing_is_remembered_once_and_found_by_its_words(desk):
    for text in ("The pump is a Solar-Assistant 3", "webb restarts with 100% CPU", "webb restarts with 100% CPU"):
        desk.records.remember("cody", None, text, NOW)
    assert [memory.text for memory in desk.queries.recall("")][1] == "The pump is a Solar-Assistant 3"
    assert [memory.text for memory in desk.queries.recall("what PUMP is it")] == ["The pump is a Solar-Assistant 3"]
    assert [memory.text for memory in desk.queries.recall("100% and")] == ["webb restarts with 100% CPU"]
    assert len(desk.queries.recall("")) == 2


def test_an_approval_is_used_up_by_the_call_that_it_was_given_for(desk, scribe):
    ticket_id = desk.queries.get_run(scribe.run_id).ticket_id
    approval_id = desk.ask_approval(scribe.run_id, ticket_id)
    with pytest.raises(MovedOn, match="is not given"):
        desk.records.mark_started(scribe, "c1", NOW, approval_id)
    assert not desk.records.was_started(scribe, "c1")
    desk.approvals.decide(approval_id, True, "", THE_PERSON, NOW)
    desk.records.mark_started(scribe, "c1", NOW + 1, approval_id)
    used = desk.approvals.get(approval_id)
    assert (used.status, used.used_at) == ("used", NOW + 1)
    with pytest.raises(MovedOn):
        desk.records.mark_started(scribe, "c2", NOW, approval_id)
