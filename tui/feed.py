"""Follows the board in a thread of its own: looks at its change counter, reads what changed, and says so."""

import threading
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue

from textual.message import Message

from kanban.app import App
from kanban.dispatch.leader import find_lease
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import Status
from kanban.errors import HomeError, KanbanError
from kanban.files.halt import read_halt
from kanban.service.views import Card, midnight_before
from tui.messages import BoardChanged, FeedTroubled, NoneOlder, Vitals, VitalsRead

LOOK_SECONDS = 0.2  # between two looks at the change counter; one look costs microseconds
RETRY_SECONDS = 1.0
VITALS_SECONDS = 10.0  # the dispatcher may be gone without any change of the board
MOST_DONE = 50  # done tickets on a page

Changes = dict[int, Card | None]


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
        self._midnight = 0.0  # when the day began whose done tickets are shown
        self.words: Mapping[int, str] = {}  # of the requests of the cards; replaced, never changed
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
                    self._post(FeedTroubled(error.tell()))
                    self._stop.wait(RETRY_SECONDS)
        finally:
            self._app.store.db.close()

    def _follow(self) -> None:
        self._app.store.db.close()  # after trouble the file may be another one
        file = self._identify_file()
        seen = self._app.store.db.data_version()
        self._read_all()
        self._post(FeedTroubled(None))
        quiet = 0.0
        while not self._stop.wait(LOOK_SECONDS):
            if self._identify_file() != file:
                raise HomeError(f"{self._app.home.board} was replaced", "it is read anew")
            version, quiet = self._app.store.db.data_version(), quiet + LOOK_SECONDS
            if midnight_before(self._app.clock()) != self._midnight:
                self._read_all()
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
        cards = self._app.store.cards
        self._last_event, self._live = self._app.store.queries.last_event_id(), cards.live_tickets()
        self._midnight, self.words = midnight_before(self._app.clock()), {}
        page = cards.done_page(self._midnight, limit=MOST_DONE)
        self.older_done = page.before or cards.first_event_since(self._midnight)
        found = {card.id: card for card in (*cards.open_cards(), *page.cards)}
        self._tell({**dict.fromkeys(self._shown - found.keys()), **found})
        self._tell_vitals()

    def _read_changes(self) -> None:
        cards = self._app.store.cards
        self._last_event, touched = cards.changed_since(self._last_event)
        live = cards.live_tickets()
        wanted = touched | live | self._live
        self._live = live
        found = {card.id: card for card in cards.find(wanted)}
        self._tell({number: self._on_board(found.get(number)) for number in wanted})
        self._tell_vitals()

    def _read_older(self) -> None:
        found: list[Card] = []
        while self.older_done is not None and not found:  # of a page, every ticket may have been reopened since
            page = self._app.store.cards.done_page(0.0, self.older_done, MOST_DONE)
            self.older_done = page.before
            found = [card for card in page.cards if card.id not in self._shown]
        self._tell({card.id: card for card in found})
        if not found:
            self._post(NoneOlder())

    def _tell(self, changes: Changes) -> None:
        self._read_words({card.request_id for card in changes.values() if card and card.request_id is not None})
        self._shown |= {number for number, card in changes.items() if card}
        self._shown -= {number for number, card in changes.items() if not card}
        self._queue.put(changes)
        self._post(BoardChanged())

    def _read_words(self, request_ids: set[int]) -> None:
        missing = request_ids - self.words.keys()
        if missing:
            self.words = {**self.words, **self._app.store.cards.words_of_requests(missing)}

    def _on_board(self, card: Card | None) -> Card | None:
        """The card, or None when it has no place: done tickets of earlier days come on demand."""
        if card is None or card.archived or card.status == Status.CANCELLED:
            return None
        older = card.status == Status.DONE and card.status_since < self._midnight and card.id not in self._shown
        return None if older else card

    def _tell_vitals(self) -> None:
        app = self._app
        spend = app.store.numbers.spend_since(midnight_before(app.clock()))
        running = sum(run.purpose != Purpose.CHAT for run in app.store.due.live_runs())
        lease, pending = find_lease(app.store.queries, app.clock()), len(app.store.approvals.list_pending())
        settings, cost = app.live.settings, spend.cost_usd
        unanswered = len(app.store.queries.requests_without_answer())
        budget = settings.budget_usd_per_day
        told = Vitals(
            lease, running, settings.slots, cost, budget, spend.unknown, pending, unanswered, read_halt(app.home)
        )
        self._post(VitalsRead(told))
