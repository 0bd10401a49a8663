"""The conversation with Ginger behind the chat: it goes on whether or not anybody looks."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue

from textual.message import Message

from kanban.agents.loop import Listener
from kanban.agents.progress import ReplyMeter
from kanban.app import App
from kanban.domain.message import Message as RunMessage
from kanban.domain.message import ToolCall
from kanban.domain.ticket import Caller
from kanban.errors import KanbanError
from kanban.llm import Piece, PieceKind
from kanban.service.views import Card
from tui.messages import TalkChanged
from tui.said import Entry, Kind, Past, answer_call, tell_call, tell_filed, tell_ticket

END_SECONDS = 1.0  # that an exchange gets to end when the program does


class Talk:
    """What was said, and at most one exchange, which runs in a thread of its own.

    The thread only queues what it hears and posts TalkChanged; `take`, in the thread of the screens, brings it in.
    """

    def __init__(self, kanban: App, caller: Caller, post: Callable[[Message], object]) -> None:
        self.kanban = kanban
        self.entries: list[Entry] = []
        self.awaited: list[int] = []
        self.unsent = ""  # words that came to nothing, for the person to send again
        self.conversation: int | None = None
        self.last_request = 0  # the newest that `entries` tell of
        self.anew = False  # the person wants to begin a new conversation
        self._caller = caller
        self._post = post
        self._heard: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._open_calls = 0  # of her last reply
        self._speech = False  # the last entry is her words and still grows
        self._meter = ReplyMeter(0.0)

    @property
    def speaking(self) -> bool:
        """Whether Ginger is at it."""
        return self._thread is not None

    @property
    def stopping(self) -> bool:
        """Whether she was told to stop and has not yet."""
        return self.speaking and self._stop.is_set()

    def say(self, words: str) -> None:
        """Begin an exchange. Only while none is under way."""
        assert not self.speaking
        self.unsent = ""
        self._add(Entry(Kind.HEAD, "you"), Entry(Kind.YOURS, words))
        self._stop.clear()
        self._meter = ReplyMeter(time.monotonic())
        self._thread = threading.Thread(target=self._exchange, args=(words,), name="talk", daemon=True)
        self._thread.start()
        self._post(TalkChanged())

    def begin_anew(self) -> None:
        """Leave the conversation; the next words begin another."""
        self.anew, self.conversation = True, None
        self.entries, self._speech = [], False
        self._post(TalkChanged())

    def stop(self) -> None:
        """Have Ginger stop at her next word; what she filed stays."""
        if self.speaking:
            self._stop.set()
            self._post(TalkChanged())

    def end(self) -> None:
        """Stop her and wait a moment. An exchange that hangs in its model is left to the lease of its run."""
        thread = self._thread
        if thread is not None:
            self._stop.set()
            thread.join(END_SECONDS)

    def take(self) -> None:
        """Bring in what was heard since the last call."""
        while True:
            try:
                self._heard.get_nowait()()
            except Empty:
                return

    def take_past(self, past: Past) -> None:
        """Bring in what the board knows, unless something is said just now."""
        if self.speaking or self.anew or past.conversation_id is None:
            return
        if past.conversation_id != self.conversation:
            self.entries = []
        self.conversation, self.last_request = past.conversation_id, past.last_request
        self.entries = [*self.entries, *past.entries]
        self.awaited += [number for number in past.awaited if number not in self.awaited]
        self._post(TalkChanged())

    def take_answers(self, answers: Mapping[int, Sequence[Entry]]) -> list[int]:
        """Bring in answers that have come; returns the requests they belong to."""
        new = [number for number in answers if number in self.awaited]
        for number in new:
            self.awaited.remove(number)
            self._add(*answers[number])
        if new:
            self._post(TalkChanged())
        return new

    def follow_tickets(self, cards: Mapping[int, Card]) -> None:
        """Give each receipt the status that its ticket has now."""
        for place, entry in enumerate(self.entries):
            card = cards.get(entry.ticket_id or 0)
            if entry.kind is Kind.FILED and card is not None:
                told = tell_ticket(card.id, card.status, card.title, card.live_profile or card.assignee)
                if told != entry:
                    self.entries[place] = told

    # -- in the thread of the exchange ---------------------------------------------------------------------------------

    def _exchange(self, words: str) -> None:
        try:
            self._hear(self._finish(words))
        except KeyboardInterrupt:
            self._hear(partial(self._break_off, self._find_conversation(), "", "stopped; what was filed stays"))
        except KanbanError as error:
            self._hear(partial(self._break_off, self._find_conversation(), words, _tell_error(error)))
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            self._hear(partial(self._break_off, self._find_conversation(), words, told))
        finally:
            self.kanban.store.db.close()  # this thread's own connection

    def _finish(self, words: str) -> Callable[[], None]:
        ginger = self.kanban.live.orchestrator
        conversation = None if self.anew else self.conversation or self.kanban.store.queries.last_conversation()
        self._hear(partial(self._add, Entry(Kind.HEAD, ginger.name)))
        spoken = self.kanban.talk(words, conversation, self._caller, _Ear(self), self._hear_piece)
        question = [Entry(Kind.HERS, spoken.ending.question)] if spoken.ending.question else []
        filed = [*question, *tell_filed(self.kanban.store.queries.tickets_of_request(spoken.request_id))]
        past = Past(
            spoken.conversation_id,
            spoken.request_id,
            filed,
            [spoken.request_id] if spoken.awaits or spoken.is_due else [],
        )
        try:
            spoken.require_end(ginger)
        except KanbanError as error:
            return partial(self._break_off, past, words, _tell_error(error))
        return partial(self._conclude, past)

    def _find_conversation(self) -> Past:
        """Where an exchange that broke off has left the conversation."""
        queries = self.kanban.store.queries
        try:
            found = queries.last_conversation()
            requests = queries.requests_of_conversation(found) if found else []
        except KanbanError:
            return Past(self.conversation, self.last_request)
        if not requests:
            return Past()
        filed = tell_filed(queries.tickets_of_request(requests[-1].id))
        awaited = [requests[-1].id] if requests[-1].status == "working" else []
        return Past(found, requests[-1].id, filed if requests[-1].id > self.last_request else [], awaited)

    def _hear(self, change: Callable[[], None]) -> None:
        self._heard.put(change)
        self._post(TalkChanged())

    def tell_progress(self) -> str:
        """What she is at while she does not speak."""
        return self._meter.tell(time.monotonic()) if self.speaking else ""

    def _hear_piece(self, piece: Piece) -> None:
        self.go_on()
        self._meter.take(piece, time.monotonic())
        if piece.kind is PieceKind.WORDS:
            self._hear(partial(self._add_piece, piece.text))
        else:
            self._post(TalkChanged())

    def go_on(self) -> None:
        """Raise KeyboardInterrupt, as Ctrl-C does at a terminal, when the person wants her to stop."""
        if self._stop.is_set():
            raise KeyboardInterrupt

    def hear_reply(self, text: str, calls: Sequence[ToolCall]) -> None:
        """She has said this and makes these calls."""
        self._open_calls = len(calls)
        self._meter = ReplyMeter(time.monotonic())
        self._hear(partial(self._add_reply, text, calls))

    def hear_answer(self, call: ToolCall, answer: RunMessage) -> None:
        """One of her calls has its answer."""
        self._open_calls -= 1
        self._meter = ReplyMeter(time.monotonic())
        self._hear(partial(self._answer_call, call.id, answer))
        if self._open_calls <= 0:  # a call that is left open would be carried out when the talk goes on
            self.go_on()

    # -- in the thread of the screens ----------------------------------------------------------------------------------

    def _add(self, *entries: Entry) -> None:
        self._speech = False
        self.entries.extend(entries)

    def _add_piece(self, piece: str) -> None:
        if self._speech:
            self.entries[-1] = replace(self.entries[-1], text=self.entries[-1].text + piece)
        elif piece.strip():
            self._add(Entry(Kind.HERS, piece.lstrip()))
            self._speech = True

    def _add_reply(self, text: str, calls: Sequence[ToolCall]) -> None:
        if self._speech:
            self.entries.pop()  # it comes again as it is kept: without secrets
        self._add(*([Entry(Kind.HERS, text.strip())] if text.strip() else []), *map(tell_call, calls))

    def _answer_call(self, call_id: str, answer: RunMessage) -> None:
        for place in range(len(self.entries) - 1, -1, -1):
            entry = self.entries[place]
            if entry.call_id == call_id and entry.done is None:
                self.entries[place] = answer_call(entry, answer)
                return

    def _conclude(self, past: Past) -> None:
        self._thread, self.anew = None, False
        self.conversation, self.last_request = past.conversation_id, past.last_request
        self._add(*past.entries)
        self.awaited += past.awaited

    def _break_off(self, past: Past, words: str, why: str) -> None:
        self._conclude(past)
        self._add(Entry(Kind.FAILED, why))
        self.unsent = words


def _tell_error(error: KanbanError) -> str:
    return f"{error}\n{error.hint}" if error.hint else str(error)


class _Ear(Listener):
    """Hears for the talk what happens in the run."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def on_reply(self, text: str, calls: Sequence[ToolCall]) -> None:
        self._talk.hear_reply(text, calls)

    def on_answer(self, call: ToolCall, answer: RunMessage) -> None:
        self._talk.hear_answer(call, answer)
