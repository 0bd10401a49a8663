"""The program: made here for the command and for tests alike."""

import gc
import os
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

from textual.app import App as Terminal
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from kanban.app import App
from kanban.domain.ticket import THE_PERSON, Caller
from tui.board import Board
from tui.chat import ChatScreen
from tui.feed import Feed
from tui.help import Help, is_ours
from tui.messages import BoardChanged, FeedTroubled, NoneOlder, OlderWanted, OpenTicket, TalkChanged, VitalsRead
from tui.model import COLUMNS
from tui.said import Entry, read_answers
from tui.screens import BoardScreen
from tui.session import Session
from tui.steered import SteeredScreen
from tui.talk import Talk
from tui.themes import DARK, LIGHT, THEMES

SERVER_SECONDS = 2.0  # between two looks whether the server of a tab is still there


class KanbanTerminal(Terminal[None]):
    """The board in the terminal."""

    TITLE = "kanban"
    CSS_PATH = "board.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "chat", "Chat", tooltip="Talk with Ginger; the conversation is that of `kanban chat`"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("T", "switch_theme", "Dark or light", show=False),
        Binding(
            "i",
            "inbox",
            "Inbox",
            show=False,
            tooltip="All that waits for you, what holds up most first, with its answer",
        ),
        Binding("A", "approvals", "Approvals", show=False, tooltip="What waits for your yes, each call exactly"),
        Binding("R", "rubric", "Rubric", show=False, tooltip="Who takes what, and the route of the ticket pointed at"),
        Binding("N", "numbers", "Numbers", show=False, tooltip="Cost, completion, questions and time in status"),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, kanban: App, caller: Caller) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK.name
        self.session = Session(kanban, caller)
        self.feed = Feed(kanban, self.post_message)
        self.board = Board(self.session)
        self.talk = Talk(kanban, caller, self.post_message)
        self._reader = threading.Thread(target=self.feed.watch, name="feed", daemon=True)

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, lambda _theme: self.call_after_refresh(self._repaint))
        self.push_screen(self.board)
        self._reader.start()
        if self.is_web:
            self.set_interval(SERVER_SECONDS, partial(self._end_without, os.getppid()))

    def on_unmount(self) -> None:
        gc.unfreeze()
        self.session.end()
        self.talk.end()
        self.feed.stop()
        if self._reader.is_alive():
            self._reader.join(2.0)

    def on_board_changed(self, _event: BoardChanged) -> None:
        if not self.is_running:  # the screens are being taken away
            return
        self._look_for_answers()
        changes = self.feed.take()
        if not changes and self.session.model.loaded:
            return
        self.session.model.words = self.feed.words
        touched = self.session.model.apply(changes)
        if not self.session.model.loaded:
            self.session.model.loaded, touched = True, set(COLUMNS)
            gc.freeze()  # ten thousand cards that stay need not be looked through for garbage between two keys
        self.board.columns_changed(touched)
        for screen in self._screens():
            screen.board_changed(set(changes))

    def on_vitals_read(self, event: VitalsRead) -> None:
        self.session.vitals = event.vitals
        self._show_vitals()

    def on_feed_troubled(self, event: FeedTroubled) -> None:
        self.session.problem = event.problem
        self._show_vitals()

    def on_open_ticket(self, event: OpenTicket) -> None:
        from tui.ticket import TicketScreen

        def is_it(screen: Screen[object]) -> bool:
            return isinstance(screen, TicketScreen) and screen.ticket_id == event.ticket_id

        self._show(is_it, lambda: TicketScreen(self.session, event.ticket_id))

    def on_older_wanted(self, _event: OlderWanted) -> None:
        self.feed.want_older()

    def on_none_older(self, _event: NoneOlder) -> None:
        self.board.tell("there are no older done tickets")

    def on_talk_changed(self, _event: TalkChanged) -> None:
        self.talk.take()
        if self.is_running and not self.talk.speaking:
            self._look_for_answers()
        for chat in self._chats():
            chat.talk_changed()

    def action_chat(self) -> None:
        """Talk with Ginger."""
        about = self.screen
        self._show(lambda screen: isinstance(screen, ChatScreen), lambda: ChatScreen(self.session, self.talk, about))

    def action_help(self) -> None:
        """Show every key."""
        self.push_screen(Help(self.screen))

    def action_inbox(self) -> None:
        """Show all that waits for the person."""
        from tui.inbox import InboxScreen

        self._show(lambda screen: isinstance(screen, InboxScreen), lambda: InboxScreen(self.session))

    def action_approvals(self) -> None:
        """Show what waits for the person's yes."""
        from tui.approvals import ApprovalsScreen

        self._show(lambda screen: isinstance(screen, ApprovalsScreen), lambda: ApprovalsScreen(self.session))

    def action_rubric(self) -> None:
        """Show the rubric, and what it says of the ticket that is pointed at."""
        from tui.rubric import RubricScreen

        steered = self.screen if isinstance(self.screen, SteeredScreen) else self.board
        about = steered.target()

        def is_it(screen: Screen[object]) -> bool:
            return isinstance(screen, RubricScreen) and (screen is self.screen or screen.about == about)

        self._show(is_it, lambda: RubricScreen(self.session, about))

    def action_numbers(self) -> None:
        """Show what the board amounts to."""
        from tui.numbers import NumbersScreen

        self._show(lambda screen: isinstance(screen, NumbersScreen), lambda: NumbersScreen(self.session))

    def _show(self, is_it: Callable[[Screen[object]], bool], make: Callable[[], BoardScreen]) -> None:
        """Go back to the screen that is wanted, or open it when it is nowhere below."""
        if not any(is_it(screen) for screen in self.screen_stack):
            self.push_screen(make())
        while not is_it(self.screen):
            self.pop_screen()

    def action_switch_theme(self) -> None:
        """Dark or light."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key of the screen is also a command of the palette."""
        offered: set[str] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            if is_ours(binding) and active.enabled and binding.action not in offered:
                offered.add(binding.action)
                action = active.node.run_action if hasattr(active.node, "run_action") else self.run_action

                async def run(action=action, name=binding.action) -> None:  # type: ignore[no-untyped-def]
                    await action(name)

                key = binding.key_display or binding.key
                yield SystemCommand(binding.description, f"{binding.tooltip or ''} ({key})".strip(), run)
        yield from super().get_system_commands(screen)

    def _look_for_answers(self) -> None:
        if self.talk.awaited:
            awaited = tuple(self.talk.awaited)
            self.session.read_aside(self.board, lambda: read_answers(self.session.kanban, awaited), self._take_answers)

    def _take_answers(self, answers: dict[int, list[Entry]]) -> None:
        for number in self.talk.take_answers(answers):
            for screen in self._screens()[-1:] if not self._chats() else []:
                screen.tell(f"the answer to request {number} is there: c shows it")

    def _chats(self) -> list[ChatScreen]:
        stack = self.screen_stack if self.is_running else []
        return [screen for screen in stack if isinstance(screen, ChatScreen)]

    def _end_without(self, server: int) -> None:
        """End with the server, however that ended: it cannot tell when it was killed."""
        if os.getppid() != server:
            self.exit()

    def _repaint(self) -> None:
        self.board.columns_changed(COLUMNS)
        self._show_vitals()

    def _screens(self) -> list[BoardScreen]:
        stack = self.screen_stack if self.is_running else []
        return [screen for screen in stack if isinstance(screen, BoardScreen) and screen.is_attached]

    def _show_vitals(self) -> None:
        for screen in self._screens():
            screen.show_vitals()


def make_app(kanban: App, caller: Caller = THE_PERSON) -> KanbanTerminal:
    """The program over a board, for `caller`."""
    return KanbanTerminal(kanban, caller)
