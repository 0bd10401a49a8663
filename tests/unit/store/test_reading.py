"""Reading never writes, and costs the same on a board of any size."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from kanban.domain.message import Reply
from kanban.domain.outcome import Outcome, Purpose
from kanban.domain.ticket import THE_PERSON, BlockReason
from kanban.store.db import Database
from kanban.store.due import DueWork
from kanban.store.filing import NewTicket
from kanban.store.leadership import Leadership
from kanban.store.queries import Queries, TicketFilter
from kanban.store.records import Scribe
from kanban.store.runs import NewRun, Process
from tests.unit.store.desk import GINGER, LEASE, NOW

QUERIES = {
    "get_ticket": lambda q: q.get_ticket(1),
    "view_ticket": lambda q: q.view_ticket(1),
    "list_tickets": lambda q: q.list_tickets(TicketFilter()),
    "count_tickets": lambda q: q.count_tickets(TicketFilter()),
    "waiting_for_person": lambda q: q.waiting_for_person(),
    "count_by_status": lambda q: q.count_by_status(),
    "tickets_of_request": lambda q: q.tickets_of_request(1),
    "read_brief": lambda q: q.read_brief(1),
    "brief_versions": lambda q: q.brief_versions(1),
    "briefs_worked_on_since": lambda q: q.briefs_worked_on_since(0, 1, but=2),
    "is_private": lambda q: q.is_private(1),
    "find_private": lambda q: q.find_private([1, 2]),
    "dependencies": lambda q: q.dependencies(2),
    "dependents": lambda q: q.dependents(2),
    "comments": lambda q: q.comments(1, 5),
    "get_run": lambda q: q.get_run(1),
    "runs_of_ticket": lambda q: q.runs_of_ticket(1),
    "runs_of_request": lambda q: q.runs_of_request(1),
    "last_run": lambda q: q.last_run(1, Purpose.WORK),
    "transcript": lambda q: q.transcript(q.get_run(1)),
    "transcript_length": lambda q: q.transcript_length(q.get_run(1)),
    "get_request": lambda q: q.get_request(1),
    "list_requests": lambda q: q.list_requests(),
    "requests_without_answer": lambda q: q.requests_without_answer(),
    "broke_off_after_words": lambda q: q.broke_off_after_words(q.get_request(1)),
    "last_talk": lambda q: q.last_talk(1),
    "last_conversation": lambda q: q.last_conversation(),
    "requests_of_conversation": lambda q: q.requests_of_conversation(1),
    "events_after": lambda q: [q.events_after(0), q.events_after(0, 1)],
    "last_events": lambda q: q.last_events(1, 5),
    "investigations": lambda q: q.investigations(1),
    "investigations_of_block": lambda q: q.investigations_of_block(1),
    "last_event_id": lambda q: q.last_event_id(),
    "get_memory": lambda q: q.get_memory(1),
    "recall": lambda q: q.recall("pump"),
    "usage_of_run": lambda q: q.usage_of_run(1),
    "dispatcher": lambda q: q.dispatcher(),
    "mishaps_since": lambda queries: queries.mishaps_since(0.0),
}
DUE = {
    "is_anything_due": lambda d: d.is_anything_due(NOW),
    "live_runs": lambda d: d.live_runs(),
    "promotable": lambda d: d.promotable(NOW),
    "to_decompose": lambda d: d.to_decompose(),
    "ready_tickets": lambda d: d.ready_tickets(NOW, 10),
    "to_synthesize": lambda d: d.to_synthesize(),
    "to_review": lambda d: d.to_review(),
    "to_diagnose": lambda d: d.to_diagnose(),
    "failures_by_profile": lambda d: d.failures_by_profile(1, Purpose.WORK),
    "count_synthesize_failures": lambda d: d.count_synthesize_failures(1),
    "count_runs": lambda d: d.count_runs(1),
    "to_talk": lambda d: d.to_talk(),
    "count_talk_failures": lambda d: d.count_talk_failures(1),
}


@pytest.fixture
def busy(desk):
    """A board with something of everything."""
    request_id = desk.requests.open("see to the pump", THE_PERSON, NOW)
    first = desk.create(request_id=request_id)
    desk.create(request_id=request_id, depends_on=[first])
    run_id = desk.claim(first)
    desk.records.append_reply(Scribe(run_id, run_id), 0, Reply("hello"), NOW)
    desk.board.comment(first, THE_PERSON, "hello", NOW)
    desk.records.remember("cody", run_id, "the pump is old", NOW)
    desk.end_talk(request_id)
    desk.board.block(desk.create(), BlockReason.OTHER, THE_PERSON, NOW)
    desk.create(assignee="default")
    Leadership(desk.db, Process(1, 1.0, "here")).take(NOW, LEASE)
    return desk


def public(kind):
    return {name for name in vars(kind) if not name.startswith("_")}


def test_these_tables_hold_every_question_that_there_is():
    assert set(QUERIES) == public(Queries) and set(DUE) == public(DueWork)


def test_f17_reading_never_writes(busy, path):
    watcher = Database(path)
    before = (watcher.data_version(), busy.total_changes())
    told = [ask(busy.queries) for ask in QUERIES.values()] + [ask(busy.due) for ask in DUE.values()]
    assert all(answer is not None for answer in told)
    assert (watcher.data_version(), busy.total_changes()) == before
    watcher.close()


def test_the_board_notices_that_another_has_written(busy, path):
    watcher = Database(path)
    before = watcher.data_version()
    busy.create()
    assert watcher.data_version() != before
    watcher.close()


def test_f29_an_idle_board_has_nothing_due_and_asking_writes_nothing(desk):
    desk.finish(*desk.board.file_tickets([NewTicket(str(n)) for n in range(50)], GINGER, NOW).tickets)
    desk.board.block(desk.create(), BlockReason.OTHER, THE_PERSON, NOW)
    desk.create(assignee="human")
    desk.create(not_before=NOW + 100)
    before = desk.total_changes()
    assert not desk.due.is_anything_due(NOW)
    assert desk.total_changes() == before
    assert desk.due.is_anything_due(NOW + 100)


@pytest.mark.parametrize(
    "thing", ["live run", "promotable", "ready", "decompose", "synthesize", "review", "diagnose", "talk"]
)
def test_each_kind_of_work_makes_a_tick_worth_while(desk, thing):
    assert not desk.due.is_anything_due(NOW)
    match thing:
        case "live run":
            desk.runs.start(NewRun(Purpose.CHAT, "ginger", "m"), THE_PERSON, NOW, LEASE)
        case "promotable":
            desk.create(not_before=NOW + 1)
            assert not desk.due.is_anything_due(NOW)
            assert desk.due.is_anything_due(NOW + 1)
            return
        case "ready":
            desk.create()
        case "decompose":
            desk.create(assignee="default")
        case "review":
            desk.to_review(desk.create())
        case "diagnose":
            desk.block_by(desk.create(), Outcome.BLOCKED)
        case "talk":
            request_id = desk.requests.open("do it", THE_PERSON, NOW)
            desk.end_talk(request_id, outcome=Outcome.INFRASTRUCTURE)
        case "synthesize":
            request_id = desk.requests.open("do it", THE_PERSON, NOW)
            ticket_id = desk.create(request_id=request_id)
            desk.end_talk(request_id)
            desk.board.cancel(ticket_id, THE_PERSON, NOW)
    assert desk.due.is_anything_due(NOW)


@contextmanager
def statements_of(db):
    """The statements that are executed in the block, with their values."""
    heard = []

    def hear(connection, cursor, statement, values, context, many):
        heard.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", hear)
    yield heard
    event.remove(db.engine, "before_cursor_execute", hear)


def plan_of(db, ask):
    """How SQLite means to carry out what `ask` does: one line per step."""
    with statements_of(db) as heard:
        ask()
    return [row.detail for statement, values in heard for row in db.read(f"EXPLAIN QUERY PLAN {statement}", values)]


def scans(plan):
    """Steps that read a whole table or index, the small ones of what is open, live or to be diagnosed aside."""
    small = ("ix_ticket_open", "ix_run_live", "ix_ticket_diagnosis", "ix_request_talk")
    return [
        step for step in plan if step.startswith("SCAN") and step != "SCAN CONSTANT ROW" and not step.endswith(small)
    ]


def test_f29_the_plan_of_an_idle_tick_touches_indexes_only(busy):
    plan = plan_of(busy.db, lambda: busy.due.is_anything_due(NOW))
    assert plan and scans(plan) == []
    assert all("INDEX" in step for step in plan if step.startswith(("SEARCH", "SCAN")) and "CONSTANT" not in step)


@pytest.mark.parametrize("name", DUE)
def test_what_a_tick_asks_reads_no_whole_table(busy, name):
    plan = plan_of(busy.db, lambda: DUE[name](busy.due))
    assert plan and scans(plan) == []


# Whole tables are read here by intent: the newest rows first up to a limit, or a count of everything.
WHOLE = {"count_by_status", "count_tickets", "list_requests", "last_conversation", "requests_of_conversation", "recall"}


@pytest.mark.parametrize("name", sorted(QUERIES.keys() - WHOLE))
def test_what_people_and_prompts_look_at_reads_no_whole_table(busy, name):
    plan = plan_of(busy.db, lambda: QUERIES[name](busy.queries))
    assert plan and scans(plan) == []


@pytest.mark.parametrize(
    "wanted", [TicketFilter(statuses=["done"]), TicketFilter(statuses=["ready", "blocked"]), TicketFilter(request_id=1)]
)
def test_a_narrower_list_reads_no_whole_table(busy, wanted):
    assert scans(plan_of(busy.db, lambda: busy.queries.list_tickets(wanted))) == []


def test_what_changes_a_ticket_reads_no_whole_table(busy):
    def live_a_life():
        request_id = busy.requests.open("do it", THE_PERSON, NOW)
        first = busy.create(request_id=request_id, idempotency_key="k", content_hash="h")
        second = busy.create(request_id=request_id, depends_on=[first])
        run_id = busy.claim(first)
        busy.runs.renew(run_id, NOW)
        busy.records.append_reply(Scribe(run_id, run_id), 0, Reply("hello"), NOW)
        approval_id = busy.ask_approval(run_id, first)
        busy.approvals.decide(approval_id, True, "", THE_PERSON, NOW)
        busy.records.mark_started(Scribe(run_id, run_id), "c1", NOW, approval_id)
        busy.end(run_id)
        busy.board.promote(second, NOW)
        busy.board.reopen(first, THE_PERSON, NOW)
        busy.board.cancel(first, THE_PERSON, NOW)
        busy.board.unblock(second, THE_PERSON, NOW)
        busy.board.edit(second, THE_PERSON, NOW, body="new")
        busy.board.hold_back(second, BlockReason.UNROUTABLE, "", NOW)

    with statements_of(busy.db) as heard:
        live_a_life()
    plans = [
        row.detail
        for statement, values in heard
        if statement.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")
        for row in busy.db.read(f"EXPLAIN QUERY PLAN {statement}", values)
    ]
    assert len(heard) > 60 and scans(plans) == []


def test_tickets_are_listed_newest_first_and_what_is_settled_only_when_asked_for(desk):
    open_one, done, other = desk.create("Fix 100% of it"), desk.create(), desk.create(assignee="scout")
    desk.finish(done)

    def listed(**wanted):
        return [ticket.id for ticket in desk.queries.list_tickets(TicketFilter(**wanted))]

    assert listed() == [other, open_one]
    assert listed(everything=True) == [other, done, open_one]
    assert listed(statuses=["done"]) == [done]
    assert listed(assignee="scout") == [other]
    assert listed(text="100%") == [open_one] and listed(text="%") == [open_one] and listed(text="_") == []
    assert listed(everything=True, limit=1, offset=1) == [done]
    assert desk.queries.count_by_status() == {"ready": 2, "done": 1}


def test_ready_tickets_come_by_priority_and_oldest_first_within_it(desk):
    low, high, also_high, normal = (desk.create(priority=p) for p in (-1, 5, 5, 0))
    assert desk.due.ready_tickets(NOW, 10) == [high, also_high, normal, low]
    assert desk.due.ready_tickets(NOW, 2, offset=1) == [also_high, normal]
