"""One ticket, with everything that belongs to it, a page each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Markdown, OptionList, Static, TabbedContent, TabPane
from textual.widgets.option_list import Option

from kanban.domain.showing import show_line, show_safely
from kanban.service.explain import explain_ticket
from kanban.service.views import Artifact, Run, TicketView
from tui import telling
from tui.lines import Line, LinesView
from tui.prompts import Ask
from tui.session import Session
from tui.steered import SteeredScreen

LONGEST_BRIEF = 30_000  # characters laid out as Markdown; laying out a megabyte takes minutes
MOST_EVENTS = 1_000
LOG_SECONDS = 0.5

PAGES = {
    "brief": "Brief",
    "log": "Log",
    "transcript": "Transcript",
    "timeline": "Timeline",
    "runs": "Runs",
    "notes": "Notes",
    "files": "Files",
    "checks": "Checks",
    "why": "Why",
}
EARLIER = "Run, in log and transcript; version, in the brief"
FOLLOWED = ("log", "transcript")
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")


@dataclass(frozen=True)
class _Read:
    """A ticket as it was read just now, and the lines of the page that is open, or the brief as Markdown.

    Without lines, the page is as it is shown: its `mark` has not changed.
    """

    view: TicketView
    page: str
    lines: Sequence[Line] | None
    brief: str = ""
    mark: object = None


@dataclass(frozen=True)
class _Shown:
    """An artifact as it can be shown: a picture, or else lines."""

    artifact_id: int
    lines: Sequence[Line]
    picture: RenderableType | None


class TicketScreen(SteeredScreen):
    """A ticket's own screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back"),
        Binding("tab,l,right", "turn(1)", "Next page", show=False),
        Binding("shift+tab,h,left", "turn(-1)", "Page before", show=False),
        *(Binding(str(n), f"page('{page}')", "Go to a page", show=False) for n, page in enumerate(PAGES, 1)),
        Binding("slash", "search", "Search", tooltip="In log, transcript and every other page of lines"),
        Binding("asterisk", "search_on(1)", "Next found", show=False, key_display="*"),
        Binding("number_sign", "search_on(-1)", "Found before", show=False, key_display="#"),
        Binding("f", "follow", "Follow", show=False, tooltip="Stay at the end of log and transcript, or no longer"),
        Binding("left_square_bracket", "earlier(1)", "Earlier", show=False, key_display="[", tooltip=EARLIER),
        Binding("right_square_bracket", "earlier(-1)", "Later", show=False, key_display="]", tooltip=EARLIER),
        Binding("y", "copy_path", "Copy path", show=False, tooltip="Of the artifact that is shown"),
    ]

    def __init__(self, session: Session, ticket_id: int) -> None:
        super().__init__(session)
        self.ticket_id = ticket_id
        self.view: TicketView | None = None
        self._run_back = 0  # how many runs before the newest
        self._version_back = 0  # how many versions of the brief before the newest
        self._brief = ""
        self._marks: dict[str, object] = {}  # what log and transcript were when they were shown

    def compose_body(self) -> Iterable[Widget]:
        yield Static("", id="ticket-title", markup=False)
        yield Static("", id="ticket-facts", markup=False)
        with TabbedContent(id="pages"):
            for page, name in PAGES.items():
                with TabPane(name, id=page):
                    yield self._make_page(page)

    def _make_page(self, page: str) -> Widget:
        if page == "brief":
            return VerticalScroll(Markdown(open_links=False), can_focus=True)
        if page == "files":
            return Vertical(OptionList(id="artifacts", markup=False), LinesView(id="artifact"), Static(id="picture"))
        return LinesView(follow=page in FOLLOWED, id=f"lines-{page}")

    def on_mount(self) -> None:
        super().on_mount()
        self.reload()
        self.set_interval(LOG_SECONDS, self._follow_log)

    @property
    def page(self) -> str:
        """The page that is open."""
        return self.query_one(TabbedContent).active or "brief"

    def targets(self) -> list[int]:
        return [self.ticket_id]

    def undone(self) -> int:
        return self.ticket_id

    def board_changed(self, ticket_ids: set[int]) -> None:
        if self.ticket_id in ticket_ids:
            self.reload()

    def reload(self) -> None:
        """Read the ticket and its open page anew."""
        page = self.page
        self.session.read_aside(self, lambda: self._read(page), self._show)

    def on_tabbed_content_tab_activated(self) -> None:
        self.reload()
        self._focus_page()

    def action_back(self) -> None:
        self.dismiss()

    def action_turn(self, step: int) -> None:
        pages = list(PAGES)
        self.action_page(pages[(pages.index(self.page) + step) % len(pages)])

    def action_page(self, page: str) -> None:
        self.query_one(TabbedContent).active = page

    def action_earlier(self, step: int) -> None:
        if self.page == "brief":
            self._version_back = max(0, self._version_back + step)
        else:
            runs = self.view.runs if self.view else []
            self._run_back = max(0, min(self._run_back + step, len(runs) - 1))
        self.reload()

    def action_search(self) -> None:
        def seek(words: str | None) -> None:
            if words:
                self._seek(words)

        if self._lines_view() is None:
            return self.tell("search works in every page but this one", failed=True)
        self.app.push_screen(Ask("Search for", placeholder="words", needed=True), seek)

    def action_search_on(self, step: int) -> None:
        view = self._lines_view()
        if view is not None and view.sought:
            view.seek(view.sought, step)

    def action_follow(self) -> None:
        view = self._lines_view()
        if view is not None:
            view.follow = not view.follow
            self.tell("the end is followed" if view.follow else "the end is no longer followed")
            if view.follow:
                view.scroll_end(animate=False)

    def action_copy_path(self) -> None:
        artifact = self._chosen()
        if artifact is not None:
            self.app.copy_to_clipboard(self.session.kanban.locate(artifact))
            self.tell(f"copied: {self.session.kanban.locate(artifact)}")

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        artifact, room = self._chosen(), self.query_one("#artifact").parent.size  # type: ignore[union-attr]
        if artifact is not None:
            self.session.read_aside(self, lambda: self._read_artifact(artifact, room), self._show_artifact)

    def _seek(self, words: str) -> None:
        view = self._lines_view()
        if view is not None and not view.seek(words):
            self.tell(f"{words!r} is not there", failed=True)

    def _lines_view(self) -> LinesView | None:
        found = self.query(f"#{self.page} LinesView")
        return found.first(LinesView) if found else None

    def _focus_page(self) -> None:
        focusable = [widget for widget in self.query(f"#{self.page} *") if widget.can_focus]
        if focusable:
            focusable[0].focus()

    def _read(self, page: str) -> _Read:
        view = self.session.kanban.store.queries.view_ticket(self.ticket_id)
        mark = self._mark(page, view)
        if mark is not None and mark == self._marks.get(page):
            return _Read(view, page, None, mark=mark)
        pages: dict[str, Callable[[TicketView], Sequence[Line]]] = {
            "log": self._read_log,
            "transcript": self._read_transcript,
            "timeline": lambda _: telling.tell_timeline(self._events()),
            "runs": lambda view: telling.tell_runs(view.runs, self.session.now()),
            "notes": lambda view: telling.tell_comments(view.comments, self.session.now()),
            "checks": lambda view: telling.tell_checks(self._events(), view.is_unchecked),
            "why": lambda _: telling.tell_why(
                explain_ticket(self.session.kanban.parts, self.ticket_id, self.session.now())
            ),
        }
        if page == "brief":
            return _Read(view, page, [], self._read_brief(view))
        return _Read(view, page, pages[page](view) if page in pages else [], mark=mark)

    def _mark(self, page: str, view: TicketView) -> object:
        """What changes whenever the log or the transcript does; None for other pages."""
        run = self._run_of(view)
        if run is None or page not in FOLLOWED:
            return None
        kanban = self.session.kanban
        grown = _stamp(kanban.log_file(run.id)) if page == "log" else kanban.store.queries.transcript_length(run)
        return self._name_run(run, view), grown

    def _read_brief(self, view: TicketView) -> str:
        versions = view.versions
        self._version_back = min(self._version_back, len(versions) - 1)
        shown = versions[-1 - self._version_back]
        told = telling.tell_version(shown, len(versions), self.session.now()) if len(versions) > 1 else ""
        body = show_safely(shown.body.removeprefix(f"# {view.ticket.title}\n").strip("\n"))
        cut = len(body) - LONGEST_BRIEF
        if cut > 0:
            body = f"{body[:LONGEST_BRIEF]}\n\n---\n\n*{cut:,} more characters; press e to see all in your editor*"
        return f"{told}{body or '*There is no text.*'}"

    def _events(self) -> list:  # type: ignore[type-arg]
        return self.session.kanban.store.queries.last_events(self.ticket_id, MOST_EVENTS)

    def _read_log(self, view: TicketView) -> Sequence[Line]:
        run = self._run_of(view)
        if run is None:
            return [Line("no run yet", "faint")]
        return [self._name_run(run, view), *telling.tell_log(self.session.kanban.log_file(run.id))]

    def _read_transcript(self, view: TicketView) -> Sequence[Line]:
        run = self._run_of(view)
        if run is None:
            return [Line("no run yet", "faint")]
        return [self._name_run(run, view), *telling.tell_transcript(self.session.kanban.store.queries.transcript(run))]

    def _run_of(self, view: TicketView) -> Run | None:
        return view.runs[-1 - min(self._run_back, len(view.runs) - 1)] if view.runs else None

    def _name_run(self, run: Run, view: TicketView) -> Line:
        others = f" · [ and ] for the other {len(view.runs) - 1}" if len(view.runs) > 1 else ""
        return Line(f"run {run.id}, {run.purpose} by {run.profile}: {run.outcome or 'running'}{others}", "strong")

    def _show(self, read: _Read) -> None:
        self.view = read.view
        self._show_head(read.view)
        if read.page == "brief":
            self._show_brief(read.brief)
        elif read.page == "files":
            self._show_files(read.view.artifacts)
        elif read.lines is not None:
            self.query_one(f"#lines-{read.page}", LinesView).show_lines(read.lines)
            self._marks[read.page] = read.mark

    def _show_head(self, view: TicketView) -> None:
        ticket = view.ticket
        self.query_one("#ticket-title", Static).update(Text(f"#{ticket.id} {show_line(ticket.title)[:1000]}"))
        facts, *rest = telling.tell_facts(view, self.session.now())
        shown = Text(facts.text)
        for line in rest:
            shown.append(f"\n{line.text}", "bold")
        self.query_one("#ticket-facts", Static).update(shown)

    def _show_brief(self, brief: str) -> None:
        if brief != self._brief:
            self._brief = brief
            self.query_one(Markdown).update(brief)

    def _show_files(self, artifacts: Sequence[Artifact]) -> None:
        options = self.query_one("#artifacts", OptionList)
        if options.option_count == len(artifacts):
            return
        options.clear_options()
        options.add_options([Option(show_line(self.session.kanban.locate(artifact))) for artifact in artifacts])
        if artifacts:
            options.highlighted = 0

    def _chosen(self) -> Artifact | None:
        place = self.query_one("#artifacts", OptionList).highlighted
        return self.view.artifacts[place] if self.view and place is not None else None

    def _read_artifact(self, artifact: Artifact, room: Size) -> _Shown:
        from tui.picture import draw_picture  # few artifacts are pictures

        file = self.session.kanban.home.path / artifact.path
        suffix = file.suffix.lower()
        picture = draw_picture(file, room.width - 2, room.height - 4) if suffix in PICTURES else None
        return _Shown(artifact.id, telling.tell_artifact(artifact, file), picture)

    def _show_artifact(self, read: _Shown) -> None:
        artifact = self._chosen()
        if artifact is None or artifact.id != read.artifact_id:
            return  # the person has gone on meanwhile
        view, picture = self.query_one("#artifact", LinesView), self.query_one("#picture", Static)
        view.display, picture.display = read.picture is None, read.picture is not None
        view.show_lines(read.lines)
        picture.update(read.picture or "")

    def _follow_log(self) -> None:
        run = self._run_of(self.view) if self.view else None
        if self.page == "log" and run is not None and run.ended_at is None and self.is_current:
            self.reload()


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
