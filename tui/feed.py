"""Follows the board in a thread of its own: looks at its change counter, reads what changed, and says so."""

import threading
from collections.abc import Callable
from datetime import datetime
from queue import Empty, SimpleQueue

from textual.message import Message

from kanban.app import App
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import Status
from kanban.errors import HomeError, KanbanError
from kanban.store.cards import Card
from tui.messages import BoardChanged, FeedTroubled, Vitals, VitalsRead

LOOK_SECONDS = 0.2  # between two looks at the change counter; one look costs microseconds
RETRY_SECONDS = 1.0
VITALS_SECONDS = 10.0  # the dispatcher may be gone without any change of the board
MOST_DONE = 50  # done tickets on a page

Changes = dict[int, Card | None]


def midnight_before(now: float) -> float:
    """When the day of `now` began, here."""
    return datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


class Feed:
    """The board's changes, in the order in which they were read. `post` must be safe to call from any thread."""

    def __init__(self, app: App, post: Callable[[Message], object]) -> None:
        self._app = app
        self._post = post
        self._queue: SimpleQueue[Changes] = SimpleQueue()
        self._stop = threading.Event()
        self._older_wanted = threading.Event()
        self._last_event = 0
        self._live: set[int] = set()
        self._shown: set[int] = set()
        self.older_done: int | None = None  # where older done tickets begin in the log; None: there are none

    def take(self) -> Changes:
        """What changed since the last call; None stands for a ticket that left the board."""
        changes: Changes = {}
        while True:
            try:
                changes.update(self._queue.get_nowait())
            except Empty:
                return changes

    def stop(self) -> None:
        """Have `watch` return soon."""
        self._stop.set()

    def want_older(self) -> None:
        """Have the next page of older done tickets read."""
        self._older_wanted.set()

    def watch(self) -> None:
        """Follow the board until stopped. Trouble is told, and tried again."""
        try:
            while not self._stop.is_set():
                try:
                    self._follow()
                except KanbanError as error:
                    self._post(FeedTroubled(f"{error} ({error.hint})" if error.hint else str(error)))
                    self._stop.wait(RETRY_SECONDS)
        finally:
            self._app.db.close()

    def _follow(self) -> None:
        self._app.db.close()  # after trouble the file may be another one
        file = self._identify_file()
        seen = self._app.db.data_version()
        self._read_all()
        self._post(FeedTroubled(None))
        quiet = 0.0
        while not self._stop.wait(LOOK_SECONDS):
            if self._identify_file() != file:
                raise HomeError(f"{self._app.home.board} was replaced", "it is read anew")
            version, quiet = self._app.db.data_version(), quiet + LOOK_SECONDS
            if version != seen:
                seen, quiet = version, 0.0
                self._read_changes()
            elif quiet >= VITALS_SECONDS:
                quiet = 0.0
                self._tell_vitals()
            if self._older_wanted.is_set():
                self._older_wanted.clear()
                self._read_older()

    def _identify_file(self) -> tuple[int, int]:
        try:
            found = self._app.home.board.stat()
        except OSError as error:
            raise HomeError(f"{self._app.home.board}: {error.strerror}", "the board is gone; bring it back") from None
        return found.st_dev, found.st_ino

    def _read_all(self) -> None:
        cards = self._app.cards
        self._last_event, self._live = cards.last_event_id(), cards.live_tickets()
        found: Changes = {card.id: card for card in cards.open_cards()}
        self._tell({**dict.fromkeys(self._shown - found.keys()), **found})
        page = cards.done_page(midnight_before(self._app.clock()), limit=MOST_DONE)
        self.older_done = page.before or cards.first_event_since(midnight_before(self._app.clock()))
        self._tell({card.id: card for card in page.cards})
        self._tell_vitals()

    def _read_changes(self) -> None:
        cards = self._app.cards
        self._last_event, touched = cards.changed_since(self._last_event)
        live = cards.live_tickets()
        wanted = touched | live | self._live
        self._live = live
        found = {card.id: card for card in cards.find(wanted)}
        self._tell({number: _on_board(found.get(number)) for number in wanted})
        self._tell_vitals()

    def _read_older(self) -> None:
        if self.older_done is None:
            return
        page = self._app.cards.done_page(0.0, self.older_done, MOST_DONE)
        self.older_done = page.before
        self._tell({card.id: card for card in page.cards})

    def _tell(self, changes: Changes) -> None:
        self._shown |= {number for number, card in changes.items() if card}
        self._shown -= {number for number, card in changes.items() if not card}
        self._queue.put(changes)
        self._post(BoardChanged())

    def _tell_vitals(self) -> None:
        app = self._app
        spend = app.numbers.spend_since(midnight_before(app.clock()))
        running = sum(run.purpose != Purpose.CHAT for run in app.due.live_runs())
        lease, pending = app.queries.dispatcher(), len(app.approvals.list_pending())
        self._post(VitalsRead(Vitals(lease, running, app.settings.slots, spend.cost_usd, spend.unknown, pending)))


def _on_board(card: Card | None) -> Card | None:
    return None if card is None or card.archived or card.status == Status.CANCELLED else card
