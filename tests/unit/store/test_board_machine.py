"""Whatever is done to a board, by whomever and in whatever order, what must always hold does hold."""

import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from kanban.agents.worrell import file_investigation
from kanban.domain.outcome import COUNTED, MOST_MISHAPS, TURNED_AWAY, Ending, Outcome, Purpose
from kanban.domain.ticket import (
    MOST_DIAGNOSES,
    SETTLED,
    THE_DISPATCHER,
    THE_PERSON,
    WAITS_FOR_PERSON,
    BlockReason,
    Status,
)
from kanban.errors import KanbanError, MovedOn, Refused
from kanban.store.approvals import Asked
from kanban.store.filing import NewTicket
from kanban.store.records import Scribe
from kanban.store.runs import NewRun
from tests.unit.store.desk import GINGER, LEASE, NOW
from tests.unit.store.town import CAREFUL, MOST_RUNS, STALE_AFTER, Killed, Town, call_of, caller_of, process_that

any_of = st.integers(min_value=0, max_value=1_000)
planners = st.sampled_from([THE_PERSON, GINGER])
assignees = st.sampled_from([None, "cody", "scout", "default", "human"])
endings = st.sampled_from(
    [
        *(Ending(outcome, str(outcome)) for outcome in COUNTED),
        *(Ending(outcome, "turned away", retry_after=wait) for outcome in TURNED_AWAY for wait in (None, 5.0)),
        Ending(Outcome.CANCELLED, "handed back"),
        Ending(Outcome.INFRASTRUCTURE, "a power cut"),
    ]
)
work_endings = st.one_of(
    endings,
    st.sampled_from(
        [
            *[Ending(Outcome.DONE, "it is done")] * 3,
            *(Ending(Outcome.BLOCKED, "stuck", reason) for reason in BlockReason),
            *[Ending(Outcome.BLOCKED, "stuck", BlockReason.MISSING_ACCESS)] * 5,
            Ending(Outcome.OVER_BUDGET, "too dear"),
        ]
    ),
)
verdicts = st.sampled_from(
    ["unblock", "reassign", "hand over", "split", "ask", "give up", *["investigate"] * 3, "say nothing"]
)
MOST_TICKETS = 12


class BoardMachine(RuleBasedStateMachine):
    template: Path

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.town = Town(shutil.copy(self.template, self.folder / "board.db"))
        self.time = NOW
        self.ended = []

    @property
    def now(self):
        """The clock goes on a little with every look at it."""
        self.time += 0.001
        return self.time

    # -- the board at a glance ----------------------------------------------------------------------------------------

    def tickets(self, *statuses):
        rows = self.town.rows("SELECT id, status FROM ticket ORDER BY id")
        return [ticket_id for ticket_id, status in rows if not statuses or status in statuses]

    def ticket(self, pick):
        tickets = self.tickets()
        return tickets[pick % len(tickets)]

    def has_tickets(self):
        return bool(self.tickets())

    def has_room(self):
        return len(self.tickets()) < MOST_TICKETS

    def has_stuck(self):
        return bool(self.tickets("blocked", "stale"))

    def runs(self, *purposes):
        return self.town.live(*purposes)

    @contextmanager
    def all_or_nothing(self):
        """The act may be refused; then the board is as it was."""
        before = self.snapshot()
        try:
            yield
        except KanbanError:
            assert self.snapshot() == before

    def snapshot(self):
        tables = ("ticket", "run", "dependency", "request", "brief", "comment", "approval", "notice", "event")
        return {table: self.town.rows(f"SELECT * FROM {table}") for table in tables}

    # -- the person, and Ginger in a talk with them -------------------------------------------------------------------

    @rule(words=st.text(max_size=3), outcome=st.sampled_from([Outcome.DONE, Outcome.CRASHED]))
    def ask(self, words, outcome):
        request_id = self.town.requests.open(words, THE_PERSON, self.now)
        with suppress(KanbanError):
            self.town.create(by=GINGER, now=self.now, request_id=request_id)
        talk = NewRun(Purpose.CHAT, "ginger", "ginger", request_id=request_id)
        run_id = self.town.runs.start(talk, THE_PERSON, self.now, LEASE)
        self.town.runs.end(run_id, Ending(outcome), THE_DISPATCHER, self.now)

    @precondition(has_room)
    @rule(
        title=st.sampled_from(["a ticket", f"a {CAREFUL} ticket"]),
        picks=st.lists(any_of, max_size=3),
        assignee=assignees,
        wait=st.sampled_from([0, 0, 50]),
        request=any_of,
        content=st.sampled_from([None, "x", "y"]),
        caller=planners,
    )
    def create(self, title, picks, assignee, wait, request, content, caller):
        needed = [self.ticket(pick) for pick in picks] if self.has_tickets() else []
        requests = [None, *(row[0] for row in self.town.rows("SELECT id FROM request"))]
        with self.all_or_nothing():
            self.town.create(
                title,
                by=caller,
                now=self.now,
                request_id=requests[request % len(requests)],
                depends_on=needed,
                assignee=assignee,
                not_before=self.time + wait if wait else 0.0,
                content_hash=content,
            )

    @precondition(has_tickets)
    @rule(pick=any_of, caller=planners, assignee=assignees)
    def unblock(self, pick, caller, assignee):
        ticket_id = self.ticket(pick)
        with self.all_or_nothing():
            self.town.board.unblock(ticket_id, caller, self.now, assignee=assignee)

    @precondition(has_tickets)
    @rule(pick=any_of, caller=planners, assignee=assignees.filter(bool))
    def assign(self, pick, caller, assignee):
        ticket_id = self.ticket(pick)
        with self.all_or_nothing():
            told = self.town.board.assign(ticket_id, assignee, caller, self.now)
            assert told == self.town.status(ticket_id)

    @precondition(has_tickets)
    @rule(pick=any_of, reason=st.sampled_from(BlockReason))
    def hold(self, pick, reason):
        with self.all_or_nothing():
            self.town.board.block(self.ticket(pick), reason, THE_PERSON, self.now)

    @precondition(has_tickets)
    @rule(pick=any_of, caller=planners)
    def cancel(self, pick, caller):
        with self.all_or_nothing():
            self.town.board.cancel(self.ticket(pick), caller, self.now)

    @precondition(has_tickets)
    @rule(pick=any_of, caller=planners)
    def reopen(self, pick, caller):
        with self.all_or_nothing():
            self.town.board.reopen(self.ticket(pick), caller, self.now)

    @precondition(has_tickets)
    @rule(pick=any_of, note=st.sampled_from(["", "so"]))
    def retry(self, pick, note):
        with self.all_or_nothing():
            told = self.town.verdicts.retry(self.ticket(pick), THE_PERSON, self.now, note)
            assert told == self.town.status(self.ticket(pick))

    @precondition(lambda self: self.town.rows("SELECT 1 FROM steered WHERE undone = 0"))
    @rule(pick=any_of)
    def undo(self, pick):
        steered = self.town.rows("SELECT DISTINCT ticket_id FROM steered WHERE undone = 0")
        with self.all_or_nothing():
            self.town.undoing.undo(steered[pick % len(steered)][0], THE_PERSON, self.now)

    @precondition(has_tickets)
    @rule(pick=any_of, other=any_of)
    def wait_for(self, pick, other):
        with self.all_or_nothing():
            self.town.verdicts.wait_for(self.ticket(pick), self.ticket(other), THE_PERSON, self.now)

    @precondition(lambda self: self.town.rows("SELECT 1 FROM dependency"))
    @rule(pick=any_of)
    def stop_waiting(self, pick):
        waits = self.town.rows("SELECT ticket_id, depends_on FROM dependency")
        with self.all_or_nothing():
            self.town.verdicts.stop_waiting(*waits[pick % len(waits)], THE_PERSON, self.now)

    @precondition(lambda self: self.has_tickets() and self.has_room())
    @rule(pick=any_of, needs=st.lists(any_of, max_size=1), content=st.sampled_from([None, "x", "y"]))
    def split(self, pick, needs, content):
        needed = [self.ticket(need) for need in needs]
        drafts = [NewTicket("one", depends_on=needed, content_hash=content), NewTicket("two", after=[0])]
        with self.all_or_nothing():
            self.town.board.split_ticket(self.ticket(pick), drafts, GINGER, self.now)

    @precondition(has_tickets)
    @rule(pick=any_of, assignee=assignees)
    def rewrite(self, pick, assignee):
        ticket_id = self.ticket(pick)
        with self.all_or_nothing():
            told = self.town.board.rewrite(ticket_id, NewTicket("b", assignee=assignee), GINGER, self.now)
            assert told == self.town.status(ticket_id)

    @precondition(lambda self: self.town.approvals.list_pending())
    @rule(approved=st.booleans())
    def answer_approval(self, approved):
        pending = self.town.approvals.list_pending()[0]
        self.town.approvals.decide(pending.id, approved, "", THE_PERSON, self.now)

    # -- time and the machine -----------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 60, 4000]))
    def pass_time(self, seconds):
        self.time += seconds

    @rule(seconds=st.sampled_from([90_000, -90_000, -60]))
    def set_the_clock(self, seconds):
        self.time += seconds
        for dispatcher in self.town.dispatchers:
            dispatcher.forgive_leases(self.time + LEASE)

    @precondition(lambda self: self.runs())
    @rule(seconds=st.sampled_from([600, 3000]))
    def sleep_and_wake(self, seconds):
        """The machine was suspended with its runs; those that are there renew their leases in time."""
        self.time += seconds
        before = {run.id for run in self.runs() if run.hostname == "elsewhere"}
        for dispatcher in self.town.dispatchers:
            dispatcher.forgive_leases(self.time + LEASE)
            dispatcher.tick(self.now)
        for run in self.runs():
            self.town.runs.renew(run.id, self.time + LEASE)
        overdue = {run_id for run_id in before if self.is_over(run_id)}
        assert before - overdue <= {run.id for run in self.runs()}

    def is_over(self, run_id):
        run = self.town.queries.get_run(run_id)
        return (run.deadline or self.time) < self.time or run.activity_at + STALE_AFTER < self.time

    # -- dispatchers --------------------------------------------------------------------------------------------------

    @rule(which=st.booleans())
    def tick(self, which):
        self.town.dispatchers[which].tick(self.now)

    @precondition(has_tickets)
    @rule(which=st.booleans())
    def tick_while_another_does(self, which):
        """The second one acts between what the first has read and what it then claims."""
        self.town.launchers[which].on_start = lambda: self.town.dispatchers[not which].tick(self.now)
        self.town.dispatchers[which].tick(self.now)
        self.town.launchers[which].on_start = None

    @precondition(has_tickets)
    @rule(which=st.booleans(), before_claim=st.booleans())
    def kill_a_dispatcher_in_its_tick(self, which, before_claim):
        def die():
            raise Killed

        launcher = self.town.launchers[which]
        launcher.on_start, launcher.on_launch = (die, None) if before_claim else (None, die)
        with suppress(Killed):
            self.town.dispatchers[which].tick(self.now)
        launcher.on_start = launcher.on_launch = None

    @precondition(has_tickets)
    @rule(pick=any_of)
    def promote_anything(self, pick):
        with self.all_or_nothing():
            self.town.board.promote(self.ticket(pick), self.now)

    # -- runs ---------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.runs())
    @rule(pick=any_of, state=st.sampled_from(["alive", "gone", "elsewhere"]))
    def adopt(self, pick, state):
        run = self.runs()[pick % len(self.runs())]
        with suppress(MovedOn):
            self.town.runs.adopt(run.id, process_that(state), "", self.now + LEASE)

    @precondition(lambda self: self.runs())
    @rule(pick=any_of)
    def live_on(self, pick):
        run = self.runs()[pick % len(self.runs())]
        assert self.town.runs.renew(run.id, self.now + LEASE)
        self.town.records.mark_progress(run.id, self.now)

    @precondition(lambda self: self.runs("work"))
    @rule(pick=any_of)
    def hang_with_a_pulse(self, pick):
        """F30: a run that renews its lease and gets nowhere is ended."""
        run = self.runs("work")[pick % len(self.runs("work"))]
        self.time = max(self.time, run.activity_at) + STALE_AFTER + 1
        for live in self.runs():
            self.town.runs.renew(live.id, self.time + LEASE)
        self.town.dispatchers[0].tick(self.now)
        ended = self.town.queries.get_run(run.id)
        assert ended.outcome in (Outcome.STALE, Outcome.TIMED_OUT, Outcome.INFRASTRUCTURE)
        assert ended.outcome != Outcome.STALE or "stale" in self.town.story(run.ticket_id)

    @precondition(lambda self: self.runs("work"))
    @rule(pick=any_of, ending=work_endings)
    def end_work(self, pick, ending):
        run = self.runs("work")[pick % len(self.runs("work"))]
        ticket = self.town.ticket(run.ticket_id)
        self.town.runs.end(run.id, ending, caller_of(run), self.now, to_review=CAREFUL in ticket.title)
        self.ended.append(run)

    @precondition(lambda self: self.runs("work"))
    @rule(pick=any_of, answered=st.booleans())
    def park(self, pick, answered):
        """The run asks for an approval, and waits for it without a process."""
        run = self.runs("work")[pick % len(self.runs("work"))]
        asked = Asked(call_of(run), "hash", "risky", run.ticket_id)
        approval = self.town.approvals.ask(Scribe(run.id, run.id), asked, caller_of(run), self.now)
        if answered:
            self.town.approvals.decide(approval, True, "", THE_PERSON, self.now)
        self.town.runs.end(run.id, Ending(Outcome.PARKED, "may I?"), caller_of(run), self.now)
        self.ended.append(run)
        assert self.town.status(run.ticket_id) != "blocked" or not answered

    @precondition(lambda self: self.runs("decompose", "review", "diagnose", "synthesize"))
    @rule(pick=any_of, ending=endings)
    def end_without_a_verdict(self, pick, ending):
        runs = self.runs("decompose", "review", "diagnose", "synthesize")
        run = runs[pick % len(runs)]
        self.town.runs.end(run.id, ending, caller_of(run), self.now)
        self.ended.append(run)

    @precondition(lambda self: self.runs("diagnose"))
    @rule(pick=any_of, verdict=verdicts, profile=st.sampled_from(["cody", "scout"]))
    def diagnose(self, pick, verdict, profile):
        run = self.runs("diagnose")[pick % len(self.runs("diagnose"))]
        ticket_id, caller, board = run.ticket_id, caller_of(run), self.town.board
        with suppress(KanbanError), self.all_or_nothing_but_suppressed():
            match verdict:
                case "unblock":
                    board.unblock(ticket_id, caller, self.now, note="go on")
                case "reassign":
                    board.assign(ticket_id, profile, caller, self.now)
                case "hand over":
                    board.assign(ticket_id, "human", caller, self.now)
                case "split":
                    board.split_ticket(ticket_id, [NewTicket("one"), NewTicket("two")], caller, self.now)
                case "ask":
                    self.town.verdicts.ask_person(ticket_id, "how?", caller, self.now)
                case "give up":
                    board.cancel(ticket_id, caller, self.now, "it cannot be done")
                case "investigate":
                    self.investigate(ticket_id, caller)
        self.finish(run)

    @contextmanager
    def all_or_nothing_but_suppressed(self):
        before = self.snapshot()
        try:
            yield
        except KanbanError:
            assert self.snapshot() == before
            raise

    def investigate(self, ticket_id, caller):
        context = SimpleNamespace(store=self.town, caller=caller, clock=lambda: self.now)
        file_investigation(context, ticket_id, ["Why?"])

    @precondition(lambda self: self.has_stuck())
    @rule(pick=any_of)
    def investigate_in_a_talk(self, pick):
        stuck = self.tickets("blocked", "stale")
        with self.all_or_nothing():
            self.investigate(stuck[pick % len(stuck)], GINGER)

    @precondition(lambda self: self.runs("review"))
    @rule(pick=any_of, passed=st.booleans())
    def review(self, pick, passed):
        run = self.runs("review")[pick % len(self.runs("review"))]
        with self.all_or_nothing():
            self.town.verdicts.review(run.ticket_id, passed, "looked", caller_of(run), self.now)
        self.finish(run)

    @precondition(lambda self: self.runs("decompose"))
    @rule(pick=any_of, verdict=st.sampled_from(["write", "split", "ask"]))
    def decompose(self, pick, verdict):
        run = self.runs("decompose")[pick % len(self.runs("decompose"))]
        ticket_id, caller, board = run.ticket_id, caller_of(run), self.town.board
        with self.all_or_nothing():
            if verdict == "write":
                board.rewrite(ticket_id, NewTicket("b"), caller, self.now)
            elif verdict == "split":
                board.split_ticket(ticket_id, [NewTicket("one"), NewTicket("two")], caller, self.now)
            else:
                board.take_from_orchestrator(ticket_id, "which one?", caller, self.now)
        self.finish(run)

    @precondition(lambda self: self.runs("synthesize"))
    @rule()
    def synthesize(self):
        run = self.runs("synthesize")[0]
        with self.all_or_nothing():
            self.town.requests.answer(run.request_id, "This is it.", caller_of(run), self.now)
        self.finish(run)

    def finish(self, run):
        with suppress(MovedOn):
            self.town.runs.end(run.id, Ending(Outcome.DONE), caller_of(run), self.now)
        self.ended.append(run)

    @precondition(lambda self: self.ended)
    @rule(pick=any_of, outcome=st.sampled_from(Outcome))
    def write_late(self, pick, outcome):
        """A run that has ended, or was ended, writes nothing any more."""
        run = self.ended[pick % len(self.ended)]
        caller, ticket_id = caller_of(run), run.ticket_id
        before = self.snapshot()
        writes = [
            lambda: self.town.runs.end(run.id, Ending(outcome), caller, self.now),
            lambda: self.town.records.mark_progress(run.id, self.now),
            lambda: self.town.approvals.ask(
                Scribe(run.id, run.id), Asked(call_of(run), "", "", ticket_id), caller, self.now
            ),
        ]
        if ticket_id is not None:
            writes += [
                lambda: self.town.board.comment(ticket_id, caller, "late", self.now),
                lambda: self.town.board.unblock(ticket_id, caller, self.now),
                lambda: self.town.verdicts.ask_person(ticket_id, "late?", caller, self.now),
                lambda: self.town.verdicts.review(ticket_id, True, "late", caller, self.now),
                lambda: self.town.verdicts.report(ticket_id, "{}", caller),
            ]
        for write in writes:
            with pytest.raises((MovedOn, Refused)):  # some of it would not be theirs while they lived, either
                write()
        assert not self.town.runs.renew(run.id, self.now + LEASE)
        assert self.snapshot() == before

    # -- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def every_ticket_is_in_one_status_and_the_log_replays_to_it(self):
        told = {}
        moves = "SELECT ticket_id, old_status, new_status FROM event WHERE new_status IS NOT NULL ORDER BY id"
        for ticket_id, old, new in self.town.rows(moves):
            assert told.get(ticket_id) == old
            told[ticket_id] = new
        assert told == dict(self.town.rows("SELECT id, status FROM ticket"))
        assert set(told.values()) <= set(Status)

    @invariant()
    def what_is_held_back_went_on_by_a_person_or_ginger_only(self):
        """And nothing starts but from ready."""
        movers = self.town.rows("SELECT DISTINCT actor FROM event WHERE old_status IN ('blocked', 'stale')")
        assert {actor for (actor,) in movers} <= {"person", "ginger"}
        started = self.town.rows("SELECT DISTINCT old_status FROM event WHERE new_status = 'running'")
        assert set(started) <= {("ready",)}

    @invariant()
    def what_waits_for_the_person_went_on_by_the_person_only(self):
        events = "SELECT ticket_id, actor, old_status, new_status, why FROM event WHERE ticket_id NOT NULL ORDER BY id"
        theirs = set()
        for ticket_id, actor, old, new, why in self.town.rows(events):
            if old == "blocked" and new not in ("cancelled", "triage") and ticket_id in theirs:
                assert actor == "person", f"{actor} let #{ticket_id} go on"
            if new is not None:
                theirs.discard(ticket_id)
            if new == "blocked" and why.startswith(tuple(WAITS_FOR_PERSON)):
                theirs.add(ticket_id)

    @invariant()
    def the_counters_are_what_counting_gives(self):
        assert not self.town.rows(
            "SELECT id FROM ticket t WHERE open_dependencies != (SELECT COUNT(*) FROM dependency d "
            "JOIN ticket n ON n.id = d.depends_on WHERE d.ticket_id = t.id AND n.status != 'done')"
        )
        assert not self.town.rows(
            "SELECT id FROM request r WHERE open_tickets != "
            "(SELECT COUNT(*) FROM ticket WHERE request_id = r.id AND status NOT IN ('done', 'cancelled'))"
        )

    @invariant()
    def a_ticket_runs_exactly_when_its_one_live_work_run_does(self):
        live = "SELECT ticket_id, id FROM run WHERE ended_at IS NULL AND purpose = 'work' ORDER BY ticket_id"
        assert self.town.rows(live) == self.town.rows(
            "SELECT id, run_id FROM ticket WHERE status = 'running' ORDER BY id"
        )

    @invariant()
    def blocked_has_a_reason_and_nothing_else_has(self):
        assert not self.town.rows("SELECT id FROM ticket WHERE (status = 'blocked') != (block_reason IS NOT NULL)")

    @invariant()
    def nothing_stands_ready_that_waits_nor_waits_for_what_was_cancelled(self):
        assert not self.town.rows("SELECT id FROM ticket WHERE status = 'ready' AND open_dependencies > 0")
        assert not self.town.rows(
            "SELECT t.id FROM ticket t JOIN dependency d ON d.ticket_id = t.id JOIN ticket n ON n.id = d.depends_on "
            "WHERE t.status IN ('todo', 'ready') AND n.status = 'cancelled'"
        )

    @invariant()
    def no_ticket_is_stuck_in_silence(self):
        """What is blocked or stale is being decided, will be, is looked into, or the person knows that it is theirs."""
        silent = self.town.rows("""
            SELECT t.id, t.status_since, t.status, t.block_reason, t.assignee FROM ticket t
            WHERE (t.status IN ('blocked', 'stale') OR t.status = 'triage' AND t.assignee IS NOT 'default')
            AND t.diagnosis_due = 0
            AND NOT EXISTS (SELECT 1 FROM run
                            WHERE ticket_id = t.id AND purpose = 'diagnose' AND ended_at IS NULL)
            AND NOT EXISTS (SELECT 1 FROM ticket w WHERE w.about_id = t.id
                            AND w.status IN ('triage', 'todo', 'ready', 'running', 'review'))
            AND 'person' IS NOT (SELECT actor FROM event WHERE ticket_id = t.id
                                 AND (new_status IS t.status OR verb IN ('assign', 'edit')) ORDER BY id DESC LIMIT 1)
            """)
        told = {key.rpartition(":")[0] for (key,) in self.town.rows("SELECT key FROM notice")}
        untold = [ticket for ticket in silent if f"waits:{ticket[0]}:{ticket[1]}" not in told]
        assert not untold, untold

    @invariant()
    def what_is_careful_is_done_by_the_checkers_word_only(self):
        done = "SELECT DISTINCT old_status FROM event e JOIN ticket t ON t.id = e.ticket_id WHERE new_status = 'done'"
        assert self.town.rows(f"{done} AND kind = 'work' AND title LIKE '%{CAREFUL}%'") in ([], [("review",)])
        assert not self.town.rows("SELECT 1 FROM run WHERE purpose = 'review' AND reviewed IS profile")

    @invariant()
    def nothing_is_tried_for_ever(self):
        """Since the person last let a ticket go on: at most twelve runs of work and three diagnoses."""
        turned_away = "outcome IS NULL OR outcome NOT IN ('rate_limited', 'model_down')"
        for purpose, most in ((Purpose.WORK, MOST_RUNS), (Purpose.DIAGNOSE, MOST_DIAGNOSES)):
            starts = self.town.rows(f"""
                SELECT ticket_id, COUNT(*) FROM run r WHERE purpose = '{purpose}' AND ({turned_away})
                AND (SELECT MIN(id) FROM event WHERE run_id = r.id) >
                    (SELECT COALESCE(MAX(id), 0) FROM event WHERE ticket_id = r.ticket_id AND actor = 'person')
                GROUP BY ticket_id""")
            assert all(times <= most + MOST_MISHAPS for _, times in starts), (purpose, starts)

    @invariant()
    def a_profile_that_failed_twice_is_not_given_the_ticket_again(self):
        tries = self.town.rows(f"""
            SELECT ticket_id, profile, COUNT(*) FROM run r WHERE purpose = 'work'
            AND outcome IN ({", ".join(f"'{outcome}'" for outcome in COUNTED)})
            AND (SELECT MIN(id) FROM event WHERE run_id = r.id) >
                (SELECT COALESCE(MAX(id), 0) FROM event WHERE ticket_id = r.ticket_id AND actor = 'person')
            GROUP BY ticket_id, profile""")
        assert all(times <= 2 for *_, times in tries), tries

    @invariant()
    def a_block_is_investigated_once_and_an_investigation_never(self):
        assert not self.town.rows(
            "SELECT w.id FROM ticket w JOIN ticket t ON t.id = w.about_id WHERE t.kind = 'worrell'"
        )
        worrells = self.town.rows("""
            SELECT w.about_id, (SELECT MAX(b.id) FROM event b WHERE b.ticket_id = w.about_id AND b.id < e.id
                                AND b.new_status IN ('blocked', 'stale')) AS block
            FROM ticket w JOIN event e ON e.ticket_id = w.id AND e.verb = 'create'
            WHERE w.about_id NOT NULL GROUP BY 1, 2 HAVING COUNT(*) > 1""")
        assert worrells == []

    # -- the end ------------------------------------------------------------------------------------------------------

    def teardown(self):
        """No ticket is lost: once everybody does their part, every one of them comes to its end."""
        with self.closed():
            self.time += 10_000_000  # past whatever the clock's jumps have left ahead
            for _ in range(4 * MOST_TICKETS):
                if not self.what_is_left():
                    break
                self.everybody_does_their_part()
            assert self.what_is_left() == []

    def what_is_left(self):
        """Tickets, runs and requests that have not come to their end."""
        requests = self.town.rows("SELECT id FROM request WHERE status = 'working'")
        return [*self.tickets(*(set(Status) - SETTLED)), *self.runs(), *requests]

    @contextmanager
    def closed(self):
        try:
            yield
        finally:
            self.town.close()
            shutil.rmtree(self.folder)

    def everybody_does_their_part(self):
        self.time += 1000  # also past every pause, sooner or later
        for run in self.runs():
            self.town.runs.renew(run.id, self.time + LEASE)
            self.do_the_part_of(run)
        for approval in self.town.approvals.list_pending():
            self.town.approvals.decide(approval.id, True, "", THE_PERSON, self.now)
        for ticket_id in self.tickets("triage"):
            self.town.board.assign(ticket_id, "cody", THE_PERSON, self.now)
        for ticket_id in self.tickets("blocked", "stale"):
            with suppress(KanbanError):
                self.town.board.unblock(ticket_id, THE_PERSON, self.now)
        for dispatcher in self.town.dispatchers:
            dispatcher.tick(self.now)

    def do_the_part_of(self, run):
        match run.purpose:
            case Purpose.REVIEW:
                self.town.verdicts.review(run.ticket_id, True, "fine", caller_of(run), self.now)
            case Purpose.DIAGNOSE:
                self.town.board.unblock(run.ticket_id, caller_of(run), self.now)
            case Purpose.DECOMPOSE:
                self.town.board.rewrite(run.ticket_id, NewTicket("b"), caller_of(run), self.now)
            case Purpose.SYNTHESIZE:
                with suppress(MovedOn):  # another ticket came meanwhile; it is answered after that
                    self.town.requests.answer(run.request_id, "This is it.", caller_of(run), self.now)
        self.finish(run)


def run_machine(template, examples, steps):
    machine = type("Machine", (BoardMachine,), {"template": template})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )


@pytest.mark.timeout(600)
def test_what_must_hold_holds_after_every_step(template):
    run_machine(template, examples=60, steps=40)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_must_hold_holds_after_many_more_steps(template):
    run_machine(template, examples=250, steps=60)
