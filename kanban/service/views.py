"""The records of the board under the names that interfaces know them by: to be shown, never to be written."""

from kanban.store.backups import Backup
from kanban.store.budget import midnight_before
from kanban.store.cards import Card
from kanban.store.ledger import Dimension, Economics, Line, Share, add_lines
from kanban.store.machinery import DispatcherLease
from kanban.store.numbers import Completion, DaySpend, RuleRecord
from kanban.store.quality import Evidence, Quality, group_by, sum_up
from kanban.store.queries import Remembered, TicketFilter, TicketView, add_costs
from kanban.store.tables import (
    Approval,
    Artifact,
    BriefVersion,
    Comment,
    Event,
    Request,
    Run,
    Ticket,
)

__all__ = [
    "Approval",
    "Artifact",
    "Backup",
    "BriefVersion",
    "Card",
    "Comment",
    "Completion",
    "DaySpend",
    "Dimension",
    "DispatcherLease",
    "Economics",
    "Event",
    "Evidence",
    "Line",
    "Quality",
    "Remembered",
    "Request",
    "RuleRecord",
    "Run",
    "Share",
    "Ticket",
    "TicketFilter",
    "TicketView",
    "add_costs",
    "add_lines",
    "group_by",
    "midnight_before",
    "sum_up",
]
