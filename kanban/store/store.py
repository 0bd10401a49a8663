"""One handle on everything that is kept on a board."""

from collections.abc import Callable, Collection
from functools import cached_property

from kanban.store.approvals import Approvals
from kanban.store.board import Board
from kanban.store.budget import DayBudget
from kanban.store.cards import Cards
from kanban.store.db import Database
from kanban.store.due import DueWork
from kanban.store.ledger import Ledger
from kanban.store.numbers import Numbers
from kanban.store.outbox import Outbox
from kanban.store.pauses import Pauses
from kanban.store.queries import Queries
from kanban.store.records import Records
from kanban.store.requests import Requests
from kanban.store.reviews import Verdicts
from kanban.store.runs import Runs
from kanban.store.undoing import Undoing
from kanban.store.windows import Windows


class Store:
    """What can be read from one board and done on it; `known_assignees` names who a ticket may be given to."""

    def __init__(self, db: Database, known_assignees: Callable[[], Collection[str]]) -> None:
        self.db = db
        self.board = Board(db, known_assignees)
        self.runs = Runs(db)
        self.records = Records(db)
        self.requests = Requests(db)
        self.approvals = Approvals(db)
        self.queries = Queries(db)
        self.verdicts = Verdicts(db)
        self.undoing = Undoing(db)
        self.pauses = Pauses(db)
        self.windows = Windows(db)
        self.budget = DayBudget(db)
        self.outbox = Outbox(db)
        self.due = DueWork(db)

    @cached_property
    def cards(self) -> Cards:
        """What the board in the terminal reads."""
        return Cards(self.db)

    @cached_property
    def numbers(self) -> Numbers:
        """What the board amounts to."""
        return Numbers(self.db)

    @cached_property
    def ledger(self) -> Ledger:
        """What model calls have cost."""
        return Ledger(self.db)
