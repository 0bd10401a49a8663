"""Authority is checked at the board: no public write without a caller, and none of another's for a worker."""

import ast
import inspect
import textwrap

import pytest

from kanban.domain.authority import MAY, Verb
from kanban.domain.message import ToolCall
from kanban.domain.outcome import Ending, Outcome, Purpose
from kanban.domain.ticket import THE_PERSON, BlockReason, Caller, Mover
from kanban.errors import Refused
from kanban.store.approvals import Approvals, Asked, Like
from kanban.store.board import Board
from kanban.store.budget import DayBudget
from kanban.store.filing import NewTicket
from kanban.store.leadership import Leadership
from kanban.store.outbox import Outbox
from kanban.store.pauses import Pauses
from kanban.store.records import Records, Scribe
from kanban.store.requests import Requests
from kanban.store.reviews import Verdicts
from kanban.store.runs import NewRun, Runs
from kanban.store.undoing import Undoing
from kanban.store.windows import Windows
from tests.unit.store.desk import LEASE, NOW, runner

STORES = [Board, Verdicts, Undoing, Requests, Approvals, Runs, Records, Outbox, Pauses, Windows, Leadership, DayBudget]

# Writes that nobody asks for: a run about itself, by its number, and the machinery. They change no ticket's fate.
OF_NOBODY = {
    Runs: {"adopt", "renew", "tell_obstacle", "bound_leases"},
    Records: {
        "append_message",
        "append_reply",
        "mark_progress",
        "mark_started",
        "add_artifact",
        "keep_seal",
        "remember",
    },
    Outbox: {"tell", "write_receipt"},
    Pauses: {"resume", "take_probe"},
    Windows: {"learn", "forget"},
    Leadership: {"take", "release"},
    DayBudget: {"tell"},
}


def writers(store):
    """The public methods of a store that open a transaction, each with the way it does."""
    for name, method in inspect.getmembers(store, inspect.isfunction):
        if not name.startswith("_"):
            called = {
                node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(method))))
                if isinstance(node, ast.Call)
            }
            yield name, called


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.__name__)
def test_every_public_write_is_somebodys(store):
    bare = {name for name, called in writers(store) if "write" in called and "acting" not in called}
    assert bare <= OF_NOBODY.get(store, set()), "a write that somebody asks for begins with `acting`"


def test_every_verb_that_a_store_acts_by_is_somebodys_and_the_other_way_round():
    used = {
        node.attr
        for store in STORES
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(inspect.getmodule(store)))))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Verb"
    }
    assert {verb.name for verb in MAY} - used == {"CHECK_PASSED", "CHECK_FAILED"}, "the checks' verbs come with `note`"


# What a worker may try with another's ticket, request or approval.
ATTEMPTS = {
    "edit": lambda desk, it, me: desk.board.edit(it.ticket, me, NOW, title="mine"),
    "assign": lambda desk, it, me: desk.board.assign(it.ticket, "cody", me, NOW),
    "assign to the person": lambda desk, it, me: desk.board.assign(it.ticket, "human", me, NOW),
    "comment": lambda desk, it, me: desk.board.comment(it.ticket, me, "do this", NOW),
    "note": lambda desk, it, me: desk.board.note(it.ticket, Verb.CHECK_PASSED, "all well", me, NOW),
    "note anything": lambda desk, it, me: desk.board.note(it.mine, Verb.APPROVED, "yes", me, NOW),
    "unblock": lambda desk, it, me: desk.board.unblock(it.blocked, me, NOW),
    "block": lambda desk, it, me: desk.board.block(it.ticket, BlockReason.OTHER, me, NOW),
    "cancel": lambda desk, it, me: desk.board.cancel(it.ticket, me, NOW),
    "undo": lambda desk, it, me: desk.undoing.undo(it.ticket, me, NOW),
    "cancel its own": lambda desk, it, me: desk.board.cancel(it.mine, me, NOW),
    "reopen": lambda desk, it, me: desk.board.reopen(it.done, me, NOW),
    "rewrite": lambda desk, it, me: desk.board.rewrite(it.blocked, NewTicket("mine"), me, NOW),
    "split": lambda desk, it, me: desk.board.split_ticket(it.blocked, [NewTicket("a")], me, NOW),
    "create": lambda desk, it, me: desk.board.create_ticket(NewTicket("more"), me, NOW),
    "take from Ginger": lambda desk, it, me: desk.board.take_from_orchestrator(it.triage, "no", me, NOW),
    "retry": lambda desk, it, me: desk.verdicts.retry(it.ticket, me, NOW),
    "wait": lambda desk, it, me: desk.verdicts.wait_for(it.ticket, it.mine, me, NOW),
    "stop waiting": lambda desk, it, me: desk.verdicts.stop_waiting(it.ticket, it.mine, me, NOW),
    "ask the person": lambda desk, it, me: desk.verdicts.ask_person(it.blocked, "?", me, NOW),
    "review": lambda desk, it, me: desk.verdicts.review(it.review, True, "fine", me, NOW),
    "report": lambda desk, it, me: desk.verdicts.report(it.ticket, "{}", me),
    "open a request": lambda desk, it, me: desk.requests.open("more", me, NOW),
    "answer": lambda desk, it, me: desk.requests.answer(it.request, "done", me, NOW),
    "answer directly": lambda desk, it, me: desk.requests.answer_directly(it.request, "done", me, NOW),
    "retry a request": lambda desk, it, me: desk.requests.retry(it.request, me, NOW),
    "close a request": lambda desk, it, me: desk.requests.close(it.request, me, NOW),
    "approve": lambda desk, it, me: desk.approvals.decide(it.approval, True, "", me, NOW),
    "use a grant": lambda desk, it, me: desk.approvals.use_grant(it.like, "{}", me, NOW),
    "deny": lambda desk, it, me: desk.approvals.decide(it.approval, False, "", me, NOW),
    "start a run": lambda desk, it, me: desk.runs.start(NewRun(Purpose.CHAT, "ginger", "m"), me, NOW, LEASE),
    "open a talk": lambda desk, it, me: desk.runs.open_talk("x", NewRun(Purpose.CHAT, "ginger", "m"), me, NOW, LEASE),
    "end another's run": lambda desk, it, me: desk.runs.end(it.run, Ending(Outcome.DONE), me, NOW),
}


class Others:
    """A board full of what is not the worker's; `me` works on `mine`."""

    def __init__(self, desk):
        self.request = desk.requests.open("see to it", THE_PERSON, NOW)
        self.ticket, self.blocked, self.done, self.review = (desk.create() for _ in range(4))
        self.triage = desk.create(assignee="default")
        desk.finish(self.done)
        desk.to_review(self.review)
        desk.block_by(self.blocked, Outcome.BLOCKED)
        busy = desk.create()
        self.run = desk.claim(busy)
        self.approval = desk.ask_approval(self.run, busy)
        granted = desk.ask_approval(self.run, busy, "c9")
        desk.approvals.decide(granted, True, "", THE_PERSON, NOW, NOW + 3600)
        self.like = Like(busy, "shell", "", "risky")
        self.mine = desk.create()
        self.me = desk.claim(self.mine)


@pytest.mark.parametrize("name", ATTEMPTS)
@pytest.mark.parametrize("kind", ["its run", "a checker's", "no run", "an ended run"])
def test_a_worker_changes_nothing_of_anothers(desk, name, kind):
    others = Others(desk)
    me = {
        "its run": runner(others.me),
        "a checker's": Caller(Mover.RUNNER if name == "review" else Mover.CHECKER, "clara", others.me),
        "no run": Caller(Mover.RUNNER, "cody"),
        "an ended run": runner(others.run),
    }[kind]
    if kind == "an ended run":
        desk.end(others.run, Outcome.FAILED)
    before = desk.rows("SELECT COUNT(*) FROM event"), desk.total_changes()
    with pytest.raises(Refused):
        ATTEMPTS[name](desk, others, me)
    assert (desk.rows("SELECT COUNT(*) FROM event"), desk.total_changes()) == before


def test_the_attempts_are_all_that_the_stores_offer():
    """A verb that is new has its line above: whoever adds one says what becomes of a worker that tries it."""
    tried = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(inspect.getmodule(Others))))
        if isinstance(node, ast.Attribute)
    }
    for store in (Board, Verdicts, Requests, Approvals):
        asked = {
            name
            for name, method in inspect.getmembers(store, inspect.isfunction)
            if "caller" in inspect.signature(method).parameters and not name.startswith("_")
        }
        assert asked - tried <= {"file_tickets", "ask"}, "file_tickets is create's, ask is a run's own"


def test_a_run_asks_about_its_own_call_only(desk):
    others = Others(desk)
    asked = Asked(ToolCall("c9", "shell", "{}"), "hash", "risky", None)
    with pytest.raises(Refused):
        desk.approvals.ask(Scribe(others.run, others.run), asked, runner(others.me), NOW)
