"""The records of the board under the names that interfaces know them by: to be shown, never to be written."""

from kanban.store.backups import Backup
from kanban.store.budget import midnight_before
from kanban.store.cards import Card
from kanban.store.machinery import DispatcherLease
from kanban.store.numbers import Completion, DaySpend, RuleRecord, Spend
from kanban.store.queries import TicketFilter, TicketView, add_costs
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
    "DispatcherLease",
    "Event",
    "Request",
    "RuleRecord",
    "Run",
    "Spend",
    "Ticket",
    "TicketFilter",
    "TicketView",
    "add_costs",
    "midnight_before",
]
