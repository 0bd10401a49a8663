"""Whatever is done to a board, in whatever order, what must always hold does hold."""

import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from kanban.domain.outcome import Outcome
from kanban.domain.ticket import SETTLED, THE_DISPATCHER, THE_PERSON, BlockReason, Status
from kanban.errors import KanbanError, MovedOn
from kanban.store.filing import NewTicket
from tests.unit.store.desk import GINGER, LEASE, NOW, Desk, runner

any_of = st.integers(min_value=0, max_value=1_000)
planners = st.sampled_from([THE_PERSON, GINGER])
assignees = st.sampled_from([None, "cody", "scout", "default", "human"])
MOST_TICKETS = 12


class BoardMachine(RuleBasedStateMachine):
    template: Path

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.desk = Desk(shutil.copy(self.template, self.folder / "board.db"))
        self.now = NOW
        self.ended = []

    def tickets(self):
        return [row[0] for row in self.desk.rows("SELECT id FROM ticket ORDER BY id")]

    def ticket(self, pick):
        tickets = self.tickets()
        return tickets[pick % len(tickets)]

    def live(self):
        return [run.id for run in self.desk.due.live_runs()]

    def has_tickets(self):
        return bool(self.tickets())

    def has_room(self):
        return len(self.tickets()) < MOST_TICKETS

    @contextmanager
    def all_or_nothing(self):
        """The act may be refused; then the board is as it was."""
        before = self.snapshot()
        try:
            yield
        except KanbanError:
            assert self.snapshot() == before

    def snapshot(self):
        tables = ("ticket", "run", "dependency", "request", "brief", "comment", "event")
        return {table: self.desk.rows(f"SELECT * FROM {table}") for table in tables}

    @rule(words=st.text(max_size=3))
    def ask(self, words):
        self.desk.requests.open(words, THE_PERSON, self.now)

    @precondition(has_room)
    @rule(
        picks=st.lists(any_of, max_size=3),
        assignee=assignees,
        wait=st.sampled_from([0, 0, 50]),
        request=any_of,
        content=st.sampled_from([None, "x", "y"]),
        caller=planners,
    )
    def create(self, picks, assignee, wait, request, content, caller):
        needed = [self.ticket(pick) for pick in picks] if self.has_tickets() else []
        requests = [None, *(row[0] for row in self.desk.rows("SELECT id FROM request"))]
        with self.all_or_nothing():
            self.desk.create(
                by=caller,
                now=self.now,
                request_id=requests[request % len(requests)],
                depends_on=needed,
                assignee=assignee,
                not_before=self.now + wait if wait else 0.0,
                content_hash=content,
            )

    @rule(seconds=st.sampled_from([1, 60, 4000]))
    def pass_time(self, seconds):
        self.now += seconds

    @precondition(has_tickets)
    @rule(pick=any_of, profile=st.sampled_from(["cody", "scout"]))
    def claim(self, pick, profile):
        self.desk.claim(self.ticket(pick), profile, self.now)

    @precondition(lambda self: self.live())
    @rule(pick=any_of, outcome=st.sampled_from(Outcome), by_dispatcher=st.booleans())
    def end(self, pick, outcome, by_dispatcher):
        run_id = self.live()[pick % len(self.live())]
        with self.all_or_nothing():
            self.desk.end(run_id, outcome, by=THE_DISPATCHER if by_dispatcher else runner(run_id), now=self.now)
            self.ended.append(run_id)

    @rule()
    def rescue_the_lost(self):
        self.now += LEASE
        for run in self.desk.due.live_runs():
            if run.lease_until <= self.now:
                self.desk.end(run.id, Outcome.CRASHED, by=THE_DISPATCHER, now=self.now)
                self.ended.append(run.id)

    @precondition(lambda self: self.ended)
    @rule(pick=any_of, outcome=st.sampled_from(Outcome))
    def write_late(self, pick, outcome):
        run_id = self.ended[pick % len(self.ended)]
        ticket_id = self.desk.queries.get_run(run_id).ticket_id
        before = self.snapshot()
        for write in (
            lambda: self.desk.end(run_id, outcome, now=self.now),
            lambda: self.desk.board.comment(ticket_id, runner(run_id), "late", self.now),
            lambda: self.desk.records.mark_progress(run_id, self.now),
        ):
            with pytest.raises(MovedOn):
                write()
        assert self.snapshot() == before

    @rule()
    def promote_what_is_due(self):
        for ticket_id in self.desk.due.promotable(self.now):
            self.desk.board.promote(ticket_id, self.now)

    @precondition(has_tickets)
    @rule(pick=any_of)
    def promote_anything(self, pick):
        with self.all_or_nothing():
            self.desk.board.promote(self.ticket(pick), self.now)

    @precondition(has_tickets)
    @rule(pick=any_of, caller=planners, assignee=assignees)
    def unblock(self, pick, caller, assignee):
        with self.all_or_nothing():
            self.desk.board.unblock(self.ticket(pick), caller, self.now, assignee=assignee)

    @precondition(has_tickets)
    @rule(pick=any_of, caller=planners, assignee=assignees.filter(bool))
    def assign(self, pick, caller, assignee):
        with self.all_or_nothing():
            told = self.desk.board.assign(self.ticket(pick), assignee, caller, self.now)
            assert told == self.desk.status(self.ticket(pick))

    @precondition(has_tickets)
    @rule(
        pick=any_of, reason=st.sampled_from(BlockReason), caller=st.sampled_from([THE_PERSON, GINGER, THE_DISPATCHER])
    )
    def block(self, pick, reason, caller):
        with self.all_or_nothing():
            self.desk.board.block(self.ticket(pick), reason, caller, self.now)

    @precondition(has_tickets)
    @rule(pick=any_of, caller=planners)
    def cancel(self, pick, caller):
        with self.all_or_nothing():
            self.desk.board.cancel(self.ticket(pick), caller, self.now)

    @precondition(has_tickets)
    @rule(pick=any_of, caller=planners)
    def reopen(self, pick, caller):
        with self.all_or_nothing():
            self.desk.board.reopen(self.ticket(pick), caller, self.now)

    @precondition(lambda self: self.has_tickets() and self.has_room())
    @rule(pick=any_of, needs=st.lists(any_of, max_size=1), content=st.sampled_from([None, "x", "y"]))
    def split(self, pick, needs, content):
        needed = [self.ticket(need) for need in needs]
        drafts = [NewTicket("one", depends_on=needed, content_hash=content), NewTicket("two", after=[0])]
        with self.all_or_nothing():
            self.desk.board.split_ticket(self.ticket(pick), drafts, GINGER, self.now)

    @precondition(has_tickets)
    @rule(pick=any_of, assignee=assignees)
    def rewrite(self, pick, assignee):
        with self.all_or_nothing():
            told = self.desk.board.rewrite(self.ticket(pick), NewTicket("b", assignee=assignee), GINGER, self.now)
            assert told == self.desk.status(self.ticket(pick))

    @invariant()
    def every_ticket_is_in_one_status_and_the_log_replays_to_it(self):
        told = {}
        moves = "SELECT ticket_id, old_status, new_status FROM event WHERE new_status IS NOT NULL ORDER BY id"
        for ticket_id, old, new in self.desk.rows(moves):
            assert told.get(ticket_id) == old
            told[ticket_id] = new
        assert told == dict(self.desk.rows("SELECT id, status FROM ticket"))
        assert set(told.values()) <= set(Status)

    @invariant()
    def what_is_held_back_went_on_by_a_person_or_ginger_only(self):
        movers = self.desk.rows("SELECT DISTINCT actor FROM event WHERE old_status IN ('blocked', 'stale')")
        assert {actor for (actor,) in movers} <= {"person", "ginger"}

    @invariant()
    def the_counters_are_what_counting_gives(self):
        assert not self.desk.rows(
            "SELECT id FROM ticket t WHERE open_dependencies != (SELECT COUNT(*) FROM dependency d "
            "JOIN ticket n ON n.id = d.depends_on WHERE d.ticket_id = t.id AND n.status != 'done')"
        )
        assert not self.desk.rows(
            "SELECT id FROM request r WHERE open_tickets != "
            "(SELECT COUNT(*) FROM ticket WHERE request_id = r.id AND status NOT IN ('done', 'cancelled'))"
        )

    @invariant()
    def a_ticket_runs_exactly_when_its_one_live_run_does(self):
        live = self.desk.rows("SELECT ticket_id, id FROM run WHERE ended_at IS NULL ORDER BY ticket_id")
        assert live == self.desk.rows("SELECT id, run_id FROM ticket WHERE status = 'running' ORDER BY id")

    @invariant()
    def blocked_has_a_reason_and_nothing_else_has(self):
        assert not self.desk.rows("SELECT id FROM ticket WHERE (status = 'blocked') != (block_reason IS NOT NULL)")

    @invariant()
    def nothing_stands_ready_that_waits_nor_waits_for_what_was_cancelled(self):
        assert not self.desk.rows("SELECT id FROM ticket WHERE status = 'ready' AND open_dependencies > 0")
        assert not self.desk.rows(
            "SELECT t.id FROM ticket t JOIN dependency d ON d.ticket_id = t.id JOIN ticket n ON n.id = d.depends_on "
            "WHERE t.status IN ('todo', 'ready') AND n.status = 'cancelled'"
        )

    def teardown(self):
        """No ticket is lost: once everybody does their part, every one of them comes to its end."""
        with self.closed():
            for _ in range(3 * MOST_TICKETS):
                self.everybody_does_their_part()
            open_ones = [ticket_id for ticket_id in self.tickets() if self.desk.status(ticket_id) not in SETTLED]
            assert open_ones == []

    @contextmanager
    def closed(self):
        try:
            yield
        finally:
            self.desk.db.close()
            shutil.rmtree(self.folder)

    def everybody_does_their_part(self):
        self.now += LEASE
        for run_id in self.live():
            self.desk.end(run_id, now=self.now)
        self.promote_what_is_due()
        for ticket_id in self.desk.due.ready_tickets(self.now, 100):
            self.desk.end(self.desk.claim(ticket_id, now=self.now), now=self.now)
        for ticket_id in self.tickets():
            match self.desk.status(ticket_id):
                case "triage":
                    self.desk.board.assign(ticket_id, "cody", THE_PERSON, self.now)
                case "blocked" | "stale":
                    with suppress(KanbanError):
                        self.desk.board.unblock(ticket_id, THE_PERSON, self.now)


def run_machine(template, examples, steps):
    machine = type("Machine", (BoardMachine,), {"template": template})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )


def test_what_must_hold_holds_after_every_step(template):
    run_machine(template, examples=100, steps=40)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_must_hold_holds_after_many_more_steps(template):
    run_machine(template, examples=400, steps=50)
