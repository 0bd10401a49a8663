"""What the parts of the board say to each other. What says only "look again" coalesces."""

from dataclasses import dataclass

from textual.message import Message

from kanban.service.views import DispatcherLease


class BoardChanged(Message):
    """Changes wait in the feed's queue."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, BoardChanged)


@dataclass(frozen=True)
class Vitals:
    """How the board is doing: the dispatcher, the slots, what today cost, and how much waits for the person."""

    lease: DispatcherLease | None = None
    running: int = 0
    slots: int = 0
    spent_usd: float = 0.0
    budget_usd: float | None = None
    spend_unknown: bool = False
    approvals: int = 0
    unanswered: int = 0
    halted: str | None = None


class VitalsRead(Message):
    """How the board is doing, read anew."""

    def __init__(self, vitals: Vitals) -> None:
        super().__init__()
        self.vitals = vitals

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, VitalsRead)


class FeedTroubled(Message):
    """The board cannot be read (or, without a problem, can be read again)."""

    def __init__(self, problem: str | None) -> None:
        super().__init__()
        self.problem = problem

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, FeedTroubled)


class OpenTicket(Message):
    """The person wants to see a ticket."""

    def __init__(self, ticket_id: int) -> None:
        super().__init__()
        self.ticket_id = ticket_id


class CursorMoved(Message):
    """The person points at another card."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, CursorMoved)


class OlderWanted(Message):
    """The person looks for older done tickets."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, OlderWanted)


class NoneOlder(Message):
    """There are no older done tickets."""


class FilterTyped(Message):
    """What the filter says now."""

    def __init__(self, typed: str) -> None:
        super().__init__()
        self.typed = typed

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, FilterTyped)


class TalkChanged(Message):
    """More of the conversation with Ginger waits to be taken."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, TalkChanged)
