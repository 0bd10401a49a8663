"""Runs: a ticket is claimed once, a run lives while it renews its lease, and it ends once."""

import pytest
from sqlalchemy.exc import IntegrityError

from kanban.domain.authority import Verb
from kanban.domain.message import Message, Role
from kanban.domain.outcome import COUNTED, Ending, Outcome, Purpose, settle
from kanban.domain.ticket import THE_DISPATCHER, THE_PERSON, BlockReason, Caller, Mover
from kanban.errors import IllegalMove, MovedOn
from kanban.store.pauses import JITTER
from kanban.store.records import Scribe
from kanban.store.runs import NewRun, Process
from tests.unit.store.desk import GINGER, LEASE, NOW, runner

HERE = Process(4711, 12.5, "here")


def test_a_claim_takes_a_ready_ticket_and_says_why_in_the_log(desk, runs):
    ticket_id = desk.create()
    run = NewRun(Purpose.WORK, "cody", "m", ticket_id, route_reason="code is Cody's", hosts=("webb",), max_minutes=2)
    run_id = runs.claim(run, NOW, LEASE)
    ticket = desk.ticket(ticket_id)
    assert (ticket.status, ticket.run_id, ticket.assignee) == ("running", run_id, "cody")
    (live,) = desk.due.live_runs()
    assert (live.id, live.hosts, live.lease_until, live.deadline) == (run_id, ("webb",), NOW + LEASE, NOW + 120)
    claim = desk.queries.events_after(0, ticket_id)[-1]
    assert (claim.verb, claim.new_status, claim.run_id, claim.why) == ("claim", "running", run_id, "code is Cody's")


@pytest.mark.parametrize("how", ["todo", "triage", "running", "blocked", "done", "cancelled", "later", "unknown"])
def test_only_a_ready_ticket_whose_time_has_come_can_be_claimed(desk, runs, how):
    ticket_id = desk.create()
    match how:
        case "todo":
            ticket_id = desk.create(depends_on=[ticket_id])
        case "triage":
            ticket_id = desk.create(assignee="human")
        case "running":
            desk.claim(ticket_id)
        case "blocked":
            desk.board.block(ticket_id, BlockReason.OTHER, THE_PERSON, NOW)
        case "done":
            desk.finish(ticket_id)
        case "cancelled":
            desk.board.cancel(ticket_id, THE_PERSON, NOW)
        case "later":
            desk.block_by(ticket_id, Outcome.RATE_LIMITED)
        case "unknown":
            ticket_id = 99
    runs_before = desk.rows("SELECT * FROM run")
    events_before = desk.queries.last_event_id()
    assert runs.claim(NewRun(Purpose.WORK, "cody", "m", ticket_id), NOW, LEASE) is None
    assert desk.rows("SELECT * FROM run") == runs_before
    assert desk.queries.last_event_id() == events_before


def test_at_most_one_work_run_per_ticket_lives_and_the_database_itself_holds_it(desk, db):
    ticket_id = desk.create()
    desk.claim(ticket_id)
    second = """
        INSERT INTO run (ticket_id, purpose, profile, model, started_at, lease_until, activity_at)
        VALUES (?, 'work', 'scout', 'm', 0, 0, 0)"""
    with pytest.raises(IntegrityError, match="UNIQUE"), db.write() as tx:
        tx.exec_driver_sql(second, (ticket_id,))
    assert len(desk.due.live_runs()) == 1


@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE ticket SET status = 'running'",
        "UPDATE ticket SET status = 'blocked'",
        "UPDATE ticket SET status = 'lost'",
        "UPDATE ticket SET block_reason = 'other'",
        "UPDATE ticket SET run_id = 1",
        "UPDATE ticket SET open_dependencies = -1",
        "UPDATE run SET outcome = 'done'",
        "UPDATE run SET ended_at = 1",
        "UPDATE run SET ended_at = 1, outcome = 'great'",
        "INSERT INTO dependency VALUES (1, 1)",
        "INSERT INTO dependency VALUES (1, 99)",
        "UPDATE run SET reviewed = profile",
    ],
)
def test_the_database_refuses_a_state_that_cannot_be(desk, db, lie):
    desk.create()
    desk.runs.start(NewRun(Purpose.CHAT, "ginger", "m"), THE_PERSON, NOW, LEASE)
    with pytest.raises(IntegrityError), db.write() as tx:
        tx.exec_driver_sql(lie)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_leaves_the_ticket_where_settle_says(desk, outcome):
    ticket_id = desk.create()
    run_id = desk.block_by(ticket_id, outcome, explanation="so it was")
    target = settle(Ending(outcome))
    ticket, run = desk.ticket(ticket_id), desk.queries.get_run(run_id)
    assert (ticket.status, ticket.block_reason, ticket.run_id) == (target.status, target.block_reason, None)
    assert (run.outcome, run.ended_at) == (outcome, NOW)
    assert run.error == ("" if outcome is Outcome.DONE else "so it was")
    assert desk.due.live_runs() == []


def test_the_question_of_a_blocked_worker_is_on_the_ticket(desk):
    ticket_id = desk.create()
    desk.block_by(ticket_id, Outcome.BLOCKED, question="Which pump?", block_reason=BlockReason.NEEDS_INPUT)
    ticket = desk.ticket(ticket_id)
    assert (ticket.block_reason, ticket.explanation) == ("needs_input", "Which pump?")


def test_what_was_accomplished_is_kept_on_the_ticket(desk, runs):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    runs.end(run_id, Ending(Outcome.DONE), runner(run_id), NOW, summary="pump replaced")
    assert desk.ticket(ticket_id).summary == "pump replaced"


def test_a_run_ends_once(desk):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    desk.end(run_id)
    with pytest.raises(MovedOn, match=f"run {run_id} has ended"):
        desk.end(run_id, Outcome.FAILED)
    assert desk.status(ticket_id) == "done"


def test_a_worker_cannot_call_its_own_run_stale_nor_the_dispatcher_call_it_done(desk):
    run_id = desk.claim(desk.create())
    with pytest.raises(IllegalMove):
        desk.end(run_id, Outcome.STALE, by=runner(run_id))
    with pytest.raises(IllegalMove):
        desk.end(run_id, Outcome.DONE, by=THE_DISPATCHER)
    assert [run.id for run in desk.due.live_runs()] == [run_id]


def test_a_run_that_was_given_up_as_lost_can_write_nothing_that_matters(desk, runs):
    ticket_id = desk.create()
    lost = desk.claim(ticket_id)
    desk.end(lost, Outcome.CRASHED, by=THE_DISPATCHER, now=NOW + LEASE)
    rescuer = desk.claim(ticket_id, "scout", now=NOW + LEASE)

    assert not runs.renew(lost, NOW + 2 * LEASE)
    scribe, ginger = Scribe(lost, lost), Caller(Mover.ORCHESTRATOR, "ginger", lost)
    for write in (
        lambda: desk.end(lost, Outcome.DONE),
        lambda: desk.end(lost, Outcome.BLOCKED),
        lambda: runs.adopt(lost, HERE, "w", NOW),
        lambda: desk.records.append_message(scribe, 0, Message(Role.USER, "late"), NOW),
        lambda: desk.records.mark_started(scribe, "c1", NOW),
        lambda: desk.records.mark_progress(lost, NOW),
        lambda: desk.records.add_artifact(lost, ticket_id, "a", "a", "file", 1, NOW),
        lambda: desk.ask_approval(lost, ticket_id),
        lambda: desk.board.comment(ticket_id, runner(lost), "late", NOW),
        lambda: desk.board.note(ticket_id, Verb.CHECK_PASSED, "late", runner(lost), NOW),
        lambda: desk.create("late", by=ginger),
        lambda: desk.board.cancel(ticket_id, ginger, NOW),
    ):
        with pytest.raises(MovedOn):
            write()

    assert (desk.status(ticket_id), desk.ticket(ticket_id).run_id) == ("running", rescuer)
    desk.end(rescuer)
    assert desk.status(ticket_id) == "done"


@pytest.mark.parametrize("verb", ["block", "cancel"])
def test_stopping_a_running_ticket_fences_its_run_off_at_once(desk, runs, verb):
    ticket_id = desk.create()
    run_id = desk.claim(ticket_id)
    if verb == "block":
        desk.board.block(ticket_id, BlockReason.OTHER, THE_PERSON, NOW)
    else:
        desk.board.cancel(ticket_id, THE_PERSON, NOW)
    assert not runs.renew(run_id, NOW + LEASE)
    with pytest.raises(MovedOn):
        desk.end(run_id)
    assert desk.queries.get_run(run_id).outcome == "cancelled"
    assert desk.status(ticket_id) == ("blocked" if verb == "block" else "cancelled")


def test_f08_a_fresh_claim_has_a_lease_and_an_activity_of_its_own(desk, runs):
    ticket_id = desk.create()
    first = desk.claim(ticket_id)
    runs.renew(first, NOW + 5)
    desk.records.mark_progress(first, NOW + 5)
    desk.end(first, Outcome.FAILED, now=NOW + 6)
    much_later = NOW + 100_000
    second = desk.claim(ticket_id, now=much_later)
    (live,) = desk.due.live_runs()
    assert (live.id, live.lease_until, live.activity_at) == (second, much_later + LEASE, much_later)
    assert (live.pid, live.pid_started, live.hostname, live.deadline) == (None, None, None, None)


def test_f09_a_run_knows_its_process_by_number_start_and_machine_and_has_only_one(desk, runs):
    run_id = desk.claim(desk.create())
    runs.adopt(run_id, HERE, "/w/1", NOW + 2 * LEASE)
    (live,) = desk.due.live_runs()
    assert Process(live.pid, live.pid_started, live.hostname) == HERE
    assert (live.lease_until, desk.queries.get_run(run_id).workspace) == (NOW + 2 * LEASE, "/w/1")
    with pytest.raises(MovedOn, match="another process"):
        runs.adopt(run_id, Process(4712, 13.0, "here"), "/w/2", NOW)


@pytest.mark.parametrize("outcome", [Outcome.RATE_LIMITED, Outcome.MODEL_DOWN])
def test_f13_a_model_that_turns_a_run_away_is_paused_with_the_ticket_and_never_counted(desk, outcome):
    ticket_id = desk.create()
    later = NOW
    for pause in (30, 60, 120):
        run_id = desk.claim(ticket_id, now=later)
        desk.end(run_id, outcome, now=later)
        until = desk.pauses.active(later)["m"].until
        assert (desk.status(ticket_id), desk.ticket(ticket_id).not_before) == ("ready", until)
        assert later + pause <= until <= later + pause * (1 + JITTER)
        assert desk.due.ready_tickets(until - 1, 10) == []
        later = until
        assert desk.due.ready_tickets(later, 10) == [ticket_id]
    assert desk.due.failures_by_profile(ticket_id, Purpose.WORK) == {}


def test_f13_the_pause_that_the_provider_asked_for_is_kept(desk):
    ticket_id = desk.create()
    desk.block_by(ticket_id, Outcome.RATE_LIMITED, retry_after=400.0)
    assert NOW + 400 <= desk.ticket(ticket_id).not_before <= NOW + 400 * (1 + JITTER)


def test_failures_count_per_profile_until_the_person_lets_the_ticket_go_on(desk):
    ticket_id = desk.create()
    for outcome in Outcome:
        if settle(Ending(outcome)).status == "ready":
            desk.end(desk.claim(ticket_id, now=NOW), outcome, now=NOW - 7200)
            desk.end(desk.claim(ticket_id, "scout", now=NOW), outcome, now=NOW - 7200)
    assert desk.due.failures_by_profile(ticket_id, Purpose.WORK) == {"cody": len(COUNTED), "scout": len(COUNTED)}
    desk.board.hold_back(ticket_id, BlockReason.FAILURE_LIMIT, "enough", NOW)
    desk.board.unblock(ticket_id, GINGER, NOW + 1)
    assert desk.due.failures_by_profile(ticket_id, Purpose.WORK)["cody"] == len(COUNTED)
    desk.board.hold_back(ticket_id, BlockReason.FAILURE_LIMIT, "enough", NOW + 1)
    desk.board.unblock(ticket_id, THE_PERSON, NOW + 2)
    assert desk.due.failures_by_profile(ticket_id, Purpose.WORK) == {}


def test_runs_of_other_purposes_leave_the_ticket_alone_and_are_one_of_a_kind(desk, runs):
    ticket_id = desk.create(assignee="default")
    split = NewRun(Purpose.DECOMPOSE, "ginger", "m", ticket_id)
    run_id = runs.start(split, THE_DISPATCHER, NOW, LEASE)
    assert runs.start(split, THE_DISPATCHER, NOW, LEASE) is None
    assert desk.due.to_decompose() == []
    runs.end(run_id, Ending(Outcome.FAILED), THE_DISPATCHER, NOW)
    assert desk.status(ticket_id) == "triage" and desk.due.to_decompose() == [ticket_id]
    assert runs.start(split, THE_DISPATCHER, NOW, LEASE) is not None


def test_a_request_is_answered_by_one_run_at_a_time(desk, runs):
    request_id = desk.requests.open("do it", THE_PERSON, NOW)
    answer = NewRun(Purpose.SYNTHESIZE, "ginger", "m", request_id=request_id)
    assert runs.start(answer, THE_DISPATCHER, NOW, LEASE) is not None
    assert runs.start(answer, THE_DISPATCHER, NOW, LEASE) is None


def test_what_was_reopened_meanwhile_is_waited_for_again_when_the_run_is_handed_back(desk):
    first = desk.create()
    desk.finish(first)
    second = desk.create(depends_on=[first])
    run_id = desk.claim(second)
    desk.board.reopen(first, THE_PERSON, NOW)
    desk.end(run_id, Outcome.CRASHED)
    assert desk.status(second) == "todo"
    desk.finish(first, second)
    assert desk.statuses(first, second) == ["done", "done"]
